// SPDX-License-Identifier: MIT

/*
 * What a worker that a hostile archive has taken over can say. Each message that is understood is
 * the same after it was encoded and decoded again; and whatever a schedule is told by workers, in
 * whatever order, it refuses or keeps what it promises: each record is told once, in its turn, and
 * with honest workers every run comes to its end.
 *
 * Input: a packet for the decoder where the first byte is even, else what happens to a schedule.
 */

#include "fuzz.h"
#include "parent/schedule.h"
#include "protocol/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum {
	WORKERS = 3,
	QUEUE_MAX = 4,
	JOBS_MAX = 12,
	TOLD_MAX = 512,
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

struct fuzz_worker {
	struct unit *queue[QUEUE_MAX];
	unsigned queued;
};

struct game {
	struct schedule schedule;
	struct fuzz_worker workers[WORKERS];
	struct pair told[TOLD_MAX];
	size_t told_count;
	struct pair accepted[TOLD_MAX]; /* whole members, with the directory of their files */
	uint32_t accepted_directory[TOLD_MAX];
	size_t accepted_count;
	uint64_t ended; /* archives whose last word was said: below this where there is order */
	unsigned jobs;
	unsigned room; /* how many words the listener takes until it is full; UINT_MAX: any */
	bool stops;    /* the listener has enough at some time */
	unsigned until_stop;
};

static bool on_full(void *context)
{
	const struct game *game = context;

	return game->room == 0;
}

static bool takes(struct game *game)
{
	MUST(game->room > 0);
	game->room -= game->room != UINT_MAX;
	return !game->stops || game->until_stop-- > 0;
}

static bool told(const struct game *game, uint64_t archive, uint64_t member)
{
	for (size_t i = 0; i < game->told_count; i++)
		if (game->told[i].archive == archive && game->told[i].member == member)
			return true;
	return false;
}

static bool on_record(
	void *context, const struct job *job, const struct record *record, uint32_t directory)
{
	struct game *game = context;

	MUST(!game->schedule.halted);
	MUST(record->archive == job->number);
	MUST(directory < WORKERS);
	MUST(!told(game, record->archive, record->member));
	if (!game->schedule.unordered) {
		MUST(record->archive >= game->ended && job == game->schedule.first);
		for (size_t i = game->told_count; i > 0; i--) {
			const struct pair *before = &game->told[i - 1];
			MUST(before->archive < record->archive ||
				(before->archive == record->archive &&
					before->member < record->member));
			break;
		}
	}
	if (!takes(game)) {
		game->until_stop = 0;
		return false;
	}
	if (game->told_count < TOLD_MAX)
		game->told[game->told_count++] = (struct pair){record->archive, record->member};
	return true;
}

static bool on_last_word(struct game *game, const struct job *job)
{
	MUST(!game->schedule.halted);
	if (!game->schedule.unordered) {
		MUST(job->number >= game->ended);
		game->ended = job->number + 1;
	}
	return takes(game);
}

static bool on_failed(void *context, const struct job *job)
{
	MUST(job->failure.kind != FAILURE_NONE);
	return on_last_word(context, job);
}

static bool on_empty(void *context, const struct job *job)
{
	MUST(job->entries == 0);
	return on_last_word(context, job);
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
	struct fuzz_worker *worker = &game->workers[number];
	struct unit *unit =
		worker->queued < QUEUE_MAX ? schedule_next(&game->schedule, preferred) : NULL;

	if (!unit)
		return false;
	MUST(unit->state == UNIT_QUEUED);
	schedule_give(&game->schedule, unit, number);
	worker->queue[worker->queued++] = unit;
	return true;
}

static void die(struct game *game, unsigned number, const struct record *guilty)
{
	struct fuzz_worker *worker = &game->workers[number];

	for (unsigned i = worker->queued; i-- > 1;)
		MUST(schedule_requeue(&game->schedule, worker->queue[i]) == 0);
	if (worker->queued > 0)
		MUST(schedule_lost(&game->schedule, worker->queue[0], guilty) == 0);
	worker->queued = 0;
}

static void accept(struct game *game, unsigned number, const struct record *record)
{
	if (record->failure.kind != FAILURE_NONE || game->accepted_count == TOLD_MAX)
		return;
	game->accepted[game->accepted_count] = (struct pair){record->archive, record->member};
	game->accepted_directory[game->accepted_count++] = number;
}

static bool is_about(const struct message *message, const struct unit *unit)
{
	uint64_t archive = unit->job->number;

	switch (message->kind) {
	case MESSAGE_PLAN:
		return message->plan.archive == archive && message->plan.first == unit->first;
	case MESSAGE_RECORD:
		return message->record.archive == archive &&
		       message->record.member >= unit->first && message->record.member < unit->end;
	case MESSAGE_DONE:
		return message->done.archive == archive && message->done.first == unit->first;
	default:
		return false;
	}
}

/* The schedule's part of what the parent does with a message. 0, or -1 with errno. */
static int tell_schedule(
	struct game *game, unsigned number, struct unit *unit, const struct message *message)
{
	bool planned = unit->state == UNIT_PLANNED;
	int result = -1;

	errno = EBADMSG;
	if (message->kind == MESSAGE_PLAN && !planned) {
		result = schedule_plan(&game->schedule, unit, &message->plan);
	} else if (message->kind == MESSAGE_RECORD && planned) {
		result = schedule_expect(unit, &message->record);
		if (result == 0)
			MUST(schedule_record(&game->schedule, unit, &message->record) == 0);
		if (result == 0)
			accept(game, number, &message->record);
	} else if (message->kind == MESSAGE_DONE) {
		result = schedule_done(&game->schedule, unit, &message->done);
	}
	return result;
}

/* As the parent takes a message. False where the worker has to go for it. */
static bool hear(struct game *game, unsigned number, const struct message *message)
{
	struct fuzz_worker *worker = &game->workers[number];
	unsigned i = 0;

	while (i < worker->queued && !is_about(message, worker->queue[i]))
		i++;
	if (i == worker->queued)
		return false;
	int result = tell_schedule(game, number, worker->queue[i], message);
	MUST(result == 0 || errno == EBADMSG);
	if (result == 0 && message->kind == MESSAGE_DONE) {
		worker->queued--;
		for (; i < worker->queued; i++)
			worker->queue[i] = worker->queue[i + 1];
	}
	return result == 0;
}

static void hear_packet(struct game *game, unsigned number, const uint8_t *bytes, size_t size)
{
	struct record guilty = {.archive = UINT64_MAX, .failure = {.kind = FAILURE_BAD_WORKER}};
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
	const struct fuzz_worker *worker = &game->workers[number];
	struct record guilty = {.failure = {.kind = FAILURE_BAD_WORKER}};
	struct message message = {.kind = MESSAGE_PLAN + fuzz_take_u8(input) % 3};

	if (worker->queued == 0)
		return;
	const struct unit *unit = worker->queue[fuzz_take_u8(input) % worker->queued];
	uint64_t archive = near(input, unit->job->number);
	switch (message.kind) {
	case MESSAGE_PLAN:
		message.plan =
			(struct message_plan){archive, near(input, unit->first), 0, 0, false};
		message.plan.end =
			near(input, unit->end == UNIT_END_OPEN ? unit->first + 1 : unit->end);
		message.plan.entries =
			near(input, unit->job->opened ? unit->job->entries : message.plan.end);
		break;
	case MESSAGE_RECORD:
		message.record = (struct record){.archive = archive,
			.member = near(input, unit->next_member),
			.name = name,
			.name_size = (uint16_t)(fuzz_take_u8(input) % sizeof(name)),
			.failure.kind = fuzz_take_u8(input) % 4 ? 0 : FAILURE_BAD_DATA};
		break;
	default:
		message.kind = MESSAGE_DONE;
		message.done = (struct message_done){.archive = archive,
			.first = near(input, unit->first),
			.failure.kind = fuzz_take_u8(input) % 4 ? 0 : FAILURE_NOT_A_ZIP};
		break;
	}
	guilty.archive = unit->job->number;
	guilty.member = unit->next_member;
	if (!hear(game, number, &message))
		die(game, number, &guilty);
}

/* What the schedule says of records it has taken, against what was seen. */
static void check_memory(const struct game *game)
{
	const struct schedule *schedule = &game->schedule;

	for (size_t i = 0; i < game->accepted_count; i++) {
		const struct pair *pair = &game->accepted[i];
		MUST(schedule_has_record(
			schedule, game->accepted_directory[i], pair->archive, pair->member));
		if (game->told_count < TOLD_MAX)
			MUST(schedule_was_told(schedule, pair->archive, pair->member) ==
				told(game, pair->archive, pair->member));
	}
	MUST(!schedule_has_record(schedule, 0, schedule->next_number, 0));
	MUST(!schedule_was_told(schedule, schedule->next_number, 0));
}

/* How many members an archive really has. */
static uint64_t true_entries(const struct job *job)
{
	return job->number * 5 % 7;
}

/*
 * An honest worker does the first of its units, or the rest of it where it was a liar until now.
 * False where it is the one that has to go, since others have told lies about the archive's
 * members.
 */
static bool do_unit_honestly(struct game *game, unsigned number)
{
	const struct unit *unit = game->workers[number].queue[0];
	const struct job *job = unit->job;
	uint64_t first = unit->first;
	uint64_t entries = true_entries(job);
	bool open = unit->end == UNIT_END_OPEN;
	bool planned = unit->state == UNIT_PLANNED;
	struct message plan = {.kind = MESSAGE_PLAN,
		.plan = {.archive = job->number,
			.first = first,
			.end = open ? entries : unit->end,
			.entries = entries}};
	struct message done = {.kind = MESSAGE_DONE, .done = {job->number, first, {0}}};

	/* As do_work() of a worker: it is told what cannot be. */
	if (first > entries || (!open && unit->end > entries))
		return false;
	if (!planned && !hear(game, number, &plan))
		return false;
	/* Members that nobody wants have no record: one is enough. */
	if (unit->next_member < unit->end) {
		struct message record = {.kind = MESSAGE_RECORD,
			.record = {.archive = job->number,
				.member = planned ? unit->next_member : first}};
		MUST(hear(game, number, &record));
	}
	MUST(hear(game, number, &done));
	return true;
}

static void do_unit(struct game *game, unsigned number)
{
	struct record guilty = {
		.archive = game->workers[number].queue[0]->job->number,
		.member = UINT64_MAX,
		.failure = {.kind = FAILURE_WORKER_DIED},
	};

	if (!do_unit_honestly(game, number))
		die(game, number, &guilty);
}

/* From now on all workers are honest: the run comes to its end, and nothing is left. */
static void finish(struct game *game)
{
	game->room = UINT_MAX;
	schedule_resume(&game->schedule);
	for (unsigned turn = 0; !game->schedule.halted; turn++) {
		bool busy = false;
		MUST(turn < HONEST_TURNS_MAX);
		for (unsigned number = 0; number < WORKERS && !game->schedule.halted; number++) {
			busy |= give(game, number, UINT64_MAX);
			if (game->workers[number].queued == 0)
				continue;
			do_unit(game, number);
			busy = true;
		}
		if (!busy)
			break;
	}
	if (game->schedule.halted)
		return;
	MUST(schedule_is_idle(&game->schedule));
	MUST(game->schedule.held_bytes == 0);
	MUST(game->schedule.open_archives == 0);
	MUST(!game->schedule.open);
}

static void play(struct fuzz_input *input)
{
	static struct game game;
	const struct schedule_listener listener = {on_record, on_failed, on_empty, on_full, &game};
	uint8_t how = fuzz_take_u8(input);

	game = (struct game){.room = UINT_MAX, .stops = how & 2, .until_stop = how >> 2};
	schedule_init(&game.schedule, how & 1, &listener);
	/* Once the listener has had enough, the run stops. */
	for (int ops = 0; ops < OPS_MAX && input->left > 0 && !game.schedule.halted; ops++) {
		uint8_t op = fuzz_take_u8(input);
		unsigned number = (op >> 4) % WORKERS;
		struct fuzz_worker *worker = &game.workers[number];
		struct record guilty = {.failure = {.kind = FAILURE_WORKER_DIED}};
		size_t size;

		switch (op & 7) {
		case 0:
			if (op & 8) {
				game.room = op >> 4 == 15 ? UINT_MAX : op >> 4;
				schedule_resume(&game.schedule);
				break;
			}
			add_archive(&game, fuzz_take_u8(input));
			break;
		case 1:
		case 2:
			give(&game, number, fuzz_take_u8(input));
			break;
		case 3:
		case 4:
			say_near(&game, number, input);
			break;
		case 5: {
			const uint8_t *bytes = fuzz_take(input, fuzz_take_u8(input), &size);
			hear_packet(&game, number, bytes, size);
			break;
		}
		case 6:
			if (worker->queued > 0)
				do_unit(&game, number);
			break;
		default:
			if (worker->queued == 0)
				break;
			guilty.archive = near(input, worker->queue[0]->job->number);
			guilty.member = near(input, worker->queue[0]->next_member);
			die(&game, number, &guilty);
			break;
		}
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
