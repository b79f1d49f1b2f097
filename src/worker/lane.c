// SPDX-License-Identifier: MIT

#include "worker/lane.h"

#include "protocol/membername.h"
#include "util/cleanup.h"
#include "util/utf8.h"
#include "worker/container/scan.h"
#include "worker/entryrecord.h"
#include "worker/held.h"
#include "worker/plan.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	if (lane->extraction && settings->in_memory)
		extraction_set_memory(lane->extraction);
	if (lane->extraction && settings->reuse.unchecked)
		extraction_trust_there(lane->extraction);
	if (lane->extraction)
		extraction_set_parts(lane->extraction, settings->parts);
	if (lane->extraction && settings->raw)
		extraction_set_raw(lane->extraction, settings->raw, settings->npy);
	if (settings->pack)
		lane->held = calloc(1, sizeof(*lane->held));
	return cursor_init(&lane->cursor) == 0 && lane->extraction &&
			       (lane->held || !settings->pack)
		       ? 0
		       : -1;
}

void lane_ask(struct lane *lane, struct inbox *inbox)
{
	lane->asking = (struct asking){lane->outbox, inbox, &lane->unit};
	lane->maker = asking_maker(&lane->asking);
	extraction_set_maker(lane->extraction, &lane->maker);
}

void lane_release(struct lane *lane)
{
	extraction_free(lane->extraction);
	cursor_release(&lane->cursor);
	free(lane->held);
}

static struct planner planner_of(const struct lane *lane, const struct in_place *in_place)
{
	return (struct planner){
		lane->settings, lane->names, lane->extraction, *in_place, UINT64_MAX};
}

/* Leave a word about the member, should it be the last. */
static void note_progress(const struct lane *lane, const struct member *member)
{
	struct progress_lane *progress = lane->progress;
	uint16_t whole = member->name_size;
	const char *name = names_show(lane->names, member->name, &whole, member->name_is_utf8);
	size_t size = utf8_cut(name, whole, PROGRESS_NAME_MAX);

	atomic_store_explicit(&progress->name_size, size, memory_order_relaxed);
	memcpy(progress->name, name, size);
	atomic_store_explicit(&progress->member, member->index, memory_order_release);
}

/* @fd, the record's own file in memory or -1, is taken over. */
static void put_record(struct lane *lane, const struct record *record, bool name_is_utf8, int fd)
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
		said->name = names_show(lane->names, record->name, &said->name_size, name_is_utf8);
		if (said->name != record->name && record->failure.kind == FAILURE_NONE &&
			record->place == PLACE_FILE && !record->packed) {
			said->base = base;
			said->base_size =
				(uint16_t)member_base_clean(record->name, record->name_size, base);
		}
	}
	if (lane->settings->own_names && record->failure.kind == FAILURE_NONE)
		entryrecord_own_name(&lane->member, said);
	/* A packet has room for the longest name or for the longest type, not for both. */
	struct array untold;
	if (said->array && (size_t)said->name_size + said->array->dtype_size > RECORD_TEXT_MAX) {
		untold = *said->array;
		untold.dtype_size = 0;
		said->array = &untold;
		said->note = NOTE_NPY_LONG_DTYPE;
	}
	outbox_put_with(lane->outbox, &message, fd);
}

/* Say what became of the members that wait for their pack, and of those between them. */
static void release_held(struct lane *lane)
{
	struct held *held = lane->held;
	struct pack_result result;

	extraction_close_pack(lane->extraction, &result);
	cleanup_fd int pack_fd = result.fd;
	for (size_t i = 0; held && i < held->count; i++) {
		struct record *record = &held->records[i];
		int fd = held->fds[i];
		if (record->packed && record->failure.kind == FAILURE_NONE) {
			record->inode = result.inode;
			if (record->offset_bytes + record->size_bytes > result.valid_bytes)
				record->failure = result.failure;
			else
				fd = steal_fd(&pack_fd); /* with the first of its members */
		}
		put_record(lane, record, held->names_are_utf8[i], fd);
	}
	if (held)
		held_clear(held);
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

static void finish_unit(struct lane *lane, const struct failure *failure)
{
	release_held(lane);
	looking_end(&lane->looking);
	say_done(lane, lane->unit, failure);
	lane->busy = false;
}

/* The member in hand has come to its end. */
static void finish_member(struct lane *lane)
{
	const struct record *record = extraction_record(lane->extraction);
	bool name_is_utf8 = lane->member.name_is_utf8;

	lane->in_hand = false;
	int fd = extraction_take_file(lane->extraction);
	if (!lane->held)
		put_record(lane, record, name_is_utf8, fd);
	else if (!held_add(lane->held, record, name_is_utf8, fd))
		release_held(lane);
	if (extraction_pack_is_broken(lane->extraction))
		release_held(lane);
}

/* Say what the directory states of the member: it is all that is asked for. */
static void tell_entry(struct lane *lane)
{
	struct record record = lane->member.directory
				       ? entryrecord_directory(&lane->member, lane->archive_number)
				       : entryrecord_list(&lane->member, lane->archive_number);

	put_record(lane, &record, lane->member.name_is_utf8, -1);
	outbox_flush_if_due(lane->outbox);
}

/* The chain of entries was whole when it was scanned. */
static int tell_changed(struct failure *failure)
{
	if (failure->kind == FAILURE_NONE || failure->kind == FAILURE_BAD_DIRECTORY)
		*failure = (struct failure){.kind = FAILURE_ARCHIVE_CHANGED};
	return -1;
}

/* The unit's next entry. 1, 0 at the end of the unit, or -1 with *@failure. */
static int next_member(struct lane *lane, struct failure *failure)
{
	if (lane->cursor.index >= lane->end)
		return 0;
	if (cursor_next(&lane->cursor, &lane->member, failure) > 0)
		return 1;
	return tell_changed(failure);
}

/* Say what there is to say of the member in hand, if several workers decode it. */
static void say_words(struct lane *lane)
{
	struct message message = {.kind = MESSAGE_PART, .unit = lane->unit};
	bool said = false;

	for (; extraction_take_word(lane->extraction, &message.part); said = true)
		outbox_put(lane->outbox, &message);
	if (said)
		outbox_flush(lane->outbox);
}

/* A step of the member in hand has come to @status. */
static void settle(struct lane *lane, enum extract_status status)
{
	say_words(lane);
	lane->waiting = status == EXTRACT_WAIT;
	if (status != EXTRACT_MORE && status != EXTRACT_WAIT)
		finish_member(lane);
}

/* Begin with the member: it is unzipped, unless its file is there. */
static enum extract_status begin_member(struct lane *lane)
{
	const struct member *member = &lane->member;
	int there_fd = looking_take(&lane->looking, member->index);

	return there_fd < 0 ? extraction_begin(
				      lane->extraction, lane->archive, lane->archive_number, member)
			    : extraction_begin_there(lane->extraction, lane->archive,
				      lane->archive_number, member, there_fd);
}

/* Have a member in hand, unless there is none left: then the unit is finished. */
static void prepare(struct lane *lane)
{
	const struct planner planner = planner_of(lane, &(struct in_place){0});
	struct failure failure = {0};

	while (!lane->in_hand) {
		looking_ask(&lane->looking, &planner, &lane->cursor, lane->end);
		if (next_member(lane, &failure) <= 0) {
			finish_unit(lane, &failure);
			return;
		}
		if (!plan_wants(&planner, &lane->member))
			continue;
		note_progress(lane, &lane->member);
		if (lane->settings->task == TASK_LIST || lane->member.directory) {
			tell_entry(lane);
			continue;
		}
		enum extract_status status = begin_member(lane);
		if (status != EXTRACT_MORE)
			finish_member(lane);
		else
			lane->in_hand = true;
		say_words(lane);
	}
}

bool lane_is_pairable(const struct lane *lane)
{
	return lane->in_hand && extraction_is_pairable(lane->extraction, &lane->member);
}

void lane_step(struct lane *lane)
{
	prepare(lane);
	if (lane->in_hand)
		settle(lane, extraction_step(lane->extraction));
}

bool lane_listens(const struct lane *lane)
{
	return lane->in_hand && extraction_is_offered(lane->extraction);
}

void lane_hear(struct lane *lane, const struct message_part *word, int fd)
{
	cleanup_fd int owned = fd;

	if (lane_listens(lane))
		settle(lane, extraction_hear(lane->extraction, word, steal_fd(&owned)));
}

void lane_step_two(struct lane lanes[2])
{
	enum extract_status statuses[2];
	struct extraction *const extractions[2] = {lanes[0].extraction, lanes[1].extraction};

	prepare(&lanes[0]);
	prepare(&lanes[1]);
	if (!lane_is_pairable(&lanes[0]) || !lane_is_pairable(&lanes[1])) {
		for (int i = 0; i < 2; i++) {
			if (lanes[i].busy)
				lane_step(&lanes[i]);
		}
		return;
	}
	extraction_step_two(extractions, statuses);
	for (int i = 0; i < 2; i++)
		settle(&lanes[i], statuses[i]);
}

static void set_bounds(struct lane *lane, const struct message_work *work,
	const struct in_place *in_place, const struct plan *plan)
{
	struct failure failure;
	struct bounds bounds = {
		.limits = lane->settings->limits,
		.total_left = work->total_left,
		.files_left = lane->settings->in_memory ? plan->room : UINT64_MAX,
	};

	bounds.tight = plan->files > 0 && room_take(&lane->room, lane->directory_fd,
						  plan->file_bytes, plan->files, &failure) < 0;
	extraction_set_bounds(lane->extraction, &bounds);
	extraction_set_in_place(lane->extraction, in_place);
}

uint64_t lane_file_limit(const struct worker_settings *settings)
{
	const uint64_t header = UINT64_C(64) * 1024;
	const struct limits *limits = &settings->limits;

	if (limits->member_bytes > 0 && !settings->pack)
		return limits->member_bytes + header;
	return limits->total_bytes > 0 ? limits->total_bytes + UNIT_MEMBERS_MAX * header : 0;
}

/*
 * See how many members the archive has: the first unit is begun before any other, by a scan. 0, or
 * -1 with *@failure.
 */
static int count_entries(struct lane *lane, const struct message_work *work, struct scan *scan,
	struct failure *failure)
{
	*scan = (struct scan){.entries = work->entries};
	if (work->entries > 0) {
		return end_record_allows(&lane->archive->end, work->entries)
			       ? 0
			       : tell_changed(failure);
	}
	return archive_scan(
		lane->archive, &lane->cursor, lane->settings->limits.members, scan, failure);
}

/*
 * Have the cursor stand where the unit begins. If its place is not known, the entries before it are
 * passed over. 0, or -1 with *@failure.
 */
static int find_first(
	struct lane *lane, const struct unit_members *members, struct failure *failure)
{
	if (members->place > 0)
		cursor_set(&lane->cursor, lane->archive, members->place, members->first);
	else
		cursor_set(&lane->cursor, lane->archive, 0, 0);
	while (lane->cursor.index < members->first) {
		if (cursor_next_raw(&lane->cursor, &lane->member, failure) <= 0)
			return tell_changed(failure);
	}
	return 0;
}

/* There is no room for the first member of the unit: say how much it needs. */
static void postpone(struct lane *lane, uint64_t unit, const struct message_work *work,
	const struct scan *scan, uint64_t room)
{
	struct message message = {
		.kind = MESSAGE_PLAN,
		.unit = unit,
		.plan = {.end = work->members.first,
			.entries = scan->entries,
			.room = room,
			.behind_another = scan->behind_another},
	};

	atomic_store_explicit(&lane->progress->unit, PROGRESS_NONE, memory_order_relaxed);
	outbox_put(lane->outbox, &message);
	outbox_flush(lane->outbox);
}

/* Plan the unit, whose archive is as @scan says, and say so. 0, or -1 with *@failure. */
static int plan(struct lane *lane, uint64_t unit, const struct message_work *work,
	const struct scan *scan, struct failure *failure)
{
	uint64_t entries = scan->entries;
	struct in_place in_place = lane->settings->in_place;
	struct plan plan;

	in_place.wanted = in_place.wanted && work->in_place;
	struct planner planner = planner_of(lane, &in_place);
	planner.room = work->room;
	if (find_first(lane, &work->members, failure) < 0)
		return -1;
	uint64_t place = lane->cursor.place;
	if (plan_unit(&planner, &lane->cursor, work->members.end, entries, &plan, failure) < 0)
		return tell_changed(failure);
	if (plan.postponed) {
		postpone(lane, unit, work, scan, plan.room);
		return 0;
	}
	cursor_set(&lane->cursor, lane->archive, place, work->members.first);
	lane->unit = unit;
	lane->end = plan.end;
	lane->busy = true;
	looking_begin(&lane->looking, unit, &lane->cursor);
	set_bounds(lane, work, &in_place, &plan);
	struct message message = {
		.kind = MESSAGE_PLAN,
		.unit = unit,
		.plan = {plan.end, entries, plan.next_place, plan.room, plan.pairable,
			scan->behind_another},
	};
	outbox_put(lane->outbox, &message);
	if (plan.end < entries || plan.pairable || work->room < UINT64_MAX)
		outbox_flush(lane->outbox); /* there is something to give out now */
	return 0;
}

int lane_begin(struct lane *lane, uint64_t unit, const struct message_work *work)
{
	const struct unit_members *members = &work->members;
	struct failure failure = {0};
	struct scan scan;

	if (count_entries(lane, work, &scan, &failure) < 0) {
		lane_refuse(lane, unit, &failure);
		return 0;
	}
	if (members->first > scan.entries ||
		(members->end != UNIT_END_OPEN && members->end > scan.entries))
		return -1;
	if (plan(lane, unit, work, &scan, &failure) < 0)
		lane_refuse(lane, unit, &failure);
	return 0;
}
