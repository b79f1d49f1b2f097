// SPDX-License-Identifier: MIT

/*
 * What --exec-batch gathers: as many paths for one command as the system lets a command have.
 */

#ifndef ZIPMAP_PARENT_BATCH_H
#define ZIPMAP_PARENT_BATCH_H

#include "parent/template.h"

#include <stdbool.h>
#include <stddef.h>

struct batch {
	const struct template *template;
	const char *word;  /**< the one with the placeholder, or "{}" if it is appended */
	size_t place;      /**< its index among the words */
	size_t most_bytes; /**< of what paths add to the command */
	size_t used_bytes; /**< of that */
	char *strings;     /**< the words made of paths, each with its NUL */
	size_t size;       /**< bytes in @strings */
	size_t capacity;
	size_t count; /**< how many words they are */
};

/**
 * Prepare to gather paths for @template, which template_check() has found good and which must stay.
 * @environment is what the command will get: it takes its part of the room.
 */
void batch_init(struct batch *batch, const struct template *template, char *const *environment);

/** Whether @path may be added. It always may be if there is none yet: execve(2) has the last word.
 */
bool batch_fits(const struct batch *batch, const char *path);

/** Add @path. 0, or -1 with ENOMEM. */
int batch_add(struct batch *batch, const char *path);

/** The words of the command, as template_words() returns them. NULL with ENOMEM. */
char **batch_words(const struct batch *batch);

/** Forget all paths, and free what they took. */
void batch_clear(struct batch *batch);

#endif
