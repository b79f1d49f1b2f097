// SPDX-License-Identifier: MIT

#include "cli/optiontable.h"

#include "cli/format.h"
#include "cli/size.h"
#include "protocol/decoder.h"
#include "protocol/encoding.h"
#include "util/printable.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum options_result options_wrong(struct parse *parse, const char *format, ...)
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
		return options_wrong(
			parse, "option '--%s': the %s is empty", spec->name, spec->argument);
	*text = argument;
	return OPTIONS_OK;
}

/* Two lists would be one more than is read. */
static enum options_result set_list(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	if (parse->options->files_from)
		return options_wrong(parse, "option '--%s' can be given only once", spec->name);
	return set_text(parse, spec, argument);
}

static enum options_result set_format(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];
	const char *bad;
	size_t size;

	if (!format_check(argument, &bad, &size))
		return options_wrong(parse,
			"option '--%s': '%s' is no directive or escape of a FORMAT", spec->name,
			printable(bad, size, shown, sizeof(shown)));
	return set_text(parse, spec, argument);
}

static enum options_result set_decoder(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];

	if (!decoder_by_name(argument, &parse->options->decoder))
		return options_wrong(parse,
			"option '--%s': '%s' is not one of auto, twin, isal and zlib", spec->name,
			printable(argument, strlen(argument), shown, sizeof(shown)));
	return OPTIONS_OK;
}

static enum options_result set_encoding(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];
	iconv_t converter = encoding_open(argument);

	if (converter != ENCODING_NONE) {
		iconv_close(converter);
		return set_text(parse, spec, argument);
	}
	if (errno == ENOMEM)
		return OPTIONS_NO_MEMORY;
	return options_wrong(parse,
		"option '--%s': '%s' is unknown, or ASCII is no part of it; 'iconv -l' lists them",
		spec->name, printable(argument, strlen(argument), shown, sizeof(shown)));
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
		return options_wrong(parse,
			"option '--%s': '%s' is not a whole number from %u to %u", spec->name,
			printable(argument, strlen(argument), shown, sizeof(shown)), spec->minimum,
			spec->maximum);
	*(unsigned *)(void *)((char *)parse->options + spec->field) = (unsigned)number;
	return OPTIONS_OK;
}

static enum options_result set_size(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];

	if (size_parse(argument, (uint64_t *)(void *)((char *)parse->options + spec->field)))
		return OPTIONS_OK;
	return options_wrong(parse,
		"option '--%s': '%s' is not a size: a number from 1 on, perhaps with K, M, G or T",
		spec->name, printable(argument, strlen(argument), shown, sizeof(shown)));
}

static enum options_result set_count(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];
	size_t digits = strspn(argument, "0123456789");

	if (argument[digits] == '\0' &&
		size_parse(argument, (uint64_t *)(void *)((char *)parse->options + spec->field)))
		return OPTIONS_OK;
	return options_wrong(parse, "option '--%s': '%s' is not a whole number from 1 on",
		spec->name, printable(argument, strlen(argument), shown, sizeof(shown)));
}

static enum options_result set_dtype(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];

	if (rawarray_set_dtype(&parse->options->raw, argument))
		return OPTIONS_OK;
	return options_wrong(parse, "option '--%s': '%s' is no type such as float32, <f4 or u1",
		spec->name, printable(argument, strlen(argument), shown, sizeof(shown)));
}

static enum options_result set_shape(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	char shown[PRINTABLE_MAX];

	if (rawarray_set_shape(&parse->options->raw, argument))
		return OPTIONS_OK;
	return options_wrong(parse,
		"option '--%s': '%s' is no shape such as 1000,4 or -1,4, with one -1 at most",
		spec->name, printable(argument, strlen(argument), shown, sizeof(shown)));
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

/* --in-place and its words, which commas separate. */
static enum options_result set_in_place(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	struct in_place *in_place = &parse->options->in_place;
	const struct {
		const char *word;
		bool *field;
	} words[] = {{"unchecked", &in_place->unchecked}, {"aligned", &in_place->aligned}};
	char shown[PRINTABLE_MAX];

	in_place->wanted = true;
	for (const char *word = argument; word;) {
		size_t size = strcspn(word, ",");
		bool known = false;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strlen(words[i].word) == size && memcmp(word, words[i].word, size) == 0)
				known = *words[i].field = true;
		}
		if (!known)
			return options_wrong(parse,
				"option '--%s': '%s' is neither 'unchecked' nor 'aligned'",
				spec->name, printable(word, size, shown, sizeof(shown)));
		word = word[size] ? word + size + 1 : NULL;
	}
	return OPTIONS_OK;
}

/* --list and --test, which cannot both be done. */
static enum options_result set_task(
	struct parse *parse, const struct option_spec *spec, const char *argument)
{
	enum options_action action = spec->letter == 'l' ? ACTION_LIST : ACTION_TEST;
	struct options *options = parse->options;

	(void)argument;
	if (options->action != ACTION_RUN && options->action != action)
		return options_wrong(
			parse, "option '--%s': something else is asked for already", spec->name);
	options->action = action;
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

#define FIELD(name) offsetof(struct options, name)

/* The table. To add an option: a line here, a field in struct options, and the manual. */
const struct option_spec option_specs[] = {
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
		.handler = set_list,
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
	{.name = "encoding",
		.has_arg = required_argument,
		.argument = "NAME",
		.help = "what names are in that do not say it; default: UTF-8\n"
			"where they are that, else code page 437",
		.handler = set_encoding,
		.field = FIELD(encoding)},
	{.name = "password-file",
		.has_arg = required_argument,
		.argument = "FILE",
		.help = "FILE holds the password of encrypted members\n"
			"(-: standard input)",
		.handler = set_text,
		.field = FIELD(password_file)},

	{.section = "Members that are not .npy",
		.name = "dtype",
		.has_arg = required_argument,
		.argument = "TYPE",
		.help = "what they hold: a type of NumPy, such as float32,\n"
			"<f4 or u1",
		.handler = set_dtype},
	{.name = "shape",
		.has_arg = required_argument,
		.argument = "N,M,...",
		.help = "its dimensions, of which one may be -1; default: one\n"
			"dimension; a member that does not fit fails",
		.handler = set_shape},
	{.name = "npy",
		.help = "put a header before it, as numpy.save() does, for\n"
			"numpy.load() to map the file",
		.handler = set_flag,
		.field = FIELD(npy)},

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
		.help = "several members below 1 MiB in one file; needs JSON\n"
			"or a FORMAT that says where in it",
		.handler = set_flag,
		.field = FIELD(pack)},
	{.name = "in-place",
		.has_arg = optional_argument,
		.argument = "HOW",
		.help = "stored members stay in the archive, whose path is\n"
			"printed; needs JSON or a FORMAT that says where in\n"
			"it. HOW: unchecked (no look at the CRC-32), aligned\n"
			"(arrays that are not are unzipped)",
		.handler = set_in_place},
	{.name = "fail-fast",
		.help = "stop at the first failure",
		.handler = set_flag,
		.field = FIELD(fail_fast)},
	{.name = "decoder",
		.has_arg = required_argument,
		.argument = "NAME",
		.help = "what decodes DEFLATE, to measure and to compare:\n"
			"auto (the fastest), twin, isal or zlib",
		.handler = set_decoder},

	{.section = "What to print",
		.name = "json",
		.help = "print an object of JSON a line instead of paths, and\n"
			"one for each failure",
		.handler = set_flag,
		.field = FIELD(json)},
	{.name = "printf",
		.has_arg = required_argument,
		.argument = "FORMAT",
		.help = "print FORMAT for each member instead of its path:\n"
			"%p path, %a archive, %m member, %s size, %c CRC-32,\n"
			"%o offset in the file, %%; \\n \\t \\0 \\\\;\n"
			"of an array %t type, %d shape",
		.handler = set_format,
		.field = FIELD(printf_format)},

	{.section = "Safety",
		.name = "max-member",
		.has_arg = required_argument,
		.argument = "SIZE",
		.help = "refuse members that unzip to more; a SIZE may end\n"
			"in K, M, G or T (powers of 1024)",
		.handler = set_size,
		.field = FIELD(limits.member_bytes)},
	{.name = "max-total",
		.has_arg = required_argument,
		.argument = "SIZE",
		.help = "refuse what would make all members of the run more",
		.handler = set_size,
		.field = FIELD(limits.total_bytes)},
	{.name = "max-members",
		.has_arg = required_argument,
		.argument = "N",
		.help = "refuse archives that have more members",
		.handler = set_count,
		.field = FIELD(limits.members)},
	{.name = "max-ratio",
		.has_arg = required_argument,
		.argument = "N",
		.help = "refuse members that unzip to more than N times\n"
			"their compressed size",
		.handler = set_count,
		.field = FIELD(limits.ratio)},
	{.name = "require-sandbox",
		.help = "fail where the kernel lacks a part of the sandbox\n"
			"that workers are in; otherwise that is a warning",
		.handler = set_sandbox,
		.field = FIELD(require_sandbox)},
	{.name = "no-sandbox",
		.help = "workers without Landlock, seccomp and limits",
		.handler = set_sandbox,
		.field = FIELD(no_sandbox)},

	{.section = "Instead of unzipping",
		.letter = 'l',
		.name = "list",
		.help = "list the members: size, compressed size, method,\n"
			"CRC-32, time, archive, name",
		.handler = set_task},
	{.letter = 't',
		.name = "test",
		.help = "check the members as if to unzip them, keep no file\n"
			"and say which are bad",
		.handler = set_task},
	{.name = "gc",
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
const size_t option_spec_count = sizeof(option_specs) / sizeof(option_specs[0]);
