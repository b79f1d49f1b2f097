// SPDX-License-Identifier: MIT

#include "cli/options.h"

#include "cli/cpus.h"
#include "cli/format.h"
#include "common/printable.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/** Where the text of an option begins in --help. */
#define HELP_COLUMN 28

/** What getopt_long() returns for the table's first long option; above any letter. */
#define LONG_VALUE_BASE 256

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

static option_handler set_flag;
static option_handler set_text;
static option_handler set_format;
static option_handler set_number;
static option_handler set_loudness;
static option_handler set_sandbox;
static option_handler set_gc;
static option_handler add_filter;
static option_handler set_help;
static option_handler set_version;

#define FIELD(name) offsetof(struct options, name)

/* The table. To add an option: a line here, a field in struct options, and the manual. */
static const struct option_spec specs[] = {
	{.section = "What to unzip",
		.letter = 'r',
		.name = "recursive",
		.help = "directories: look for archives at any depth\n"
			"(symbolic links to directories are not followed)",
		.handler = set_flag,
		.field = FIELD(recursive)},
	{.letter = 'T',
		.name = "files-from",
		.has_arg = required_argument,
		.argument = "FILE",
		.help = "read archive paths from FILE, one a line (-: from\n"
			"standard input); work starts with the first line",
		.handler = set_text,
		.field = FIELD(files_from)},
	{.letter = '0',
		.name = "null",
		.help = "path lists, read and printed, end in NUL rather\n"
			"than newline",
		.handler = set_flag,
		.field = FIELD(null_separated)},
	{.name = "include",
		.has_arg = required_argument,
		.argument = "GLOB",
		.help = "only members whose name matches; a GLOB without '/'\n"
			"is for base names; the last one that matches decides",
		.handler = add_filter},
	{.name = "exclude",
		.has_arg = required_argument,
		.argument = "GLOB",
		.help = "not the members whose name matches",
		.handler = add_filter},

	{.section = "How to do it",
		.letter = 'j',
		.name = "jobs",
		.has_arg = required_argument,
		.argument = "N",
		.help = "worker processes; default: the CPUs that may be used",
		.handler = set_number,
		.field = FIELD(jobs),
		.minimum = 1,
		.maximum = OPTIONS_JOBS_MAX},
	{.name = "tmpdir",
		.has_arg = required_argument,
		.argument = "DIR",
		.help = "unzip below DIR; default: $TMPDIR, else /tmp",
		.handler = set_text,
		.field = FIELD(tmpdir)},
	{.letter = 'u',
		.name = "unordered",
		.help = "print as members are finished, not in input order",
		.handler = set_flag,
		.field = FIELD(unordered)},
	{.name = "pack",
		.help = "several members below 1 MiB in one file; needs a\n"
			"FORMAT that says where in it",
		.handler = set_flag,
		.field = FIELD(pack)},
	{.name = "fail-fast",
		.help = "stop at the first failure",
		.handler = set_flag,
		.field = FIELD(fail_fast)},

	{.section = "What to print",
		.name = "printf",
		.has_arg = required_argument,
		.argument = "FORMAT",
		.help = "print FORMAT for each member instead of its path:\n"
			"%p path, %a archive, %m member, %s size, %c CRC-32,\n"
			"%o offset in the file, %%; \\n \\t \\0 \\\\",
		.handler = set_format,
		.field = FIELD(printf_format)},

	{.section = "Safety",
		.name = "require-sandbox",
		.help = "fail where the kernel lacks a part of the sandbox\n"
			"that workers are in; otherwise that is a warning",
		.handler = set_sandbox,
		.field = FIELD(require_sandbox)},
	{.name = "no-sandbox",
		.help = "workers without Landlock, seccomp and limits",
		.handler = set_sandbox,
		.field = FIELD(no_sandbox)},

	{.section = "Instead of unzipping",
		.name = "gc",
		.help = "remove what runs that were killed left in the\n"
			"directory for files",
		.handler = set_gc},

	{.section = "What to say on standard error",
		.name = "stats",
		.help = "report memory, traffic and speed at the end",
		.handler = set_flag,
		.field = FIELD(stats)},
	{.letter = 'q',
		.name = "quiet",
		.help = "errors only, no warnings",
		.handler = set_loudness,
		.field = FIELD(quiet)},
	{.letter = 'v',
		.name = "verbose",
		.help = "say more of what is done",
		.handler = set_loudness,
		.field = FIELD(verbose)},
	{.section = "About zipmap",
		.letter = 'h',
		.name = "help",
		.help = "print this text",
		.handler = set_help},
	{.letter = 'V', .name = "version", .help = "print the version", .handler = set_version},
};

enum { SPEC_COUNT = sizeof(specs) / sizeof(specs[0]) };

/** Say what is wrong with the command line. */
__attribute__((format(printf, 2, 3))) static enum options_result wrong(
	struct parse *parse, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(parse->error, parse->error_size, format, arguments);
	va_end(arguments);
	return OPTIONS_USAGE;
}

static enum options_result set_flag(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	(void)argument;
	*(bool *)((char *)parse->options + spec->field) = true;
	return OPTIONS_OK;
}

static enum options_result set_loudness(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	parse->options->quiet = false;
	parse->options->verbose = false;
	return set_flag(parse, spec, argument);
}

static enum options_result set_sandbox(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	parse->options->no_sandbox = false;
	parse->options->require_sandbox = false;
	return set_flag(parse, spec, argument);
}

static enum options_result set_text(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	const char **text = (const char **)(void *)((char *)parse->options + spec->field);

	if (*argument == '\0')
		return wrong(parse, "option '--%s': the %s is empty", spec->name, spec->argument);
	if (*text)
		return wrong(parse, "option '--%s' can be given only once", spec->name);
	*text = argument;
	return OPTIONS_OK;
}

static enum options_result set_format(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];
	const char *bad;
	size_t size;

	if (!format_check(argument, &bad, &size))
		return wrong(parse, "option '--%s': '%s' is no directive or escape of a FORMAT",
			spec->name, printable(bad, size, shown, sizeof(shown)));
	return set_text(parse, spec, argument);
}

static enum options_result set_number(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];
	char *end;

	/* strtoul() would take white space and a sign before the number. */
	errno = 0;
	unsigned long number = strtoul(argument, &end, 10);
	if (*argument < '0' || *argument > '9' || *end != '\0' || errno != 0 ||
		number < spec->minimum || number > spec->maximum)
		return wrong(parse, "option '--%s': '%s' is not a whole number from %u to %u",
			spec->name, printable(argument, strlen(argument), shown, sizeof(shown)),
			spec->minimum, spec->maximum);
	*(unsigned *)(void *)((char *)parse->options + spec->field) = (unsigned)number;
	return OPTIONS_OK;
}

static enum options_result add_filter(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	struct options *options = parse->options;
	struct filter_rule *filters = reallocarray(
		options->filters, options->filter_count + 1, sizeof(options->filters[0]));

	if (!filters)
		return OPTIONS_NO_MEMORY;
	options->filters = filters;
	filters[options->filter_count++] = (struct filter_rule){
		.include = strcmp(spec->name, "include") == 0,
		.glob = argument,
	};
	return OPTIONS_OK;
}

static enum options_result set_gc(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	(void)spec;
	(void)argument;
	parse->options->action = ACTION_GC;
	return OPTIONS_OK;
}

static enum options_result set_help(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	(void)spec;
	(void)argument;
	parse->options->action = ACTION_HELP;
	return OPTIONS_OK;
}

static enum options_result set_version(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	(void)spec;
	(void)argument;
	parse->options->action = ACTION_VERSION;
	return OPTIONS_OK;
}

/** What getopt_long() wants to know, made from the table. */
struct getopt_tables {
	struct option longs[SPEC_COUNT + 1];
	char shorts[1 + 3 * SPEC_COUNT + 1];
};

static void make_tables(struct getopt_tables *tables)
{
	char *next = tables->shorts;

	/* A colon in front: a missing argument is told apart from an unknown option. */
	*next++ = ':';
	for (int i = 0; i < SPEC_COUNT; i++) {
		tables->longs[i] = (struct option){.name = specs[i].name,
			.has_arg = specs[i].has_arg,
			.val = LONG_VALUE_BASE + i};
		if (specs[i].letter == '\0')
			continue;
		*next++ = specs[i].letter;
		/* One colon for an argument, two for one that may be left out. */
		for (int colons = specs[i].has_arg; colons > 0; colons--)
			*next++ = ':';
	}
	*next = '\0';
	tables->longs[SPEC_COUNT] = (struct option){.name = NULL};
}

/** The option that getopt_long() means by @value; NULL if none. */
static const struct option_spec *find_spec(int value)
{
	if (value >= LONG_VALUE_BASE && value < LONG_VALUE_BASE + SPEC_COUNT)
		return &specs[value - LONG_VALUE_BASE];
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		if (specs[i].letter != '\0' && value == specs[i].letter)
			return &specs[i];
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
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		if (strncmp(specs[i].name, argument + 2, size - 2) != 0)
			continue;
		if (!first)
			first = specs[i].name;
		else if (!second)
			second = specs[i].name;
	}
	if (second)
		return wrong(
			parse, "option '%s' is ambiguous: '--%s' or '--%s'", shown, first, second);
	return wrong(parse, "unknown option '%s'", shown);
}

/** Say what getopt_long() did not like; @returned is '?' or ':'. */
static enum options_result wrong_option(struct parse *parse, int returned, char **argv)
{
	const struct option_spec *spec = find_spec(optopt);
	char letter = (char)optopt;
	char shown[8];

	if (returned == ':') {
		assert(spec);
		return wrong(
			parse, "option '--%s' needs an argument: %s", spec->name, spec->argument);
	}
	if (spec)
		return wrong(parse, "option '--%s' takes no argument", spec->name);
	if (optopt == 0)
		return wrong_long(parse, argv[optind - 1]);
	return wrong(parse, "unknown option '-%s'", printable(&letter, 1, shown, sizeof(shown)));
}

/** Check what no option alone can tell. */
static enum options_result check_inputs(struct parse *parse)
{
	const struct options *options = parse->options;
	size_t standard_inputs = 0;

	if (options->pack && !(options->printf_format && format_uses(options->printf_format, 'p') &&
				     format_uses(options->printf_format, 'o')))
		return wrong(parse,
			"option '--pack' needs '--printf' with %%p and %%o: a path alone "
			"does not say where in the file a member is");
	if (strchr(options->tmpdir, '\n') && !options->null_separated && !options->printf_format)
		return wrong(
			parse, "the directory for files has a newline in its name: give '--null'");
	if (options->action == ACTION_GC && (options->operand_count > 0 || options->files_from))
		return wrong(parse, "option '--gc' takes no archives");
	if (options->action == ACTION_GC)
		return OPTIONS_OK;
	if (options->operand_count == 0 && !options->files_from)
		return wrong(parse, "nothing to unzip: give an archive, a directory, '-' or "
				    "--files-from");
	for (size_t i = 0; i < options->operand_count; i++)
		standard_inputs += strcmp(options->operands[i], "-") == 0;
	if (standard_inputs > 1)
		return wrong(parse, "operand '-' can be given only once");
	if (standard_inputs > 0 && options->files_from && strcmp(options->files_from, "-") == 0)
		return wrong(parse, "operand '-' and '--files-from=-' are both standard input");
	return OPTIONS_OK;
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
	if (index >= SPEC_COUNT)
		return NULL;
	*letter = specs[index].letter;
	return specs[index].name;
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
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		if (specs[i].section)
			fprintf(stream, "\n%s:\n", specs[i].section);
		print_option(stream, &specs[i]);
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
