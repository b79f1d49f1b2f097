// SPDX-License-Identifier: MIT

#include "options.h"

#include "broken.h"
#include "message.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* zlib's own default level. */
#define DEFLATE_LEVEL   6
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define JOBS_MAX        1024
/* Where a broken archive's numbers are not given: members of 64 KiB. */
#define BROKEN_ROWS    4096
#define BROKEN_MEMBERS 5
/* A broken archive's headers are written by hand, with 32 bits for its offsets. */
#define BROKEN_SIZE_MAX (UINT64_C(1) << 30)
/* Numbers that were not given. */
#define NOT_GIVEN UINT64_MAX

/* One word of several that an option takes. */
struct choice {
	const char *word;
	int value;
};

static const struct choice values_choices[] = {
	{"random", VALUES_RANDOM},
	{"sensor", VALUES_SENSOR},
	{"int16", VALUES_INT16},
	{"zeros", VALUES_ZEROS},
	{"csv", VALUES_CSV},
	{NULL, 0},
};

static const struct choice method_choices[] = {
	{"deflate", ZIP_CM_DEFLATE},
	{"store", ZIP_CM_STORE},
	{"bzip2", ZIP_CM_BZIP2},
	{"lzma", ZIP_CM_LZMA},
	{"xz", ZIP_CM_XZ},
#ifdef ZIP_CM_ZSTD
	{"zstd", ZIP_CM_ZSTD},
#endif
	{NULL, 0},
};

static const struct choice encryption_choices[] = {
	{"zipcrypto", ZIP_EM_TRAD_PKWARE},
	{"aes128", ZIP_EM_AES_128},
	{"aes192", ZIP_EM_AES_192},
	{"aes256", ZIP_EM_AES_256},
	{NULL, 0},
};

/* What an option's argument is, and so what its place in struct options is. */
enum form {
	FORM_NUMBER, /* uint64_t */
	FORM_SIZE,   /* uint64_t, bytes; K, M, G, T may follow */
	FORM_LEVEL,  /* unsigned */
	FORM_WORD,   /* int, one of the choices */
	FORM_TEXT,   /* const char * */
	FORM_ACTION, /* no argument; ends the parsing */
};

/* The one list of options, for parsing and for the help. */
struct option_form {
	const char *name;
	const char *argument;
	const char *help;
	enum form form;
	size_t offset;
	uint64_t least, most;
	const struct choice *choices;
	enum options_action action;
};

#define AT(member) .offset = offsetof(struct options, member)

static const struct option_form forms[] = {
	{"archives", "N", "archives to make [15]", FORM_NUMBER, AT(archives), .least = 1,
		.most = UINT32_MAX},
	{"members", "N", "members of each archive [1]; file_N_M.dat where more than one",
		FORM_NUMBER, AT(members), .least = 1, .most = UINT32_MAX},
	{"rows", "N", "rows of each member [2000000]", FORM_NUMBER, AT(settings.rows), .least = 1,
		.most = UINT32_MAX},
	{"columns", "N", "columns of each member [4]", FORM_NUMBER, AT(settings.columns),
		.least = 1, .most = UINT32_MAX},
	{"size", "BYTES", "exact size of each member, instead of --rows; K, M, G may follow",
		FORM_SIZE, AT(settings.size_bytes), .most = INT64_MAX},
	{"values", "KIND", "random, sensor (float32), int16, zeros, csv (text) [random]", FORM_WORD,
		AT(settings.values), .choices = values_choices},
	{"method", "NAME", "deflate, store, bzip2, or what libzip can write [deflate]", FORM_WORD,
		AT(settings.method), .choices = method_choices},
	{"level", "N", "1 (fast) to 9 (small) [deflate: 6, others: libzip's]", FORM_LEVEL,
		AT(settings.level), .least = 1, .most = 9},
	{"encrypt", "NAME", "zipcrypto, aes128, aes192, aes256; salted: no two runs alike",
		FORM_WORD, AT(settings.encryption), .choices = encryption_choices},
	{"password", "TEXT", "the password for --encrypt [secret]", FORM_TEXT,
		AT(settings.password)},
	{"seed", "N", "other values for each seed [1]", FORM_NUMBER, AT(settings.seed),
		.most = UINT64_MAX - 1},
	{"first", "N", "number of the first archive [1]", FORM_NUMBER, AT(first),
		.most = UINT32_MAX},
	{"prefix", "TEXT", "what names begin with [file_]", FORM_TEXT, AT(prefix)},
	{"suffix", "TEXT", "what archives' names end in [.zip]", FORM_TEXT, AT(suffix)},
	{"jobs", "N", "processes [the CPUs that there are]", FORM_NUMBER, AT(jobs), .least = 1,
		.most = JOBS_MAX},
	{"broken", "KIND", "one broken archive DIRECTORY/KIND.zip, or 'all' of them", FORM_TEXT,
		AT(broken)},
	{"list-broken", NULL, "print the kinds of broken archives", FORM_ACTION,
		.action = ACTION_LIST_BROKEN},
	{"help", NULL, "print this help", FORM_ACTION, .action = ACTION_HELP},
};

static enum options_action misused(void)
{
	fputs("Try 'testdata-gen --help' for more information.\n", stderr);
	return ACTION_MISUSED;
}

void options_help(void)
{
	puts("Usage: testdata-gen [OPTION]... DIRECTORY\n"
	     "Write zip archives of made-up numbers into DIRECTORY, which is made where it is\n"
	     "missing: by default file_1.zip to file_15.zip, each one member file_N.dat of\n"
	     "2000000 x 4 random float32. The same options make the same bytes.\n");
	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s%s%s", forms[i].name,
			forms[i].argument ? "=" : "", forms[i].argument ? forms[i].argument : "");
		printf("  %-18s %s\n", left, forms[i].help);
	}
	puts("\nBroken archives have 5 members member_1.dat ... of 4096 x 4 values unless --members\n"
	     "and --rows or --size are given; --archives, --first, --prefix and --jobs have no\n"
	     "meaning for them.\n"
	     "Exit status: 0; 1 where an archive could not be written; 2 for a wrong command line.");
}

/* A whole number with an optional letter for a power of 1024. 0, or -1. */
static int parse_number(const char *text, bool letter_allowed, uint64_t *number)
{
	static const char letters[] = "KMGT";
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	*number = strtoull(text, &end, 10);
	if (errno)
		return -1;
	if (letter_allowed && *end) {
		const char *letter = strchr(letters, *end++);
		uint64_t unit;

		if (!letter)
			return -1;
		unit = UINT64_C(1) << (10 * (letter - letters + 1));
		if (__builtin_mul_overflow(*number, unit, number))
			return -1;
	}
	return *end ? -1 : 0;
}

static int parse_word(const struct choice *choices, const char *text, int *value)
{
	for (; choices->word; choices++) {
		if (strcmp(choices->word, text) == 0) {
			*value = choices->value;
			return 0;
		}
	}
	return -1;
}

/* Put the argument where its form says. 0, or -1 when it is wrong. */
static int take(struct options *options, const struct option_form *form, char *argument)
{
	void *place = (char *)options + form->offset;
	uint64_t number;
	int value;

	switch (form->form) {
	case FORM_NUMBER:
	case FORM_SIZE:
	case FORM_LEVEL:
		if (parse_number(argument, form->form == FORM_SIZE, &number) ||
			number < form->least || number > form->most)
			return -1;
		if (form->form == FORM_LEVEL)
			*(unsigned *)place = (unsigned)number;
		else
			*(uint64_t *)place = number;
		return 0;
	case FORM_WORD:
		if (parse_word(form->choices, argument, &value))
			return -1;
		/* One of them is an enum, of the size of an int. */
		static_assert(sizeof(enum values_kind) == sizeof(int), "enums are ints");
		memcpy(place, &value, sizeof(value));
		return 0;
	case FORM_TEXT:
		*(const char **)place = argument;
		return 0;
	case FORM_ACTION:
		break;
	}
	return -1;
}

static uint64_t cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (uint64_t)CPU_COUNT(&set);
}

static void set_if_missing(uint64_t *number, uint64_t value)
{
	if (*number == NOT_GIVEN)
		*number = value;
}

static void set_defaults(struct options *options)
{
	bool broken = options->broken;

	set_if_missing(&options->archives, 15);
	set_if_missing(&options->first, 1);
	set_if_missing(&options->jobs, cpus());
	set_if_missing(&options->members, broken ? BROKEN_MEMBERS : 1);
	set_if_missing(&options->settings.seed, 1);
	set_if_missing(&options->settings.rows, broken ? BROKEN_ROWS : 2000000);
	set_if_missing(&options->settings.columns, 4);
	/* libzip's own default is 9, which takes ten times as long on smooth values. */
	if (options->settings.level == 0 && options->settings.method == ZIP_CM_DEFLATE)
		options->settings.level = DEFLATE_LEVEL;
	if (!options->settings.password)
		options->settings.password = "secret";
}

static int check_broken(const struct options *options)
{
	const struct member_settings *settings = &options->settings;
	uint64_t size = settings->size_bytes;

	if (!broken_known(options->broken)) {
		complain("no kind of broken archive: %s (see --list-broken)", options->broken);
		return -1;
	}
	if (size == SIZE_OF_ROWS)
		size = settings->rows * settings->columns * 16;
	if (options->members < 3 || options->members > 1000 || size == 0 ||
		size > BROKEN_SIZE_MAX / options->members) {
		complain("a broken archive has 3 to 1000 members, and at most 1 GiB in all");
		return -1;
	}
	return 0;
}

/* What holds between options. 0, or -1 and a message was printed. */
static int check(const struct options *options)
{
	const struct member_settings *settings = &options->settings;
	const struct choice *method = method_choices;

	while (method->value != settings->method)
		method++;
	if (!zip_compression_method_supported(settings->method, 1)) {
		complain("this libzip cannot write the method %s", method->word);
		return -1;
	}
	if (settings->rows > INT64_MAX / 16 / settings->columns) {
		complain("so many rows and columns are more than a file can have");
		return -1;
	}
	return options->broken ? check_broken(options) : 0;
}

enum options_action options_parse(struct options *options, int argc, char **argv)
{
	struct option table[COUNT_OF(forms) + 1] = {0};
	int index;
	int found;

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		table[i].name = forms[i].name;
		table[i].has_arg = forms[i].argument ? required_argument : no_argument;
	}
	*options = (struct options){
		.settings = {.values = VALUES_RANDOM,
			.rows = NOT_GIVEN,
			.columns = NOT_GIVEN,
			.size_bytes = SIZE_OF_ROWS,
			.seed = NOT_GIVEN,
			.method = ZIP_CM_DEFLATE,
			.encryption = ZIP_EM_NONE},
		.archives = NOT_GIVEN,
		.members = NOT_GIVEN,
		.first = NOT_GIVEN,
		.jobs = NOT_GIVEN,
		.prefix = "file_",
		.suffix = ".zip",
	};

	while ((found = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (found == '?')
			return misused();
		if (forms[index].form == FORM_ACTION)
			return forms[index].action;
		if (take(options, &forms[index], optarg)) {
			complain("not a value for --%s: %s", forms[index].name, optarg);
			return misused();
		}
	}
	if (argc - optind != 1) {
		complain(argc == optind ? "no directory given" : "more than one directory given");
		return misused();
	}
	options->directory = argv[optind];
	set_defaults(options);
	return check(options) ? misused() : ACTION_WRITE;
}
