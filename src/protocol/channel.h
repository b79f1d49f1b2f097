// SPDX-License-Identifier: MIT

/*
 * The channel between the parent and one worker: a pair of connected AF_UNIX SOCK_SEQPACKET
 * sockets. The kernel keeps packets whole and in order, and carries descriptors (SCM_RIGHTS,
 * unix(7)). The end of the channel means: finish.
 */

#ifndef ZIPMAP_PROTOCOL_CHANNEL_H
#define ZIPMAP_PROTOCOL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** The most descriptors that a packet carries. */
#define CHANNEL_FDS_MAX 8

/** Descriptors of a packet, in the order in which they were sent. */
struct channel_fds {
	int fds[CHANNEL_FDS_MAX];
	unsigned count;
};

/** Take the first of @fds, which the caller owns then; -1: there is none. */
int channel_fds_take(struct channel_fds *fds);

/** Close all that is left of @fds. */
void channel_fds_close(struct channel_fds *fds);

/**
 * Send one packet of @size bytes, and with it the descriptors @fds, which may be NULL (the caller
 * still owns them). Waits while the peer's queue is full, unless @wait is false: then -1 with
 * EAGAIN. 0, or -1 with errno; EPIPE where the peer is gone (never a signal).
 */
int channel_send_fds(
	int channel_fd, const void *packet, size_t size, const struct channel_fds *fds, bool wait);

/** As channel_send_fds(), with the descriptor @fd unless it is -1. */
int channel_send(int channel_fd, const void *packet, size_t size, int fd, bool wait);

/**
 * Receive one packet into @packet (@capacity bytes). Descriptors that came with it go to *@fds
 * (close-on-exec, the caller owns them); @fds may be NULL where none is allowed. Returns its size,
 * 0 at the end of the channel, or -1 with errno: EAGAIN where @wait is false and nothing is there;
 * EBADMSG for a packet that is too large or carries what it may not. Then no descriptor is left, as
 * at the end of the channel.
 */
ssize_t channel_receive_fds(
	int channel_fd, void *packet, size_t capacity, struct channel_fds *fds, bool wait);

/** As channel_receive_fds(), but one descriptor at most, which goes to *@fd; else that is -1. */
ssize_t channel_receive(int channel_fd, void *packet, size_t capacity, int *fd, bool wait);

#endif
