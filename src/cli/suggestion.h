// SPDX-License-Identifier: MIT

/*
 * What somebody may have meant by an option that does not exist.
 */

#ifndef ZIPMAP_CLI_SUGGESTION_H
#define ZIPMAP_CLI_SUGGESTION_H

#include <stddef.h>

/** The option whose name is nearest to the @size bytes of @name, without "--"; NULL if none is
 * near. */
const char *suggestion_for_name(const char *name, size_t size);

/** What stands for the option @letter of other tools, as a part of a sentence; NULL if nothing
 * does. */
const char *suggestion_for_letter(char letter);

#endif
