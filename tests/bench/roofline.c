// SPDX-License-Identifier: MIT

/*
 * The roofline: what zipmap's time can at best come down to on this machine. It opens the same
 * archives, decodes the same members with the same decoder on as many processes, checks size and
 * CRC-32, and writes nothing: each process decodes into one buffer again and again.
 *
 * usage: roofline JOBS LIST, where LIST holds archives' paths, each with NUL at its end.
 */

#include "worker/archive.h"
#include "worker/buffer.h"
#include "worker/checksum.h"
#include "worker/inflate.h"
#include "worker/inflate_whole.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* As large as zipmap's: what is decoded stays in the core's cache. */
#define BUFFER_SIZE ((size_t)256 * 1024)

/* Members are handed out in portions: a few for each process, and not too many at once. */
enum { PORTIONS_PER_JOB = 16, PORTION_MAX = 256 };

struct list {
	char **paths;
	size_t count;
};

/* One archive, as all processes see it. */
struct progress {
	atomic_ullong next_member;
	atomic_bool all_taken;
};

struct shared {
	atomic_size_t next_archive;
	atomic_ullong members;
	atomic_ullong bytes; /* unzipped */
	struct progress archives[];
};

/* What one process works with. */
struct job {
	struct shared *shared;
	unsigned jobs;
	struct inflater *inflater;
	struct whole_inflater *whole_inflater; /* may be NULL */
	uint8_t *in;                           /* BUFFER_SIZE bytes, as in zipmap */
	uint8_t *out;                          /* the same */
	uint64_t members;
	uint64_t bytes;
};

static struct list read_list(const char *path)
{
	FILE *file = fopen(path, "re");
	struct list list = {0};
	size_t room = 0;
	char *item = NULL;
	size_t item_room = 0;

	if (!file) {
		fprintf(stderr, "roofline: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	while (getdelim(&item, &item_room, '\0', file) > 0) {
		if (list.count == room) {
			room = room ? room * 2 : 64;
			list.paths = realloc(list.paths, room * sizeof(*list.paths));
		}
		char *copy = strdup(item);
		if (!list.paths || !copy) {
			fputs("roofline: out of memory\n", stderr);
			exit(1);
		}
		list.paths[list.count++] = copy;
	}
	free(item);
	fclose(file);
	return list;
}

/* The next piece of the member's bytes, in job->out. -1: the data are broken; 0: the end. */
static ssize_t decode_piece(
	struct job *job, struct member_data *data, struct inflate_span *span, bool *end)
{
	struct failure failure;

	span->out = job->out;
	span->out_size = BUFFER_SIZE;
	for (;;) {
		bool exhausted = false;
		if (span->in_size == 0) {
			ssize_t got = member_data_read(data, job->in, BUFFER_SIZE, &failure);
			if (got < 0)
				return -1;
			span->in = job->in;
			span->in_size = (size_t)got;
			exhausted = got == 0;
		}
		enum inflate_status status = inflater_run(job->inflater, span);
		*end = status == INFLATE_END;
		if (status == INFLATE_END || status == INFLATE_NEED_OUTPUT)
			return (ssize_t)(BUFFER_SIZE - span->out_size);
		if (status != INFLATE_NEED_INPUT || exhausted)
			return -1;
	}
}

static ssize_t copy_piece(struct job *job, struct member_data *data, bool *end)
{
	struct failure failure;
	ssize_t got = member_data_read(data, job->out, BUFFER_SIZE, &failure);

	*end = got == 0;
	return got;
}

/* Decode the whole of a small member to job->out, as zipmap does. Its size, or -1: it is none. */
static ssize_t decode_whole(struct job *job, struct member_data *data, const struct member *member)
{
	struct failure failure;

	if (!job->whole_inflater || member->size_bytes > INFLATE_WHOLE_MAX ||
		member->compressed_bytes > BUFFER_SIZE)
		return -1;
	ssize_t got = member_data_read(data, job->in, BUFFER_SIZE, &failure);
	if (got < 0 || !whole_inflater_run(job->whole_inflater, job->in, (size_t)got, job->out,
			       (size_t)member->size_bytes))
		return -1;
	return (ssize_t)member->size_bytes;
}

/* Decode a member and hold it against what the archive states. 0, or -1. */
static int decode_member(struct job *job, struct archive *archive, const struct member *member)
{
	bool inflating = member->method == METHOD_DEFLATE;
	struct inflate_span span = {0};
	struct member_data data;
	struct failure failure;
	uint64_t size_bytes = 0;
	uint32_t crc32 = 0;
	bool end = false;

	if (member->encrypted || (!inflating && member->method != METHOD_STORED))
		return -1;
	if (member_data_open(archive, member, true, &data, &failure) < 0)
		return -1;
	if (inflating)
		inflater_reset(job->inflater);
	while (!end) {
		ssize_t size = inflating ? decode_whole(job, &data, member) : -1;
		end = size >= 0;
		if (!end)
			size = inflating ? decode_piece(job, &data, &span, &end)
					 : copy_piece(job, &data, &end);
		if (size < 0)
			break;
		crc32 = checksum_crc32(crc32, job->out, (size_t)size);
		size_bytes += (uint64_t)size;
	}
	member_data_close(&data);
	job->members++;
	job->bytes += size_bytes;
	return end && size_bytes == member->size_bytes && crc32 == member->crc32 ? 0 : -1;
}

/* Decode portions of the archive until all are taken. 0, or -1 with a message. */
static int decode_archive(struct job *job, const char *path, struct progress *progress)
{
	struct failure failure;
	char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "roofline: %s: %s\n", path, strerror(errno));
		return -1;
	}
	struct archive *archive = archive_open(fd, &failure);
	if (!archive) {
		failure_describe(&failure, "", text, sizeof(text));
		fprintf(stderr, "roofline: %s: %s\n", path, text);
		return -1;
	}

	uint64_t entries = archive_entries(archive);
	uint64_t portion = entries / (job->jobs * PORTIONS_PER_JOB);
	if (portion < 1)
		portion = 1;
	if (portion > PORTION_MAX)
		portion = PORTION_MAX;
	int result = 0;
	uint64_t first;
	while ((first = atomic_fetch_add(&progress->next_member, portion)) < entries) {
		uint64_t end = first + portion < entries ? first + portion : entries;
		if (end == entries)
			atomic_store(&progress->all_taken, true);
		for (uint64_t index = first; index < end; index++) {
			struct member member;
			archive_member(archive, index, &member);
			if (member.directory || decode_member(job, archive, &member) == 0)
				continue;
			fprintf(stderr, "roofline: %s: member %" PRIu64 " was not decoded\n", path,
				index);
			result = -1;
		}
	}
	atomic_store(&progress->all_taken, true);
	archive_free(archive);
	return result;
}

/* First archives that nobody has, then portions of those that others are at. */
static int do_job(struct shared *shared, const struct list *list, unsigned jobs)
{
	struct job job = {
		.shared = shared,
		.jobs = jobs,
		.inflater = inflater_new(inflate_choose(DECODER_AUTO, UINT64_MAX)),
		.whole_inflater = whole_inflater_new(),
		.in = buffer_new(BUFFER_SIZE),
	};
	uint8_t *memory = buffer_new(INFLATE_HISTORY + BUFFER_SIZE + INFLATE_SLACK);
	int result = job.inflater && job.in && memory ? 0 : -1;
	size_t index;

	job.out = memory + INFLATE_HISTORY;
	while (result == 0 && (index = atomic_fetch_add(&shared->next_archive, 1)) < list->count)
		result = decode_archive(&job, list->paths[index], &shared->archives[index]);
	for (index = 0; result == 0 && index < list->count; index++)
		if (!atomic_load(&shared->archives[index].all_taken))
			result = decode_archive(&job, list->paths[index], &shared->archives[index]);
	atomic_fetch_add(&shared->members, job.members);
	atomic_fetch_add(&shared->bytes, job.bytes);
	return result;
}

int main(int argc, char *argv[])
{
	unsigned long jobs = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;

	if (jobs < 1 || jobs > 1024) {
		fputs("usage: roofline JOBS LIST\n", stderr);
		return 2;
	}
	/* As zipmap's workers: libzip's mktime(3) would look at /etc/localtime for each entry. */
	if (setenv("TZ", "UTC0", 1) < 0) {
		perror("roofline: setenv");
		return 1;
	}
	struct list list = read_list(argv[2]);
	size_t size = sizeof(struct shared) + list.count * sizeof(struct progress);
	struct shared *shared =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("roofline: mmap");
		return 1;
	}

	int failed = 0;
	unsigned started = 0;
	for (; started < jobs; started++) {
		pid_t child = fork();
		if (child < 0) {
			perror("roofline: fork");
			failed = 1;
			break;
		}
		if (child == 0)
			_exit(do_job(shared, &list, (unsigned)jobs) < 0);
	}
	for (; started > 0; started--) {
		int status;
		if (wait(&status) < 0 || status != 0)
			failed = 1;
	}
	printf("members %llu\nbytes %llu\n", atomic_load(&shared->members),
		atomic_load(&shared->bytes));
	return failed;
}
