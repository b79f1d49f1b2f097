// SPDX-License-Identifier: MIT

#include "parent/commands.h"

#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int commands_init(struct commands *commands, const struct spawn_start *start, const char *directory)
{
	*commands = (struct commands){.start = *start, .place = {.directory = directory}};
	commands->start.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return commands->start.null_fd < 0 ? -1 : 0;
}

bool command_has_ended(const struct command *command)
{
	return command->exited && command->streams[COMMAND_OUTPUT].fd < 0 &&
	       command->streams[COMMAND_ERRORS].fd < 0;
}

bool command_is_stuck(const struct command *command)
{
	return command->streams[COMMAND_OUTPUT].full || command->streams[COMMAND_ERRORS].full;
}

static void close_streams(struct command *command)
{
	for (int i = 0; i < COMMAND_STREAMS; i++) {
		if (command->streams[i].fd >= 0)
			close(steal_fd(&command->streams[i].fd));
	}
}

/* Something of @command has ended. If that was the last of it, it does not run any more. */
static void note_end(struct commands *commands, const struct command *command)
{
	if (!command_has_ended(command))
		return;
	commands->running--;
	commands->ended++;
}

static void close_stream(
	struct commands *commands, struct command *command, enum command_stream stream)
{
	close(steal_fd(&command->streams[stream].fd));
	command->streams[stream].full = false;
	note_end(commands, command);
}

/* Start a process whose output goes to pipes. 0, or -1 with errno. */
static int start_gathered(const struct commands *commands, struct command *command,
	char *const *words, char *const *environment)
{
	int output[2];
	int errors[2];

	if (pipe2(output, O_CLOEXEC) < 0)
		return -1;
	cleanup_fd int output_end = output[1];
	command->streams[COMMAND_OUTPUT].fd = output[0];
	if (pipe2(errors, O_CLOEXEC) < 0)
		return -1;
	cleanup_fd int error_end = errors[1];
	command->streams[COMMAND_ERRORS].fd = errors[0];
	/* Our ends alone: the command is not to notice. */
	if (fcntl(output[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(errors[0], F_SETFL, O_NONBLOCK) < 0)
		return -1;
	command->pid = spawn(&commands->start, words, environment, output_end, error_end);
	return command->pid < 0 ? -1 : 0;
}

/* As start_gathered(), also without pipes. */
static int start_process(struct commands *commands, struct command *command, char *const *words,
	char *const *environment, bool gathered)
{
	if (gathered) {
		if (start_gathered(commands, command, words, environment) < 0) {
			int error = errno;
			close_streams(command);
			errno = error;
			return -1;
		}
	} else {
		command->pid = spawn(&commands->start, words, environment, -1, -1);
		if (command->pid < 0)
			return -1;
	}
	command->exited = false;
	commands->running++;
	return 0;
}

struct command *commands_start(
	struct commands *commands, char *const *words, char *const *environment, bool gathered)
{
	cleanup_free struct command *command = malloc(sizeof(*command));

	if (!command)
		return NULL;
	*command = (struct command){.previous = commands->last};
	for (int i = 0; i < COMMAND_STREAMS; i++) {
		command->streams[i].fd = -1;
		gather_init(&command->streams[i].gather);
	}
	if (start_process(commands, command, words, environment, gathered) < 0)
		return NULL;
	if (commands->last)
		commands->last->next = command;
	else
		commands->first = command;
	commands->last = command;
	commands->count++;
	return steal_pointer(&command);
}

int commands_continue(struct commands *commands, struct command *command, char *const *words,
	char *const *environment)
{
	return start_process(commands, command, words, environment, true);
}

size_t commands_poll_count(const struct commands *commands)
{
	return (size_t)commands->running * COMMAND_STREAMS;
}

/* Whether commands_polls() names this stream. */
static bool is_waited_for(const struct commands *commands, const struct command *command,
	enum command_stream stream, bool front)
{
	if (command->streams[stream].fd < 0)
		return false;
	if (commands->discards)
		return true;
	return command == commands->front ? front : !command->streams[stream].full;
}

size_t commands_polls(const struct commands *commands, bool front, struct pollfd *polls)
{
	size_t count = 0;

	for (const struct command *command = commands->first; command; command = command->next) {
		for (int i = 0; i < COMMAND_STREAMS; i++) {
			if (is_waited_for(commands, command, (enum command_stream)i, front))
				polls[count++] = (struct pollfd){
					.fd = command->streams[i].fd, .events = POLLIN};
		}
	}
	return count;
}

/* Read what is there and forget it. As read(2). */
static ssize_t discard(int pipe)
{
	char bytes[16 * 1024];

	return io_read(pipe, bytes, sizeof(bytes));
}

/* Gather what is there of a stream. If there is no room for it, it stays in the pipe. */
static void gather_stream(
	struct commands *commands, struct command *command, enum command_stream stream)
{
	int pipe = command->streams[stream].fd;
	ssize_t moved = commands->discards ? discard(pipe)
					   : gather_move(&command->streams[stream].gather,
						     &commands->place, pipe);

	if (moved == 0)
		close_stream(commands, command, stream);
	else if (moved < 0 && errno != EAGAIN)
		command->streams[stream].full = true;
}

void commands_read(struct commands *commands, const struct pollfd *polls, size_t count)
{
	size_t next = 0;

	/* They come in the order in which they were named. */
	for (struct command *command = commands->first; command; command = command->next) {
		for (int i = 0; i < COMMAND_STREAMS && next < count; i++) {
			if (polls[next].fd != command->streams[i].fd)
				continue;
			if (polls[next].revents && command != commands->front)
				gather_stream(commands, command, (enum command_stream)i);
			next++;
		}
	}
}

void commands_reap(struct commands *commands)
{
	for (struct command *command = commands->first; command; command = command->next) {
		if (command->exited || waitpid(command->pid, &command->status, WNOHANG) <= 0)
			continue;
		command->exited = true;
		note_end(commands, command);
	}
}

ssize_t commands_take(struct commands *commands, struct command *command,
	enum command_stream stream, char *bytes, size_t size)
{
	ssize_t got = gather_take(&command->streams[stream].gather, &commands->place, bytes, size);

	if (got != 0 || command != commands->front || command->streams[stream].fd < 0)
		return got;
	got = io_read(command->streams[stream].fd, bytes, size);
	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got == 0)
		close_stream(commands, command, stream);
	return got;
}

void commands_signal(struct commands *commands, int number)
{
	commands->discards = true;
	commands->front = NULL;
	for (struct command *command = commands->first; command; command = command->next) {
		if (!command_has_ended(command))
			kill(-command->pid, number);
	}
}

void commands_forget(struct commands *commands, struct command *command)
{
	if (command->previous)
		command->previous->next = command->next;
	else
		commands->first = command->next;
	if (command->next)
		command->next->previous = command->previous;
	else
		commands->last = command->previous;
	if (commands->front == command)
		commands->front = NULL;
	for (int i = 0; i < COMMAND_STREAMS; i++)
		gather_release(&command->streams[i].gather, &commands->place);
	commands->count--;
	free(command);
	/* It may have made room. */
	for (command = commands->first; command; command = command->next) {
		for (int i = 0; i < COMMAND_STREAMS; i++)
			command->streams[i].full = false;
	}
}

void commands_release(struct commands *commands)
{
	commands_signal(commands, SIGKILL);
	while (commands->first) {
		struct command *command = commands->first;
		if (!command->exited)
			io_wait(command->pid, NULL);
		if (!command_has_ended(command))
			commands->running--;
		close_streams(command);
		commands_forget(commands, command);
	}
	if (commands->start.null_fd >= 0)
		close(steal_fd(&commands->start.null_fd));
}
