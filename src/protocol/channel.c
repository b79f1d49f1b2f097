// SPDX-License-Identifier: MIT

#include "protocol/channel.h"

#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor, aligned as cmsg(3) wants. */
union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr alignment;
};

int channel_send(int channel_fd, const void *packet, size_t size, int fd, bool wait)
{
	struct iovec iov = {.iov_base = (void *)packet, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}

	int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
	ssize_t sent = io_retry(sendmsg(channel_fd, &message, flags));
	return sent < 0 ? -1 : 0; /* a packet goes whole or not at all */
}

/*
 * Take the descriptors that came with @message: the last one, the others closed. How many came goes
 * to *@count. -1: none.
 */
static int received_fd(struct msghdr *message, size_t *count)
{
	int fd = -1;

	*count = 0;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		size_t fds = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < fds; i++, ++*count) {
			if (fd >= 0)
				close(fd);
			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
		}
	}
	return fd;
}

ssize_t channel_receive(int channel_fd, void *packet, size_t capacity, int *fd, bool wait)
{
	struct iovec iov = {.iov_base = packet, .iov_len = capacity};
	union control control;
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = fd ? control.bytes : NULL,
		.msg_controllen = fd ? sizeof(control.bytes) : 0,
	};
	ssize_t received;

	do {
		received = io_retry(recvmsg(
			channel_fd, &message, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT)));
		/*
		 * ECONNRESET: the peer died with packets of ours unread. It is said once, before
		 * what the peer had sent, which is still there.
		 */
	} while (received < 0 && errno == ECONNRESET);
	if (received < 0)
		return -1;

	size_t count = 0;
	cleanup_fd int came = fd ? received_fd(&message, &count) : -1;
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || count > 1) {
		errno = EBADMSG;
		return -1;
	}
	if (fd)
		*fd = steal_fd(&came);
	return received;
}
