// SPDX-License-Identifier: MIT

#include "cli/optionsettings.h"

#include "cli/format.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Write the hash of @text in hexadecimal. */
static void hash_text(const char *text, char digits[2 * SHA256_DIGEST_SIZE + 1])
{
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx sum;

	sha256_init(&sum);
	sha256_update(&sum, strlen(text), (const uint8_t *)text);
	sha256_digest(&sum, sizeof(hash), hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(digits + 2 * i, 3, "%02x", hash[i]);
}

static enum worker_task task_of(enum options_action action)
{
	switch (action) {
	case ACTION_LIST:
		return TASK_LIST;
	case ACTION_TEST:
		return TASK_TEST;
	default:
		return TASK_UNZIP;
	}
}

/*
 * Who helps with a member reads another archive, and is handed its file, even if that is to be
 * sealed.
 */
static bool is_undivided(const struct options *options)
{
	return options->parts == PARTS_NEVER || options->tasks_per_worker > 0 || options->memfd ||
	       options->action == ACTION_LIST;
}

struct worker_settings options_worker_settings(
	const struct options *options, unsigned sandbox, const char *password)
{
	return (struct worker_settings){
		.task = task_of(options->action),
		.filter = {options->filters, options->filter_count},
		.password = password,
		.encoding = options->encoding,
		.limits = options->limits,
		.raw = rawarray_is_given(&options->raw) ? &options->raw : NULL,
		.npy = options->npy,
		.pack = options->pack,
		.in_memory = options->memfd,
		.in_place = options->in_place,
		.decoder = options->decoder,
		.parts = is_undivided(options) ? PARTS_NEVER : options->parts,
		.own_names = options->directory != NULL,
		.reuse = options->reuse,
		/* Another run may want what this one does not print. */
		.full_names = options->action == ACTION_LIST || options->json ||
			      options->directory || options->cache || options->command_count > 0 ||
			      (options->printf_format &&
				      (format_uses(options->printf_format, 'm') ||
					      format_uses(options->printf_format, 'M'))),
		.sandboxed = !options->no_sandbox,
		.sandbox = sandbox,
		.all_required = options->require_sandbox,
		.measure = options->stats != STATS_NONE,
	};
}

enum worker_fork options_worker_fork(const struct options *options)
{
	if (options->require_sandbox)
		return FORK_REFUSED;
	return options->no_sandbox ? FORK_QUIET : FORK_WARNED;
}

struct run_naming options_run_naming(
	const struct options *options, const struct run_commands *started)
{
	return (struct run_naming){
		.flat = options->flat,
		.overwrite = options->overwrite,
		.reuse = options->reuse,
		.file_mode = options->umask ? 0666 & ~started->mask : 0600,
		.directory_mode = options->umask ? 0777 & ~started->mask : 0700,
	};
}

bool options_keep_files(const struct options *options)
{
	return options->cache && options->action == ACTION_RUN;
}

int options_cache(const struct options *options, const struct run_commands *started,
	const struct worker_settings *worker, struct run_cache *cache)
{
	/* What shapes the files is all that workers are told, but how they are to work. */
	struct worker_settings shape = *worker;
	struct sha256_ctx sum;
	char password[2 * SHA256_DIGEST_SIZE + 1] = "";
	size_t size;

	shape.decoder = DECODER_AUTO;
	shape.parts = PARTS_AUTO;
	shape.sandboxed = shape.all_required = shape.measure = false;
	shape.sandbox = 0;
	shape.limits.total_bytes =
		0; /* what it leaves out is no part of the entry of another run */
	if (worker->password) {
		hash_text(worker->password, password);
		shape.password = password;
	}
	uint8_t *bytes = settings_encode(&shape, &size);
	if (!bytes)
		return -1;
	*cache = (struct run_cache){.path = options->cache,
		.parent_mode = (0777 & ~started->mask) | S_IWUSR | S_IXUSR, /* as mkdir -p */
		.max_bytes = options->cache_bytes};
	sha256_init(&sum);
	sha256_update(&sum, size, bytes);
	sha256_digest(&sum, sizeof(cache->options), cache->options);
	free(bytes);
	return 0;
}

struct run_settings options_run_settings(const struct options *options,
	const struct run_commands *commands, const struct run_naming *naming,
	const struct run_cache *cache)
{
	return (struct run_settings){
		.jobs = options->jobs,
		.archives_per_worker = options->tasks_per_worker,
		.undivided = is_undivided(options),
		.limits = options->limits,
		.no_files = options->action != ACTION_RUN,
		.in_memory = options->memfd,
		.in_place = options->in_place.wanted,
		.pack = options->pack,
		.npy = options->npy,
		.lists = options->action == ACTION_LIST,
		.unordered = options->unordered,
		.fail_fast = options->fail_fast,
		.measure = options->stats != STATS_NONE,
		.tmpdir = options->directory ? options->directory
			  : cache            ? cache->path
					     : options->tmpdir,
		.naming = options->directory ? naming : NULL,
		.cache = cache,
		.trusted_tmpdir = options->require_sandbox,
		.commands = options->command_count > 0 ? commands : NULL,
		.leased = options->hold,
		.lease_fd = (int)options->hold_fd,
	};
}

struct run_commands options_run_commands(
	const struct options *options, const struct run_commands *started)
{
	struct run_commands commands = *started;

	commands.templates = options->commands;
	commands.count = options->command_count;
	commands.batch = options->exec_batch;
	commands.print = options->json || options->printf_format;
	return commands;
}

/* The format of what is printed for each member; NULL for its path. */
static const char *output_format(const struct options *options)
{
	return options->action == ACTION_RUN || options->printf_format ? options->printf_format
								       : "";
}

struct output_style options_output_style(const struct options *options)
{
	return (struct output_style){
		.separator = options->null_output ? '\0' : '\n',
		.format = output_format(options),
		.json = options->json,
	};
}
