// SPDX-License-Identifier: MIT

/*
 * The roofline: what zipmap's time can at best come down to on this machine. It opens the same
 * archives, decodes the same members with the same decoders on as many processes, large ones two at
 * a time, checks size and CRC-32, and writes nothing: each lane of a process decodes into one
 * buffer again and again.
 *
 * usage: roofline JOBS LIST, where LIST holds archives' paths, each with NUL at its end.
 */

#include "worker/container/scan.h"
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

struct job;

/* What a process decodes by; a second lane is for a second member at once. */
struct lane {
	struct job *job;
	struct decoder_set decoders;
	uint8_t *in;     /* BUFFER_SIZE bytes, as in zipmap */
	uint8_t *buffer; /* the same, DECODE_HISTORY_MAX in front, DECODE_SLACK behind */

	/* Where members come from. */
	size_t index;            /* of the archive that is open */
	struct archive *archive; /* open or not */
	struct cursor *cursor;
	uint64_t entries;
	uint64_t next, end; /* the rest of a portion of it */

	bool empty; /* there is none left for it */

	/* The member in hand. */
	bool busy;
	struct member member;
	struct member_data data;
	struct decoder *decoder;
	bool exhausted;
	struct decode_span span;
	uint8_t *piece; /* where the bytes begin that are not counted yet */
	uint64_t size_bytes;
	uint32_t crc32;
};

/* What one process works with. */
struct job {
	struct shared *shared;
	const struct list *list;
	unsigned jobs;
	size_t seen; /* archives that were found to be taken by others, in the second look */
	struct lane lanes[2];
	uint64_t members;
	uint64_t bytes;
	bool failed;
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

/* --- where members come from ------------------------------------------------------------------ */

static void fail(struct lane *lane, const char *what)
{
	fprintf(stderr, "roofline: %s: %s\n", lane->job->list->paths[lane->index], what);
	lane->job->failed = true;
}

static void open_archive(struct lane *lane, size_t index)
{
	struct failure failure;
	char text[256];
	const char *path = lane->job->list->paths[index];
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	lane->index = index;
	if (fd < 0 || fstat(fd, &status) < 0) {
		fail(lane, strerror(errno));
		return;
	}
	struct scan scan = {0};
	if (archive_open(lane->archive, fd, (uint64_t)status.st_size, &failure) < 0 ||
		archive_scan(lane->archive, lane->cursor, 0, &scan, &failure) < 0) {
		failure_describe(&failure, "", text, sizeof(text));
		fail(lane, text);
	}
	lane->entries = scan.entries;
	cursor_set(lane->cursor, lane->archive, 0, 0);
}

/* Take a portion of the archive that is open. False: all are taken. */
static bool take_portion(struct lane *lane)
{
	struct progress *progress = &lane->job->shared->archives[lane->index];
	uint64_t entries = lane->entries;
	uint64_t portion = entries / ((uint64_t)lane->job->jobs * PORTIONS_PER_JOB);

	if (portion < 1)
		portion = 1;
	if (portion > PORTION_MAX)
		portion = PORTION_MAX;
	lane->next = atomic_fetch_add(&progress->next_member, portion);
	lane->end = lane->next + portion < entries ? lane->next + portion : entries;
	if (lane->end == entries)
		atomic_store(&progress->all_taken, true);
	return lane->next < entries;
}

/* The next archive: first those that nobody has, then those that others are at. False: none. */
static bool take_archive(struct lane *lane)
{
	struct job *job = lane->job;
	size_t index = job->list->count;

	if (job->seen == 0)
		index = atomic_fetch_add(&job->shared->next_archive, 1);
	while (index >= job->list->count && job->seen < job->list->count) {
		size_t candidate = job->seen++;
		if (!atomic_load(&job->shared->archives[candidate].all_taken))
			index = candidate;
	}
	if (index >= job->list->count)
		return false;
	open_archive(lane, index);
	return true;
}

/* Read the next member of the portion. Its name is not kept. */
static void read_member(struct lane *lane)
{
	struct failure failure;

	do {
		if (cursor_next_raw(lane->cursor, &lane->member, &failure) != 1) {
			fail(lane, "a member is not there");
			lane->next = lane->end;
			return;
		}
	} while (lane->member.index < lane->next);
	lane->next++;
}

/* Have a member to decode. False: there is none left. */
static bool take_member(struct lane *lane)
{
	for (;;) {
		if (lane->next < lane->end) {
			read_member(lane);
			if (!lane->member.directory)
				return true;
		} else if (!archive_is_open(lane->archive) || !take_portion(lane)) {
			archive_close(lane->archive);
			lane->next = lane->end = 0;
			if (!take_archive(lane))
				return false;
		}
	}
}

/* --- decoding --------------------------------------------------------------------------------- */

static bool begin(struct lane *lane)
{
	const struct member *member = &lane->member;
	const struct decoder_type *type =
		decoder_choose(member->method, DECODER_AUTO, member->size_bytes);
	struct failure failure;

	if (member->encrypted || !type ||
		member_data_open(lane->archive, member, &lane->data, &failure) < 0)
		return false;
	lane->decoder = decoder_set_begin(&lane->decoders, type, member->size_bytes);
	if (!lane->decoder)
		return false;
	lane->exhausted = false;
	lane->span = (struct decode_span){.out = lane->buffer, .out_size = BUFFER_SIZE};
	lane->piece = lane->buffer;
	lane->size_bytes = 0;
	lane->crc32 = 0;
	lane->busy = true;
	return true;
}

static void end(struct lane *lane, bool whole)
{
	const struct member *member = &lane->member;

	member_data_close(&lane->data);
	lane->busy = false;
	lane->job->members++;
	lane->job->bytes += lane->size_bytes;
	if (!whole || lane->size_bytes != member->size_bytes || lane->crc32 != member->crc32)
		fail(lane, "a member was not decoded");
}

static void count_piece(struct lane *lane, size_t size)
{
	lane->crc32 = checksum_crc32(lane->crc32, lane->piece, size);
	lane->size_bytes += size;
}

/* The decoder has stopped: count what has come out, and have room at the front of the buffer. */
static void settle(struct lane *lane, enum decode_status status)
{
	uint8_t *buffer_end = lane->buffer + BUFFER_SIZE;

	if (status == DECODE_PAUSED || (status == DECODE_NEED_INPUT && !lane->exhausted))
		return;
	count_piece(lane, (size_t)(lane->span.out - lane->piece));
	if (status != DECODE_NEED_OUTPUT) {
		end(lane, status == DECODE_END);
		return;
	}
	size_t over = (size_t)(lane->span.out - buffer_end);
	memmove(lane->buffer - DECODE_HISTORY_MAX, buffer_end - DECODE_HISTORY_MAX,
		DECODE_HISTORY_MAX + over);
	lane->piece = lane->span.out = lane->buffer + over;
	lane->span.out_size = BUFFER_SIZE - over;
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
		count_piece(lane, (size_t)got);
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
	lane->empty = !take_member(lane);
	if (!lane->empty && !begin(lane))
		fail(lane, "a member cannot be read");
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

	*lane = (struct lane){
		.job = job,
		.in = buffer_new(BUFFER_SIZE),
		.archive = archive_new(),
		.cursor = calloc(1, sizeof(*lane->cursor)),
	};
	if (!memory || !lane->in || !lane->archive || !lane->cursor ||
		cursor_init(lane->cursor) < 0)
		return false;
	lane->buffer = memory + DECODE_HISTORY_MAX;
	return true;
}

/* The second lane takes members only beside a large one. */
static int do_job(struct shared *shared, const struct list *list, unsigned jobs)
{
	static struct job job;
	struct lane *lanes = job.lanes;

	job.shared = shared;
	job.list = list;
	job.jobs = jobs;
	if (!lane_init(&lanes[0], &job) || !lane_init(&lanes[1], &job))
		return -1;
	while (!job.failed && (has_more(&lanes[0]) || has_more(&lanes[1]))) {
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
	atomic_fetch_add(&shared->members, job.members);
	atomic_fetch_add(&shared->bytes, job.bytes);
	return job.failed ? -1 : 0;
}

int main(int argc, char *argv[])
{
	unsigned long jobs = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;

	if (jobs < 1 || jobs > 1024) {
		fputs("usage: roofline JOBS LIST\n", stderr);
		return 2;
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
