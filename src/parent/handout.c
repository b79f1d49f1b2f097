// SPDX-License-Identifier: MIT

#include "parent/handout.h"

#include "parent/dirents.h"
#include "parent/schedule.h"
#include "protocol/membername.h"
#include "protocol/newfile.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Whether @name is what membername.h calls the file of @member, by any name that the member has. */
static bool is_file_name(const char *name, uint64_t archive, uint64_t member, bool npy)
{
	const char *base = strchr(name, '-') + 1;
	size_t size = strlen(base);
	const size_t suffix = strlen(MEMBER_NPY_SUFFIX);
	char file[MEMBER_FILE_SIZE];

	member_file_name(archive, member, base, size, file);
	if (strcmp(file, name) == 0)
		return true;
	if (!npy || size <= suffix)
		return false;
	member_npy_name(archive, member, base, size - suffix, file);
	return strcmp(file, name) == 0;
}

bool handout_is_possible(const struct unit *unit, const struct message_ask *ask, bool npy)
{
	uint64_t archive;
	uint64_t member;

	return member_file_parse(ask->name, &archive, &member) && archive == unit->job->number &&
	       member >= unit->next_member && member < unit->members.end &&
	       is_file_name(ask->name, archive, member, npy);
}

static int send_answer(struct pool *pool, const struct worker *worker, uint64_t unit,
	const struct message_hand *hand, int fd)
{
	const struct message message = {.kind = MESSAGE_HAND, .unit = unit, .hand = *hand};

	return pool_tell(pool, worker, &message, fd);
}

int handout_send(struct pool *pool, const struct worker *worker, uint64_t unit,
	const struct message_hand *hand, int fd, bool *handed)
{
	struct message_hand other = *hand;

	*handed = send_answer(pool, worker, unit, hand, fd) == 0;
	if (*handed)
		return 0;
	/* It may be the descriptor that could not go: too many on their way, or no memory. */
	other.error = (uint32_t)errno;
	if (fd >= 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET &&
		send_answer(pool, worker, unit, &other, -1) == 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return 0; /* it is dead, which will show */
	errno = EBADMSG;
	return -1;
}

int handout_answer(struct pool *pool, const struct worker *worker, const struct message *message)
{
	const struct message_ask *ask = &message->ask;
	bool handed;

	if (ask->remove) {
		/* What stays is swept with the directory, or with the run. */
		dirents_remove(worker->directory_fd, ask->name, 0);
		return 0;
	}
	cleanup_fd int fd =
		openat(worker->directory_fd, ask->name, NEW_FILE_FLAGS, (mode_t)NEW_FILE_MODE);
	const struct message_hand hand = {.error = fd < 0 ? (uint32_t)errno : 0};
	int result = handout_send(pool, worker, message->unit, &hand, fd, &handed);
	int error = errno;
	if (fd >= 0 && !handed)
		dirents_remove(worker->directory_fd, ask->name, 0);
	errno = error;
	return result;
}
