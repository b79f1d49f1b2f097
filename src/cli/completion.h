// SPDX-License-Identifier: MIT

/*
 * Completions for shells, made from the table of options: what --generate prints.
 */

#ifndef ZIPMAP_CLI_COMPLETION_H
#define ZIPMAP_CLI_COMPLETION_H

#include "cli/options.h"

#include <stdio.h>

/** Print the completions for @shell, as a file of that shell. Errors are left in the stream. */
void completion_print(FILE *stream, enum shell shell);

#endif
