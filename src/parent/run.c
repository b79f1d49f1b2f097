// SPDX-License-Identifier: MIT

/*
 * The parent's loop: it waits for whatever comes first (a signal, a worker's answer, the next line
 * of a list, room on stdout) and never for anything else.
 */

#include "parent/run.h"

#include "common/cleanup.h"
#include "common/diag.h"
#include "common/membername.h"
#include "common/memory.h"
#include "common/printable.h"
#include "parent/pool.h"
#include "parent/remap.h"
#include "parent/rundir.h"
#include "parent/schedule.h"
#include "parent/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Bytes of output that may wait for a slow reader before workers are no longer heard. */
#define OUTPUT_PENDING_MAX (32 * 1024)

/* An archive of at most so many bytes is queued ahead for a worker: it is done in a moment. */
#define SMALL_ARCHIVE_BYTES (64 * 1024)

/* How long workers without work may take to leave before they are killed. */
#define FAREWELL_MS 5000

/* Packets taken from one worker before others have their turn. */
#define PACKETS_PER_TURN 16

/* A record that the sink has, of which it is not known yet whether it was written. */
struct unwritten {
	uint64_t archive;
	uint64_t member;
};

struct run {
	const struct run_settings *settings;
	const struct archive_source *source;
	const struct record_sink *sink;
	struct run_stats *stats;
	struct signals signals;
	struct rundir rundir;
	struct pool pool;
	struct schedule schedule;
	struct memory_peak memory;
	struct pollfd *polls;
	unsigned most_workers; /* --jobs, or as many as could be started */
	size_t most_archives;  /* open at a time */

	enum source_status source_status; /* SOURCE_WAIT and SOURCE_END end the asking */
	char *held_path;                  /* an archive that waits for a free descriptor, or NULL */

	struct unwritten *unwritten; /* in the order of the sink */
	size_t unwritten_count;
	size_t unwritten_capacity;
	uint64_t written; /* records, in all */

	bool ending; /* the workers' channels are ended */
	bool stop;   /* leave the loop: @end says why */
	enum run_end end;
	int number;
};

static void stop(struct run *run, enum run_end end, int number)
{
	if (run->stop)
		return;
	run->stop = true;
	run->end = end;
	run->number = number;
}

static void count_failure(struct run *run)
{
	run->stats->failures++;
	if (run->settings->fail_fast)
		stop(run, RUN_STOPPED, 0);
}

/* The parent's own memory is short. What was announced stays; the rest is undone in order. */
static void out_of_memory(struct run *run)
{
	diag(DIAG_ERROR, "out of memory");
	run->stats->failures++;
	stop(run, RUN_STOPPED, 0);
}

static void report(struct run *run, const char *path, const struct record *record,
	const struct failure *failure)
{
	char archive[PRINTABLE_MAX];
	char member[PRINTABLE_MAX];
	char directory[PRINTABLE_MAX];
	char words[PRINTABLE_MAX + 256];

	printable(path, strlen(path), archive, sizeof(archive));
	printable(
		run->settings->tmpdir, strlen(run->settings->tmpdir), directory, sizeof(directory));
	failure_describe(failure, directory, words, sizeof(words));
	if (record)
		diag(DIAG_ERROR, "%s: %s: %s", archive,
			printable(record->name, record->name_size, member, sizeof(member)), words);
	else
		diag(DIAG_ERROR, "%s: %s", archive, words);
	count_failure(run);
}

/* Note what the sink has got, until it is written. */
static int note_unwritten(struct run *run, const struct record *record)
{
	if (run->unwritten_count == run->unwritten_capacity) {
		size_t capacity = run->unwritten_capacity * 2 + 64;
		struct unwritten *grown =
			reallocarray(run->unwritten, capacity, sizeof(*run->unwritten));
		if (!grown)
			return -1;
		run->unwritten = grown;
		run->unwritten_capacity = capacity;
	}
	run->unwritten[run->unwritten_count++] =
		(struct unwritten){record->archive, record->member};
	return 0;
}

/* schedule_listener: a member's turn has come. */
static bool on_record(
	void *context, const struct job *job, const struct record *record, uint32_t directory)
{
	struct run *run = context;
	char file[MEMBER_FILE_SIZE];
	cleanup_free char *path = NULL;

	if (run->stop)
		return false; /* it is not told any more, so its file will be removed */
	if (record->failure.kind != FAILURE_NONE) {
		report(run, job->path, record, &record->failure);
		return !run->stop;
	}
	record_file_name(record, file);
	if (asprintf(&path, "%s/%" PRIu32 "/%s", run->rundir.path, directory, file) < 0) {
		path = NULL;
		out_of_memory(run);
		return false;
	}
	if (note_unwritten(run, record) < 0 ||
		run->sink->put(run->sink->context, record, job->path, path) < 0) {
		out_of_memory(run);
		return false;
	}
	run->stats->members++;
	run->stats->unzipped_bytes += record->size_bytes;
	return true;
}

static bool on_failed(void *context, const struct job *job)
{
	struct run *run = context;

	report(run, job->path, NULL, &job->failure);
	return !run->stop;
}

static bool on_empty(void *context, const struct job *job)
{
	char name[PRINTABLE_MAX];

	(void)context;
	printable(job->path, strlen(job->path), name, sizeof(name));
	diag(DIAG_WARNING, "%s: no members", name);
	return true;
}

/*
 * Open an archive without waiting: a FIFO must not block, a terminal must not become ours. The
 * descriptor, or -1 with *@failure.
 */
static int open_archive(const char *path, uint64_t *size_bytes, struct failure *failure, int fd)
{
	struct stat status;
	cleanup_fd int opened =
		fd >= 0 ? fd : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (opened < 0 || fstat(opened, &status) < 0) {
		*failure = (struct failure){FAILURE_OPEN, {(uint64_t)errno, 0}};
		return -1;
	}
	if (!S_ISREG(status.st_mode))
		*failure = (struct failure){FAILURE_NOT_REGULAR, {status.st_mode, 0}};
	else if (status.st_size == 0)
		*failure = (struct failure){.kind = FAILURE_EMPTY_FILE};
	else
		*size_bytes = (uint64_t)status.st_size;
	return failure->kind == FAILURE_NONE ? steal_fd(&opened) : -1;
}

/* Make a job of an archive. @fd as in struct source_item. */
static void take_archive(struct run *run, const char *path, int fd)
{
	struct failure failure = {0};
	uint64_t size_bytes = 0;
	int opened = open_archive(path, &size_bytes, &failure, fd);
	bool too_many = failure.kind == FAILURE_OPEN &&
			(failure.numbers[0] == EMFILE || failure.numbers[0] == ENFILE);

	if (too_many && run->schedule.open_archives > 0) {
		run->held_path = strdup(path);
		if (!run->held_path)
			out_of_memory(run);
		return;
	}
	if (schedule_add(&run->schedule, path, opened, size_bytes, opened < 0 ? &failure : NULL) <
		0)
		out_of_memory(run);
	else if (opened >= 0)
		run->stats->archives++;
}

/* Ask the source for one more archive. False where it has none now. */
static bool ask_source(struct run *run)
{
	struct source_item item = {.fd = -1};

	if (!schedule_has_room(&run->schedule) || run->schedule.open_archives >= run->most_archives)
		return false;
	if (run->held_path) {
		cleanup_free char *path = steal_pointer(&run->held_path);
		take_archive(run, path, -1);
		return run->held_path == NULL;
	}
	if (run->source_status == SOURCE_WAIT || run->source_status == SOURCE_END)
		return false;
	run->source_status = run->source->next(run->source->context, &item);
	switch (run->source_status) {
	case SOURCE_ARCHIVE:
		take_archive(run, item.path, item.fd);
		return run->held_path == NULL;
	case SOURCE_FAILED:
		count_failure(run);
		return true;
	case SOURCE_WAIT:
	case SOURCE_END:
		break;
	}
	return false;
}

/* The next unit for a worker that has archive @preferred open; NULL where there is none now. */
static struct unit *find_unit(struct run *run, uint64_t preferred)
{
	struct unit *unit;

	while (!(unit = schedule_next(&run->schedule, preferred)) && !run->stop && ask_source(run))
		;
	return run->stop ? NULL : unit;
}

/* Not even one worker can be started. */
static void fail_to_start(struct run *run, int error)
{
	diag(DIAG_ERROR, "cannot start a worker process: %s", strerror(error));
	run->stats->failures++;
	stop(run, run->stats->workers == 0 ? RUN_NOT_STARTED : RUN_STOPPED, 0);
}

/* Give @unit to @worker. False where it cannot be sent. */
static bool give(struct run *run, struct worker *worker, struct unit *unit)
{
	const struct job *job = unit->job;
	struct message_work work = {
		.archive = job->number, .first = unit->next_member, .end = unit->end};
	int fd = worker->archive == job->number ? -1 : job->fd;

	if (pool_send(&run->pool, worker, &work, fd) < 0)
		return false;
	worker->queue[worker->queued++] = unit;
	schedule_give(&run->schedule, unit, worker->directory);
	return true;
}

static bool is_small(const struct unit *unit)
{
	return unit->first == 0 && unit->job->size_bytes <= SMALL_ARCHIVE_BYTES;
}

/* All workers are busy: queue small archives behind small ones, so that nobody waits for us. */
static void feed_ahead(struct run *run)
{
	for (unsigned i = 0; i < run->pool.size; i++) {
		struct worker *worker = &run->pool.workers[i];
		/* One that has nothing is dead, which will show. */
		while (worker->queued > 0 && worker->queued < WORKER_QUEUE_MAX &&
			is_small(worker->queue[worker->queued - 1])) {
			struct unit *unit = find_unit(run, PROGRESS_NONE);
			if (!unit || !is_small(unit) || !give(run, worker, unit))
				return;
		}
	}
}

/* Give every worker that has nothing to do a unit; start workers while there are more units. */
static void feed(struct run *run)
{
	struct unit *unit;

	for (unsigned i = 0; i < run->pool.size && !run->stop; i++) {
		struct worker *worker = &run->pool.workers[i];
		if (worker->pid == 0 || worker->queued > 0)
			continue;
		unit = find_unit(run, worker->archive);
		if (!unit)
			return;
		give(run, worker, unit); /* a worker that is dead shows in the poll */
	}
	while (run->pool.live < run->most_workers &&
		(unit = find_unit(run, PROGRESS_NONE)) != NULL) {
		struct worker *worker = pool_start(&run->pool);
		if (!worker && run->pool.live == 0)
			fail_to_start(run, errno);
		else if (!worker)
			run->most_workers = run->pool.live; /* then with fewer */
		if (!worker || !give(run, worker, unit))
			return;
	}
	if (run->pool.live >= run->most_workers && !run->stop)
		feed_ahead(run);
}

/* The unit that a worker's answer is about: the first that it has. */
static struct unit *unit_in_hand(const struct worker *worker)
{
	return worker->queued > 0 ? worker->queue[0] : NULL;
}

static void pop_unit(struct worker *worker)
{
	worker->queued--;
	memmove(worker->queue, worker->queue + 1, worker->queued * sizeof(worker->queue[0]));
}

/* What is wrong with the file that a worker says it has made of @record; FAILURE_NONE: nothing. */
static struct failure check_file(struct worker *worker, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];
	struct remap_expect expect = {worker->device, worker->owner, record->inode};
	struct mapped_pack *pack = &worker->pack;
	uint64_t size_bytes = pack->size_bytes;
	bool mapped = record->packed && size_bytes > 0 && pack->archive == record->archive &&
		      pack->number == record->pack && pack->inode == record->inode;

	record_file_name(record, file);
	if (!mapped && remap(worker->directory_fd, file, &expect, &size_bytes) < 0) {
		if (errno == ESTALE || errno == ENOENT || errno == ELOOP)
			return (struct failure){.kind = FAILURE_CHANGED};
		return (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}};
	}
	if (record->packed)
		*pack = (struct mapped_pack){
			record->archive, record->pack, record->inode, size_bytes};
	bool fits = record->packed ? record->offset_bytes <= size_bytes &&
					     record->size_bytes <= size_bytes - record->offset_bytes
				   : record->offset_bytes == 0 && record->size_bytes == size_bytes;
	return (struct failure){.kind = fits ? FAILURE_NONE : FAILURE_CHANGED};
}

static void remove_file(const struct worker *worker, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	unlinkat(worker->directory_fd, file, 0);
}

static int on_record_message(struct run *run, struct worker *worker, struct record *record)
{
	struct unit *unit = unit_in_hand(worker);

	/* Only a file that the answer may be about is looked at. */
	if (record->archive != unit->job->number ||
		(record->packed && (record->pack < unit->first || record->pack > record->member))) {
		errno = EBADMSG;
		return -1;
	}
	if (record->failure.kind == FAILURE_NONE) {
		record->failure = check_file(worker, record);
		if (record->failure.kind != FAILURE_NONE && !record->packed)
			remove_file(worker, record);
	}
	return schedule_record(&run->schedule, unit, record);
}

static void on_memory_message(struct run *run, const struct message_memory *memory)
{
	struct run_stats *stats = run->stats;

	if (memory->private_bytes > stats->worker_private_peak_bytes)
		stats->worker_private_peak_bytes = memory->private_bytes;
	if (memory->shared_bytes > stats->worker_shared_peak_bytes)
		stats->worker_shared_peak_bytes = memory->shared_bytes;
}

/* One message of a worker. 0, or -1 with errno: EBADMSG ends the worker, ENOMEM the run. */
static int on_message(struct run *run, struct worker *worker, struct message *message)
{
	struct unit *unit = unit_in_hand(worker);

	/* What may be said when: answers while there is a unit in hand, the last words without. */
	if (message->kind == MESSAGE_MEMORY && run->ending && !unit) {
		on_memory_message(run, &message->memory);
		return 0;
	}
	if (!unit || message->kind == MESSAGE_MEMORY || message->kind == MESSAGE_WORK) {
		errno = EBADMSG;
		return -1;
	}
	if (message->kind == MESSAGE_PLAN)
		return schedule_plan(&run->schedule, unit, &message->plan);
	if (message->kind == MESSAGE_RECORD)
		return on_record_message(run, worker, &message->record);
	if (schedule_done(&run->schedule, unit, &message->done) < 0)
		return -1;
	pop_unit(worker);
	return 0;
}

/* A worker that is dead, while its directory is tidied. */
struct dead {
	const struct schedule *schedule;
	uint32_t directory;
};

static bool keep_recorded(void *context, uint64_t archive, uint64_t member)
{
	const struct dead *dead = context;

	return schedule_has_record(dead->schedule, dead->directory, archive, member);
}

/* What the dead worker was on, by its last word; the name is copied to @name. */
static void read_progress(const struct worker *worker, struct record *guilty, char *name)
{
	const struct worker_progress *progress = worker->progress;
	size_t size = atomic_load(&progress->name_size);

	if (size > PROGRESS_NAME_MAX)
		size = PROGRESS_NAME_MAX;
	memcpy(name, progress->name, size);
	guilty->archive = atomic_load(&progress->archive);
	guilty->member = atomic_load(&progress->member);
	guilty->name = name;
	guilty->name_size = (uint16_t)size;
}

/*
 * A worker is gone, or has to go since it @broke the protocol. What it had told stays; the member
 * that it was on has failed; what else it had is given out again.
 */
static void on_dead(struct run *run, struct worker *worker, bool broke)
{
	char name[PROGRESS_NAME_MAX];
	struct record guilty = {0};
	struct worker dead = *worker;

	read_progress(worker, &guilty, name);
	int status = pool_bury(&run->pool, worker);
	if (run->ending || run->stop)
		return;
	guilty.failure = (struct failure){.kind = FAILURE_BAD_WORKER};
	if (!broke)
		guilty.failure = (struct failure){FAILURE_WORKER_DIED, {(uint64_t)status, 0}};
	struct dead tidied = {&run->schedule, dead.directory};
	rundir_sweep(&run->rundir, dead.directory, keep_recorded, &tidied);
	for (unsigned i = dead.queued; i-- > 1;)
		schedule_requeue(&run->schedule, dead.queue[i]);
	if (dead.queued > 0 && schedule_lost(&run->schedule, dead.queue[0], &guilty) < 0)
		out_of_memory(run);
}

/* Something has come from @worker, or its end. */
static void on_readable(struct run *run, struct worker *worker)
{
	for (int i = 0; i < PACKETS_PER_TURN && !run->stop; i++) {
		struct wire_reader reader;
		struct message message;
		int got = pool_receive(&run->pool, worker, &reader);
		if (got == 0)
			return;
		if (got < 0) {
			on_dead(run, worker, errno == EBADMSG);
			return;
		}
		while ((got = message_get(&reader, &message)) == 1) {
			if (on_message(run, worker, &message) == 0)
				continue;
			if (errno == ENOMEM) {
				out_of_memory(run);
				return;
			}
			got = -1;
			break;
		}
		if (got < 0) {
			on_dead(run, worker, true);
			return;
		}
	}
}

static void forget_written(struct run *run, uint64_t written)
{
	size_t count = (size_t)(written - run->written);

	run->unwritten_count -= count;
	memmove(run->unwritten, run->unwritten + count,
		run->unwritten_count * sizeof(*run->unwritten));
	run->written = written;
}

static size_t output_pending(const struct run *run)
{
	return run->sink->pending(run->sink->context);
}

static void write_output(struct run *run)
{
	uint64_t written = run->written;
	int result = run->sink->write(run->sink->context, &written);
	int error = errno;

	forget_written(run, written);
	if (result < 0)
		stop(run, RUN_OUTPUT_LOST, error);
}

/* Wait for events and deal with them. */
static void wait_for_events(struct run *run, int timeout_ms)
{
	struct pollfd *polls = run->polls;
	nfds_t count = 0;
	bool hear = output_pending(run) <= OUTPUT_PENDING_MAX;
	bool ask = run->source_status == SOURCE_WAIT && schedule_has_room(&run->schedule);

	polls[count++] = (struct pollfd){.fd = run->signals.fd, .events = POLLIN};
	polls[count++] = (struct pollfd){
		.fd = output_pending(run) > 0 ? run->sink->poll_fd(run->sink->context) : -1,
		.events = POLLOUT,
	};
	polls[count++] = (struct pollfd){
		.fd = ask ? run->source->poll_fd(run->source->context) : -1,
		.events = POLLIN,
	};
	nfds_t first_worker = count;
	for (unsigned i = 0; i < run->pool.size; i++) {
		const struct worker *worker = &run->pool.workers[i];
		polls[count++] = (struct pollfd){
			.fd = worker->pid != 0 && hear ? worker->channel_fd : -1,
			.events = POLLIN,
		};
	}

	int ready = poll(polls, count, timeout_ms);
	if (ready < 0 && errno != EINTR) {
		out_of_memory(run); /* ENOMEM: all other reasons are in our hands */
		return;
	}
	if (ready <= 0)
		return;
	int signal = polls[0].revents ? signals_pending(&run->signals) : 0;
	if (signal)
		stop(run, RUN_SIGNALED, signal);
	if (polls[2].revents)
		run->source_status = SOURCE_ARCHIVE; /* ask again */
	for (unsigned i = 0; i < run->pool.size && !run->stop; i++) {
		if (polls[first_worker + i].revents)
			on_readable(run, &run->pool.workers[i]);
	}
	if (polls[1].revents && !run->stop)
		write_output(run);
}

static bool all_done(const struct run *run)
{
	return run->source_status == SOURCE_END && !run->held_path &&
	       schedule_is_idle(&run->schedule) && output_pending(run) == 0;
}

/* --fail-fast: what was told before the failure is still written. */
static void drain_output(struct run *run)
{
	struct pollfd polls[] = {
		{.fd = run->signals.fd, .events = POLLIN},
		{.fd = run->sink->poll_fd(run->sink->context), .events = POLLOUT},
	};

	while (run->end == RUN_STOPPED && output_pending(run) > 0) {
		if (poll(polls, 2, -1) < 0)
			continue;
		int signal = polls[0].revents ? signals_pending(&run->signals) : 0;
		run->stop = false; /* so that another reason can take the place of this one */
		if (signal)
			stop(run, RUN_SIGNALED, signal);
		else if (polls[1].revents)
			write_output(run);
		run->stop = true;
	}
}

/* Unzip until all is done or something stops the run. */
static void work(struct run *run)
{
	while (!run->stop) {
		feed(run);
		memory_sample(&run->memory, 0);
		if (run->stop || all_done(run))
			break;
		wait_for_events(run, -1);
	}
	if (run->stop)
		drain_output(run);
}

/* Let the workers say how much memory they took, and leave. */
static void dismiss_workers(struct run *run)
{
	uint64_t deadline_ns = monotonic_ns() + (uint64_t)FAREWELL_MS * 1000000;

	run->ending = true;
	pool_end_channels(&run->pool);
	while (run->pool.live > 0 && !run->stop && monotonic_ns() < deadline_ns)
		wait_for_events(run, FAREWELL_MS);
}

static bool keep_announced(void *context, uint64_t archive, uint64_t member)
{
	const struct run *run = context;

	if (!schedule_was_told(&run->schedule, archive, member))
		return false;
	for (size_t i = 0; i < run->unwritten_count; i++) {
		if (run->unwritten[i].archive == archive && run->unwritten[i].member == member)
			return false;
	}
	return true;
}

static void clean_up(struct run *run)
{
	pool_release(&run->pool); /* from here on, nobody writes files */
	if (run->end != RUN_COMPLETE) {
		for (uint32_t number = 0; number < run->rundir.next; number++)
			rundir_sweep(&run->rundir, number, keep_announced, run);
	}
	rundir_release(&run->rundir);
	schedule_release(&run->schedule);
	signals_release(&run->signals);
	memory_peak_release(&run->memory);
	free(run->held_path);
	free(run->unwritten);
	free(run->polls);
}

/*
 * Share out the descriptors that this process may have: two for each worker, one for each archive
 * that is in hand, and the rest for a file that is looked at and whatever libraries open.
 */
static void share_descriptors(struct run *run)
{
	const rlim_t rest = 32;
	const rlim_t per_worker = 2 + WORKER_QUEUE_MAX;
	rlim_t wanted = rest + per_worker * run->settings->jobs;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = limit.rlim_max = 256;
	if (limit.rlim_cur < wanted) {
		rlim_t before = limit.rlim_cur;
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = before;
	}
	rlim_t free_fds = limit.rlim_cur > rest ? limit.rlim_cur - rest : 0;
	rlim_t workers = free_fds / 3 < run->settings->jobs ? free_fds / 3 : run->settings->jobs;
	run->most_workers = workers > 0 ? (unsigned)workers : 1;
	run->most_archives = free_fds > 2 * workers ? free_fds - 2 * workers : 1;
}

/* 0, or -1: the reason has been printed. */
static int set_up(struct run *run, const struct worker_entry *worker)
{
	const struct run_settings *settings = run->settings;
	struct schedule_listener listener = {on_record, on_failed, on_empty, run};

	share_descriptors(run);
	schedule_init(&run->schedule, settings->unordered, &listener);
	memory_peak_init(&run->memory, settings->measure);
	run->polls = calloc((size_t)settings->jobs + 3, sizeof(*run->polls));
	if (signals_init(&run->signals) < 0 || !run->polls ||
		pool_init(&run->pool, settings->jobs, worker, &run->rundir, run->stats) < 0) {
		diag(DIAG_ERROR, "cannot start: %s", strerror(errno));
		return -1;
	}
	if (rundir_create(&run->rundir, settings->tmpdir) < 0) {
		char name[PRINTABLE_MAX];
		diag(DIAG_ERROR, "cannot make a directory in %s: %s",
			printable(settings->tmpdir, strlen(settings->tmpdir), name, sizeof(name)),
			strerror(errno));
		return -1;
	}
	diag(DIAG_DETAIL, "files go to %s, by at most %u worker processes", run->rundir.path,
		settings->jobs);
	return 0;
}

enum run_end run(const struct run_settings *settings, const struct archive_source *source,
	const struct record_sink *sink, const struct worker_entry *worker, struct run_stats *stats,
	int *number)
{
	uint64_t start_ns = monotonic_ns();
	struct run run = {
		.settings = settings,
		.source = source,
		.sink = sink,
		.stats = stats,
		.signals = {.fd = -1},
		.rundir = {.fd = -1},
		.memory = {.fd = -1},
		.source_status = SOURCE_ARCHIVE,
		.end = RUN_COMPLETE,
	};

	*stats = (struct run_stats){0};
	if (set_up(&run, worker) < 0) {
		run.end = RUN_NOT_STARTED;
	} else {
		work(&run);
		if (!run.stop)
			dismiss_workers(&run);
		memory_sample(&run.memory, 1);
	}
	stats->parent_private_peak_bytes = run.memory.private_bytes;
	stats->parent_shared_peak_bytes = run.memory.shared_bytes;
	stats->elapsed_ns = monotonic_ns() - start_ns;
	*number = run.number;
	clean_up(&run);
	return run.end;
}
