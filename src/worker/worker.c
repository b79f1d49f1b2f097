// SPDX-License-Identifier: MIT

#include "worker/worker.h"

#include "protocol/firstword.h"
#include "protocol/message.h"
#include "util/cleanup.h"
#include "util/memory.h"
#include "worker/container/archive.h"
#include "worker/container/names.h"
#include "worker/inbox.h"
#include "worker/lane.h"
#include "worker/outbox.h"
#include "worker/parts/helper.h"
#include "worker/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LANES 2

struct worker {
	const struct worker_settings *settings;
	int directory_fd;
	struct worker_progress *progress;
	struct lane lanes[LANES];        /* the second is used only if two members gain from it */
	struct archive *archives[LANES]; /* one for each lane, or NULL: none was needed yet */
	struct inbox inbox;
	struct helper helper;
	struct outbox outbox;
	bool asks; /* for files: it may name no path */
	struct names names;
	struct memory_peak memory;
	bool channel_ended;
};

/* The parent is gone or does not follow the protocol: there is nobody left to tell. */
static _Noreturn void give_up(void)
{
	_exit(EXIT_FAILURE);
}

static struct archive *find_archive(const struct worker *worker, uint64_t number)
{
	for (int i = 0; i < LANES; i++) {
		const struct lane *lane = &worker->lanes[i];
		if (lane->archive && lane->archive_number == number)
			return lane->archive;
	}
	return NULL;
}

/* An archive that no lane has, closed. NULL: no memory. */
static struct archive *free_archive(struct worker *worker)
{
	struct archive **place = &worker->archives[0];

	if (*place && (worker->lanes[0].archive == *place || worker->lanes[1].archive == *place))
		place = &worker->archives[1];
	if (!*place)
		*place = archive_new();
	else
		archive_close(*place);
	return *place;
}

/*
 * Have the archive of @work in @lane. If it comes along, its descriptor is taken over. 0, or -1
 * with *@failure.
 */
static int take_archive(struct worker *worker, struct lane *lane, const struct message_work *work,
	int fd, struct failure *failure)
{
	cleanup_fd int owned = fd;
	struct archive *archive = find_archive(worker, work->archive);

	lane->archive = archive;
	lane->archive_number = work->archive;
	if (archive)
		return 0;
	/* One that is not in use would only take memory. */
	for (int i = 0; i < LANES; i++) {
		if (!worker->lanes[i].busy)
			worker->lanes[i].archive = NULL;
	}
	if (owned < 0)
		give_up();
	archive = free_archive(worker);
	if (!archive) {
		failure->kind = FAILURE_NO_MEMORY;
		return -1;
	}
	if (archive_open(archive, steal_fd(&owned), work->size_bytes, failure) < 0)
		return -1;
	archive->password = worker->settings->password;
	lane->archive = archive;
	return 0;
}

/* Have the lane ask for what it may not open itself. */
static void let_ask(struct worker *worker, struct lane *lane)
{
	if (worker->asks)
		lane_ask(lane, &worker->inbox);
	if (worker->settings->reuse.wanted)
		looking_init(&lane->looking, &worker->outbox, &worker->inbox);
}

/* Have the lane ready to be used. False: no memory. */
static bool have_lane(struct worker *worker, int i)
{
	struct lane *lane = &worker->lanes[i];

	if (lane->extraction)
		return true;
	if (lane_init(lane, worker->settings, worker->directory_fd, &worker->outbox, &worker->names,
		    &worker->progress->lanes[i]) < 0)
		return false;
	let_ask(worker, lane);
	return true;
}

/* Do what there is to do of a member that another worker has. */
static void help(struct worker *worker, uint64_t unit, const struct message_work *work, int fd)
{
	cleanup_fd int owned = fd;

	if (owned < 0 || worker->lanes[0].busy || worker->lanes[1].busy)
		give_up();
	if (helper_do(&worker->helper, unit, &work->part, steal_fd(&owned), &worker->outbox) < 0)
		give_up();
}

static void do_work(struct worker *worker, uint64_t unit, const struct message_work *work, int fd)
{
	int free_lane = worker->lanes[0].busy;
	struct lane *lane = &worker->lanes[free_lane];
	struct failure failure = {0};

	if (work->kind == UNIT_PART) {
		help(worker, unit, work, fd);
		return;
	}
	if (lane->busy || !have_lane(worker, free_lane))
		give_up();
	atomic_store_explicit(&lane->progress->unit, unit, memory_order_relaxed);
	if (take_archive(worker, lane, work, fd, &failure) < 0)
		lane_refuse(lane, unit, &failure);
	else if (lane_begin(lane, unit, work) < 0)
		give_up();
}

/* Something was said of a member that several workers decode. It may have ended meanwhile. */
static void hear(struct worker *worker, uint64_t unit, const struct message_part *word, int fd)
{
	cleanup_fd int owned = fd;

	for (int i = 0; i < LANES; i++) {
		struct lane *lane = &worker->lanes[i];
		if (lane->busy && lane->unit == unit)
			lane_hear(lane, word, steal_fd(&owned));
	}
}

/*
 * Have a message in the inbox; wait for one if there is nothing to do meanwhile. False: there is
 * none, or the channel has ended.
 */
static bool has_work(struct worker *worker, bool idle)
{
	struct inbox *inbox = &worker->inbox;

	if (!inbox_is_empty(inbox))
		return true;
	/* Say everything, so that more will be sent while what was sent before is done. */
	outbox_flush(&worker->outbox);
	int got = inbox_receive(inbox, idle);
	if (got < 0 && (idle || errno != EAGAIN))
		give_up();
	worker->channel_ended = got == 0;
	return got > 0;
}

/* Begin with the next unit, or hear what is said of one, if there is a message. */
static void serve(struct worker *worker, bool idle)
{
	struct message message;
	int fd;

	if (!has_work(worker, idle))
		return;
	if (inbox_take(&worker->inbox, &message, &fd) < 0)
		give_up();
	if (message.kind == MESSAGE_PART)
		hear(worker, message.unit, &message.part, fd);
	else
		do_work(worker, message.unit, &message.work, fd);
}

/* Whether the second lane, which has nothing, is to look for something. */
static bool wants_more(struct worker *worker)
{
	struct lane *first = &worker->lanes[0];
	struct lane *second = &worker->lanes[1];

	if (worker->channel_ended || first->busy == second->busy)
		return false;
	if (!lane_is_pairable(first->busy ? first : second))
		return false;
	return have_lane(worker, 1);
}

/*
 * Whether something may be said of a member in hand. With two units there is no room for a third,
 * and while several workers decode a member its worker gets no other unit.
 */
static bool listens(const struct worker *worker)
{
	const struct lane *lanes = worker->lanes;

	return !worker->channel_ended && lanes[0].busy != lanes[1].busy &&
	       (lane_listens(&lanes[0]) || lane_listens(&lanes[1]));
}

static bool is_idle(const struct lane *lane)
{
	return !lane->busy || lane->waiting;
}

/* Do what there is to do, until the channel ends. */
static void work_until_the_end(struct worker *worker)
{
	struct lane *lanes = worker->lanes;

	while (!worker->channel_ended || lanes[0].busy || lanes[1].busy) {
		bool idle = is_idle(&lanes[0]) && is_idle(&lanes[1]);
		if (idle && worker->channel_ended)
			give_up(); /* nobody will say what a lane waits for */
		if (idle || wants_more(worker) || listens(worker))
			serve(worker, idle);
		if (lanes[0].busy && lanes[1].busy)
			lane_step_two(lanes);
		else if (lanes[0].busy || lanes[1].busy)
			lane_step(&lanes[lanes[1].busy]);
		outbox_flush_if_due(&worker->outbox);
		memory_sample(&worker->memory, 0);
	}
}

/* Whether the kernel, or a filter around us, refuses this; else it is short of something now. */
static bool is_refusal(int error)
{
	return error != ENOMEM && error != EMFILE && error != ENFILE && error != EAGAIN;
}

/* Enter the sandbox, or as much of it as can be, and say what cannot. Returns the parts. */
static unsigned enter_sandbox(
	const struct worker_settings *settings, int channel_fd, int directory_fd)
{
	struct sandbox_needs needs = {.channel_fd = channel_fd,
		.directory_fd = directory_fd,
		.memory_files = settings->in_memory,
		.file_bytes = lane_file_limit(settings)};
	unsigned parts = settings->sandbox;
	enum start_step step;

	while (sandbox_enter(parts, &needs, &step) < 0) {
		struct message_start word = {
			.step = step, .error = (uint32_t)errno, .goes_on = true};
		if (settings->all_required || !start_step_part(step) || !is_refusal(errno))
			firstword_fail(channel_fd, step);
		if (firstword_send(channel_fd, &word) < 0)
			give_up();
		/* What comes before seccomp is entered. */
		parts = step == START_LANDLOCK ? parts & ~SANDBOX_LANDLOCK : 0;
	}
	return parts;
}

/* All that is done before the first word, which is the last thing that can be believed blindly. */
static void get_ready(struct worker *worker, int channel_fd)
{
	const struct worker_settings *settings = worker->settings;

	/* A file size limit is to fail a write(2), not to kill. */
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
		firstword_fail(channel_fd, START_SIGNALS);
	inbox_init(&worker->inbox, channel_fd);
	outbox_init(&worker->outbox, channel_fd);
	errno = ENOMEM;
	if (names_init(&worker->names, settings->encoding) < 0 ||
		lane_init(&worker->lanes[0], settings, worker->directory_fd, &worker->outbox,
			&worker->names, &worker->progress->lanes[0]) < 0)
		firstword_fail(channel_fd, START_MEMORY);
	memory_peak_init(&worker->memory, settings->measure);
	/* No core file with a password in it, also where a pipe takes them: core(5). */
	if (settings->password && prctl(PR_SET_DUMPABLE, 0) < 0)
		firstword_fail(channel_fd, START_NO_DUMP);
	if (settings->sandboxed)
		worker->asks = sandbox_takes_paths(
				       enter_sandbox(settings, channel_fd, worker->directory_fd)) &&
			       worker->directory_fd >= 0;
	let_ask(worker, &worker->lanes[0]);
	const struct message_start word = {.step = START_NONE, .asks = worker->asks};
	if (firstword_send(channel_fd, &word) < 0)
		give_up();
}

_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress)
{
	static struct worker worker; /* one a process; large, and zero until it is touched */

	worker.settings = context;
	worker.directory_fd = directory_fd;
	worker.progress = progress;
	get_ready(&worker, channel_fd);
	work_until_the_end(&worker);

	memory_sample(&worker.memory, 1);
	struct message farewell = {
		.kind = MESSAGE_MEMORY,
		.memory = {worker.memory.private_bytes, worker.memory.shared_bytes},
	};
	outbox_put(&worker.outbox, &farewell);
	outbox_flush(&worker.outbox);
	for (int i = 0; i < LANES; i++) {
		archive_free(worker.archives[i]);
		lane_release(&worker.lanes[i]);
	}
	helper_release(&worker.helper);
	names_release(&worker.names);
	memory_peak_release(&worker.memory);
	_exit(EXIT_SUCCESS);
}
