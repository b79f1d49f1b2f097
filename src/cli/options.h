// SPDX-License-Identifier: MIT

/*
 * The command line. One table says what every option is called, what it takes, what it does and
 * what --help says about it.
 */

#ifndef ZIPMAP_CLI_OPTIONS_H
#define ZIPMAP_CLI_OPTIONS_H

#include "numpy/rawarray.h"
#include "protocol/decoder.h"
#include "protocol/filter.h"
#include "protocol/inplace.h"
#include "protocol/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** The most worker processes that may be asked for. */
#define OPTIONS_JOBS_MAX 1024

/** What the user wants of the program. */
enum options_action {
	ACTION_RUN, /**< unzip */
	ACTION_LIST,
	ACTION_TEST,
	ACTION_GC, /**< remove what killed runs left in @tmpdir */
	ACTION_HELP,
	ACTION_VERSION,
};

/** What the command line asks for. All strings belong to argv or to the environment. */
struct options {
	enum options_action action;
	unsigned jobs; /**< most worker processes, 1 to OPTIONS_JOBS_MAX */
	bool recursive;
	bool null_separated; /**< path lists, read and printed, end in NUL */
	bool unordered;
	bool fail_fast;
	enum decoder_choice decoder; /**< which may not be here */
	bool stats;
	bool no_sandbox; /**< never together with @require_sandbox: the later one counts */
	bool require_sandbox;
	struct limits limits;      /**< of --max-member and its kin */
	struct raw_array raw;      /**< of --dtype and --shape; without --dtype nothing */
	bool npy;                  /**< only together with @raw */
	bool pack;                 /**< only together with @printf_format or @json */
	struct in_place in_place;  /**< the same, where it is wanted */
	bool json;                 /**< never together with @printf_format */
	const char *printf_format; /**< of --printf, which format_check() has found good; or NULL */
	bool quiet;                /**< never together with @verbose: the later of the two counts */
	bool verbose;
	const char *files_from;    /**< the list of --files-from, "-" for standard input, or NULL */
	const char *password_file; /**< or NULL */
	const char *encoding;      /**< one that encoding_open() takes; or NULL */
	const char *tmpdir;        /**< where the run directory is made; never NULL or empty */
	struct filter_rule *filters; /**< --include and --exclude, in the order given; owned */
	size_t filter_count;
	char **operands; /**< what is left of argv */
	size_t operand_count;
};

/** How parsing ended. */
enum options_result {
	OPTIONS_OK,
	OPTIONS_USAGE, /**< the command line is wrong */
	OPTIONS_NO_MEMORY,
};

/** Enough for the message of any error. */
#define OPTIONS_ERROR_MAX 2048

/**
 * Parse a command line the GNU way: options and operands in any order, "--" ends the options, a
 * long option may be abbreviated. The operands in @argv are moved to its end. Nothing is printed:
 * unless the result is OPTIONS_OK, @error (@error_size bytes) gets one printable line without a
 * newline. After --help or --version the rest of the line is not looked at. Whatever the result,
 * the caller calls options_release().
 */
enum options_result options_parse(
	struct options *options, int argc, char **argv, char *error, size_t error_size);

/** Free what options_parse() allocated. */
void options_release(struct options *options);

/** Print what --help prints. Errors are left in the stream (ferror). */
void options_print_help(FILE *stream);

/** Print the line that --version begins with. Errors are left in the stream (ferror). */
void options_print_version(FILE *stream);

/**
 * The long name of the table's option number @index, from 0; NULL past the last one. @letter gets
 * its short letter, or NUL if it has none.
 */
const char *options_name(size_t index, char *letter);

#endif
