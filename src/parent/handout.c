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

static int send_answer(
	struct pool *pool, const struct worker *worker, uint64_t unit, uint32_t error, int fd)
{
	struct message message = {.kind = MESSAGE_HAND, .unit = unit, .hand = {.error = error}};

	return pool_tell(pool, worker, &message, fd);
}

/* Make the file and hand it out. 0, or -1 with errno: then there is none. */
static int hand_out(struct pool *pool, const struct worker *worker, uint64_t unit, const char *name)
{
	cleanup_fd int fd =
		openat(worker->directory_fd, name, NEW_FILE_FLAGS, (mode_t)NEW_FILE_MODE);

	if (fd < 0)
		return -1;
	if (send_answer(pool, worker, unit, 0, fd) == 0)
		return 0;
	int error = errno;
	dirents_remove(worker->directory_fd, name, 0);
	errno = error;
	return -1;
}

int handout_answer(struct pool *pool, const struct worker *worker, const struct message *message)
{
	const struct message_ask *ask = &message->ask;

	if (ask->remove) {
		/* What stays is swept with the directory, or with the run. */
		dirents_remove(worker->directory_fd, ask->name, 0);
		return 0;
	}
	if (hand_out(pool, worker, message->unit, ask->name) == 0)
		return 0;
	/* It may be the answer that could not go: too many descriptors on their way, or no memory.
	 */
	if (errno != EAGAIN && errno != EPIPE && errno != ECONNRESET &&
		send_answer(pool, worker, message->unit, (uint32_t)errno, -1) == 0)
		return 0;
	if (errno == EPIPE || errno == ECONNRESET)
		return 0; /* it is dead, which will show */
	errno = EBADMSG;
	return -1;
}
