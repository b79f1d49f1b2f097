// SPDX-License-Identifier: MIT

#include "parent/reuse.h"

#include "parent/ownname.h"
#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Whether the file of @status can be that of the member, as far as can be told without reading. */
static bool fits(struct naming *naming, const struct record *record, const struct stat *status)
{
	time_t time = naming_local_time(naming, record->time);
	const struct timespec *changed = &status->st_mtim;
	/* A member that states no time has only its CRC-32 to be told by. */
	bool in_time = time == -1 ? !naming->settings->reuse.unchecked
				  : changed->tv_sec == time && changed->tv_nsec == 0;

	return in_time && S_ISREG(status->st_mode) && status->st_uid == naming->owner &&
	       status->st_dev == naming->device && status->st_size >= 0 &&
	       (uint64_t)status->st_size == record->size_bytes &&
	       before_has(&naming->before, status);
}

/* The directory of @path, which stays open for a while. -1 with errno: there is none. */
static int find_directory(struct descend *descend, const struct ownname *path)
{
	return descend_find(descend, path->text, path->base_at > 0 ? path->base_at - 1 : 0);
}

/*
 * Open the file of the member. It is looked at before, since to open one of another kind may do
 * something: whoever waits to write to a FIFO would go on. Its descriptor, or -1 with errno.
 */
static int open_file(struct naming *naming, const struct result *wanted)
{
	const struct record *record = wanted->record;
	struct ownname path;
	struct stat status;

	errno = ENOENT;
	if (ownname_is_directory(record) || naming_make_path(naming, wanted, &path) != NAME_GOOD)
		return -1;
	const char *base = path.text + path.base_at;
	int directory_fd = find_directory(&naming->seek, &path);
	if (directory_fd < 0 || fstatat(directory_fd, base, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	errno = ENOENT;
	if (!fits(naming, record, &status))
		return -1;
	cleanup_fd int fd = openat(
		directory_fd, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -1;
	errno = ENOENT;
	return fits(naming, record, &status) ? steal_fd(&fd) : -1;
}

static_assert(CHANNEL_FDS_MAX * WORK_BYTES_MAX <= WORK_PACKET_MAX, "all answers have room");

static void close_files(struct reuse_answers *answers)
{
	for (unsigned i = 0; i < answers->count; i++) {
		if (answers->items[i].fd >= 0)
			close(answers->items[i].fd);
		answers->items[i].fd = -1;
	}
}

void reuse_drop(struct reuse_answers *answers)
{
	close_files(answers);
	answers->count = 0;
}

/* Send them in one packet. 0, or -1 with errno. */
static int send_packet(
	const struct reuse_answers *answers, struct pool *pool, const struct worker *worker)
{
	struct channel_fds fds = {.count = 0};
	uint8_t bytes[WORK_PACKET_MAX];
	struct wire_writer packet;

	wire_writer_init(&packet, bytes, sizeof(bytes));
	for (unsigned i = 0; i < answers->count; i++) {
		const struct message message = {.kind = MESSAGE_HAND,
			.unit = answers->items[i].unit,
			.hand = {.error = answers->items[i].error, .looked = true}};
		int put = message_put(&packet, &message);
		assert(put == 0);
		(void)put;
		if (answers->items[i].fd >= 0)
			fds.fds[fds.count++] = answers->items[i].fd;
	}
	return pool_send_packet(pool, worker, &packet, &fds);
}

int reuse_send(struct reuse_answers *answers, struct pool *pool, const struct worker *worker)
{
	int sent = answers->count > 0 ? send_packet(answers, pool, worker) : 0;

	if (sent < 0 && errno != EAGAIN && errno != EPIPE && errno != ECONNRESET) {
		/* It may be the files that cannot go: too many on their way, or no memory. */
		close_files(answers);
		for (unsigned i = 0; i < answers->count; i++)
			answers->items[i].error = (uint32_t)errno;
		sent = send_packet(answers, pool, worker);
	}
	int error = errno;
	reuse_drop(answers);
	errno = error == EPIPE || error == ECONNRESET ? ECONNRESET : EBADMSG;
	return sent;
}

int reuse_look(struct naming *naming, struct pool *pool, const struct worker *worker,
	const struct unit *unit, const struct message *look, struct reuse_answers *answers)
{
	const struct result wanted = {
		.kind = RESULT_MEMBER, .job = unit->job, .record = &look->record};
	int fd = open_file(naming, &wanted);
	unsigned i = answers->count++;

	answers->items[i].unit = unit->id;
	answers->items[i].error = fd < 0 ? (uint32_t)errno : 0;
	answers->items[i].fd = fd;
	return answers->count < CHANNEL_FDS_MAX ? 0 : reuse_send(answers, pool, worker);
}

/*
 * See that the file is there, as it was found, and make it the run's: to set a time again that it
 * has changes nothing else. 0, or -1 with errno: EEXIST, the run has given the name away; ESTALE,
 * it is another file now, or none.
 */
static int take_name(struct naming *naming, const struct record *record, const struct ownname *path)
{
	const char *base = path->text + path->base_at;
	int directory_fd = find_directory(&naming->descend, path);
	struct stat status;

	if (directory_fd < 0 || fstatat(directory_fd, base, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		errno = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? ESTALE : errno;
		return -1;
	}
	if (!before_has(&naming->before, &status)) {
		errno = EEXIST;
		return -1;
	}
	if (status.st_ino != record->inode || !fits(naming, record, &status)) {
		errno = ESTALE;
		return -1;
	}
	const struct timespec times[2] = {status.st_atim, {.tv_nsec = UTIME_OMIT}};
	return utimensat(directory_fd, base, times, AT_SYMLINK_NOFOLLOW);
}

/* As reuse_give(), of a member whose file is there. */
static int give_there(struct naming *naming, const struct result *result, struct failure *failure)
{
	struct ownname path;
	enum name_fault fault = naming_make_path(naming, result, &path);

	if (fault != NAME_GOOD) {
		*failure = (struct failure){FAILURE_UNSAFE_NAME, {fault, 0}};
		return -1;
	}
	errno = ESTALE;
	if (!ownname_is_directory(result->record) && take_name(naming, result->record, &path) == 0)
		return 0;
	*failure = naming_failure(errno);
	return -1;
}

int reuse_give(struct naming *naming, const struct result *result, struct failure *failure)
{
	return result->record->place == PLACE_THERE ? give_there(naming, result, failure)
						    : naming_give(naming, result, failure);
}
