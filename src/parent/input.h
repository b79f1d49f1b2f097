// SPDX-License-Identifier: MIT

/*
 * The input of a run: archives that come from the source are opened and become jobs.
 */

#ifndef ZIPMAP_PARENT_INPUT_H
#define ZIPMAP_PARENT_INPUT_H

#include "parent/interface.h"
#include "parent/keeper.h"
#include "parent/schedule.h"

#include <stdbool.h>
#include <stddef.h>

struct input {
	const struct archive_source *source;
	enum source_status status; /**< SOURCE_WAIT and SOURCE_END end the asking */
	char *held_path;           /**< an archive that waits for a free descriptor, or NULL */
	struct keeper *keeper;     /**< knows archives whose files are kept; or NULL; as the next */
	size_t most_archives;      /**< open at a time; the caller's to set */
	uint64_t archives;         /**< that were opened, in all */
};

void input_init(struct input *input, const struct archive_source *source);

void input_release(struct input *input);

enum input_end {
	INPUT_TAKEN, /**< there is one job more */
	INPUT_NONE,  /**< nothing now: the source has none, or there is no descriptor for one */
	INPUT_AGAIN, /**< nothing so far: ask again once other events have been dealt with */
	INPUT_NO_MEMORY,
};

/**
 * Ask the source for @wanted archives for @schedule, as far as that has room. INPUT_TAKEN: there is
 * one at least.
 */
enum input_end input_ask_for(struct input *input, struct schedule *schedule, unsigned wanted);

/** The descriptor to wait for (POLLIN) until input_wake(), or -1: no need to wait. */
int input_poll_fd(const struct input *input);

/** The descriptor is readable: ask the source again. */
void input_wake(struct input *input);

/** How many archives are known that are no jobs yet. *@all: no other will come. */
uint64_t input_ahead(const struct input *input, bool *all);

/** Whether nothing will come any more. */
bool input_has_ended(const struct input *input);

#endif
