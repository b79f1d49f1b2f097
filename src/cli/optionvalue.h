// SPDX-License-Identifier: MIT

/*
 * What an option of the table (optiontable.h) is, and what each kind of option does with its
 * argument: it checks it and puts it into struct options.
 */

#ifndef ZIPMAP_CLI_OPTIONVALUE_H
#define ZIPMAP_CLI_OPTIONVALUE_H

#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>

struct option_spec;

/**
 * Do what the option @spec says. @argument is NULL if none was given. 0, or -1 with errno: EINVAL
 * if the argument is wrong, and then @error says how, or ENOMEM.
 */
typedef int option_setter(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error);

/** What the argument of an option is, for completions. */
enum option_completes {
	COMPLETES_NOTHING, /**< there is none, or it can be anything */
	COMPLETES_WORDS,
	COMPLETES_FILE,
	COMPLETES_DIRECTORY,
	COMPLETES_ENCODING, /**< as "iconv -l" lists them */
};

/** One option of the command line. */
struct option_spec {
	const char *section; /**< the title of a section of --help that begins here; or NULL */
	char letter;         /**< or NUL */
	const char *name;
	int has_arg;          /**< as in struct option of getopt_long(3) */
	const char *argument; /**< its name in --help; NULL if the option takes none */
	bool whole_name;      /**< its name cannot be abbreviated */
	bool is_command;  /**< the argument is the first word of a command, which others follow */
	const char *help; /**< every line but the last one ends in '\n' */
	option_setter *set;
	enum option_completes completes; /**< what completions offer for the argument */
	const char *words;               /**< COMPLETES_WORDS: these, with spaces between them */
	size_t field;     /**< the offset in struct options, for setters that serve many options */
	unsigned minimum; /**< of a number */
	unsigned maximum;
	enum options_action action;
};

option_setter optionvalue_set_flag;     /**< a bool becomes true */
option_setter optionvalue_set_loudness; /**< the same; --quiet and --verbose: the last one wins */
option_setter optionvalue_set_sandbox;  /**< the same for the options of the sandbox */
option_setter optionvalue_set_text;     /**< a string that is not empty */
option_setter optionvalue_set_list;     /**< the same, given once at most */
option_setter optionvalue_set_number;   /**< an unsigned from @minimum to @maximum */
option_setter optionvalue_set_size;     /**< a uint64_t: bytes, with a unit or without */
option_setter optionvalue_set_count;    /**< a uint64_t: a whole number of at least 1 */
option_setter optionvalue_set_format;
option_setter optionvalue_set_decoder;
option_setter optionvalue_set_parts;
option_setter optionvalue_set_shard;
option_setter optionvalue_set_encoding;
option_setter optionvalue_set_dtype;
option_setter optionvalue_set_shape;
option_setter optionvalue_set_in_place;
option_setter optionvalue_set_reuse;
option_setter optionvalue_set_null;     /**< which lists end in NUL: "in", "out" or "both" */
option_setter optionvalue_set_progress; /**< when it is shown */
option_setter optionvalue_set_stats;    /**< "text" or "json"; none for text */
option_setter optionvalue_set_hold;     /**< a descriptor, or none for standard input */
option_setter optionvalue_add_filter;
option_setter optionvalue_set_action;   /**< @action is what to do instead of unzipping */
option_setter optionvalue_set_generate; /**< the same, and for which shell */

/**
 * Add a command of --exec or --exec-batch, whichever @spec is. @words, an array of @count strings
 * of argv, is taken over in any case. As option_setter.
 */
int optionvalue_add_command(struct options *options, const struct option_spec *spec, char **words,
	size_t count, struct options_error *error);

#endif
