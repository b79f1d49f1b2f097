// SPDX-License-Identifier: MIT

#include "parent/deliver.h"

#include "parent/ownname.h"
#include "parent/reuse.h"
#include "protocol/membername.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/memory.h"
#include "util/printable.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long commands may take to end once they are told to. */
#define GRACE_MS 5000

/* Bytes of a command's output that are passed on at a time. */
#define PASS_BYTES ((size_t)16 * 1024)

/* A path as long as any that is made: 0, or -1 with errno ENOMEM. */
static int make_longest_path(struct deliver *deliver)
{
	char file[MEMBER_FILE_SIZE];
	char path[PATH_MAX];

	if (deliver->memory || deliver->settings->naming) {
		memset(path, 'x', sizeof(path) - 1);
		path[sizeof(path) - 1] = '\0';
		deliver->longest_path =
			deliver->memory ? memoryfiles_path(UINT32_MAX) : strdup(path);
		errno = ENOMEM;
		return deliver->longest_path ? 0 : -1;
	}
	memset(file, 'x', sizeof(file));
	/* In an entry of kept files it is longer than in the run directory. */
	if (asprintf(&deliver->longest_path, "%s/%u/%.*s%.*s", deliver->rundir->path, UINT32_MAX,
		    (int)sizeof(file), file, deliver->keep ? (int)CACHE_ENTRY_SIZE : 0, file) >= 0)
		return 0;
	deliver->longest_path = NULL;
	errno = ENOMEM;
	return -1;
}

int deliver_init(struct deliver *deliver, const struct run_settings *settings, unsigned jobs,
	struct emit *emit, struct rundir *rundir, struct memoryfiles *memory,
	struct keepentry *keep, const struct signals *signals)
{
	const struct run_commands *commands = settings->commands;

	*deliver = (struct deliver){.settings = settings,
		.emit = emit,
		.rundir = rundir,
		.memory = memory,
		.keep = keep};
	if (settings->naming &&
		naming_init(&deliver->naming, settings->naming, settings->tmpdir, rundir) < 0)
		return -1;
	if (!commands)
		return 0;
	const struct exec_settings exec = {
		.templates = commands->templates,
		.template_count = commands->count,
		.environment = commands->environment,
		.mask = commands->mask,
		.files = commands->files,
		.blocked = commands->blocked,
		.jobs = jobs,
		.unordered = settings->unordered,
		.directory = settings->tmpdir,
	};
	if (!commands->batch) {
		deliver->way = DELIVER_EXEC;
		return exec_init(&deliver->exec, &exec, signals);
	}
	if (make_longest_path(deliver) < 0)
		return -1;
	deliver->way = DELIVER_BATCH;
	return execbatch_init(
		&deliver->execbatch, &exec, signals, deliver->longest_path, commands->print);
}

void deliver_release(struct deliver *deliver)
{
	if (deliver->way == DELIVER_EXEC)
		exec_release(&deliver->exec);
	if (deliver->way == DELIVER_BATCH)
		execbatch_release(&deliver->execbatch);
	free(steal_pointer(&deliver->longest_path));
	if (deliver->settings && deliver->settings->naming)
		naming_release(&deliver->naming);
	deliver->way = DELIVER_EMIT;
}

bool deliver_has_room(const struct deliver *deliver)
{
	return emit_has_room(deliver->emit) &&
	       (deliver->way != DELIVER_EXEC || exec_has_room(&deliver->exec)) &&
	       (deliver->way != DELIVER_BATCH || execbatch_has_room(&deliver->execbatch));
}

static enum deliver_end emitted(enum emit_end end)
{
	switch (end) {
	case EMIT_DONE:
		return DELIVER_DONE;
	case EMIT_FAILURE:
		return DELIVER_FAILURE;
	case EMIT_NO_MEMORY:
		break;
	}
	return DELIVER_NO_MEMORY;
}

static enum deliver_end emit_one(struct deliver *deliver, const struct result *result)
{
	return emitted(emit_result(deliver->emit, result, deliver->rundir->path));
}

/* A command cannot be started, for the reason in errno, and no later one can. */
static enum deliver_end fail_to_start(struct deliver *deliver)
{
	const char *program = deliver->settings->commands->templates[0].words[0];
	char name[PRINTABLE_MAX];
	int error = errno;

	printable(program, strlen(program), name, sizeof(name));
	(void)emit_general_failure(
		deliver->emit, &(struct failure){FAILURE_NO_COMMAND, {(uint64_t)error, 0}}, name);
	errno = error;
	return DELIVER_NO_COMMAND;
}

/* What a part says that may have started a command: 0, or -1 with errno. */
static enum deliver_end started(struct deliver *deliver, int result)
{
	if (result == 0)
		return DELIVER_DONE;
	return errno == ENOMEM ? DELIVER_NO_MEMORY : fail_to_start(deliver);
}

static bool is_whole_member(const struct result *result)
{
	return result->kind == RESULT_MEMBER && result->record->failure.kind == FAILURE_NONE;
}

/* Deliver @result, whose file has its name. */
static enum deliver_end deliver_named(struct deliver *deliver, const struct result *result)
{
	bool whole = is_whole_member(result);
	cleanup_free char *path = NULL;

	/* With order, a failure too waits until the commands before it have been emitted. */
	if (deliver->way == DELIVER_EMIT || (deliver->way == DELIVER_BATCH && !whole) ||
		(deliver->way == DELIVER_EXEC && !whole && exec_is_idle(&deliver->exec)))
		return emit_one(deliver, result);
	if (whole && emit_path(deliver->emit, result, deliver->rundir->path, &path) < 0)
		return DELIVER_NO_MEMORY;
	if (deliver->way == DELIVER_BATCH) {
		/* If it is not printed after the command, it counts now. */
		if (deliver->emit->silent && emit_one(deliver, result) != DELIVER_DONE)
			return DELIVER_NO_MEMORY;
		return started(deliver, execbatch_add(&deliver->execbatch, result, path));
	}
	return started(deliver, exec_add(&deliver->exec, result, path));
}

/* Deliver @popped. */
static enum deliver_end deliver_result(struct deliver *deliver, const struct result *popped)
{
	struct result moved;
	const struct result *result =
		deliver->keep ? keepentry_take(deliver->keep, popped, &moved) : popped;
	struct failure failure;

	if (!deliver->settings->naming || !is_whole_member(result))
		return deliver_named(deliver, result);
	if (reuse_give(&deliver->naming, result, &failure) == 0)
		return ownname_is_directory(result->record) ? DELIVER_DONE
							    : deliver_named(deliver, result);
	struct record refused = *result->record;
	struct result refusal = *result;
	refused.failure = failure;
	refusal.record = &refused;
	return deliver_named(deliver, &refusal);
}

void deliver_finish(struct deliver *deliver)
{
	if (deliver->way == DELIVER_BATCH)
		execbatch_finish(&deliver->execbatch);
}

enum deliver_release deliver_release_files(struct deliver *deliver)
{
	if (emit_pending(deliver->emit) > 0)
		return DELIVER_WORKS;
	if (deliver->way == DELIVER_BATCH && execbatch_close(&deliver->execbatch))
		return DELIVER_RELEASED;
	return deliver_is_idle(deliver) ? DELIVER_KEEPS : DELIVER_WORKS;
}

bool deliver_is_idle(const struct deliver *deliver)
{
	return emit_pending(deliver->emit) == 0 &&
	       (deliver->way != DELIVER_EXEC || exec_is_idle(&deliver->exec)) &&
	       (deliver->way != DELIVER_BATCH || execbatch_is_idle(&deliver->execbatch));
}

size_t deliver_polls(const struct deliver *deliver, struct pollfd *polls)
{
	if (deliver->way != DELIVER_EXEC)
		return 0;
	return exec_wait_for(&deliver->exec, emit_has_room(deliver->emit), polls);
}

const struct commands *deliver_commands(const struct deliver *deliver)
{
	switch (deliver->way) {
	case DELIVER_EXEC:
		return &deliver->exec.commands;
	case DELIVER_BATCH:
		return &deliver->execbatch.commands;
	case DELIVER_EMIT:
		break;
	}
	return NULL;
}

/* How many commands run. */
static unsigned running(const struct deliver *deliver)
{
	const struct commands *commands = deliver_commands(deliver);

	return commands ? commands->running : 0;
}

bool deliver_may_write(const struct deliver *deliver)
{
	return deliver->way != DELIVER_BATCH || running(deliver) == 0;
}

void deliver_handle(struct deliver *deliver, const struct pollfd *polls, size_t count, bool child)
{
	if (deliver->way == DELIVER_EXEC)
		exec_handle(&deliver->exec, polls, count, child);
	if (deliver->way == DELIVER_BATCH && child)
		execbatch_reap(&deliver->execbatch);
}

/* Remove the files that no command needs any more. Those with names of their own are not there. */
static void remove_used(struct deliver *deliver)
{
	struct message record;
	struct result result;
	char file[MEMBER_FILE_SIZE];

	while (exec_take_used(&deliver->exec, &record, &result)) {
		if (result.record->place == PLACE_MEMORY)
			memoryfiles_close(deliver->memory, result.record->descriptor);
		if (result.record->place != PLACE_FILE || result.directory == DIRECTORY_KEPT)
			continue;
		record_file_name(result.record, file);
		if (rundir_remove(deliver->rundir, result.directory, file) < 0)
			deliver->untidy = true;
	}
}

/* Pass on some of what the front's commands have printed. 1, 0 if there is nothing, -1: no memory.
 */
static int pass_on(struct deliver *deliver)
{
	char bytes[PASS_BYTES];
	int passed = 0;
	ssize_t got = exec_take(&deliver->exec, COMMAND_OUTPUT, bytes, sizeof(bytes));

	if (got > 0 && emit_bytes(deliver->emit, bytes, (size_t)got) == EMIT_NO_MEMORY)
		return -1;
	passed |= got > 0;
	got = exec_take(&deliver->exec, COMMAND_ERRORS, bytes, sizeof(bytes));
	if (got > 0)
		diag_pass(bytes, (size_t)got);
	return passed | (got > 0);
}

static enum deliver_end advance_exec(struct deliver *deliver)
{
	struct exec *exec = &deliver->exec;
	enum deliver_end end = DELIVER_DONE;
	struct message record;
	struct result result;

	while (end == DELIVER_DONE) {
		int passed = 0;
		if (emit_has_room(deliver->emit) && exec_front(exec))
			passed = pass_on(deliver);
		if (passed < 0)
			return DELIVER_NO_MEMORY;
		if (exec_step(exec) < 0)
			return started(deliver, -1);
		remove_used(deliver);
		if (passed > 0)
			continue;
		if (!exec->front || !emit_has_room(deliver->emit) || !exec_front_has_ended(exec))
			break;
		exec_result(exec, &record, &result);
		end = emit_one(deliver, &result);
		exec_pop(exec);
	}
	return end;
}

/* Remove the files of the batch that has ended. */
static bool keep_others(void *context, uint64_t archive, uint64_t member)
{
	return !execbatch_used(context, archive, member);
}

static bool close_used(void *context, uint32_t descriptor)
{
	return execbatch_used(context, 0, descriptor);
}

static void remove_batch(struct deliver *deliver)
{
	struct rundir *rundir = deliver->rundir;

	if (deliver->memory) {
		memoryfiles_sweep(deliver->memory, close_used, &deliver->execbatch);
		return;
	}
	for (uint32_t number = 0; number < rundir->next; number++) {
		if (rundir_sweep(rundir, number, keep_others, &deliver->execbatch) < 0)
			deliver->untidy = true;
	}
}

/* Emit the next record of a batch that has ended well. */
static enum deliver_end emit_record(struct deliver *deliver, const struct kept_result *kept)
{
	struct message record;
	struct result result;

	kept_result_get(kept, &record, &result);
	return emit_one(deliver, &result);
}

static enum deliver_end advance_batch(struct deliver *deliver)
{
	struct execbatch *execbatch = &deliver->execbatch;
	enum deliver_end end = DELIVER_DONE;
	struct kept_result kept;
	int status;
	int got = 1;

	if (execbatch_is_due(execbatch) && emit_pending(deliver->emit) == 0) {
		diag_hide_status(); /* the command may write to the same terminal */
		return started(deliver, execbatch_start(execbatch));
	}
	if (execbatch_step(execbatch) < 0)
		return started(deliver, -1);
	if (!execbatch_has_ended(execbatch, &status))
		return DELIVER_DONE;
	remove_batch(deliver);
	while (status == 0 && end == DELIVER_DONE && emit_has_room(deliver->emit) && got > 0) {
		got = execbatch_take(execbatch, &kept);
		if (got > 0)
			end = emit_record(deliver, &kept);
		kept_result_release(&kept);
	}
	if (got > 0 && status == 0)
		return end;
	if (status != 0)
		end = emitted(emit_general_failure(deliver->emit,
			&(struct failure){FAILURE_COMMAND, {(uint64_t)(unsigned)status, 0}}, ""));
	execbatch_conclude(execbatch);
	return got < 0 ? DELIVER_NO_MEMORY : end;
}

/* Emit what commands have printed and made, and remove what is not used any more. */
static enum deliver_end advance(struct deliver *deliver)
{
	switch (deliver->way) {
	case DELIVER_EXEC:
		return advance_exec(deliver);
	case DELIVER_BATCH:
		return advance_batch(deliver);
	case DELIVER_EMIT:
		break;
	}
	return DELIVER_DONE;
}

enum deliver_end deliver_all(struct deliver *deliver, struct schedule *schedule)
{
	enum deliver_end end = advance(deliver);
	struct result result;

	while (end == DELIVER_DONE && deliver_has_room(deliver) &&
		schedule_pop(schedule, &result)) {
		end = deliver_result(deliver, &result);
		if (end == DELIVER_DONE && !deliver_has_room(deliver))
			end = advance(deliver);
	}
	return end;
}

/* Wait until something happens to a command. False: the time is over, or another signal has come.
 */
static bool wait_for_command(
	struct deliver *deliver, const struct signals *signals, uint64_t deadline_ns)
{
	uint64_t now_ns = monotonic_ns();
	size_t count = 2;
	size_t streams = (size_t)running(deliver) * COMMAND_STREAMS;
	struct pollfd *polls = calloc(count + streams, sizeof(*polls));

	if (!polls || now_ns >= deadline_ns) {
		free(polls);
		return false;
	}
	polls[0] = (struct pollfd){.fd = signals->fd, .events = POLLIN};
	polls[1] = (struct pollfd){.fd = signals->notice_fd, .events = POLLIN};
	if (deliver->way == DELIVER_EXEC)
		count += exec_wait_for(&deliver->exec, false, polls + count);
	int ready = poll(polls, count, (int)((deadline_ns - now_ns) / 1000000) + 1);
	bool go_on = (ready >= 0 || errno == EINTR) && !polls[0].revents;
	bool child = polls[1].revents && signals_take_notices(signals).child;
	if (ready > 0)
		deliver_handle(deliver, polls + 2, count - 2, child);
	free(polls);
	return go_on;
}

void deliver_stop(struct deliver *deliver, int number, const struct signals *signals)
{
	uint64_t deadline_ns = monotonic_ns() + (uint64_t)GRACE_MS * 1000000;

	if (deliver->way == DELIVER_EXEC)
		exec_signal(&deliver->exec, number);
	if (deliver->way == DELIVER_BATCH)
		execbatch_signal(&deliver->execbatch, number);
	while (running(deliver) > 0 && wait_for_command(deliver, signals, deadline_ns))
		;
}
