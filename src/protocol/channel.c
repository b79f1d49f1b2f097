// SPDX-License-Identifier: MIT

#include "protocol/channel.h"

#include "util/io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for all descriptors, aligned as cmsg(3) wants. */
union control {
	char bytes[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
	struct cmsghdr alignment;
};

int channel_send_fds(
	int channel_fd, const void *packet, size_t size, const struct channel_fds *fds, bool wait)
{
	size_t fds_size = fds ? fds->count * sizeof(int) : 0;
	struct iovec iov = {.iov_base = (void *)packet, .iov_len = size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;

	if (fds_size > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fds_size);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fds_size);
		memcpy(CMSG_DATA(header), fds->fds, fds_size);
	}

	int flags = MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT);
	ssize_t sent = io_retry(sendmsg(channel_fd, &message, flags));
	return sent < 0 ? -1 : 0; /* a packet goes whole or not at all */
}

int channel_send(int channel_fd, const void *packet, size_t size, int fd, bool wait)
{
	const struct channel_fds one = {.fds = {fd}, .count = fd >= 0};

	return channel_send_fds(channel_fd, packet, size, &one, wait);
}

int channel_fds_take(struct channel_fds *fds)
{
	if (fds->count == 0)
		return -1;
	int fd = fds->fds[0];
	memmove(fds->fds, fds->fds + 1, --fds->count * sizeof(fds->fds[0]));
	return fd;
}

void channel_fds_close(struct channel_fds *fds)
{
	while (fds->count > 0)
		close(fds->fds[--fds->count]);
}

/* Take the descriptors that came with @message, which has no room for more. */
static void take_fds(struct msghdr *message, struct channel_fds *fds)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count && fds->count < CHANNEL_FDS_MAX; i++) {
			memcpy(&fds->fds[fds->count++], CMSG_DATA(header) + i * sizeof(int),
				sizeof(int));
		}
	}
}

ssize_t channel_receive_fds(
	int channel_fd, void *packet, size_t capacity, struct channel_fds *fds, bool wait)
{
	struct iovec iov = {.iov_base = packet, .iov_len = capacity};
	union control control;
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = fds ? control.bytes : NULL,
		.msg_controllen = fds ? sizeof(control.bytes) : 0,
	};
	ssize_t received;

	if (fds)
		fds->count = 0;
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

	if (fds)
		take_fds(&message, fds);
	if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return received;
	if (fds)
		channel_fds_close(fds);
	errno = EBADMSG;
	return -1;
}

ssize_t channel_receive(int channel_fd, void *packet, size_t capacity, int *fd, bool wait)
{
	struct channel_fds fds = {.count = 0};
	ssize_t received =
		channel_receive_fds(channel_fd, packet, capacity, fd ? &fds : NULL, wait);

	if (fds.count > 1) {
		channel_fds_close(&fds);
		errno = EBADMSG;
		return -1;
	}
	if (fd)
		*fd = fds.count > 0 ? fds.fds[0] : -1;
	return received;
}
