// SPDX-License-Identifier: MIT

/*
 * What a worker that a hostile archive has taken over can say. Each message that is understood is
 * the same after it was encoded and decoded again. And whatever workers say, in whatever order, is
 * refused, or the schedule keeps what it promises: each record is popped once, in its turn, and
 * with honest workers every run comes to its end.
 *
 * Input: a packet for the decoder if the first byte is even, else what happens to a schedule.
 */

#include "fuzz.h"
#include "parent/lookup.h"
#include "parent/protocol.h"
#include "parent/requeue.h"
#include "parent/schedule.h"
#include "protocol/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum {
	WORKERS = 3,
	JOBS_MAX = 12,
	POPPED_MAX = 512,
	OPS_MAX = 1024, /* what is looked at after each grows with them */
	HONEST_TURNS_MAX = 4096,
};

/* --- the decoder ---------------------------------------------------------------------------------
 */

static void check_failure_text(const struct failure *failure)
{
	char text[512];

	MUST(failure_slug(failure->kind));
	failure_describe(failure, "/tmp", text, sizeof(text));
	MUST(fuzz_is_printable(text));
	failure_describe(failure, "/tmp", text, 8);
	MUST(memchr(text, '\0', 8));
}

static size_t encode(const struct message *message, uint8_t *bytes, size_t capacity)
{
	struct wire_writer writer;

	wire_writer_init(&writer, bytes, capacity);
	MUST(message_put(&writer, message) == 0 && !writer.failed);
	/* Where there is one byte less, nothing is written. */
	struct wire_writer small;
	uint8_t copy[PACKET_MAX];
	wire_writer_init(&small, copy, writer.size - 1);
	MUST(message_put(&small, message) < 0 && small.size == 0);
	return writer.size;
}

static void check_round_trip(const struct message *message)
{
	static uint8_t first[PACKET_MAX];
	static uint8_t second[PACKET_MAX];
	struct wire_reader reader;
	struct message again;
	size_t size = encode(message, first, sizeof(first));

	wire_reader_init(&reader, first, size);
	MUST(message_get(&reader, &again) == 1 && reader.left == 0);
	MUST(again.kind == message->kind);
	MUST(encode(&again, second, sizeof(second)) == size && memcmp(first, second, size) == 0);
	MUST(message_get(&reader, &again) == 0);
}

static void check_packet(const uint8_t *bytes, size_t size)
{
	struct wire_reader reader;
	struct message message;
	int got;

	wire_reader_init(&reader, bytes, size);
	while (errno = 0, (got = message_get(&reader, &message)) == 1) {
		check_round_trip(&message);
		if (message.kind == MESSAGE_RECORD) {
			const uint8_t *name = (const uint8_t *)message.record.name;
			MUST(message.record.name_size == 0 ||
				(name >= bytes && name + message.record.name_size <= bytes + size));
			check_failure_text(&message.record.failure);
		} else if (message.kind == MESSAGE_DONE) {
			check_failure_text(&message.done.failure);
		}
	}
	MUST(got == 0 || (got == -1 && errno == EBADMSG));
}

/* --- the schedule --------------------------------------------------------------------------------
 */

struct pair {
	uint64_t archive;
	uint64_t member;
};

struct game {
	struct schedule schedule;
	struct worker workers[WORKERS]; /* no processes, only what they have */
	struct pair popped[POPPED_MAX];
	size_t popped_count;
	struct pair accepted[POPPED_MAX]; /* whole members, with the directory of their files */
	uint32_t accepted_directory[POPPED_MAX];
	size_t accepted_count;
	uint64_t ended; /* archives whose last result was popped: below this if there is order */
	unsigned jobs;
	unsigned room; /* how many results are popped until there is no more room; UINT_MAX: any */
};

/* Members are only tested, so that no file is looked at. */
static const struct run_settings settings = {.jobs = WORKERS, .no_files = true};

static bool was_popped(const struct game *game, uint64_t archive, uint64_t member)
{
	for (size_t i = 0; i < game->popped_count; i++)
		if (game->popped[i].archive == archive && game->popped[i].member == member)
			return true;
	return false;
}

static void check_member(struct game *game, const struct result *result)
{
	const struct record *record = result->record;

	MUST(record->archive == result->job->number);
	MUST(result->directory < WORKERS);
	MUST(!was_popped(game, record->archive, record->member));
	if (!game->schedule.unordered) {
		MUST(record->archive >= game->ended && result->job == game->schedule.first);
		if (game->popped_count > 0) {
			const struct pair *before = &game->popped[game->popped_count - 1];
			MUST(before->archive < record->archive ||
				(before->archive == record->archive &&
					before->member < record->member));
		}
	}
	if (game->popped_count < POPPED_MAX)
		game->popped[game->popped_count++] = (struct pair){record->archive, record->member};
}

static void check_last(struct game *game, const struct result *result)
{
	const struct job *job = result->job;

	if (result->kind == RESULT_EMPTY)
		MUST(job->entries == 0);
	else
		MUST(job->failure.kind != FAILURE_NONE);
	if (game->schedule.unordered)
		return;
	MUST(job->number >= game->ended);
	game->ended = job->number + 1;
}

static void pop_results(struct game *game)
{
	struct result result;

	while (game->room > 0 && schedule_pop(&game->schedule, &result)) {
		game->room -= game->room != UINT_MAX;
		if (result.kind == RESULT_MEMBER)
			check_member(game, &result);
		else
			check_last(game, &result);
	}
}

static void add_archive(struct game *game, uint8_t how)
{
	const struct failure failure = {.kind = FAILURE_OPEN};

	if (game->jobs >= JOBS_MAX)
		return;
	game->jobs++;
	int fd = how & 1 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;
	MUST(schedule_add(&game->schedule, how & 2 ? "a" : "a longer path of an archive", fd, how,
		     how & 4 ? &failure : NULL) == 0);
}

static bool give(struct game *game, unsigned number, uint64_t preferred)
{
	struct worker *worker = &game->workers[number];
	struct unit *unit = worker->queued < WORKER_QUEUE_MAX
				    ? schedule_next(&game->schedule, preferred)
				    : NULL;

	if (!unit)
		return false;
	MUST(unit->state == UNIT_QUEUED);
	schedule_give(&game->schedule, unit, number);
	worker->queue[worker->queued++] = (struct in_hand){.unit = unit};
	return true;
}

/* A worker has died, or has to go: it was on @guilty, or on none of the members that it had. */
static void die(struct game *game, unsigned number, struct message *guilty)
{
	struct worker *worker = &game->workers[number];

	for (unsigned i = worker->queued; i-- > 1;)
		MUST(requeue_innocent(&game->schedule, worker->queue[i].unit) == 0);
	if (worker->queued > 0)
		MUST(requeue_guilty(&game->schedule, worker->queue[0].unit, guilty) == 0);
	worker->queued = 0;
}

static struct message make_guilty(enum failure_kind kind)
{
	return (struct message){.kind = MESSAGE_RECORD,
		.unit = UINT64_MAX,
		.record = {.member = UINT64_MAX, .failure = {.kind = kind}}};
}

static void accept(
	struct game *game, unsigned number, const struct in_hand *hand, const struct record *record)
{
	if (record->failure.kind != FAILURE_NONE || game->accepted_count == POPPED_MAX)
		return;
	game->accepted[game->accepted_count] =
		(struct pair){hand->unit->job->number, record->member};
	game->accepted_directory[game->accepted_count++] = number;
}

/* As the parent takes a message. False if the worker has to go for it. */
static bool hear(struct game *game, unsigned number, const struct message *message)
{
	struct worker *worker = &game->workers[number];
	struct in_hand *hand;

	if (protocol_check(&settings, false, worker, message, &hand) < 0) {
		MUST(errno == EBADMSG);
		return false;
	}
	switch (message->kind) {
	case MESSAGE_PLAN:
		MUST(schedule_plan(&game->schedule, hand->unit, &message->plan) == 0);
		return true;
	case MESSAGE_RECORD:
		accept(game, number, hand, &message->record);
		MUST(schedule_record(&game->schedule, hand->unit, message) == 0);
		return true;
	case MESSAGE_PART:
		return true; /* the numbers are for workers */
	default:
		MUST(message->kind == MESSAGE_DONE);
		schedule_done(&game->schedule, hand->unit, &message->done);
		pool_drop_unit(worker, hand);
		return true;
	}
}

static void hear_packet(struct game *game, unsigned number, const uint8_t *bytes, size_t size)
{
	struct message guilty = make_guilty(FAILURE_BAD_WORKER);
	struct wire_reader reader;
	struct message message;
	int got;

	wire_reader_init(&reader, bytes, size);
	while ((got = message_get(&reader, &message)) == 1)
		if (!hear(game, number, &message))
			break;
	if (got != 0)
		die(game, number, &guilty);
}

/* A small number mostly, for what is near to being right; any at times. */
static uint64_t near(struct fuzz_input *input, uint64_t right)
{
	uint8_t byte = fuzz_take_u8(input);

	if (byte == 0xff)
		return fuzz_take_u64(input);
	return right + (uint64_t)(byte >> 1) * (byte & 1 ? (uint64_t)-1 : 1);
}

/* A message that fits the unit in hand but for what the input changes. */
static void say_near(struct game *game, unsigned number, struct fuzz_input *input)
{
	static const char name[] = "a name of a member";
	const struct worker *worker = &game->workers[number];
	struct message guilty = make_guilty(FAILURE_BAD_WORKER);
	struct message message = {.kind = MESSAGE_PLAN + fuzz_take_u8(input) % 3};

	if (worker->queued == 0)
		return;
	const struct unit *unit = worker->queue[fuzz_take_u8(input) % worker->queued].unit;
	uint64_t end = unit->members.end;
	message.unit = near(input, unit->id);
	switch (message.kind) {
	case MESSAGE_PLAN:
		message.plan.end =
			near(input, end == UNIT_END_OPEN ? unit->members.first + 1 : end);
		message.plan.entries =
			near(input, unit->job->opened ? unit->job->entries : message.plan.end);
		message.plan.next_place = fuzz_take_u8(input);
		message.plan.room = fuzz_take_u8(input) > 250 ? UINT64_MAX : 0;
		break;
	case MESSAGE_RECORD:
		message.record = (struct record){.member = near(input, unit->next_member),
			.place = fuzz_take_u8(input) % 8 ? PLACE_NOWHERE : PLACE_FILE,
			.name = name,
			.name_size = (uint16_t)(fuzz_take_u8(input) % sizeof(name)),
			.failure.kind = fuzz_take_u8(input) % 4 ? 0 : FAILURE_BAD_DATA};
		break;
	default:
		message.kind = MESSAGE_DONE;
		message.done.failure.kind = fuzz_take_u8(input) % 4 ? 0 : FAILURE_NOT_A_ZIP;
		break;
	}
	guilty.unit = unit->id;
	guilty.record.member = unit->next_member;
	if (!hear(game, number, &message))
		die(game, number, &guilty);
}

/* What the schedule knows of records that it has taken, against what was seen. */
static void check_memory(const struct game *game)
{
	const struct schedule *schedule = &game->schedule;

	for (size_t i = 0; i < game->accepted_count; i++) {
		const struct pair *pair = &game->accepted[i];
		MUST(lookup_has_record(
			schedule, game->accepted_directory[i], pair->archive, pair->member));
		if (game->popped_count < POPPED_MAX)
			MUST(lookup_was_popped(schedule, pair->archive, pair->member) ==
				was_popped(game, pair->archive, pair->member));
	}
	MUST(!lookup_has_record(schedule, 0, schedule->next_number, 0));
	MUST(!lookup_was_popped(schedule, schedule->next_number, 0));
}

/* How many members an archive really has. */
static uint64_t true_entries(const struct job *job)
{
	return job->number * 5 % 7;
}

/*
 * An honest worker does the first of its units, or the rest of it if it was a liar until now.
 * False if it is the one that has to go, since others have told lies about the archive's
 * members.
 */
static bool do_unit_honestly(struct game *game, unsigned number)
{
	const struct unit *unit = game->workers[number].queue[0].unit;
	uint64_t id = unit->id;
	uint64_t first = unit->members.first;
	uint64_t end = unit->members.end;
	uint64_t entries = true_entries(unit->job);
	bool open = end == UNIT_END_OPEN;
	bool planned = unit->state == UNIT_PLANNED;
	struct message plan = {.kind = MESSAGE_PLAN,
		.unit = id,
		.plan = {.end = open ? entries : end, .entries = entries}};
	struct message done = {.kind = MESSAGE_DONE, .unit = id};

	/* As do_work() of a worker: it is told what cannot be. */
	if (first > entries || (!open && end > entries))
		return false;
	if (!planned && !hear(game, number, &plan))
		return false;
	/* Members that nobody wants have no record: one is enough. */
	if (unit->next_member < unit->members.end) {
		struct message record = {.kind = MESSAGE_RECORD,
			.unit = id,
			.record = {.member = unit->next_member, .place = PLACE_NOWHERE}};
		MUST(hear(game, number, &record));
	}
	MUST(hear(game, number, &done));
	return true;
}

static void do_unit(struct game *game, unsigned number)
{
	struct message guilty = make_guilty(FAILURE_WORKER_DIED);

	if (!do_unit_honestly(game, number))
		die(game, number, &guilty);
}

/* From now on all workers are honest: the run comes to its end, and nothing is left. */
static void finish(struct game *game)
{
	game->room = UINT_MAX;
	for (unsigned turn = 0;; turn++) {
		bool busy = false;
		MUST(turn < HONEST_TURNS_MAX);
		for (unsigned number = 0; number < WORKERS; number++) {
			pop_results(game);
			busy |= give(game, number, UINT64_MAX);
			if (game->workers[number].queued == 0)
				continue;
			do_unit(game, number);
			busy = true;
		}
		if (!busy)
			break;
	}
	MUST(schedule_is_idle(&game->schedule));
	MUST(game->schedule.held_bytes == 0);
	MUST(game->schedule.open_archives == 0);
	MUST(!game->schedule.open && !game->schedule.ready);
}

/* One thing that happens. */
static void do_op(struct game *game, uint8_t op, struct fuzz_input *input)
{
	unsigned number = (op >> 4) % WORKERS;
	struct worker *worker = &game->workers[number];
	struct message guilty = make_guilty(FAILURE_WORKER_DIED);
	size_t size;

	switch (op & 7) {
	case 0:
		if (op & 8)
			game->room = op >> 4 == 15 ? UINT_MAX : op >> 4;
		else
			add_archive(game, fuzz_take_u8(input));
		return;
	case 1:
	case 2:
		give(game, number, fuzz_take_u8(input));
		return;
	case 3:
	case 4:
		say_near(game, number, input);
		return;
	case 5: {
		const uint8_t *bytes = fuzz_take(input, fuzz_take_u8(input), &size);
		hear_packet(game, number, bytes, size);
		return;
	}
	case 6:
		if (worker->queued > 0)
			do_unit(game, number);
		return;
	default:
		if (worker->queued == 0)
			return;
		guilty.unit = near(input, worker->queue[0].unit->id);
		guilty.record.member = near(input, worker->queue[0].unit->next_member);
		die(game, number, &guilty);
		return;
	}
}

static void play(struct fuzz_input *input)
{
	static struct game game;
	uint8_t how = fuzz_take_u8(input);

	game = (struct game){.room = UINT_MAX};
	schedule_init(&game.schedule, how & 1);
	for (int ops = 0; ops < OPS_MAX && input->left > 0; ops++) {
		do_op(&game, fuzz_take_u8(input), input);
		pop_results(&game);
		check_memory(&game);
	}
	finish(&game);
	check_memory(&game);
	schedule_release(&game.schedule);
	MUST(game.schedule.held_bytes == 0 && game.schedule.open_archives == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	if (fuzz_take_u8(&input) % 2 == 0)
		check_packet(input.at, input.left);
	else
		play(&input);
	return 0;
}
