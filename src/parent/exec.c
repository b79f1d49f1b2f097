// SPDX-License-Identifier: MIT

#include "parent/exec.h"

#include "util/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Results beyond the commands that run: those wait for their turn. */
#define WAITING_MAX 64u

int exec_init(
	struct exec *exec, const struct exec_settings *settings, const struct signals *signals)
{
	const struct spawn_start start = {.mask = settings->mask,
		.files = settings->files,
		.blocked = settings->blocked,
		.signals = signals,
		.null_fd = -1};

	*exec = (struct exec){.templates = settings->templates,
		.template_count = settings->template_count,
		.jobs = settings->jobs,
		.unordered = settings->unordered};
	if (commands_init(&exec->commands, &start, settings->directory) < 0)
		return -1;
	return environment_init(&exec->environment, settings->environment);
}

static void free_turn(struct turn *turn)
{
	kept_result_release(&turn->result);
	free(turn->path);
	free(turn->variables);
	free(turn);
}

void exec_release(struct exec *exec)
{
	commands_release(&exec->commands);
	environment_release(&exec->environment);
	while (exec->first) {
		struct turn *turn = exec->first;
		exec->first = turn->next;
		free_turn(turn);
	}
	exec->last = exec->front = NULL;
	exec->count = exec->active = 0;
}

bool exec_has_room(const struct exec *exec)
{
	return exec->active < exec->jobs && exec->count < exec->jobs + WAITING_MAX;
}

bool exec_is_idle(const struct exec *exec)
{
	return exec->count == 0;
}

/* Whether a process can be had later, once others have ended. */
static bool is_passing(const struct exec *exec, int error)
{
	return exec->commands.running > 0 &&
	       (error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE);
}

/* Start the next command of @turn. 0, also if that is to be tried again; or -1 with errno. */
static int start_step(struct exec *exec, struct turn *turn)
{
	cleanup_free char **words = template_words(&exec->templates[turn->step], turn->path);
	char *const *environment = environment_with(&exec->environment, turn->variables);
	int result = 0;

	if (!words)
		return -1;
	if (turn->command) {
		result = commands_continue(&exec->commands, turn->command, words, environment);
	} else {
		turn->command = commands_start(&exec->commands, words, environment, true);
		result = turn->command ? 0 : -1;
	}
	turn->unstarted = result < 0;
	if (result == 0)
		turn->step++;
	return result == 0 || is_passing(exec, errno) ? 0 : -1;
}

int exec_add(struct exec *exec, const struct result *result, const char *path)
{
	struct turn *turn = calloc(1, sizeof(*turn));

	if (!turn || kept_result_copy(&turn->result, result) < 0) {
		free(turn);
		return -1;
	}
	if (exec->last)
		exec->last->next = turn;
	else
		exec->first = turn;
	exec->last = turn;
	exec->count++;
	if (result->kind != RESULT_MEMBER || result->record->failure.kind != FAILURE_NONE) {
		turn->used = turn->told = true;
		return 0;
	}
	exec->active++;
	/* A command is not to take it for an option. */
	if (asprintf(&turn->path, "%s%s", *path == '-' ? "./" : "", path) < 0)
		turn->path = NULL;
	turn->variables = environment_describe(result->record, result->job->path);
	return turn->path && turn->variables ? start_step(exec, turn) : -1;
}

size_t exec_poll_count(const struct exec *exec)
{
	return commands_poll_count(&exec->commands);
}

size_t exec_wait_for(const struct exec *exec, bool has_room, struct pollfd *polls)
{
	return commands_polls(&exec->commands, has_room, polls);
}

/* Whether a command of @turn has just ended, with another to come. */
static bool goes_on(const struct exec *exec, const struct turn *turn)
{
	return turn->command->status == 0 && turn->step < exec->template_count;
}

void exec_handle(struct exec *exec, const struct pollfd *polls, size_t count, bool child)
{
	commands_read(&exec->commands, polls, count);
	if (child)
		commands_reap(&exec->commands);
}

int exec_step(struct exec *exec)
{
	for (struct turn *turn = exec->first; turn; turn = turn->next) {
		bool ended = turn->command && command_has_ended(turn->command);
		if (turn->used || (!ended && !turn->unstarted))
			continue;
		if (!turn->unstarted && !goes_on(exec, turn)) {
			turn->used = true;
			exec->active--;
		} else if (start_step(exec, turn) < 0) {
			return -1;
		}
	}
	return 0;
}

bool exec_take_used(struct exec *exec, struct message *record, struct result *result)
{
	for (struct turn *turn = exec->first; turn; turn = turn->next) {
		if (!turn->used || turn->told)
			continue;
		turn->told = true;
		kept_result_get(&turn->result, record, result);
		return true;
	}
	return false;
}

/* Without order, one whose commands have ended; else one that can only go on if it is in front. */
static struct turn *any_front(const struct exec *exec)
{
	struct turn *stuck = NULL;

	for (struct turn *turn = exec->first; turn; turn = turn->next) {
		if (turn->used)
			return turn;
		if (turn->command && command_is_stuck(turn->command))
			stuck = turn;
	}
	return stuck;
}

struct turn *exec_front(struct exec *exec)
{
	if (!exec->front)
		exec->front = exec->unordered ? any_front(exec) : exec->first;
	exec->commands.front = exec->front ? exec->front->command : NULL;
	return exec->front;
}

ssize_t exec_take(struct exec *exec, enum command_stream stream, char *bytes, size_t size)
{
	struct command *command = exec->front->command;

	return command ? commands_take(&exec->commands, command, stream, bytes, size) : 0;
}

bool exec_front_has_ended(const struct exec *exec)
{
	const struct turn *turn = exec->front;

	return turn->used && turn->told &&
	       (!turn->command ||
		       (gather_size(&turn->command->streams[COMMAND_OUTPUT].gather) == 0 &&
			       gather_size(&turn->command->streams[COMMAND_ERRORS].gather) == 0));
}

void exec_result(const struct exec *exec, struct message *record, struct result *result)
{
	const struct turn *turn = exec->front;

	kept_result_get(&turn->result, record, result);
	if (turn->command && turn->command->status != 0)
		record->record.failure = (struct failure){
			FAILURE_COMMAND, {(uint64_t)(unsigned)turn->command->status, 0}};
}

void exec_pop(struct exec *exec)
{
	struct turn *turn = exec->front;
	struct turn **link = &exec->first;
	struct turn *before = NULL;

	while (*link != turn) {
		before = *link;
		link = &before->next;
	}
	*link = turn->next;
	if (exec->last == turn)
		exec->last = before;
	if (turn->command)
		commands_forget(&exec->commands, turn->command);
	exec->front = NULL;
	exec->count--;
	free_turn(turn);
}

void exec_signal(struct exec *exec, int number)
{
	/* None goes on. */
	for (struct turn *turn = exec->first; turn; turn = turn->next) {
		turn->unstarted = false;
		turn->step = exec->template_count;
	}
	commands_signal(&exec->commands, number);
}
