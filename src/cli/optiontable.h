// SPDX-License-Identifier: MIT

/*
 * The table of options, from which the parser and --help are made (options.c). Only cli/options.c
 * and the table itself use it.
 */

#ifndef ZIPMAP_CLI_OPTIONTABLE_H
#define ZIPMAP_CLI_OPTIONTABLE_H

#include "cli/options.h"

#include <stddef.h>

/** One parse: what is filled in, and where an error goes. */
struct parse {
	struct options *options;
	char *error;
	size_t error_size;
};

struct option_spec;

/** Do what the option says. @argument is NULL where none was given. */
typedef enum options_result option_handler(
	struct parse *parse, const struct option_spec *spec, const char *argument);

/** One option. A handler that serves several options finds its field by @field. */
struct option_spec {
	const char *section; /**< begins a section of --help with this title; or NULL */
	char letter;         /**< or NUL */
	const char *name;
	int has_arg;          /**< as in struct option */
	const char *argument; /**< its name in --help; NULL where it takes none */
	const char *help;     /**< lines end in '\n', but for the last one */
	option_handler *handler;
	size_t field;     /**< offset in struct options */
	unsigned minimum; /**< for numbers */
	unsigned maximum;
};

/** Room for the table's options where arrays are made from it. */
#define OPTION_SPECS_MAX 64

/** The table, in the order of --help. */
extern const struct option_spec option_specs[];

/** How many there are. */
extern const size_t option_spec_count;

/** Say what is wrong with the command line; always OPTIONS_USAGE. */
__attribute__((format(printf, 2, 3))) enum options_result options_wrong(
	struct parse *parse, const char *format, ...);

#endif
