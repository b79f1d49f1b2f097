// SPDX-License-Identifier: MIT

/*
 * What the options mean for each part: the settings of the run, of its workers, of the commands and
 * of the output. Strings and lists stay those of the options.
 */

#ifndef ZIPMAP_CLI_OPTIONSETTINGS_H
#define ZIPMAP_CLI_OPTIONSETTINGS_H

#include "cli/options.h"
#include "cli/output.h"
#include "parent/interface.h"
#include "parent/start.h"
#include "protocol/settings.h"

/** For the workers. @sandbox: the parts of it that they enter. @password: a string, or NULL. */
struct worker_settings options_worker_settings(
	const struct options *options, unsigned sandbox, const char *password);

/** What is done if a worker cannot be a process of its own making. */
enum worker_fork options_worker_fork(const struct options *options);

/** How files are named, with the umask that this process was @started with. */
struct run_naming options_run_naming(
	const struct options *options, const struct run_commands *started);

/** Whether files are kept for later runs. */
bool options_keep_files(const struct options *options);

/**
 * Where and for which options files are kept, if they are. @started is how this process was
 * started, @worker what workers are told. 0, or -1 with errno.
 */
int options_cache(const struct options *options, const struct run_commands *started,
	const struct worker_settings *worker, struct run_cache *cache);

/**
 * What the run is told. @commands counts if there are any, and @naming if it is asked for; @cache
 * may be NULL. All must stay.
 */
struct run_settings options_run_settings(const struct options *options,
	const struct run_commands *commands, const struct run_naming *naming,
	const struct run_cache *cache);

/** What commands are, and what they get: what this process was @started with. */
struct run_commands options_run_commands(
	const struct options *options, const struct run_commands *started);

/** How members are printed. */
struct output_style options_output_style(const struct options *options);

#endif
