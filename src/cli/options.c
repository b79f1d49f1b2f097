// SPDX-License-Identifier: MIT

#include "cli/options.h"

#include "cli/cpus.h"
#include "cli/format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int options_wrong(struct options_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	errno = EINVAL;
	return -1;
}

static const char *exec_name(const struct options *options)
{
	return options->exec_batch ? "exec-batch" : "exec";
}

static int check_action(const struct options *options, struct options_error *error)
{
	bool list = options->action == ACTION_LIST;
	const char *name = list ? "list" : "test";
	const char *format = options->printf_format;

	if (!list && options->action != ACTION_TEST)
		return 0;
	if (options->pack)
		return options_wrong(error, "options '--%s' and '--pack' exclude each other", name);
	if (options->in_place.wanted)
		return options_wrong(
			error, "options '--%s' and '--in-place' exclude each other", name);
	if (options->command_count > 0)
		return options_wrong(error, "options '--%s' and '--%s' exclude each other", name,
			exec_name(options));
	if (options->hold)
		return options_wrong(error, "options '--%s' and '--hold' exclude each other", name);
	if (options->memfd)
		return options_wrong(
			error, "options '--%s' and '--memfd' exclude each other", name);
	if (options->limits.scratch_bytes > 0)
		return options_wrong(
			error, "options '--%s' and '--max-scratch' exclude each other", name);
	if (format && !list)
		return options_wrong(error, "options '--test' and '--printf' exclude each other");
	if (format && (format_uses(format, 'p') || format_uses(format, 'o') ||
			      format_uses(format, 't') || format_uses(format, 'd')))
		return options_wrong(error,
			"option '--list' unzips no member: '--printf' cannot use %%p, %%o, %%t and "
			"%%d with it");
	return 0;
}

/** Whether @operand, a word of some option, is no file. */
static bool is_word(const char *operand, const char *word)
{
	return strcmp(operand, word) == 0 && access(operand, F_OK) < 0;
}

/** Check that a word for an option was not given as an operand: it follows only a sign. */
static int check_words(const struct options *options, struct options_error *error)
{
	for (size_t i = 0; i < options->operand_count; i++) {
		const char *operand = options->operands[i];
		const char *name = NULL;

		if (options->in_place.wanted &&
			(is_word(operand, "aligned") || is_word(operand, "unchecked")))
			name = "in-place";
		else if (options->reuse.wanted &&
			 (is_word(operand, "checked") || is_word(operand, "unchecked")))
			name = "reuse";
		if (name)
			return options_wrong(error, "'%s' is no archive: give '--%s=%s'", operand,
				name, operand);
	}
	return 0;
}

/** Check that the output says where in a file a member begins if it need not be the file's start.
 */
static int check_places(const struct options *options, struct options_error *error)
{
	const char *format = options->printf_format;
	/* A command has ZIPMAP_OFFSET. */
	bool told = options->json || options->command_count > 0 ||
		    (format && format_uses(format, 'p') && format_uses(format, 'o'));

	if (told || (!options->pack && !options->in_place.wanted))
		return 0;
	return options_wrong(error,
		"option '--%s' needs '--json', or '--printf' with %%p and %%o: a path alone does "
		"not say where in the file a member is",
		options->pack ? "pack" : "in-place");
}

static int check_raw_array(const struct options *options, struct options_error *error)
{
	bool given = rawarray_is_given(&options->raw);

	if (options->raw.dimensions > 0 && !given)
		return options_wrong(error, "option '--shape' needs '--dtype'");
	if (options->npy && !given)
		return options_wrong(error, "option '--npy' needs '--dtype'");
	if (given && !rawarray_is_possible(&options->raw))
		return options_wrong(error,
			"the array that '--dtype' and '--shape' describe is larger than any file");
	if (options->npy && options->pack)
		return options_wrong(error, "options '--npy' and '--pack' exclude each other");
	if (options->npy && options->in_place.wanted)
		return options_wrong(error, "options '--npy' and '--in-place' exclude each other");
	if (given && options->action == ACTION_LIST)
		return options_wrong(error, "options '--list' and '--dtype' exclude each other");
	if (options->npy && options->action == ACTION_TEST)
		return options_wrong(error, "options '--test' and '--npy' exclude each other");
	return 0;
}

/** Check what is about commands, and about who removes the files. */
static int check_owners(const struct options *options, struct options_error *error)
{
	if (options->command_count > 0 && options->hold)
		return options_wrong(error, "options '--%s' and '--hold' exclude each other",
			exec_name(options));
	if (options->command_count > 0 && options->pack)
		return options_wrong(error, "options '--%s' and '--pack' exclude each other",
			exec_name(options));
	if (options->memfd && options->command_count == 0 && !options->hold)
		return options_wrong(error,
			"option '--memfd' needs '--exec', '--exec-batch' or '--hold': its files "
			"end with zipmap");
	if (options->memfd && options->limits.scratch_bytes > 0)
		return options_wrong(
			error, "options '--memfd' and '--max-scratch' exclude each other");
	if (options->memfd && options->parts == PARTS_ALWAYS)
		return options_wrong(
			error, "options '--memfd' and '--parts=always' exclude each other");
	if (options->exec_batch && options->in_place.wanted)
		return options_wrong(
			error, "options '--exec-batch' and '--in-place' exclude each other");
	if (options->hold && options->hold_fd == STDOUT_FILENO)
		return options_wrong(error,
			"option '--hold': standard output ends after the last path, and cannot be "
			"held");
	return 0;
}

/** Check what names the members' files. */
static int check_directory(const struct options *options, struct options_error *error)
{
	const struct {
		bool given;
		const char *name;
		const char *reason;
	} excluded[] = {
		{options->action == ACTION_LIST, "list", "it makes no files"},
		{options->action == ACTION_TEST, "test", "it keeps no files"},
		{options->pack, "pack", "members in one file have no names of their own"},
		{options->in_place.wanted, "in-place", "members there have no files of their own"},
		{options->memfd, "memfd", "files in memory have no names"},
		{options->hold, "hold", "the files stay"},
		{options->limits.scratch_bytes > 0, "max-scratch",
			"the files stay, so that nothing makes room"},
		{options->cache != NULL, "cache", "files are kept under other names there"},
	};
	const char *needs = options->flat           ? "flat"
			    : options->overwrite    ? "overwrite"
			    : options->reuse.wanted ? "reuse"
			    : options->umask        ? "umask"
						    : NULL;

	if (!options->directory && needs)
		return options_wrong(error, "option '--%s' needs '--directory'", needs);
	for (size_t i = 0; options->directory && i < sizeof(excluded) / sizeof(excluded[0]); i++) {
		if (excluded[i].given)
			return options_wrong(error,
				"options '--directory' and '--%s' exclude each other: %s",
				excluded[i].name, excluded[i].reason);
	}
	if (options->reuse.wanted && options->npy)
		return options_wrong(error,
			"options '--reuse' and '--npy' exclude each other: a header would be put "
			"before the members");
	return 0;
}

/** Check that there is but one archive if members of two would get in each other's way. */
static int check_flat(const struct options *options, struct options_error *error)
{
	struct stat status;

	if (!options->flat)
		return 0;
	if (options->operand_count == 1 && !options->files_from &&
		(stat(options->operands[0], &status) < 0 || !S_ISDIR(status.st_mode)))
		return 0;
	return options_wrong(error, "option '--flat' is for one archive");
}

/** Check what is about kept files. */
static int check_cache(const struct options *options, struct options_error *error)
{
	if (options->cache_bytes > 0 && !options->cache)
		return options_wrong(error, "option '--cache-max' needs '--cache'");
	if (!options->cache)
		return 0;
	if (options->memfd)
		return options_wrong(error, "options '--cache' and '--memfd' exclude each other");
	if (options->hold)
		return options_wrong(error, "options '--cache' and '--hold' exclude each other");
	if (options->limits.scratch_bytes > 0)
		return options_wrong(
			error, "options '--cache' and '--max-scratch' exclude each other");
	return 0;
}

/** Whether a line of the list may have a newline in the name of the directory for files. */
static bool has_newline(const struct options *options)
{
	const char *directory = options->directory ? options->directory
				: options->cache   ? options->cache
						   : options->tmpdir;

	return strchr(directory, '\n') && !options->null_output && !options->printf_format &&
	       !options->json && options->command_count == 0;
}

/** Check that standard input is used for one thing at most. */
static int check_standard_input(const struct options *options, struct options_error *error)
{
	bool list = options->files_from && strcmp(options->files_from, "-") == 0;
	bool password = options->password_file && strcmp(options->password_file, "-") == 0;
	size_t archives = 0;

	for (size_t i = 0; i < options->operand_count; i++)
		archives += strcmp(options->operands[i], "-") == 0;
	bool lease = options->hold && options->hold_fd == STDIN_FILENO;
	if (lease && (archives > 0 || list || password))
		return options_wrong(error,
			"%s and '--hold' are both standard input: give '--hold=FD'",
			archives > 0 ? "operand '-'"
			: list       ? "'--files-from=-'"
				     : "'--password-file=-'");
	if (archives > 1)
		return options_wrong(error, "operand '-' can be given only once");
	if (archives > 0 && list)
		return options_wrong(
			error, "operand '-' and '--files-from=-' are both standard input");
	if (password && (archives > 0 || list))
		return options_wrong(error, "%s and '--password-file=-' are both standard input",
			list ? "'--files-from=-'" : "operand '-'");
	return 0;
}

int options_check(const struct options *options, struct options_error *error)
{
	bool has_inputs = options->operand_count > 0 || options->files_from;

	if (check_action(options, error) < 0 || check_raw_array(options, error) < 0)
		return -1;
	if (options->json && options->printf_format)
		return options_wrong(error, "options '--json' and '--printf' exclude each other");
	if (check_directory(options, error) < 0 || check_places(options, error) < 0 ||
		check_owners(options, error) < 0 || check_cache(options, error) < 0)
		return -1;
	if (has_newline(options))
		return options_wrong(error,
			"the directory for files has a newline in its name: give '--null=out'");
	bool gc = options->action == ACTION_GC || options->action == ACTION_GC_LIST;
	if (gc && (options->command_count > 0 || options->hold))
		return options_wrong(error, "option '--gc' unzips nothing");
	if (gc && options->directory)
		return options_wrong(error,
			"options '--gc' and '--directory' exclude each other: '--tmpdir=DIR' says "
			"where to look");
	if (gc)
		return has_inputs ? options_wrong(error, "option '--gc' takes no archives") : 0;
	if (!has_inputs)
		return options_wrong(error,
			"nothing to unzip: give an archive, a directory, '-' or --files-from");
	if (check_words(options, error) < 0 || check_flat(options, error) < 0)
		return -1;
	return check_standard_input(options, error);
}

void options_set_defaults(struct options *options)
{
	if (options->jobs == 0) {
		unsigned cpus = cpus_usable();
		options->jobs = cpus < OPTIONS_JOBS_MAX ? cpus : OPTIONS_JOBS_MAX;
	}
	options->tmpdir_given = options->tmpdir != NULL;
	if (!options->tmpdir) {
		const char *tmpdir = getenv("TMPDIR");
		options->tmpdir = tmpdir && *tmpdir != '\0' ? tmpdir : "/tmp";
	}
}

const char *options_unused(const struct options *options)
{
	bool gc = options->action == ACTION_GC || options->action == ACTION_GC_LIST;

	if (!options->tmpdir_given)
		return NULL;
	if (gc)
		return options->cache
			       ? "option '--tmpdir' is not used: '--cache' says where to look"
			       : NULL;
	if (options->action != ACTION_RUN)
		return NULL;
	for (size_t i = 0; i < options->operand_count; i++) {
		if (strcmp(options->operands[i], "-") == 0)
			return NULL; /* its copy is there */
	}
	if (options->directory)
		return "option '--tmpdir' is not used: files go below the directory of "
		       "'--directory'";
	return options->cache
		       ? "option '--tmpdir' is not used: files go below the directory of '--cache'"
		       : NULL;
}

void options_release(struct options *options)
{
	for (size_t i = 0; i < options->command_count; i++)
		free(options->commands[i].words);
	free(options->commands);
	options->commands = NULL;
	options->command_count = 0;
	free(options->filters);
	options->filters = NULL;
	options->filter_count = 0;
}
