// SPDX-License-Identifier: MIT

#include "parent/lease.h"

#include "util/io.h"

#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

const char *lease_refusal(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return "not open";
	switch (status.st_mode & S_IFMT) {
	case S_IFIFO:
	case S_IFSOCK:
		return NULL;
	case S_IFCHR:
		return isatty(fd) ? "a terminal, which nobody ends" : "a device, which nobody ends";
	case S_IFREG:
		return "a regular file, which nobody ends";
	default:
		return "neither a pipe nor a socket";
	}
}

struct pollfd lease_poll(int fd)
{
	/* POLLRDHUP: a peer at the other end of a network has said that nothing more will come. */
	return (struct pollfd){.fd = fd, .events = POLLRDHUP};
}

bool lease_has_ended(const struct pollfd *poll)
{
	/* POLLERR: the reader of a pipe whose writer we are is gone. */
	return (poll->revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) != 0;
}

enum lease_event lease_wait(int fd, int signal_fd, int notice_fd)
{
	struct pollfd polls[] = {{signal_fd, POLLIN, 0}, {notice_fd, POLLIN, 0}, lease_poll(fd)};

	if (io_retry(poll(polls, 3, -1)) < 0)
		return LEASE_ERROR;
	if (polls[0].revents)
		return LEASE_SIGNAL;
	return polls[1].revents ? LEASE_NOTICE : LEASE_ENDED;
}
