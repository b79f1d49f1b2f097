// SPDX-License-Identifier: MIT

#include "parent/signals.h"

#include "util/cleanup.h"

#include <errno.h>
#include <sys/signalfd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

/* Add @number to @mask, unless it is ignored. */
static void add_heeded(sigset_t *mask, int number)
{
	struct sigaction current;

	if (sigaction(number, NULL, &current) == 0 && current.sa_handler != SIG_IGN)
		sigaddset(mask, number);
}

int signals_hold_usr1(sigset_t *before)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	return sigprocmask(SIG_BLOCK, &mask, before);
}

int signals_init(struct signals *signals)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t ends;
	sigset_t notices;

	*signals = (struct signals){.fd = -1, .notice_fd = -1};
	sigemptyset(&ends);
	sigemptyset(&notices);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		add_heeded(&ends, ending[i]);
	add_heeded(&notices, SIGUSR1);
	if (sigaction(SIGPIPE, &ignore, &signals->old_pipe) < 0 ||
		sigaction(SIGXFSZ, &ignore, &signals->old_file_size) < 0 ||
		sigprocmask(SIG_BLOCK, &ends, &signals->old_mask) < 0 ||
		sigprocmask(SIG_BLOCK, &notices, NULL) < 0)
		return -1;
	signals->fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	signals->notice_fd = signalfd(-1, &notices, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0 || signals->notice_fd < 0) {
		int error = errno;
		signals_release(signals);
		errno = error;
		return -1;
	}
	return 0;
}

int signals_watch_children(struct signals *signals)
{
	struct sigaction keep = {.sa_handler = SIG_DFL};
	sigset_t mask;

	sigemptyset(&mask);
	add_heeded(&mask, SIGUSR1);
	sigaddset(&mask, SIGCHLD);
	if (sigaction(SIGCHLD, &keep, &signals->old_child) < 0)
		return -1;
	signals->watches_children = true;
	if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -1;
	return signalfd(signals->notice_fd, &mask, 0) < 0 ? -1 : 0;
}

struct signals_notices signals_take_notices(const struct signals *signals)
{
	struct signals_notices notices = {false, false};
	struct signalfd_siginfo info;

	/* However many children have ended, and however often it was asked, each comes once. */
	for (int i = 0; i < 2 && read(signals->notice_fd, &info, sizeof(info)) == sizeof(info);
		i++) {
		notices.child |= info.ssi_signo == SIGCHLD;
		notices.asked |= info.ssi_signo == SIGUSR1;
	}
	return notices;
}

int signals_pending(const struct signals *signals)
{
	struct signalfd_siginfo info;

	if (read(signals->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

int signals_restore(const struct signals *signals)
{
	return sigprocmask(SIG_SETMASK, &signals->old_mask, NULL) < 0 ||
			       sigaction(SIGPIPE, &signals->old_pipe, NULL) < 0 ||
			       sigaction(SIGXFSZ, &signals->old_file_size, NULL) < 0 ||
			       (signals->watches_children &&
				       sigaction(SIGCHLD, &signals->old_child, NULL) < 0)
		       ? -1
		       : 0;
}

void signals_release(struct signals *signals)
{
	if (signals->fd >= 0)
		close(steal_fd(&signals->fd));
	(void)signals_restore(signals);
	if (signals->notice_fd >= 0)
		close(steal_fd(&signals->notice_fd));
}
