// SPDX-License-Identifier: MIT

/*
 * --hold: a descriptor whose other end somebody keeps, and for as long the files live. The kernel
 * ends it when that process does, however it does.
 */

#ifndef ZIPMAP_PARENT_LEASE_H
#define ZIPMAP_PARENT_LEASE_H

#include <poll.h>
#include <stdbool.h>

/**
 * Why @fd cannot be a lease, in words that follow "is"; NULL: it can. A lease is one end of a pipe,
 * a FIFO or a socket. Static.
 */
const char *lease_refusal(int fd);

/** What to wait for: poll(2) says more than nothing once the lease has ended. */
struct pollfd lease_poll(int fd);

/** Whether the lease has ended, by what poll(2) has said. Data that came by it do not matter. */
bool lease_has_ended(const struct pollfd *poll);

enum lease_event {
	LEASE_ENDED,
	LEASE_SIGNAL, /**< @signal_fd of lease_wait() is readable */
	LEASE_NOTICE, /**< @notice_fd is */
	LEASE_ERROR,  /**< with errno: ENOMEM */
};

/** Wait until the lease @fd ends, or one of the others is readable. */
enum lease_event lease_wait(int fd, int signal_fd, int notice_fd);

#endif
