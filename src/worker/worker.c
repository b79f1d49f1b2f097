// SPDX-License-Identifier: MIT

#include "worker/worker.h"

#include "common/channel.h"
#include "common/cleanup.h"
#include "common/membername.h"
#include "common/memory.h"
#include "common/message.h"
#include "worker/archive.h"
#include "worker/extract.h"
#include "worker/overlap.h"
#include "worker/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/*
 * A unit is as large as keeps messages rare, and as small as lets every worker have one until the
 * end of a run. A single member is never divided.
 */
#define UNIT_BYTES   (UINT64_C(8) * 1024 * 1024)
#define UNIT_MEMBERS 512
#define UNIT_NAMES   (UINT64_C(64) * 1024) /* bytes of names: records wait in the parent's memory */

/* Records are held back this long to travel together. */
#define BATCH_NS (UINT64_C(20) * 1000 * 1000)

struct worker {
	const struct worker_settings *settings;
	int channel_fd;
	int directory_fd;
	struct worker_progress *progress;
	struct extraction *extraction;
	struct memory_peak memory;

	struct archive *archive; /* the one that is open, or NULL */
	uint64_t archive_number;

	struct record *held; /* up to UNIT_MEMBERS that wait for their pack, or NULL: not packing */
	size_t held_count;

	struct wire_writer packet; /* messages that are not sent yet */
	uint64_t packet_ns;        /* when the first of them was put */
	uint8_t packet_bytes[PACKET_MAX];
};

/* The parent is gone or does not follow the protocol: there is nobody left to tell. */
static _Noreturn void give_up(void)
{
	_exit(EXIT_FAILURE);
}

static void flush(struct worker *worker)
{
	if (worker->packet.size > 0 && channel_send(worker->channel_fd, worker->packet_bytes,
					       worker->packet.size, -1, true) < 0)
		give_up();
	wire_writer_init(&worker->packet, worker->packet_bytes, sizeof(worker->packet_bytes));
}

static void put(struct worker *worker, const struct message *message)
{
	if (worker->packet.size == 0)
		worker->packet_ns = monotonic_ns();
	if (message_put(&worker->packet, message) == 0)
		return;
	flush(worker);
	worker->packet_ns = monotonic_ns();
	if (message_put(&worker->packet, message) < 0)
		give_up(); /* PACKET_MAX is more than any one message */
}

static void flush_if_due(struct worker *worker)
{
	if (worker->packet.size > 0 && monotonic_ns() - worker->packet_ns >= BATCH_NS)
		flush(worker);
}

static bool is_wanted(const struct worker *worker, const struct member *member)
{
	return !member->directory && filter_wants(&worker->settings->filter, member->name);
}

/* Where the unit ends that begins with member @first: at the first of the limits. */
static uint64_t plan_end(const struct worker *worker, uint64_t first)
{
	uint64_t entries = archive_entries(worker->archive);
	uint64_t bytes = 0;
	uint64_t members = 0;
	uint64_t names = 0;
	uint64_t end = first;

	for (; end < entries && members < UNIT_MEMBERS; end++) {
		struct member member;
		archive_member(worker->archive, end, &member);
		if (!is_wanted(worker, &member))
			continue;
		bool fits = member.size_bytes <= UNIT_BYTES - bytes &&
			    member.name_size <= UNIT_NAMES - names;
		if (members > 0 && !fits)
			break;
		members++;
		if (!fits)
			return end + 1;
		bytes += member.size_bytes;
		names += member.name_size;
	}
	return end;
}

/* Leave a word about the member, should it be the last. */
static void note_progress(struct worker_progress *progress, const struct member *member)
{
	size_t size = member->name_size < PROGRESS_NAME_MAX ? member->name_size : PROGRESS_NAME_MAX;

	atomic_store_explicit(&progress->name_size, size, memory_order_relaxed);
	memcpy(progress->name, member->name, size);
	atomic_store_explicit(&progress->member, member->index, memory_order_release);
}

static void put_record(struct worker *worker, const struct record *record)
{
	struct message message = {.kind = MESSAGE_RECORD, .record = *record};
	struct record *said = &message.record;
	char base[MEMBER_BASE_MAX + 1];

	/* Of a whole member's name only what its file is called by, unless more is asked for. */
	if (record->failure.kind == FAILURE_NONE && !worker->settings->full_names) {
		said->name = base;
		said->name_size = record->packed ? 0
						 : (uint16_t)member_base_clean(
							   record->name, record->name_size, base);
	}
	put(worker, &message);
}

/* Say what became of the members that wait for their pack, and of those between them. */
static void release_held(struct worker *worker)
{
	struct pack_result result;

	extraction_close_pack(worker->extraction, &result);
	for (size_t i = 0; i < worker->held_count; i++) {
		struct record *record = &worker->held[i];
		if (record->packed && record->failure.kind == FAILURE_NONE) {
			record->inode = result.inode;
			if (record->offset_bytes + record->size_bytes > result.valid_bytes)
				record->failure = result.failure;
		}
		put_record(worker, record);
	}
	worker->held_count = 0;
}

static void hold(struct worker *worker, const struct record *record)
{
	worker->held[worker->held_count++] = *record;
	if (worker->held_count == UNIT_MEMBERS)
		release_held(worker);
}

static void extract_member(struct worker *worker, const struct member *member)
{
	note_progress(worker->progress, member);
	enum extract_status status = extraction_begin(
		worker->extraction, worker->archive, worker->archive_number, member);

	while (status == EXTRACT_MORE) {
		status = extraction_step(worker->extraction);
		flush_if_due(worker);
	}
	if (worker->held)
		hold(worker, extraction_record(worker->extraction));
	else
		put_record(worker, extraction_record(worker->extraction));
	if (extraction_pack_is_broken(worker->extraction))
		release_held(worker);
	memory_sample(&worker->memory, 0);
}

/* Say what the directory states of a member. */
static void list_member(struct worker *worker, const struct member *member)
{
	struct record record = {
		.archive = worker->archive_number,
		.member = member->index,
		.place = PLACE_NOWHERE,
		.size_bytes = member->size_bytes,
		.crc32 = member->crc32,
		.listed = true,
		.compressed_bytes = member->compressed_bytes,
		.time = member->time,
		.method = member->method,
		.encrypted = member->encrypted,
		.name = member->name,
		.name_size = member->name_size,
	};

	note_progress(worker->progress, member);
	put_record(worker, &record);
	flush_if_due(worker);
}

static void finish_unit(
	struct worker *worker, const struct message_work *work, const struct failure *failure)
{
	struct message done = {
		.kind = MESSAGE_DONE,
		.done = {.archive = work->archive, .first = work->first, .failure = *failure},
	};

	atomic_store_explicit(&worker->progress->member, PROGRESS_NONE, memory_order_relaxed);
	atomic_store_explicit(&worker->progress->archive, PROGRESS_NONE, memory_order_relaxed);
	put(worker, &done);
}

/* Close the archive that is open and open the one that came. */
static int change_archive(struct worker *worker, int fd, uint64_t number, struct failure *failure)
{
	if (worker->archive)
		memory_sample(&worker->memory, 0);
	archive_free(worker->archive);
	worker->archive = archive_open(fd, failure);
	worker->archive_number = number;
	if (worker->archive)
		archive_set_password(worker->archive, worker->settings->password);
	return worker->archive ? 0 : -1;
}

/* What speaks against all of the archive that is open. 0, or -1 with *@failure. */
static int check_archive(const struct worker *worker, struct failure *failure)
{
	uint64_t entries = archive_entries(worker->archive);
	uint64_t most = worker->settings->limits.members;

	if (most > 0 && entries > most) {
		*failure = (struct failure){FAILURE_MEMBERS_LIMIT, {entries, most}};
		return -1;
	}
	switch (archive_overlap(worker->archive)) {
	case OVERLAP_NONE:
		return 0;
	case OVERLAP_FOUND:
		failure->kind = FAILURE_OVERLAP;
		return -1;
	case OVERLAP_NO_MEMORY:
		break;
	}
	failure->kind = FAILURE_NO_MEMORY;
	return -1;
}

/*
 * Whether the members of a unit that are not looked at one by one find room: those that are small,
 * and each may be a file.
 */
static bool unit_has_room(const struct worker *worker, uint64_t first, uint64_t end)
{
	struct failure failure;
	uint64_t bytes = 0;
	uint64_t files = 0;

	for (uint64_t index = first; index < end; index++) {
		struct member member;
		archive_member(worker->archive, index, &member);
		if (member.size_bytes >= BOUNDS_LARGE_MEMBER || !is_wanted(worker, &member))
			continue;
		bytes += member.size_bytes;
		files++;
	}
	if (worker->settings->pack && files > 0)
		files = 1;
	return files == 0 || bounds_have_room(worker->directory_fd, bytes, files, &failure);
}

static void set_bounds(struct worker *worker, const struct message_work *work, uint64_t end)
{
	struct bounds bounds = {
		.limits = worker->settings->limits,
		.total_left = work->total_left,
		.tight = !unit_has_room(worker, work->first, end),
	};

	extraction_set_bounds(worker->extraction, &bounds);
}

/*
 * The most that one file may have, as far as limits tell: a member with the header that may be put
 * before it, or a pack, which holds members until a unit ends.
 */
static uint64_t file_limit(const struct worker_settings *settings)
{
	const uint64_t header = 64 * 1024;
	const struct limits *limits = &settings->limits;

	if (limits->member_bytes > 0 && !settings->pack)
		return limits->member_bytes + header;
	return limits->total_bytes > 0 ? limits->total_bytes + UNIT_MEMBERS * header : 0;
}

/* @fd: the archive, or -1 where it is the one that is open. It is taken over. */
static void do_work(struct worker *worker, const struct message_work *work, int fd)
{
	struct failure failure = {0};

	atomic_store_explicit(&worker->progress->archive, work->archive, memory_order_relaxed);
	if (fd >= 0 && change_archive(worker, fd, work->archive, &failure) < 0) {
		finish_unit(worker, work, &failure);
		return;
	}
	if (!worker->archive || worker->archive_number != work->archive)
		give_up();
	/* Its first unit is begun before any other. */
	if (work->first == 0 && check_archive(worker, &failure) < 0) {
		finish_unit(worker, work, &failure);
		return;
	}

	uint64_t entries = archive_entries(worker->archive);
	if (work->first > entries || (work->end != UNIT_END_OPEN && work->end > entries))
		give_up();
	uint64_t end = work->end != UNIT_END_OPEN ? work->end : plan_end(worker, work->first);
	struct message plan = {
		.kind = MESSAGE_PLAN,
		.plan = {work->archive, work->first, end, entries},
	};
	put(worker, &plan);
	if (end < entries)
		flush(worker); /* another worker can begin where this unit ends */
	set_bounds(worker, work, end);

	for (uint64_t index = work->first; index < end; index++) {
		struct member member;
		archive_member(worker->archive, index, &member);
		if (!is_wanted(worker, &member))
			continue;
		if (worker->settings->task == TASK_LIST)
			list_member(worker, &member);
		else
			extract_member(worker, &member);
	}
	release_held(worker);
	finish_unit(worker, work, &failure);
}

/* Take the next message. False at the end of the channel. */
static bool serve(struct worker *worker)
{
	uint8_t bytes[64]; /* a MESSAGE_WORK is smaller */
	cleanup_fd int fd = -1;

	ssize_t size = channel_receive(worker->channel_fd, bytes, sizeof(bytes), &fd, false);
	if (size < 0 && errno == EAGAIN) {
		flush(worker); /* nothing is queued: say everything before going to sleep */
		size = channel_receive(worker->channel_fd, bytes, sizeof(bytes), &fd, true);
	}
	if (size < 0)
		give_up();
	if (size == 0)
		return false;

	struct wire_reader reader;
	struct message message;
	wire_reader_init(&reader, bytes, (size_t)size);
	if (message_get(&reader, &message) != 1 || message.kind != MESSAGE_WORK ||
		message.work.has_archive != (fd >= 0))
		give_up();
	do_work(worker, &message.work, steal_fd(&fd));
	return true;
}

_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress)
{
	static struct worker worker; /* one a process; large, and zero until it is touched */

	/*
	 * libzip makes a time_t of each entry's date, for which mktime(3) would look at
	 * /etc/localtime each time. The dates of the format have no zone: take them as they are.
	 */
	if (setenv("TZ", "UTC0", 1) < 0)
		give_up();
	tzset();
	/* A file size limit is to fail a write(2), not to kill. */
	signal(SIGXFSZ, SIG_IGN);
	worker.settings = context;
	worker.channel_fd = channel_fd;
	worker.directory_fd = directory_fd;
	worker.progress = progress;
	worker.extraction =
		extraction_new(directory_fd, worker.settings->pack, worker.settings->decoder);
	if (worker.settings->pack)
		worker.held = calloc(UNIT_MEMBERS, sizeof(*worker.held));
	if (!worker.extraction || (worker.settings->pack && !worker.held))
		give_up();
	memory_peak_init(&worker.memory, worker.settings->measure);
	wire_writer_init(&worker.packet, worker.packet_bytes, sizeof(worker.packet_bytes));
	/* No core file with a password in it, also where a pipe takes them: core(5). */
	if (worker.settings->password && prctl(PR_SET_DUMPABLE, 0) < 0)
		give_up();

	struct sandbox_needs needs = {channel_fd, directory_fd, file_limit(worker.settings)};
	if (worker.settings->sandboxed && sandbox_enter(worker.settings->sandbox, &needs) < 0)
		give_up();
	while (serve(&worker))
		;

	memory_sample(&worker.memory, 1);
	struct message farewell = {
		.kind = MESSAGE_MEMORY,
		.memory = {worker.memory.private_bytes, worker.memory.shared_bytes},
	};
	put(&worker, &farewell);
	flush(&worker);
	archive_free(worker.archive);
	extraction_free(worker.extraction);
	free(worker.held);
	memory_peak_release(&worker.memory);
	_exit(EXIT_SUCCESS);
}
