// SPDX-License-Identifier: MIT

/*
 * The roofline: what zipmap's time can at best come down to on this machine. It opens the same
 * archives, and decodes the same members with the same decoders on as many processes, large ones
 * two at a time. Each lane of a process decodes into one buffer again and again.
 *
 * usage: roofline JOBS LIST [DIRECTORY]
 *
 * LIST holds archives' paths, each with NUL at its end. Without DIRECTORY nothing is written, and
 * each CRC-32 is checked. With it each member is written to a file of its own, in a directory for
 * each process, by pwrite() of the buffer; nothing is checked, mapped or said.
 */

#include "members.h"

#include "util/io.h"
#include "worker/decode/buffer.h"
#include "worker/decode/checksum.h"
#include "worker/decode/decoders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* As large as zipmap's: what is decoded stays in the core's cache. */
#define BUFFER_SIZE ((size_t)256 * 1024)

/* Whole pages are written, as zipmap does, so that the next write begins at a page as well. */
#define PAGE ((size_t)4096)

/* What all processes did together. */
struct totals {
	atomic_ullong members;
	atomic_ullong bytes; /* unzipped */
};

struct job;

/* What a process decodes by; a second lane is for a second member at once. */
struct lane {
	struct job *job;
	struct members members;
	struct decoder_set decoders;
	uint8_t *in;     /* BUFFER_SIZE bytes, as in zipmap */
	uint8_t *buffer; /* the same, DECODE_HISTORY_MAX in front, DECODE_SLACK behind */
	bool empty;      /* there is no member left for it */

	/* The member in hand. */
	bool busy;
	struct member member;
	struct member_data data;
	struct decoder *decoder;
	bool exhausted;
	struct decode_span span; /* its output begins in the buffer */
	int fd;                  /* the file, or -1 */
	uint64_t size_bytes;     /* that are no longer in the buffer */
	uint32_t crc32;
};

/* What one process works with. */
struct job {
	int directory_fd; /* -1: nothing is written */
	size_t seen;      /* see members_init() */
	struct lane lanes[2];
	uint64_t members;
	uint64_t bytes;
	bool failed;
};

static void fail(struct lane *lane, const char *what)
{
	members_say(&lane->members, what);
	lane->job->failed = true;
}

/* --- decoding --------------------------------------------------------------------------------- */

/* Make the file of the member in hand, unless nothing is written. */
static bool make_file(struct lane *lane)
{
	char name[64];

	lane->fd = -1;
	if (lane->job->directory_fd < 0)
		return true;
	snprintf(name, sizeof(name), "%zu.%llu", lane->members.index,
		(unsigned long long)lane->member.index);
	lane->fd =
		openat(lane->job->directory_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return lane->fd >= 0;
}

static bool begin(struct lane *lane)
{
	const struct member *member = &lane->member;
	const struct decoder_type *type =
		decoder_choose(member->method, DECODER_AUTO, member->size_bytes);
	struct failure failure;

	if (member->encrypted || !type ||
		member_data_open(lane->members.archive, member, &lane->data, &failure) < 0)
		return false;
	lane->decoder = decoder_set_begin(&lane->decoders, type, member->size_bytes);
	if (!lane->decoder || !make_file(lane))
		return false;
	lane->exhausted = false;
	lane->span = (struct decode_span){.out = lane->buffer, .out_size = BUFFER_SIZE};
	lane->size_bytes = 0;
	lane->crc32 = 0;
	lane->busy = true;
	return true;
}

static void end(struct lane *lane, bool whole)
{
	const struct member *member = &lane->member;
	bool checks = lane->fd < 0;

	member_data_close(&lane->data);
	if (lane->fd >= 0)
		close(lane->fd);
	lane->busy = false;
	lane->job->members++;
	lane->job->bytes += lane->size_bytes;
	if (!whole || lane->size_bytes != member->size_bytes ||
		(checks && lane->crc32 != member->crc32))
		fail(lane, "a member was not decoded");
}

/* The first @size bytes of the buffer are done with: write them, or check them. */
static void put(struct lane *lane, size_t size)
{
	if (lane->fd < 0)
		lane->crc32 = checksum_crc32(lane->crc32, lane->buffer, size);
	else if (io_pwrite_full(lane->fd, lane->buffer, size, lane->size_bytes, NULL) < 0)
		fail(lane, strerror(errno));
	lane->size_bytes += size;
}

/* The decoder has stopped: have room in the buffer, or be done with the member. */
static void settle(struct lane *lane, enum decode_status status)
{
	size_t filled = (size_t)(lane->span.out - lane->buffer);
	size_t size = filled;

	if (status == DECODE_PAUSED || (status == DECODE_NEED_INPUT && !lane->exhausted))
		return;
	if (status != DECODE_NEED_OUTPUT) {
		put(lane, size);
		end(lane, status == DECODE_END);
		return;
	}
	size -= size % PAGE;
	put(lane, size);
	memmove(lane->buffer - DECODE_HISTORY_MAX, lane->buffer + size - DECODE_HISTORY_MAX,
		DECODE_HISTORY_MAX + filled - size);
	lane->span.out = lane->buffer + filled - size;
	lane->span.out_size = BUFFER_SIZE - (filled - size);
}

/* Have input for the decoder. Where it cannot be read the member is at its end. */
static void read_input(struct lane *lane)
{
	struct failure failure;

	if (lane->span.in_size > 0)
		return;
	ssize_t got = member_data_read(&lane->data, lane->in, BUFFER_SIZE, &failure);
	if (got < 0) {
		end(lane, false);
		return;
	}
	lane->span.in = lane->in;
	lane->span.in_size = (size_t)got;
	lane->exhausted = got == 0;
}

/* A small member as a whole, as zipmap does. False: it did not come out, but may in pieces. */
static bool decode_whole(struct lane *lane)
{
	const struct member *member = &lane->member;

	if (lane->span.in_size == member->compressed_bytes &&
		decoder_run(lane->decoder, &lane->span, true) == DECODE_END) {
		settle(lane, DECODE_END);
		return true;
	}
	lane->decoder = decoder_set_begin(&lane->decoders,
		decoder_choose_stream(member->method, DECODER_AUTO, member->size_bytes),
		member->size_bytes);
	if (!lane->decoder)
		end(lane, false);
	return !lane->decoder;
}

static void copy_step(struct lane *lane)
{
	struct failure failure;
	ssize_t got = member_data_read(&lane->data, lane->buffer, BUFFER_SIZE, &failure);

	if (got > 0)
		put(lane, (size_t)got);
	else
		end(lane, got == 0);
}

static void step(struct lane *lane)
{
	if (lane->decoder->type->copies) {
		copy_step(lane);
		return;
	}
	read_input(lane);
	if (!lane->busy || (lane->decoder->type->whole && decode_whole(lane)))
		return;
	settle(lane, decoder_run(lane->decoder, &lane->span, lane->exhausted));
}

static bool has_more(const struct lane *lane)
{
	return lane->busy || !lane->empty;
}

static void begin_next(struct lane *lane)
{
	if (lane->busy || lane->empty)
		return;
	int got = members_next(&lane->members, &lane->member);
	lane->empty = got != 1;
	if (got < 0)
		lane->job->failed = true;
	else if (got == 1 && !begin(lane))
		fail(lane, "a member cannot be unzipped");
}

static bool is_twin(const struct lane *lane)
{
	return lane->busy && decoder_type_is_pairable(lane->decoder->type);
}

static void step_two(struct lane lanes[2])
{
	enum decode_status statuses[2];

	read_input(&lanes[0]);
	read_input(&lanes[1]);
	if (!lanes[0].busy || !lanes[1].busy)
		return;
	decoder_run_two((struct decoder *const[]){lanes[0].decoder, lanes[1].decoder},
		(struct decode_span *const[]){&lanes[0].span, &lanes[1].span}, statuses);
	settle(&lanes[0], statuses[0]);
	settle(&lanes[1], statuses[1]);
}

/* --- processes -------------------------------------------------------------------------------- */

static bool lane_init(struct lane *lane, struct job *job)
{
	uint8_t *memory =
		buffer_new(buffer_whole_pages(DECODE_HISTORY_MAX + BUFFER_SIZE + DECODE_SLACK));

	lane->job = job;
	lane->in = buffer_new(BUFFER_SIZE);
	if (!memory || !lane->in)
		return false;
	lane->buffer = memory + DECODE_HISTORY_MAX;
	return true;
}

/* The second lane takes members only beside a large one. */
static void do_members(struct job *job)
{
	struct lane *lanes = job->lanes;

	while (!job->failed && (has_more(&lanes[0]) || has_more(&lanes[1]))) {
		begin_next(&lanes[0]);
		if (is_twin(&lanes[0]) || lanes[0].empty)
			begin_next(&lanes[1]);
		if (is_twin(&lanes[0]) && is_twin(&lanes[1])) {
			step_two(lanes);
			continue;
		}
		for (int i = 0; i < 2; i++) {
			if (lanes[i].busy)
				step(&lanes[i]);
		}
	}
}

/* The directory of the process @number, or -1 with errno. */
static int make_directory(const char *parent, unsigned number)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%u", parent, number);
	return mkdir(path, 0700) < 0 ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

struct work {
	struct members_list list;
	struct members_shared *shared;
	struct totals *totals;
	unsigned jobs;
	const char *directory; /* NULL: nothing is written */
};

/* Do what the process @number does. Its exit status. */
static int do_job(const struct work *work, unsigned number)
{
	static struct job job = {.directory_fd = -1};

	if (work->directory && (job.directory_fd = make_directory(work->directory, number)) < 0) {
		perror(work->directory);
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		if (!lane_init(&job.lanes[i], &job) ||
			members_init(&job.lanes[i].members, work->shared, &work->list, work->jobs,
				&job.seen) < 0) {
			perror("roofline");
			return 1;
		}
	}
	do_members(&job);
	atomic_fetch_add(&work->totals->members, job.members);
	atomic_fetch_add(&work->totals->bytes, job.bytes);
	return job.failed ? 1 : 0;
}

/* 0, or -1: not every process has done its work. */
static int run(const struct work *work)
{
	int result = 0;
	unsigned started = 0;

	for (; started < work->jobs; started++) {
		pid_t child = fork();
		if (child < 0) {
			perror("roofline: fork");
			result = -1;
			break;
		}
		if (child == 0)
			_exit(do_job(work, started));
	}
	for (; started > 0; started--) {
		int status;
		if (wait(&status) < 0 || status != 0)
			result = -1;
	}
	return result;
}

int main(int argc, char *argv[])
{
	unsigned long jobs = argc == 3 || argc == 4 ? strtoul(argv[1], NULL, 10) : 0;

	if (jobs < 1 || jobs > 1024) {
		fputs("usage: roofline JOBS LIST [DIRECTORY]\n", stderr);
		return 2;
	}
	struct work work = {
		.list = members_list_read(argv[2]),
		.jobs = (unsigned)jobs,
		.directory = argc == 4 ? argv[3] : NULL,
	};
	work.shared = members_shared_new(&work.list);
	work.totals = mmap(NULL, sizeof(*work.totals), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!work.shared || work.totals == MAP_FAILED) {
		perror("roofline: mmap");
		return 1;
	}
	int failed = run(&work) < 0;
	printf("members %llu\nbytes %llu\n", atomic_load(&work.totals->members),
		atomic_load(&work.totals->bytes));
	return failed;
}
