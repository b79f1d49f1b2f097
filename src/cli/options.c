// SPDX-License-Identifier: MIT

#include "cli/options.h"

#include "cli/cpus.h"
#include "cli/format.h"
#include "cli/optiontable.h"
#include "util/printable.h"

#include <assert.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/** Where the text of an option begins in --help. */
#define HELP_COLUMN 28

/** What getopt_long() returns for the table's first long option; above any letter. */
#define LONG_VALUE_BASE 256
/** What getopt_long() wants to know, made from the table. */
struct getopt_tables {
	struct option longs[OPTION_SPECS_MAX + 1];
	char shorts[1 + 3 * OPTION_SPECS_MAX + 1];
};

static void make_tables(struct getopt_tables *tables)
{
	char *next = tables->shorts;

	assert(option_spec_count <= OPTION_SPECS_MAX);
	/* A colon in front: a missing argument is told apart from an unknown option. */
	*next++ = ':';
	for (int i = 0; i < (int)option_spec_count; i++) {
		tables->longs[i] = (struct option){.name = option_specs[i].name,
			.has_arg = option_specs[i].has_arg,
			.val = LONG_VALUE_BASE + i};
		if (option_specs[i].letter == '\0')
			continue;
		*next++ = option_specs[i].letter;
		/* One colon for an argument, two for one that may be left out. */
		for (int colons = option_specs[i].has_arg; colons > 0; colons--)
			*next++ = ':';
	}
	*next = '\0';
	tables->longs[option_spec_count] = (struct option){.name = NULL};
}

/** The option that getopt_long() means by @value; NULL if none. */
static const struct option_spec *find_spec(int value)
{
	if (value >= LONG_VALUE_BASE && value < LONG_VALUE_BASE + (int)option_spec_count)
		return &option_specs[value - LONG_VALUE_BASE];
	for (size_t i = 0; i < option_spec_count; i++) {
		if (option_specs[i].letter != '\0' && value == option_specs[i].letter)
			return &option_specs[i];
	}
	return NULL;
}

/** Say what is wrong with the long option @argument ("--NAME" or "--NAME=...") that matches none.
 */
static enum options_result wrong_long(struct parse *parse, const char *argument)
{
	char shown[PRINTABLE_MAX];
	size_t size = strcspn(argument, "=");
	const char *first = NULL;
	const char *second = NULL;

	printable(argument, size, shown, sizeof(shown));
	for (size_t i = 0; i < option_spec_count; i++) {
		if (strncmp(option_specs[i].name, argument + 2, size - 2) != 0)
			continue;
		if (!first)
			first = option_specs[i].name;
		else if (!second)
			second = option_specs[i].name;
	}
	if (second)
		return options_wrong(
			parse, "option '%s' is ambiguous: '--%s' or '--%s'", shown, first, second);
	return options_wrong(parse, "unknown option '%s'", shown);
}

/** Say what getopt_long() did not like; @returned is '?' or ':'. */
static enum options_result wrong_option(struct parse *parse, int returned, char **argv)
{
	const struct option_spec *spec = find_spec(optopt);
	char letter = (char)optopt;
	char shown[8];

	if (returned == ':') {
		assert(spec);
		return options_wrong(
			parse, "option '--%s' needs an argument: %s", spec->name, spec->argument);
	}
	if (spec)
		return options_wrong(parse, "option '--%s' takes no argument", spec->name);
	if (optopt == 0)
		return wrong_long(parse, argv[optind - 1]);
	return options_wrong(
		parse, "unknown option '-%s'", printable(&letter, 1, shown, sizeof(shown)));
}

/** What --list and --test cannot be given with: what is about files. */
static enum options_result check_task(struct parse *parse)
{
	const struct options *options = parse->options;
	bool list = options->action == ACTION_LIST;
	const char *name = list ? "list" : "test";
	const char *format = options->printf_format;

	if (!list && options->action != ACTION_TEST)
		return OPTIONS_OK;
	if (options->pack)
		return options_wrong(parse, "option '--%s' makes no files to pack", name);
	if (options->in_place.wanted)
		return options_wrong(parse, "option '--%s' does not say where members are", name);
	if (format && !list)
		return options_wrong(parse, "option '--test' prints nothing to format");
	if (format && (format_uses(format, 'p') || format_uses(format, 'o') ||
			      format_uses(format, 't') || format_uses(format, 'd')))
		return options_wrong(parse,
			"option '--list' makes no files and reads no members: %%p, %%o, %%t and "
			"%%d mean nothing");
	return OPTIONS_OK;
}

/** What needs to say where in a file a member is. */
static enum options_result check_places(struct parse *parse)
{
	const struct options *options = parse->options;
	const char *format = options->printf_format;
	bool told =
		options->json || (format && format_uses(format, 'p') && format_uses(format, 'o'));

	if (told || (!options->pack && !options->in_place.wanted))
		return OPTIONS_OK;
	return options_wrong(parse,
		"option '--%s' needs '--json', or '--printf' with %%p and %%o: a path alone does "
		"not say where in the file a member is",
		options->pack ? "pack" : "in-place");
}

/** What goes together of the options for members that do not say what they hold. */
static enum options_result check_raw(struct parse *parse)
{
	const struct options *options = parse->options;
	bool given = rawarray_is_given(&options->raw);

	if (options->raw.dimensions > 0 && !given)
		return options_wrong(parse, "option '--shape' needs '--dtype'");
	if (options->npy && !given)
		return options_wrong(parse, "option '--npy' needs '--dtype'");
	if (given && !rawarray_is_possible(&options->raw))
		return options_wrong(parse, "no array is as large as '--dtype' and '--shape' say");
	if (options->npy && options->pack)
		return options_wrong(parse, "options '--npy' and '--pack' exclude each other");
	if (options->npy && options->in_place.wanted)
		return options_wrong(parse, "options '--npy' and '--in-place' exclude each other");
	if (given && options->action == ACTION_LIST)
		return options_wrong(parse, "option '--list' does not look at '--dtype'");
	if (options->npy && options->action == ACTION_TEST)
		return options_wrong(
			parse, "option '--test' makes no files that '--npy' could be for");
	return OPTIONS_OK;
}

/** Standard input can be one thing only. */
static enum options_result check_standard_input(struct parse *parse)
{
	const struct options *options = parse->options;
	bool list = options->files_from && strcmp(options->files_from, "-") == 0;
	bool password = options->password_file && strcmp(options->password_file, "-") == 0;
	size_t archives = 0;

	for (size_t i = 0; i < options->operand_count; i++)
		archives += strcmp(options->operands[i], "-") == 0;
	if (archives > 1)
		return options_wrong(parse, "operand '-' can be given only once");
	if (archives > 0 && list)
		return options_wrong(
			parse, "operand '-' and '--files-from=-' are both standard input");
	if (password && (archives > 0 || list))
		return options_wrong(parse, "%s and '--password-file=-' are both standard input",
			list ? "'--files-from=-'" : "operand '-'");
	return OPTIONS_OK;
}

/** Check what no option alone can tell. */
static enum options_result check_inputs(struct parse *parse)
{
	const struct options *options = parse->options;

	if (check_task(parse) != OPTIONS_OK || check_raw(parse) != OPTIONS_OK)
		return OPTIONS_USAGE;
	if (options->json && options->printf_format)
		return options_wrong(parse, "options '--json' and '--printf' exclude each other");
	if (check_places(parse) != OPTIONS_OK)
		return OPTIONS_USAGE;
	if (strchr(options->tmpdir, '\n') && !options->null_separated && !options->printf_format &&
		!options->json)
		return options_wrong(
			parse, "the directory for files has a newline in its name: give '--null'");
	if (options->action == ACTION_GC && (options->operand_count > 0 || options->files_from))
		return options_wrong(parse, "option '--gc' takes no archives");
	if (options->action == ACTION_GC)
		return OPTIONS_OK;
	if (options->operand_count == 0 && !options->files_from)
		return options_wrong(parse,
			"nothing to unzip: give an archive, a directory, '-' or "
			"--files-from");
	return check_standard_input(parse);
}

static void set_defaults(struct options *options)
{
	if (options->jobs == 0) {
		unsigned cpus = cpus_usable();
		options->jobs = cpus < OPTIONS_JOBS_MAX ? cpus : OPTIONS_JOBS_MAX;
	}
	if (!options->tmpdir) {
		const char *tmpdir = getenv("TMPDIR");
		options->tmpdir = tmpdir && *tmpdir != '\0' ? tmpdir : "/tmp";
	}
}

enum options_result options_parse(
	struct options *options, int argc, char **argv, char *error, size_t error_size)
{
	struct parse parse = {.options = options, .error = error, .error_size = error_size};
	struct getopt_tables tables = {.shorts = ""};
	int returned;

	*options = (struct options){.action = ACTION_RUN};
	make_tables(&tables);
	opterr = 0;
	optind = 0; /* not 1: glibc starts anew, whatever it parsed before */
	while ((returned = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		const struct option_spec *spec = find_spec(returned);
		enum options_result result;

		if (spec)
			result = spec->handler(&parse, spec, optarg);
		else
			result = wrong_option(&parse, returned, argv);
		if (result == OPTIONS_NO_MEMORY)
			snprintf(error, error_size, "no memory");
		if (result != OPTIONS_OK)
			return result;
		if (options->action == ACTION_HELP || options->action == ACTION_VERSION)
			return OPTIONS_OK;
	}
	options->operands = argv + optind;
	options->operand_count = argc > optind ? (size_t)(argc - optind) : 0;
	set_defaults(options);
	return check_inputs(&parse);
}

void options_release(struct options *options)
{
	free(options->filters);
	options->filters = NULL;
	options->filter_count = 0;
}

const char *options_name(size_t index, char *letter)
{
	if (index >= option_spec_count)
		return NULL;
	*letter = option_specs[index].letter;
	return option_specs[index].name;
}

/** Print one option, its text beginning at HELP_COLUMN. */
static void print_option(FILE *stream, const struct option_spec *spec)
{
	char left[64];
	bool optional = spec->has_arg == optional_argument;
	const char *line = spec->help;

	snprintf(left, sizeof(left), "  %c%c%c --%s%s%s%s%s", spec->letter ? '-' : ' ',
		spec->letter ? spec->letter : ' ', spec->letter ? ',' : ' ', spec->name,
		optional ? "[" : "", spec->argument ? "=" : "",
		spec->argument ? spec->argument : "", optional ? "]" : "");
	fprintf(stream, "%-*s", HELP_COLUMN, left);
	for (;;) {
		int size = (int)strcspn(line, "\n");
		fprintf(stream, "%.*s\n", size, line);
		if (line[size] == '\0')
			return;
		line += size + 1;
		fprintf(stream, "%*s", HELP_COLUMN, "");
	}
}

void options_print_help(FILE *stream)
{
	fputs("Usage: zipmap [OPTION]... [ARCHIVE | DIRECTORY | -]...\n"
	      "Unzip many archives at once into files that are ready to be memory-mapped, and\n"
	      "print their paths. Of a directory its *.zip and *.npz files are taken; '-' is\n"
	      "one archive from standard input.\n",
		stream);
	for (size_t i = 0; i < option_spec_count; i++) {
		if (option_specs[i].section)
			fprintf(stream, "\n%s:\n", option_specs[i].section);
		print_option(stream, &option_specs[i]);
	}
	fputs("\nExamples:\n"
	      "  zipmap data/                         every archive in data/, on all CPUs\n"
	      "  zipmap --include='*.dat' a.zip b.npz only these members of two archives\n"
	      "  find . -name '*.zip' -print0 | zipmap -0 -T -\n"
	      "\n"
	      "Exit status: 0 if everything was unzipped and printed; 1 if an archive or a\n"
	      "member failed (each is named on standard error, all others are printed); 2 for a\n"
	      "wrong command line, or if nothing could be started.\n"
	      "\n"
	      "The files printed are yours: remove them when you are done.\n",
		stream);
}

void options_print_version(FILE *stream)
{
	fputs("zipmap " ZIPMAP_VERSION "\n", stream);
}
