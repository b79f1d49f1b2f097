// SPDX-License-Identifier: MIT

/*
 * The environment of the user's commands: our own, with what is known of a member in ZIPMAP_*
 * variables, so that nothing of it has to be quoted.
 */

#ifndef ZIPMAP_PARENT_ENVIRONMENT_H
#define ZIPMAP_PARENT_ENVIRONMENT_H

#include "protocol/record.h"

#include <stddef.h>

struct environment {
	char **variables; /**< as execve(2) takes them */
	size_t own;       /**< how many of them are not a member's */
};

/**
 * Take over @variables, environ(7) of ours, but for those that tell of members. They stay where
 * they are. 0, or -1 with ENOMEM.
 */
int environment_init(struct environment *environment, char *const *variables);

void environment_release(struct environment *environment);

/**
 * What the variables of @record's command are: strings one behind the other, an empty one at the
 * end, in a block that the caller frees. What is not known has no variable. NULL with ENOMEM.
 */
char *environment_describe(const struct record *record, const char *archive_path);

/**
 * The whole environment of a command with @member, what environment_describe() has returned, or
 * NULL for none. Valid until the next call, and as long as @member.
 */
char *const *environment_with(struct environment *environment, char *member);

#endif
