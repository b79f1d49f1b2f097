// SPDX-License-Identifier: MIT

#include "worker/anew.h"

#include "protocol/channel.h"
#include "protocol/firstword.h"
#include "protocol/settings.h"
#include "util/cleanup.h"
#include "util/closefrom.h"
#include "worker/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* As the parent arranged them. */
enum { CHANNEL = 3, DIRECTORY, FIRST_UNUSED };

/* Whether there is what can be the channel. A filter around us may keep it from being looked at. */
static bool has_channel(void)
{
	int type;
	socklen_t size = sizeof(type);

	if (getsockopt(CHANNEL, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return errno != EBADF && errno != ENOTSOCK;
	return type == SOCK_SEQPACKET;
}

/*
 * Signals as they are for a new program, whatever the user's shell ignored: the timer of
 * deadline.h, for one, must kill. What ends the parent, or asks it, is the parent's to deal with.
 */
static int reset_signals(void)
{
	static const int parents[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
	sigset_t mask;

	for (int number = 1; number <= SIGSYS; number++) {
		/* Two of these cannot be changed. The others, above, have no meaning. */
		if (signal(number, SIG_DFL) == SIG_ERR && errno != EINVAL)
			return -1;
	}
	sigemptyset(&mask);
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		sigaddset(&mask, parents[i]);
	return sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* The settings' bytes, which are the worker's for good. NULL with errno. */
static uint8_t *receive_settings(size_t size)
{
	cleanup_free uint8_t *bytes = malloc(size > 0 ? size : 1);
	size_t at = 0;

	while (bytes && at < size) {
		ssize_t got = channel_receive(CHANNEL, bytes + at, size - at, NULL, true);
		if (got == 0)
			_exit(EXIT_FAILURE); /* the parent has gone */
		if (got < 0)
			return NULL;
		at += (size_t)got;
	}
	return steal_pointer(&bytes);
}

/* The first packet. Its descriptor, the crash note's, is the caller's. */
static int receive_head(struct settings_head *head)
{
	uint8_t bytes[SETTINGS_HEAD_BYTES];
	cleanup_fd int fd = -1;
	ssize_t got = channel_receive(CHANNEL, bytes, sizeof(bytes), &fd, true);

	if (got == 0)
		_exit(EXIT_FAILURE);
	if (got < 0 || settings_get_head(bytes, (size_t)got, head) < 0)
		return -1;
	if (fd < 0)
		errno = EBADMSG;
	return steal_fd(&fd);
}

void anew_main(void)
{
	static struct settings_decoded decoded;
	struct settings_head head;

	if (!has_channel())
		return;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		firstword_fail(CHANNEL, START_DEATH_SIGNAL);
	/* It would be called after /proc/self/exe. That is for people alone. */
	(void)prctl(PR_SET_NAME, "zipmap");
	if (reset_signals() < 0)
		firstword_fail(CHANNEL, START_SIGNALS);
	int note_fd = receive_head(&head);
	if (note_fd < 0)
		firstword_fail(CHANNEL, START_SETTINGS);
	/* Should it have died before that took effect, nobody would be told. */
	if (getppid() != (pid_t)head.parent)
		_exit(EXIT_FAILURE);
	void *page = mmap(NULL, CRASHNOTE_WORDS_AT, PROT_READ | PROT_WRITE, MAP_SHARED, note_fd, 0);
	if (page == MAP_FAILED)
		firstword_fail(CHANNEL, START_MAP);
	uint8_t *bytes = receive_settings(head.size_bytes);
	if (!bytes || settings_decode(bytes, head.size_bytes, &decoded) < 0)
		firstword_fail(CHANNEL, START_SETTINGS);
	/* The note's own descriptor too. */
	if (close_from(head.has_directory ? FIRST_UNUSED : DIRECTORY) < 0)
		firstword_fail(CHANNEL, START_CLOSE);
	worker_main(&decoded.settings, CHANNEL, head.has_directory ? DIRECTORY : -1, page);
}
