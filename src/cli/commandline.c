// SPDX-License-Identifier: MIT

#include "cli/commandline.h"

#include "cli/optiontable.h"
#include "cli/suggestion.h"
#include "util/diag.h"
#include "util/printable.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/** The column of --help in which the text of an option begins. */
#define HELP_COLUMN 28

/** What getopt_long() returns for the table's first long option. It is above any letter. */
#define LONG_VALUE_BASE 256

/** What getopt_long() needs, made from the table. */
struct getopt_tables {
	struct option longs[OPTION_SPECS_MAX + 1];
	char shorts[1 + 2 * OPTION_SPECS_MAX + 1];
};

static void make_tables(struct getopt_tables *tables)
{
	char *next = tables->shorts;

	assert(option_spec_count <= OPTION_SPECS_MAX);
	/* A colon in front tells a missing argument apart from an unknown option. */
	*next++ = ':';
	for (int i = 0; i < (int)option_spec_count; i++) {
		tables->longs[i] = (struct option){.name = option_specs[i].name,
			.has_arg = option_specs[i].has_arg,
			.val = LONG_VALUE_BASE + i};
		if (option_specs[i].letter == '\0')
			continue;
		*next++ = option_specs[i].letter;
		/* A letter has no optional argument: in "-0T" another letter follows. */
		if (option_specs[i].has_arg == required_argument)
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

/**
 * Say what is wrong with the long option @argument ("--NAME" or "--NAME=..."), which matches none
 * of the table or several.
 */
static int wrong_long(struct options_error *error, const char *argument)
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
			error, "option '%s' is ambiguous: '--%s' or '--%s'", shown, first, second);
	const char *near = suggestion_for_name(argument + 2, size - 2);
	if (near)
		return options_wrong(
			error, "unknown option '%s'; did you mean '--%s'?", shown, near);
	return options_wrong(error, "unknown option '%s'", shown);
}

/** Say what getopt_long() rejected by returning @returned, which is '?' or ':'. */
static int wrong_option(struct options_error *error, int returned, char **argv)
{
	const struct option_spec *spec = find_spec(optopt);
	char letter = (char)optopt;
	char shown[8];

	if (returned == ':') {
		assert(spec);
		return options_wrong(
			error, "option '--%s' needs an argument: %s", spec->name, spec->argument);
	}
	if (spec)
		return options_wrong(error, "option '--%s' takes no argument", spec->name);
	if (optopt == 0)
		return wrong_long(error, argv[optind - 1]);
	const char *habit = suggestion_for_letter(letter);
	return options_wrong(error, "unknown option '-%s'%s%s",
		printable(&letter, 1, shown, sizeof(shown)), habit ? ": " : "", habit ? habit : "");
}

/**
 * Check that an option whose argument would be taken for another one if its name were cut is given
 * by its whole name: "--password=secret" is no file. 0, or -1 with errno EINVAL and @error.
 */
static int check_whole_name(
	const struct option_spec *spec, char **argv, struct options_error *error)
{
	const char *given = argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];

	if (!spec->whole_name || (strncmp(given, "--", 2) == 0 &&
					 strncmp(given + 2, spec->name, strlen(spec->name)) == 0))
		return 0;
	return options_wrong(error, "unknown option '%.*s'; did you mean '--%s=%s'?",
		(int)strcspn(given, "="), given, spec->name, spec->argument);
}

/**
 * Take the command that begins with the argument of @spec: all that follows, up to a ";" or to the
 * end. The words are copied out of @argv, which getopt_long() goes on to reorder.
 */
static int take_command(struct options *options, const struct option_spec *spec, int argc,
	char **argv, struct options_error *error)
{
	int end = optind;
	size_t count = 0;
	bool none = strcmp(optarg, ";") == 0;

	while (!none && end < argc && strcmp(argv[end], ";") != 0)
		end++;
	char **words = calloc((size_t)(end - optind) + 1, sizeof(*words));
	if (!words)
		return -1;
	if (!none)
		words[count++] = optarg;
	while (optind < end)
		words[count++] = argv[optind++];
	if (!none && end < argc)
		optind++; /* the ";" */
	return optionvalue_add_command(options, spec, words, count, error);
}

int commandline_parse(struct options *options, int argc, char **argv, struct options_error *error)
{
	struct getopt_tables tables = {.shorts = ""};
	int returned;

	*options = (struct options){.action = ACTION_RUN};
	make_tables(&tables);
	opterr = 0;
	optind = 0; /* unlike 1, this makes glibc forget what it parsed before */
	while ((returned = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		const struct option_spec *spec = find_spec(returned);

		if (!spec)
			return wrong_option(error, returned, argv);
		if (check_whole_name(spec, argv, error) < 0)
			return -1;
		int set = spec->is_command ? take_command(options, spec, argc, argv, error)
					   : spec->set(options, spec, optarg, error);
		if (set < 0)
			return -1;
		if (options->action >= ACTION_HELP)
			return 0;
	}
	options->operands = argv + optind;
	options->operand_count = argc > optind ? (size_t)(argc - optind) : 0;
	options_set_defaults(options);
	return options_check(options, error);
}

/** Print one option. Its text begins at HELP_COLUMN. */
static void print_option(FILE *stream, const struct option_spec *spec)
{
	char left[64];
	bool optional = spec->has_arg == optional_argument;
	const char *line = spec->help;

	const char *before = !spec->argument ? "" : spec->is_command ? " " : "=";
	snprintf(left, sizeof(left), "  %c%c%c --%s%s%s%s%s", spec->letter ? '-' : ' ',
		spec->letter ? spec->letter : ' ', spec->letter ? ',' : ' ', spec->name,
		optional ? "[" : "", before, spec->argument ? spec->argument : "",
		optional ? "]" : "");
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

void commandline_print_help(FILE *stream)
{
	fputs("Usage: zipmap [OPTION]... [ARCHIVE | DIRECTORY | -]...\n"
	      "Unzip many archives at once into files that are ready to be memory-mapped, and\n"
	      "print their paths. A directory stands for its *.zip and *.npz files, '-' for\n"
	      "one archive on standard input.\n",
		stream);
	for (size_t i = 0; i < option_spec_count; i++) {
		if (option_specs[i].section)
			fprintf(stream, "\n%s:\n", option_specs[i].section);
		print_option(stream, &option_specs[i]);
	}
	fputs("\nExamples:\n"
	      "  zipmap data/                         every archive in data/, on all CPUs\n"
	      "  zipmap --include='*.dat' a.zip b.npz only these members of two archives\n"
	      "  find . -name '*.zip' -print0 | zipmap --null=in -T -\n"
	      "  zipmap data/ -x wc -c                a command for each file, removed after it\n"
	      "\n"
	      "Exit status: 0 if everything was unzipped and printed; 1 if an archive or a\n"
	      "member failed (each is named on standard error, all others are printed); 2 for a\n"
	      "wrong command line, or if nothing could be started.\n"
	      "\n"
	      "Without one of the options of \"Who removes the files\", that is you.\n",
		stream);
}

void commandline_begin_diag(const struct options *options)
{
	const char *unused = options_unused(options);

	diag_set_level(options->quiet ? DIAG_ERROR : options->verbose ? DIAG_DETAIL : DIAG_WARNING);
	if (unused)
		diag(DIAG_WARNING, "%s", unused);
}

void commandline_print_version(FILE *stream)
{
	fputs("zipmap " ZIPMAP_VERSION "\n", stream);
}
