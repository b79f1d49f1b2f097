// SPDX-License-Identifier: MIT

#include "parent/signals.h"

#include "util/cleanup.h"

#include <sys/signalfd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

int signals_init(struct signals *signals)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction current;
	sigset_t mask;

	signals->fd = signals->child_fd = -1;
	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		if (sigaction(ending[i], NULL, &current) == 0 && current.sa_handler != SIG_IGN)
			sigaddset(&mask, ending[i]);
	}
	if (sigaction(SIGPIPE, &ignore, &signals->old_pipe) < 0 ||
		sigaction(SIGXFSZ, &ignore, &signals->old_file_size) < 0 ||
		sigprocmask(SIG_BLOCK, &mask, &signals->old_mask) < 0)
		return -1;
	signals->fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd < 0) {
		signals_release(signals);
		return -1;
	}
	return 0;
}

int signals_watch_children(struct signals *signals)
{
	struct sigaction keep = {.sa_handler = SIG_DFL};
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	if (sigaction(SIGCHLD, &keep, &signals->old_child) < 0 ||
		sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
		return -1;
	signals->child_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals->child_fd < 0 ? -1 : 0;
}

bool signals_child_ended(const struct signals *signals)
{
	struct signalfd_siginfo info;

	/* However many have ended, it comes once. */
	return read(signals->child_fd, &info, sizeof(info)) == sizeof(info);
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
			       (signals->child_fd >= 0 &&
				       sigaction(SIGCHLD, &signals->old_child, NULL) < 0)
		       ? -1
		       : 0;
}

void signals_release(struct signals *signals)
{
	if (signals->fd >= 0)
		close(steal_fd(&signals->fd));
	(void)signals_restore(signals);
	if (signals->child_fd >= 0)
		close(steal_fd(&signals->child_fd));
}
