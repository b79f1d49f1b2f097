// SPDX-License-Identifier: MIT

/*
 * What the command line asks for, and which options go together. commandline.h fills it in.
 */

#ifndef ZIPMAP_CLI_OPTIONS_H
#define ZIPMAP_CLI_OPTIONS_H

#include "cli/shard.h"
#include "numpy/rawarray.h"
#include "parent/template.h"
#include "protocol/decoder.h"
#include "protocol/filter.h"
#include "protocol/inplace.h"
#include "protocol/limits.h"
#include "protocol/partschoice.h"
#include "protocol/reuse.h"

#include <stdbool.h>
#include <stddef.h>

/** The most worker processes that may be asked for. */
#define OPTIONS_JOBS_MAX 1024

/** What to do. */
enum options_action {
	ACTION_RUN, /**< unzip */
	ACTION_LIST,
	ACTION_TEST,
	ACTION_GC,      /**< remove what runs left behind in @tmpdir */
	ACTION_GC_LIST, /**< print what that would be */
	ACTION_HELP,
	ACTION_VERSION,
	ACTION_GENERATE, /**< print the completions of @shell */
};

/** A shell that completes command lines. */
enum shell {
	SHELL_BASH,
	SHELL_ZSH,
	SHELL_FISH,
};

/** When it is shown where a run is. */
enum progress_choice {
	PROGRESS_AUTO, /**< if standard error is a terminal */
	PROGRESS_NEVER,
	PROGRESS_ALWAYS,
};

/** What --stats prints. */
enum stats_format {
	STATS_NONE,
	STATS_TEXT,
	STATS_JSON,
};

/** What the command line asks for. All strings belong to argv or to the environment. */
struct options {
	enum options_action action;
	enum shell shell;
	unsigned jobs;             /**< the most worker processes, from 1 to OPTIONS_JOBS_MAX */
	unsigned tasks_per_worker; /**< archives until a worker is replaced; 0: never */
	bool recursive;
	struct shard shard; /**< of the archives */
	bool null_input;    /**< entries of the list that is read end in NUL */
	bool null_output;   /**< paths that are printed do */
	bool unordered;
	bool fail_fast;
	enum decoder_choice decoder; /**< this build may lack it */
	enum parts_choice parts;     /**< whether several workers decode one member */
	enum stats_format stats;
	enum progress_choice progress;
	bool no_sandbox; /**< never together with @require_sandbox: the last one given wins */
	bool require_sandbox;
	struct limits limits;      /**< --max-member and its kin */
	struct raw_array raw;      /**< --dtype and --shape; unset without --dtype */
	bool npy;                  /**< only together with @raw */
	bool pack;                 /**< only together with @printf_format or @json */
	struct in_place in_place;  /**< if wanted, only together with one of the same two */
	bool json;                 /**< never together with @printf_format */
	const char *printf_format; /**< --printf, checked by format_check(); or NULL */
	bool quiet;                /**< never together with @verbose: the last one given wins */
	bool verbose;
	const char *files_from;    /**< the list of --files-from, "-" for standard input; or NULL */
	const char *password_file; /**< or NULL */
	const char *encoding;      /**< one that encoding_open() accepts; or NULL */
	const char *tmpdir;        /**< where the run directory is made; never NULL or empty */
	bool tmpdir_given;         /**< by an option, not by the environment */
	const char *directory;     /**< files get members' own names below it; or NULL */
	bool flat;                 /**< only together with @directory, as the next two */
	bool overwrite;
	struct reuse reuse;        /**< files that are there already are used; not with @npy */
	bool umask;                /**< modes as the umask says */
	const char *cache;         /**< where files are kept; or NULL */
	uint64_t cache_bytes;      /**< what that is pruned to; 0: it is not; only with @cache */
	struct template *commands; /**< --exec or --exec-batch, in the order given; owned */
	size_t command_count;
	bool exec_batch;             /**< they are of --exec-batch */
	bool memfd;                  /**< only together with @commands or @hold */
	bool hold;                   /**< never together with @commands */
	unsigned hold_fd;            /**< the lease */
	struct filter_rule *filters; /**< --include and --exclude, in the order given; owned */
	size_t filter_count;
	char **operands; /**< the rest of argv */
	size_t operand_count;
};

/** What is wrong with a command line: one printable line without a newline. */
struct options_error {
	char text[2048];
};

/** Say what is wrong. Returns -1 with errno EINVAL. */
__attribute__((format(printf, 2, 3))) int options_wrong(
	struct options_error *error, const char *format, ...);

/** Set what the command line leaves open: the jobs and the directory for files. */
void options_set_defaults(struct options *options);

/** Check which options go together. 0, or -1 with errno EINVAL and @error. */
int options_check(const struct options *options, struct options_error *error);

/** What was given and has no effect: one line without a newline, or NULL. */
const char *options_unused(const struct options *options);

/** Free what belongs to @options. */
void options_release(struct options *options);

#endif
