// SPDX-License-Identifier: MIT

#include "parent/input.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void input_init(struct input *input, const struct archive_source *source)
{
	*input = (struct input){
		.source = source, .status = SOURCE_ARCHIVE, .most_archives = SIZE_MAX};
}

void input_release(struct input *input)
{
	free(steal_pointer(&input->held_path));
}

/*
 * Open an archive without waiting: a FIFO must not block, a terminal must not become ours. The
 * descriptor, or -1 with *@failure. @fd as in struct source_item.
 */
static int open_archive(const char *path, int fd, struct stat *status, struct failure *failure)
{
	cleanup_fd int opened =
		fd >= 0 ? fd : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (opened < 0 || fstat(opened, status) < 0)
		*failure = (struct failure){FAILURE_OPEN, {(uint64_t)errno, 0}};
	else if (!S_ISREG(status->st_mode))
		*failure = (struct failure){FAILURE_NOT_REGULAR, {status->st_mode, 0}};
	else if (status->st_size == 0)
		failure->kind = FAILURE_EMPTY_FILE;
	return failure->kind == FAILURE_NONE ? steal_fd(&opened) : -1;
}

/* Make a job of an archive. @fd as in struct source_item. */
static enum input_end take_archive(
	struct input *input, struct schedule *schedule, const char *path, int fd)
{
	struct failure failure = {0};
	struct stat status = {0};
	struct kept *kept = NULL;
	int opened = open_archive(path, fd, &status, &failure);
	bool too_many = failure.kind == FAILURE_OPEN &&
			(failure.numbers[0] == EMFILE || failure.numbers[0] == ENFILE);

	if (too_many && schedule->open_archives > 0) {
		input->held_path = strdup(path);
		return input->held_path ? INPUT_NONE : INPUT_NO_MEMORY;
	}
	bool is_open = opened >= 0;
	/* Standard input is not there any more when another run comes. */
	if (is_open && fd < 0) {
		enum keeper_end end =
			keeper_look(input->keeper, schedule, path, opened, &status, &kept);
		input->archives += end == KEEPER_FOUND;
		if (end != KEEPER_NOTHING)
			return end == KEEPER_FOUND ? INPUT_TAKEN : INPUT_NO_MEMORY;
	}
	if (schedule_add(schedule, path, opened, (uint64_t)status.st_size,
		    is_open ? NULL : &failure) < 0)
		return INPUT_NO_MEMORY;
	if (kept)
		schedule_keep(schedule, kept);
	schedule->last->pathless = is_open && fd >= 0;
	input->archives += is_open;
	return INPUT_TAKEN;
}

/* Ask the source for one more archive for @schedule, which has room. */
static enum input_end ask(struct input *input, struct schedule *schedule)
{
	struct source_item item = {.fd = -1};

	if (schedule->open_archives >= input->most_archives)
		return INPUT_NONE;
	if (input->held_path) {
		cleanup_free char *path = steal_pointer(&input->held_path);
		return take_archive(input, schedule, path, -1);
	}
	if (input->status == SOURCE_WAIT || input->status == SOURCE_END)
		return INPUT_NONE;
	input->status = input->source->next(input->source->context, &item);
	schedule->next_number += item.passed_over;
	switch (input->status) {
	case SOURCE_ARCHIVE:
		return take_archive(input, schedule, item.path, item.fd);
	case SOURCE_FAILED:
		return schedule_add_failed(schedule, item.path, item.error, item.message) < 0
			       ? INPUT_NO_MEMORY
			       : INPUT_TAKEN;
	case SOURCE_AGAIN:
		return INPUT_AGAIN;
	case SOURCE_WAIT:
	case SOURCE_END:
		break;
	}
	return INPUT_NONE;
}

enum input_end input_ask_for(struct input *input, struct schedule *schedule, unsigned wanted)
{
	enum input_end end = INPUT_TAKEN;
	unsigned taken = 0;

	while (taken < wanted && end == INPUT_TAKEN) {
		end = schedule_has_room(schedule) ? ask(input, schedule) : INPUT_NONE;
		taken += end == INPUT_TAKEN;
	}
	return end == INPUT_NONE && taken > 0 ? INPUT_TAKEN : end;
}

int input_poll_fd(const struct input *input)
{
	return input->status == SOURCE_WAIT ? input->source->poll_fd(input->source->context) : -1;
}

void input_wake(struct input *input)
{
	input->status = SOURCE_ARCHIVE;
}

uint64_t input_ahead(const struct input *input, bool *all)
{
	const struct archive_source *source = input->source;
	bool ended = input->status == SOURCE_END;

	*all = ended;
	return (ended || !source->ahead ? 0 : source->ahead(source->context, all)) +
	       (input->held_path != NULL);
}

bool input_has_ended(const struct input *input)
{
	return input->status == SOURCE_END && !input->held_path;
}
