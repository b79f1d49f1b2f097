// SPDX-License-Identifier: MIT

/*
 * The command line: parsing it, and the texts of --help and --version. Both come from the table of
 * options (optiontable.h).
 */

#ifndef ZIPMAP_CLI_COMMANDLINE_H
#define ZIPMAP_CLI_COMMANDLINE_H

#include "cli/options.h"

#include <stdio.h>

/**
 * Parse a command line the GNU way: options and operands come in any order, "--" ends the options,
 * a long option may be abbreviated. The operands are moved to the end of @argv. Parsing stops at
 * --help and --version. 0, or -1 with errno: EINVAL, and then @error says what is wrong, or ENOMEM.
 * Nothing is printed. In any case the caller calls options_release().
 */
int commandline_parse(struct options *options, int argc, char **argv, struct options_error *error);

/** Have stderr say as much as @options want, and first what was given and has no effect. */
void commandline_begin_diag(const struct options *options);

/** Print the text of --help. Errors are left in the stream (ferror). */
void commandline_print_help(FILE *stream);

/** Print the first line of --version. Errors are left in the stream (ferror). */
void commandline_print_version(FILE *stream);

#endif
