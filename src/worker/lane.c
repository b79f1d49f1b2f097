// SPDX-License-Identifier: MIT

#include "worker/lane.h"

#include "protocol/membername.h"
#include "util/cleanup.h"
#include "util/utf8.h"
#include "worker/container/overlap.h"
#include "worker/decode/decoders.h"
#include "worker/extract/inplace.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of arrays of members that wait for their pack: no more may wait than this. */
#define HELD_BYTES ((size_t)256 * 1024)

/*
 * A unit is as large as keeps messages rare, and as small as lets every worker have one until the
 * end of a run. A single member is never divided.
 */
#define UNIT_BYTES   (UINT64_C(8) * 1024 * 1024)
#define UNIT_MEMBERS 512
#define UNIT_NAMES   (UINT64_C(64) * 1024) /* bytes of names: records wait in the parent's memory */

int lane_init(struct lane *lane, const struct worker_settings *settings, int directory_fd,
	struct outbox *outbox, struct names *names, struct progress_lane *progress)
{
	*lane = (struct lane){.settings = settings,
		.directory_fd = directory_fd,
		.outbox = outbox,
		.names = names,
		.progress = progress};
	lane->extraction = extraction_new(directory_fd, settings->pack, settings->decoder);
	if (lane->extraction && settings->task == TASK_UNZIP)
		extraction_set_needs_files(lane->extraction);
	if (lane->extraction && settings->raw)
		extraction_set_raw(lane->extraction, settings->raw, settings->npy);
	if (settings->pack)
		lane->held = calloc(UNIT_MEMBERS, sizeof(*lane->held));
	return lane->extraction && (lane->held || !settings->pack) ? 0 : -1;
}

void lane_release(struct lane *lane)
{
	extraction_free(lane->extraction);
	free(lane->held);
}

/* The name of @member as it is shown, until the next one is. */
static const char *show_name(const struct lane *lane, const struct member *member, uint16_t *size)
{
	*size = member->name_size;
	return names_show(lane->names, lane->archive, member->index, member->name, size);
}

static bool is_wanted(const struct lane *lane, const struct member *member)
{
	const struct filter *filter = &lane->settings->filter;
	uint16_t size;

	if (member->directory || filter->count == 0)
		return !member->directory;
	return filter_wants(filter, show_name(lane, member, &size));
}

/* Where the unit ends that begins with member @first: at the first of the limits. */
static uint64_t plan_end(const struct lane *lane, uint64_t first)
{
	uint64_t entries = archive_entries(lane->archive);
	uint64_t bytes = 0;
	uint64_t members = 0;
	uint64_t names = 0;
	uint64_t end = first;

	for (; end < entries && members < UNIT_MEMBERS; end++) {
		struct member member;
		archive_member(lane->archive, end, &member);
		if (!is_wanted(lane, &member))
			continue;
		uint16_t name_size;
		show_name(lane, &member, &name_size);
		bool fits =
			member.size_bytes <= UNIT_BYTES - bytes && name_size <= UNIT_NAMES - names;
		if (members > 0 && !fits)
			break;
		members++;
		if (!fits)
			return end + 1;
		bytes += member.size_bytes;
		names += name_size;
	}
	return end;
}

/* Whether a member of the unit would gain from one in another lane. */
static bool unit_is_pairable(const struct lane *lane)
{
	/* If even the largest would not, none is looked at. */
	if (lane->settings->task == TASK_LIST ||
		!decoder_type_is_pairable(
			decoder_choose(DECODE_DEFLATE, lane->settings->decoder, UINT64_MAX)))
		return false;
	for (uint64_t index = lane->first; index < lane->end; index++) {
		struct member member;
		archive_member(lane->archive, index, &member);
		if (is_wanted(lane, &member) && extraction_is_pairable(lane->extraction, &member))
			return true;
	}
	return false;
}

/* Leave a word about the member, should it be the last. */
static void note_progress(const struct lane *lane, const struct member *member)
{
	struct progress_lane *progress = lane->progress;
	uint16_t whole;
	const char *name = show_name(lane, member, &whole);
	size_t size = utf8_cut(name, whole, PROGRESS_NAME_MAX);

	atomic_store_explicit(&progress->name_size, size, memory_order_relaxed);
	memcpy(progress->name, name, size);
	atomic_store_explicit(&progress->member, member->index, memory_order_release);
}

static void put_record(struct lane *lane, const struct record *record)
{
	struct message message = {.kind = MESSAGE_RECORD, .unit = lane->unit, .record = *record};
	struct record *said = &message.record;
	char base[MEMBER_BASE_MAX + 1];

	/* Of a whole member's name only what its file is called by, unless more is asked for. */
	if (record->failure.kind == FAILURE_NONE && record->note == NOTE_NONE &&
		!lane->settings->full_names) {
		said->name = base;
		said->name_size = record->packed ? 0
						 : (uint16_t)member_base_clean(
							   record->name, record->name_size, base);
	} else {
		said->name = names_show(
			lane->names, lane->archive, record->member, record->name, &said->name_size);
		if (said->name != record->name && record->failure.kind == FAILURE_NONE &&
			record->place == PLACE_FILE && !record->packed) {
			said->base = base;
			said->base_size =
				(uint16_t)member_base_clean(record->name, record->name_size, base);
		}
	}
	/* A packet has room for the longest name or for the longest type, not for both. */
	struct array untold;
	if (said->array && (size_t)said->name_size + said->array->dtype_size > RECORD_TEXT_MAX) {
		untold = *said->array;
		untold.dtype_size = 0;
		said->array = &untold;
		said->note = NOTE_NPY_LONG_DTYPE;
	}
	outbox_put(lane->outbox, &message);
}

/* Say what became of the members that wait for their pack, and of those between them. */
static void release_held(struct lane *lane)
{
	struct pack_result result;

	extraction_close_pack(lane->extraction, &result);
	for (size_t i = 0; i < lane->held_count; i++) {
		struct record *record = &lane->held[i];
		// NOLINTNEXTLINE(clang-analyzer-core.NullDereference): none held, no turn
		if (record->packed && record->failure.kind == FAILURE_NONE) {
			record->inode = result.inode;
			if (record->offset_bytes + record->size_bytes > result.valid_bytes)
				record->failure = result.failure;
		}
		put_record(lane, record);
		free((void *)record->array);
	}
	lane->held_count = 0;
	lane->held_bytes = 0;
}

/* A copy of @array, with its type, in one piece of memory. */
static const struct array *copy_array(const struct array *array)
{
	struct array *copy = malloc(sizeof(*copy) + array->dtype_size);

	if (!copy)
		_exit(EXIT_FAILURE);
	*copy = *array;
	copy->dtype = memcpy(copy + 1, array->dtype, array->dtype_size);
	return copy;
}

static void hold(struct lane *lane, const struct record *record)
{
	struct record *held = &lane->held[lane->held_count++];

	*held = *record;
	if (record->array) {
		held->array = copy_array(record->array);
		lane->held_bytes += sizeof(*record->array) + record->array->dtype_size;
	}
	if (lane->held_count == UNIT_MEMBERS || lane->held_bytes >= HELD_BYTES)
		release_held(lane);
}

/* The unit has come to its end, or cannot be done. */
static void say_done(struct lane *lane, uint64_t unit, const struct failure *failure)
{
	struct message done = {
		.kind = MESSAGE_DONE,
		.unit = unit,
		.done = {.failure = *failure},
	};

	atomic_store_explicit(&lane->progress->member, PROGRESS_NONE, memory_order_relaxed);
	atomic_store_explicit(&lane->progress->unit, PROGRESS_NONE, memory_order_relaxed);
	outbox_put(lane->outbox, &done);
}

void lane_refuse(struct lane *lane, uint64_t unit, const struct failure *failure)
{
	say_done(lane, unit, failure);
}

static void finish_unit(struct lane *lane)
{
	release_held(lane);
	say_done(lane, lane->unit, &(struct failure){0});
	lane->busy = false;
}

/* The member in hand has come to its end. */
static void finish_member(struct lane *lane)
{
	lane->in_hand = false;
	if (lane->held)
		hold(lane, extraction_record(lane->extraction));
	else
		put_record(lane, extraction_record(lane->extraction));
	if (extraction_pack_is_broken(lane->extraction))
		release_held(lane);
}

/* Say what the directory states of the member. */
static void list_member(struct lane *lane)
{
	const struct member *member = &lane->member;
	struct record record = {
		.archive = lane->archive_number,
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

	put_record(lane, &record);
	outbox_flush_if_due(lane->outbox);
}

/* Have a member in hand, unless there is none left: then the unit is finished. */
static void prepare(struct lane *lane)
{
	while (!lane->in_hand && lane->next < lane->end) {
		archive_member(lane->archive, lane->next++, &lane->member);
		if (!is_wanted(lane, &lane->member))
			continue;
		note_progress(lane, &lane->member);
		if (lane->settings->task == TASK_LIST) {
			list_member(lane);
			continue;
		}
		enum extract_status status = extraction_begin(
			lane->extraction, lane->archive, lane->archive_number, &lane->member);
		if (status != EXTRACT_MORE)
			finish_member(lane);
		else
			lane->in_hand = true;
	}
	if (!lane->in_hand)
		finish_unit(lane);
}

bool lane_gains(const struct lane *lane)
{
	return lane->in_hand && extraction_is_pairable(lane->extraction, &lane->member);
}

void lane_step(struct lane *lane)
{
	prepare(lane);
	if (lane->in_hand && extraction_step(lane->extraction) != EXTRACT_MORE)
		finish_member(lane);
}

void lane_step_two(struct lane lanes[2])
{
	enum extract_status statuses[2];
	struct extraction *const extractions[2] = {lanes[0].extraction, lanes[1].extraction};

	prepare(&lanes[0]);
	prepare(&lanes[1]);
	if (!lane_gains(&lanes[0]) || !lane_gains(&lanes[1])) {
		for (int i = 0; i < 2; i++) {
			if (lanes[i].busy)
				lane_step(&lanes[i]);
		}
		return;
	}
	extraction_step_two(extractions, statuses);
	for (int i = 0; i < 2; i++) {
		if (statuses[i] != EXTRACT_MORE)
			finish_member(&lanes[i]);
	}
}

/* What speaks against all of the archive that is open. 0, or -1 with *@failure. */
static int check_archive(const struct lane *lane, struct failure *failure)
{
	uint64_t entries = archive_entries(lane->archive);
	uint64_t most = lane->settings->limits.members;

	if (most > 0 && entries > most) {
		*failure = (struct failure){FAILURE_MEMBERS_LIMIT, {entries, most}};
		return -1;
	}
	switch (archive_overlap(lane->archive)) {
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
static bool unit_has_room(
	const struct lane *lane, const struct in_place *in_place, uint64_t first, uint64_t end)
{
	struct failure failure;
	uint64_t bytes = 0;
	uint64_t files = 0;

	for (uint64_t index = first; index < end; index++) {
		struct member member;
		archive_member(lane->archive, index, &member);
		if (member.size_bytes >= BOUNDS_LARGE_MEMBER || !is_wanted(lane, &member) ||
			in_place_is_certain(in_place, &member))
			continue;
		bytes += member.size_bytes;
		files++;
	}
	if (lane->settings->pack && files > 0)
		files = 1;
	return files == 0 || bounds_check_room(lane->directory_fd, bytes, files, &failure) == 0;
}

static void set_bounds(struct lane *lane, const struct message_work *work, uint64_t end)
{
	struct in_place in_place = lane->settings->in_place;

	in_place.wanted = in_place.wanted && work->in_place;
	struct bounds bounds = {
		.limits = lane->settings->limits,
		.total_left = work->total_left,
		.tight = !unit_has_room(lane, &in_place, work->members.first, end),
	};
	extraction_set_bounds(lane->extraction, &bounds);
	extraction_set_in_place(lane->extraction, &in_place);
}

uint64_t lane_file_limit(const struct worker_settings *settings)
{
	const uint64_t header = UINT64_C(64) * 1024;
	const struct limits *limits = &settings->limits;

	if (limits->member_bytes > 0 && !settings->pack)
		return limits->member_bytes + header;
	return limits->total_bytes > 0 ? limits->total_bytes + UNIT_MEMBERS * header : 0;
}

int lane_begin(struct lane *lane, uint64_t unit, const struct message_work *work)
{
	const struct unit_members *members = &work->members;
	uint64_t entries = archive_entries(lane->archive);
	struct failure failure = {0};

	if (work->entries > 0 && work->entries != entries) {
		failure.kind = FAILURE_ARCHIVE_CHANGED;
		lane_refuse(lane, unit, &failure);
		return 0;
	}
	if (members->first > entries || (members->end != UNIT_END_OPEN && members->end > entries))
		return -1;
	/* Its first unit is begun before any other. */
	if (members->first == 0 && check_archive(lane, &failure) < 0) {
		lane_refuse(lane, unit, &failure);
		return 0;
	}
	lane->unit = unit;
	lane->first = lane->next = members->first;
	lane->end = members->end != UNIT_END_OPEN ? members->end : plan_end(lane, members->first);
	lane->busy = true;
	set_bounds(lane, work, lane->end);
	bool pairable = unit_is_pairable(lane);
	struct message plan = {
		.kind = MESSAGE_PLAN,
		.unit = unit,
		.plan = {.end = lane->end, .entries = entries, .pairable = pairable},
	};
	outbox_put(lane->outbox, &plan);
	if (lane->end < entries || pairable)
		outbox_flush(lane->outbox); /* there is something to give out now */
	return 0;
}
