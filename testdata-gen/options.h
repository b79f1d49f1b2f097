// SPDX-License-Identifier: MIT

/* The command line. */

#ifndef ZIPMAP_TESTDATA_GEN_OPTIONS_H
#define ZIPMAP_TESTDATA_GEN_OPTIONS_H

#include "archive.h"

#include <stdint.h>

/** What is asked for. */
enum options_action {
	ACTION_WRITE,       /**< write archives */
	ACTION_HELP,        /**< print the help */
	ACTION_LIST_BROKEN, /**< print the kinds of broken archives */
	ACTION_MISUSED,     /**< nothing: a message was printed */
};

struct options {
	struct member_settings settings;
	uint64_t archives, members, first, jobs;
	const char *prefix, *suffix;
	const char *broken; /**< a kind of broken archive, or NULL: the data set */
	const char *directory;
};

/** Read the command line; strings stay those of @argv. */
enum options_action options_parse(struct options *options, int argc, char **argv);

/** Print the help to stdout. */
void options_help(void);

#endif
