// SPDX-License-Identifier: MIT

/*
 * The whole of a worker's work on an archive, which is the input: opened, looked over, divided into
 * units, each member extracted. It is the worker's own code, without a process of its own: its
 * channel ends here, in a schedule that has to find nothing wrong with what it says. What it
 * announces has to be there as announced, and nothing else. Members that it offers to others are
 * decoded with helpers that are honest, wrong or lie, as chance has it.
 */

#include "fuzz.h"
#include "parent/schedule.h"
#include "protocol/channel.h"
#include "protocol/membername.h"
#include "util/io.h"
#include "worker/decode/checksum.h"
#include "worker/decode/decoders.h"
#include "worker/parts/blocks.h"
#include "worker/parts/stretch.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* A worker that gives up says that the parent is to blame; this one never is. */
static _Noreturn void fuzz_exit(int status);
static int fuzz_send(
	int channel_fd, const void *packet, size_t size, const struct channel_fds *fds, bool wait);
static ssize_t fuzz_receive(
	int channel_fd, void *packet, size_t capacity, struct channel_fds *fds, bool wait);
#define _exit               fuzz_exit
#define channel_send_fds    fuzz_send
#define channel_receive_fds fuzz_receive
#include "worker/inbox.c"
#include "worker/outbox.c"
#include "worker/worker.c"
#undef _exit
#undef channel_send_fds
#undef channel_receive_fds

/* Members above this size are cut off by the limit of the process: a bomb costs no minutes. */
#define FILE_MAX ((rlim_t)1024 * 1024)

/* What a real parent does with what a worker says. */
static struct schedule schedule;
static struct unit *units[LANES]; /* those that the worker has, or NULL */
static bool handed_over;          /* the archive */

static struct archive *stated; /* the same archive, for what it states */
static struct cursor stated_cursor;
static char *directory;
static int directory_fd = -1;
static int archive_fd = -1;
static uint64_t archive_bytes;

static _Noreturn void fuzz_exit(int status)
{
	(void)status;
	fuzz_found("a worker gives up", __FILE__, __LINE__);
}

/* --- helpers ---------------------------------------------------------------------------------- */

enum { HELPERS = 3, STRETCHES_MAX = 40, WORDS_MAX = 64 };

/* What the owner of a member is yet to be told, and what its helpers have. */
static struct {
	uint32_t chance;
	unsigned stretches; /* that were given */
	struct message words[WORDS_MAX];
	unsigned word_count;
	uint64_t data_place, compressed_bytes;
	char file[MEMBER_FILE_SIZE];
	struct stretch found[HELPERS];
	bool honest[HELPERS];
} play;

static unsigned below(unsigned limit)
{
	play.chance = play.chance * 1664525 + 1013904223;
	return (play.chance >> 8) % limit;
}

static void tell(uint64_t unit, struct message_part part)
{
	MUST(play.word_count < WORDS_MAX);
	play.words[play.word_count++] =
		(struct message){.kind = MESSAGE_PART, .unit = unit, .part = part};
}

static void ask(uint64_t unit, uint32_t helper)
{
	if (play.stretches++ < STRETCHES_MAX)
		tell(unit, (struct message_part){.step = PART_ASK, .helper = helper});
}

static void lose(uint64_t unit, uint32_t helper)
{
	tell(unit, (struct message_part){.step = PART_LOST, .helper = helper});
	ask(unit, helper);
}

#ifdef HAVE_TWIN
static struct stretcher *stretchers[HELPERS];

/* Find and decode a stretch, by the worker's own code. False: there is none. */
static bool decode_stretch(uint32_t helper, uint64_t from, uint64_t to)
{
	static uint8_t bytes[FILE_MAX + STRETCH_IN_SLACK];
	size_t size = play.compressed_bytes < FILE_MAX ? (size_t)play.compressed_bytes : FILE_MAX;
	const struct stretch_input input = {bytes, size, 0};

	MUST(from < to && to <= 8 * play.compressed_bytes);
	if (!stretchers[helper])
		stretchers[helper] = stretcher_new();
	MUST(stretchers[helper]);
	memset(bytes, 0, sizeof(bytes));
	if (pread(archive_fd, bytes, size, (off_t)play.data_place) < (ssize_t)size || to > 8 * size)
		return false;
	uint64_t begin = stretch_find(stretchers[helper], &input, from, to);
	return begin != BLOCKS_NOWHERE &&
	       stretch_decode(stretchers[helper], &input, begin, to, &play.found[helper]) == 0;
}

/* Write what was decoded, as a helper does. False: it cannot be. */
static bool write_stretch(uint32_t helper, uint64_t file_at, uint32_t *crc32)
{
	static uint8_t bytes[STRETCH_MEMORY];
	size_t size = (size_t)play.found[helper].size_bytes;
	int fd = openat(directory_fd, play.file, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	MUST(fd >= 0 && file_at >= STRETCH_WINDOW);
	MUST(io_pread_full(fd, bytes, STRETCH_WINDOW, file_at - STRETCH_WINDOW) ==
		(ssize_t)STRETCH_WINDOW);
	stretch_set_window(stretchers[helper], bytes);
	stretch_read(stretchers[helper], 0, size, bytes);
	*crc32 = checksum_crc32(0, bytes, size);
	bool written = io_pwrite_full(fd, bytes, size, file_at, NULL) == 0;
	close(fd);
	return written;
}
#else
static bool decode_stretch(uint32_t helper, uint64_t from, uint64_t to)
{
	(void)helper;
	(void)from;
	(void)to;
	return false;
}

static bool write_stretch(uint32_t helper, uint64_t file_at, uint32_t *crc32)
{
	(void)helper;
	(void)file_at;
	(void)crc32;
	return false;
}
#endif

/* The helper has a stretch: what it says of it. */
static void begin_stretch(uint64_t unit, const struct message_part *part)
{
	struct stretch *found = &play.found[part->helper];

	play.honest[part->helper] = below(4) != 0;
	if (below(8) == 0 || !decode_stretch(part->helper, part->place, part->end)) {
		lose(unit, part->helper);
		return;
	}
	if (!play.honest[part->helper] && below(2) == 0)
		found->size_bytes += below(3) * 1000 - below(2);
	if (!play.honest[part->helper] && below(4) == 0)
		found->end += below(20);
	tell(unit, (struct message_part){
			   .step = PART_FOUND, .helper = part->helper, .place = found->begin});
	tell(unit, (struct message_part){.step = PART_DECODED,
			   .helper = part->helper,
			   .place = found->end,
			   .bytes = found->size_bytes,
			   .final = found->final});
}

static void take_turn(uint64_t unit, const struct message_part *part)
{
	uint32_t crc32 = below(1000);

	if (play.honest[part->helper] && !write_stretch(part->helper, part->place, &crc32)) {
		lose(unit, part->helper);
		return;
	}
	tell(unit, (struct message_part){.step = PART_TAILED, .helper = part->helper});
	if (below(8) == 0) {
		lose(unit, part->helper);
		return;
	}
	tell(unit, (struct message_part){
			   .step = PART_WRITTEN, .helper = part->helper, .crc32 = crc32});
	ask(unit, part->helper);
}

static void hear_part(uint64_t unit, const struct message_part *part)
{
	MUST(part->helper < HELPERS);
	switch (part->step) {
	case PART_OFFER:
		play.data_place = part->place;
		play.compressed_bytes = part->bytes;
		MUST(part->name_size > 0 && part->name_size < sizeof(play.file));
		memcpy(play.file, part->name, part->name_size);
		play.file[part->name_size] = '\0';
		for (uint32_t i = 0; i < HELPERS; i++)
			ask(unit, i);
		break;
	case PART_STRETCH:
		begin_stretch(unit, part);
		break;
	case PART_TURN:
		take_turn(unit, part);
		break;
	case PART_DROP:
		lose(unit, part->helper);
		break;
	default:
		MUST(part->step == PART_NONE);
		break;
	}
}

/* A word that is to be told now, as a packet; 0: there is none. */
static ssize_t next_word(void *packet, size_t capacity)
{
	struct wire_writer writer;

	if (play.word_count == 0)
		return 0;
	wire_writer_init(&writer, packet, capacity);
	MUST(message_put(&writer, &play.words[0]) == 0);
	play.word_count--;
	memmove(play.words, play.words + 1, play.word_count * sizeof(play.words[0]));
	return (ssize_t)writer.size;
}

/* --- the parent ------------------------------------------------------------------------------- */

/* Put @unit, which the worker gets, into the packet; the archive goes along the first time. */
static void put_unit(struct wire_writer *packet, struct unit *unit, struct channel_fds *fds)
{
	struct message message = {.kind = MESSAGE_WORK,
		.unit = unit->id,
		.work = {.size_bytes = archive_bytes,
			.room = UINT64_MAX,
			.has_archive = !handed_over,
			.kind = unit->kind,
			.members = unit->members}};

	schedule_give(&schedule, unit, 0);
	if (!handed_over)
		fds->fds[fds->count++] = fcntl(archive_fd, F_DUPFD_CLOEXEC, 0);
	handed_over = true;
	MUST(message_put(packet, &message) == 0);
}

/* Two units at a time where there are two, so that both lanes have work: in one packet or two. */
static ssize_t fuzz_receive(
	int channel_fd, void *packet, size_t capacity, struct channel_fds *fds, bool wait)
{
	struct wire_writer writer;
	struct unit *unit;

	(void)channel_fd;
	fds->count = 0;
	ssize_t told = wait || below(4) == 0 ? next_word(packet, capacity) : 0;
	if (told > 0)
		return told;
	wire_writer_init(&writer, packet, capacity);
	for (int i = 0; i < LANES && (unit = schedule_next(&schedule, 0)); i++) {
		if (units[i])
			continue;
		units[i] = unit;
		put_unit(&writer, unit, fds);
	}
	if (writer.size > 0 || wait)
		return (ssize_t)writer.size;
	errno = EAGAIN;
	return -1;
}

/* The files of whole members, in their order. */
static struct {
	char (*names)[MEMBER_FILE_SIZE];
	size_t count;
} announced;

/* The file of a whole member holds what the record says. */
static void check_file(const struct record *record)
{
	static uint8_t bytes[FILE_MAX];
	char file[MEMBER_FILE_SIZE];
	struct failure failure;
	struct member member;
	struct stat status;

	cursor_set(&stated_cursor, stated, 0, 0);
	do {
		MUST(cursor_next(&stated_cursor, &member, &failure) == 1);
	} while (member.index < record->member);
	MUST(record->size_bytes == member.size_bytes && record->crc32 == member.crc32);
	record_file_name(record, file);
	int fd = openat(directory_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	MUST(fd >= 0 && fstat(fd, &status) == 0);
	MUST(S_ISREG(status.st_mode) && (status.st_mode & 07777) == 0600 && status.st_nlink == 1);
	MUST(status.st_ino == record->inode && record->size_bytes <= sizeof(bytes));
	if (record->packed)
		MUST(record->offset_bytes % 64 == 0);
	else
		MUST(record->offset_bytes == 0 && (uint64_t)status.st_size == record->size_bytes);
	MUST(pread(fd, bytes, (size_t)record->size_bytes, (off_t)record->offset_bytes) ==
		(ssize_t)record->size_bytes);
	/* By zlib, whatever the worker took. */
	MUST(crc32(0, bytes, (uInt)record->size_bytes) == record->crc32);
	close(fd);
}

static void take_record(const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	if (record->failure.kind != FAILURE_NONE)
		return;
	check_file(record);
	record_file_name(record, file);
	if (announced.count > 0 && strcmp(announced.names[announced.count - 1], file) == 0)
		return; /* the same pack */
	announced.names =
		reallocarray(announced.names, announced.count + 1, sizeof(announced.names[0]));
	MUST(announced.names);
	memcpy(announced.names[announced.count++], file, sizeof(file));
}

static void take_results(void)
{
	struct result result;

	while (schedule_pop(&schedule, &result)) {
		if (result.kind == RESULT_MEMBER)
			take_record(result.record);
	}
}

static void take_message(const struct message *message)
{
	int i = 0;

	while (i < LANES && (!units[i] || units[i]->id != message->unit))
		i++;
	MUST(i < LANES);
	switch (message->kind) {
	case MESSAGE_PLAN:
		MUST(schedule_plan(&schedule, units[i], &message->plan) == 0);
		break;
	case MESSAGE_PART:
		hear_part(message->unit, &message->part);
		return;
	case MESSAGE_RECORD:
		MUST(schedule_record(&schedule, units[i], message) == 0);
		break;
	default:
		MUST(message->kind == MESSAGE_DONE);
		schedule_done(&schedule, units[i], &message->done);
		units[i] = NULL;
		break;
	}
	take_results();
}

static int fuzz_send(
	int channel_fd, const void *packet, size_t size, const struct channel_fds *fds, bool wait)
{
	struct wire_reader reader;
	struct message message;
	int got;

	(void)channel_fd;
	MUST(fds->count == 0 && wait && size <= PACKET_MAX);
	wire_reader_init(&reader, packet, size);
	while ((got = message_get(&reader, &message)) == 1)
		take_message(&message);
	MUST(got == 0);
	return 0;
}

/* Remove the files of whole members; there must be no others. */
static void remove_announced(void)
{
	for (size_t i = 0; i < announced.count; i++)
		MUST(unlinkat(directory_fd, announced.names[i], 0) == 0);
	free(announced.names);
	announced.names = NULL;
	announced.count = 0;

	int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *left = fdopendir(fd);
	struct dirent *entry;
	MUST(left);
	while ((entry = readdir(left)))
		MUST(entry->d_name[0] == '.');
	closedir(left);
}

static void limit_files(rlim_t most)
{
	struct rlimit limits;

	MUST(getrlimit(RLIMIT_FSIZE, &limits) == 0);
	limits.rlim_cur = most;
	MUST(setrlimit(RLIMIT_FSIZE, &limits) == 0);
}

static void remove_directory(void)
{
	rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmpdir = getenv("TMPDIR");

	(void)argc;
	(void)argv;
	MUST(asprintf(&directory, "%s/fuzz-worker.XXXXXX", tmpdir ? tmpdir : "/tmp") > 0);
	MUST(mkdtemp(directory));
	atexit(remove_directory);
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	archive_fd = memfd_create("archive", MFD_CLOEXEC);
	MUST(directory_fd >= 0 && archive_fd >= 0);
	stated = archive_new();
	MUST(stated && cursor_init(&stated_cursor) == 0);
	umask(077);
	return 0;
}

static void work(const struct worker_settings *settings)
{
	static struct worker worker;
	static struct worker_progress progress;

	worker = (struct worker){
		.settings = settings, .directory_fd = directory_fd, .progress = &progress};
	inbox_init(&worker.inbox, -1);
	outbox_init(&worker.outbox, -1);
	MUST(names_init(&worker.names, NULL) == 0);
	MUST(lane_init(&worker.lanes[0], settings, directory_fd, &worker.outbox, &worker.names,
		     &progress.lanes[0]) == 0);
	memory_peak_init(&worker.memory, false);
	work_until_the_end(&worker);
	outbox_flush(&worker.outbox);
	for (int i = 0; i < LANES; i++) {
		archive_free(worker.archives[i]);
		lane_release(&worker.lanes[i]);
	}
	memory_peak_release(&worker.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* By its size, so that all of the input is the archive. */
	enum decoder_choice decoder = (enum decoder_choice)(size / 4 % DECODER_KINDS);
	const struct worker_settings settings = {
		.task = TASK_UNZIP,
		.password = size & 16 ? "secret" : NULL,
		.pack = size & 1,
		.full_names = size & 2,
		.decoder = decoder_has(decoder) ? decoder : DECODER_AUTO,
		.parts = size & 8 ? PARTS_NEVER : PARTS_ALWAYS,
	};
	struct failure failure;

	signal(SIGXFSZ, SIG_IGN); /* libFuzzer sets its own */
	MUST(ftruncate(archive_fd, 0) == 0);
	MUST(pwrite(archive_fd, data, size, 0) == (ssize_t)size);
	schedule_init(&schedule, false);
	MUST(schedule_add(&schedule, "archive", -1, size, NULL) == 0);
	archive_open(stated, fcntl(archive_fd, F_DUPFD_CLOEXEC, 0), size, &failure);
	archive_bytes = size;
	handed_over = false;
	play.chance = (uint32_t)size;
	play.stretches = 0;
	play.word_count = 0;

	limit_files(FILE_MAX);
	work(&settings);
	limit_files(RLIM_INFINITY);
	MUST(!units[0] && !units[1] && schedule_is_idle(&schedule));
	schedule_release(&schedule);
	archive_close(stated);
	remove_announced();
	return 0;
}
