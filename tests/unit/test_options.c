// SPDX-License-Identifier: MIT

#include "cli/options.h"

#include "cli/commandline.h"
#include "cli/optiontable.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 16

static struct options options;
static struct options_error error;
static char *arguments[ARGUMENTS_MAX + 2];

/** Parse the arguments that follow, up to NULL. */
static int parse(const char *first, ...)
{
	static char name[] = "zipmap";
	int count = 0;
	va_list list;

	options_release(&options);
	arguments[count++] = name;
	va_start(list, first);
	for (const char *argument = first; argument; argument = va_arg(list, const char *)) {
		ck_assert_int_le(count, ARGUMENTS_MAX);
		arguments[count++] = (char *)(uintptr_t)argument;
	}
	va_end(list);
	arguments[count] = NULL;
	error.text[0] = '\0';
	return commandline_parse(&options, count, arguments, &error);
}

/** Check that the arguments are right. */
#define ck_right(...) ck_assert_msg(parse(__VA_ARGS__, NULL) == 0, "%s", error.text)

/** Check that the arguments are wrong, and what is said about it. */
#define ck_wrong(message, ...)                                  \
	do {                                                    \
		errno = 0;                                      \
		ck_assert_int_eq(parse(__VA_ARGS__, NULL), -1); \
		ck_assert_int_eq(errno, EINVAL);                \
		ck_assert_str_eq(error.text, message);          \
	} while (0)

static void release(void)
{
	options_release(&options);
}

START_TEST(a_decoder_is_called_by_its_name)
{
	for (enum decoder_choice decoder = 0; decoder < DECODER_KINDS; decoder++) {
		ck_right("--decoder", decoder_name(decoder), "a.zip");
		ck_assert_int_eq(options.decoder, decoder);
	}
	ck_right("--decoder=zlib", "--decoder=isal", "a.zip");
	ck_assert_int_eq(options.decoder, DECODER_ISAL);
	ck_wrong("option '--decoder': 'Zlib' is not one of auto, twin, isal and zlib",
		"--decoder=Zlib", "a.zip");
}
END_TEST

START_TEST(parts_are_auto_never_or_always)
{
	ck_right("a.zip");
	ck_assert_int_eq(options.parts, PARTS_AUTO);
	for (enum parts_choice choice = 0; choice < PARTS_CHOICES; choice++) {
		ck_right("--parts", parts_choice_name(choice), "a.zip");
		ck_assert_int_eq(options.parts, choice);
	}
	ck_wrong("option '--parts': 'yes' is not one of auto, never and always", "--parts=yes",
		"a.zip");
}
END_TEST

START_TEST(what_raw_members_hold)
{
	ck_right("a.zip");
	ck_assert(!rawarray_is_given(&options.raw) && !options.npy);
	ck_right("--shape=-1,4", "--dtype=float32", "--npy", "a.zip");
	ck_assert_str_eq(options.raw.dtype.text, "<f4");
	ck_assert_uint_eq(options.raw.dimensions, 2);
	ck_assert_int_eq(options.raw.open, 0);
	ck_assert_uint_eq(options.raw.shape[1], 4);
	ck_assert(options.npy);
	ck_right("--dtype=u1", "--test", "a.zip");
	ck_right("--dtype=u1", "--pack", "--json", "a.zip");
	ck_assert_uint_eq(options.raw.dimensions, 0);

	ck_wrong("option '--shape' needs '--dtype'", "--shape=3", "a.zip");
	ck_wrong("option '--npy' needs '--dtype'", "--npy", "a.zip");
	ck_wrong("option '--dtype': 'float31' is not an item type such as float32, <f4 or u1",
		"--dtype=float31", "a.zip");
	ck_wrong("option '--dtype': '' is not an item type such as float32, <f4 or u1",
		"--dtype=", "a.zip");
	ck_wrong("option '--shape': '3,-1,-1' is not a shape such as 1000,4 or -1,4, with at "
		 "most one -1",
		"--dtype=u1", "--shape=3,-1,-1", "a.zip");
	ck_wrong("the array that '--dtype' and '--shape' describe is larger than any file",
		"--dtype=f8", "--shape=9223372036854775807", "a.zip");
	ck_wrong("options '--npy' and '--pack' exclude each other", "--dtype=u1", "--npy", "--pack",
		"--json", "a.zip");
	ck_wrong("options '--npy' and '--in-place' exclude each other", "--dtype=u1", "--npy",
		"--in-place", "--json", "a.zip");
	ck_wrong("options '--list' and '--dtype' exclude each other", "--dtype=u1", "--list",
		"a.zip");
	ck_wrong("options '--test' and '--npy' exclude each other", "--dtype=u1", "--npy", "-t",
		"a.zip");
}
END_TEST

START_TEST(defaults)
{
	unsetenv("TMPDIR");
	ck_right("a.zip");
	ck_assert_int_eq(options.action, ACTION_RUN);
	ck_assert_int_eq(options.decoder, DECODER_AUTO);
	ck_assert_uint_ge(options.jobs, 1);
	ck_assert_uint_le(options.jobs, OPTIONS_JOBS_MAX);
	ck_assert(!options.recursive && !options.null_input && !options.unordered);
	ck_assert(!options.fail_fast && !options.stats && !options.quiet && !options.verbose);
	ck_assert_ptr_null(options.files_from);
	ck_assert_str_eq(options.tmpdir, "/tmp");
	ck_assert_uint_eq(options.filter_count, 0);
	ck_assert_uint_eq(options.operand_count, 1);
	ck_assert_ptr_eq(options.operands[0], arguments[1]);
}
END_TEST

/** The words of command @index, with blanks between them. */
static const char *command(size_t index)
{
	static char text[256];
	size_t size = 0;

	ck_assert_uint_lt(index, options.command_count);
	text[0] = '\0';
	for (size_t i = 0; i < options.commands[index].count; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s", i > 0 ? " " : "",
			options.commands[index].words[i]);
	return text;
}

START_TEST(a_command_ends_at_a_semicolon_or_with_the_arguments)
{
	ck_right("a.zip", "-x", "wc", "-c");
	ck_assert_str_eq(command(0), "wc -c");
	ck_assert(!options.exec_batch);
	ck_assert_uint_eq(options.operand_count, 1);
	ck_assert_str_eq(options.operands[0], "a.zip");

	ck_right("a.zip", "-r", "--exec", "echo", "--", "-u", ";", "b.zip", "-u", "c.zip");
	ck_assert_str_eq(command(0), "echo -- -u");
	ck_assert(options.unordered && options.recursive);
	ck_assert_uint_eq(options.operand_count, 3);
	ck_assert_str_eq(options.operands[0], "a.zip");
	ck_assert_str_eq(options.operands[1], "b.zip");
	ck_assert_str_eq(options.operands[2], "c.zip");

	/* As for fd: the first word may stand behind the letter, and several commands may be given.
	 */
	ck_right("-uxecho", "{}", ";", "--exec=test", "-s", "{}", ";", "a.zip");
	ck_assert_uint_eq(options.command_count, 2);
	ck_assert_str_eq(command(0), "echo {}");
	ck_assert_str_eq(command(1), "test -s {}");

	ck_right("a.zip", "-X", "tar", "c");
	ck_assert_str_eq(command(0), "tar c");
	ck_assert(options.exec_batch);
	ck_right("a.zip", "-x", "echo", "x;", "\\;", "", "-x");
	ck_assert_str_eq(command(0), "echo x; \\;  -x");
}
END_TEST

START_TEST(kept_files_outlive_the_run_so_that_some_options_exclude_them)
{
	ck_right("--cache=d", "--cache-max=1G", "a");
	ck_assert_str_eq(options.cache, "d");
	ck_assert_uint_eq(options.cache_bytes, 1U << 30);
	ck_right("--gc", "--cache=d", "--cache-max=1G");
	ck_right("--gc", "--list", "--cache=d");
	ck_right("--cache=d", "-x", "echo", ";", "a");
	ck_right("--cache=d", "--list", "a");
	ck_right("--cache=d", "--test", "a");
	ck_wrong("option '--cache-max' needs '--cache'", "--cache-max=1G", "a");
	ck_wrong("options '--cache' and '--hold' exclude each other", "--cache=d", "--hold=9", "a");
	ck_wrong("options '--cache' and '--memfd' exclude each other", "--cache=d", "--memfd", "-x",
		"echo", ";", "a");
	ck_wrong("options '--cache' and '--max-scratch' exclude each other", "--cache=d",
		"--max-scratch=1G", "a");
	ck_wrong("option '--cache': the DIR is empty", "--cache=", "a");
}
END_TEST

START_TEST(gc_and_list_in_either_order_list_only)
{
	ck_right("--gc", "--list");
	ck_assert_int_eq(options.action, ACTION_GC_LIST);
	ck_right("-l", "--gc", "-l");
	ck_assert_int_eq(options.action, ACTION_GC_LIST);
	ck_wrong("option '--test' cannot be used with another one of --list, --test and --gc",
		"--gc", "--list", "--test");
	ck_wrong("option '--gc' cannot be used with another one of --list, --test and --gc",
		"--test", "--gc");
	ck_wrong("option '--gc' unzips nothing", "--gc", "--list", "-x", "echo");
	ck_wrong("option '--gc' takes no archives", "--gc", "--list", "a.zip");
}
END_TEST

START_TEST(commands_that_make_no_sense)
{
	ck_wrong("option '--exec' needs an argument: CMD... ;", "a.zip", "-x");
	ck_wrong("option '--exec' needs a command", "-x", ";", "a.zip");
	ck_wrong("option '--exec-batch' needs a command", "a.zip", "-X", ";");
	ck_wrong("option '--exec-batch': only one word can have a placeholder", "a.zip", "-X",
		"echo", "{}", "{/}");
	ck_wrong("option '--exec-batch': the program itself cannot be a placeholder", "a.zip", "-X",
		"{}");
	ck_wrong("options '--exec' and '--exec-batch' exclude each other", "a.zip", "-X", "echo",
		";", "-x", "echo");
	ck_wrong("options '--list' and '--exec' exclude each other", "-l", "a.zip", "-x", "echo");
	ck_wrong("options '--test' and '--exec-batch' exclude each other", "-t", "a.zip", "-X",
		"echo");
	ck_wrong("options '--exec' and '--pack' exclude each other", "--pack", "a.zip", "-x",
		"echo");
	ck_wrong("options '--exec-batch' and '--in-place' exclude each other", "--in-place",
		"a.zip", "-X", "echo");
	ck_right("--in-place", "a.zip", "-x", "echo");
	ck_wrong("option '--gc' unzips nothing", "--gc", "-x", "echo");
	ck_wrong("nothing to unzip: give an archive, a directory, '-' or --files-from", "-x",
		"echo", "a.zip");
}
END_TEST

START_TEST(a_lease_is_standard_input_or_another_descriptor)
{
	ck_right("a.zip");
	ck_assert(!options.hold);
	ck_right("--hold", "a.zip");
	ck_assert(options.hold);
	ck_assert_uint_eq(options.hold_fd, 0);
	ck_right("--hold=7", "-T", "-");
	ck_assert_uint_eq(options.hold_fd, 7);

	ck_wrong("option '--hold': 'x' is not a whole number from 0 to 2147483647", "--hold=x",
		"a.zip");
	ck_wrong("option '--hold': standard output ends after the last path, and cannot be held",
		"--hold=1", "a.zip");
	ck_wrong("operand '-' and '--hold' are both standard input: give '--hold=FD'", "--hold",
		"-");
	ck_wrong("'--files-from=-' and '--hold' are both standard input: give '--hold=FD'",
		"--hold", "-T-");
	ck_wrong("'--password-file=-' and '--hold' are both standard input: give '--hold=FD'",
		"--hold=0", "--password-file=-", "a.zip");
	ck_wrong("options '--exec' and '--hold' exclude each other", "--hold", "a.zip", "-x",
		"echo");
	ck_wrong("options '--test' and '--hold' exclude each other", "--hold", "-t", "a.zip");
	ck_wrong("option '--gc' unzips nothing", "--gc", "--hold");
}
END_TEST

START_TEST(each_list_can_end_its_entries_in_nul)
{
	ck_right("a.zip");
	ck_assert(!options.null_input && !options.null_output);
	ck_right("--null=in", "a.zip");
	ck_assert(options.null_input && !options.null_output);
	ck_right("--null=out", "a.zip");
	ck_assert(!options.null_input && options.null_output);
	ck_right("--null=both", "a.zip");
	ck_assert(options.null_input && options.null_output);
	ck_right("--null", "a.zip");
	ck_assert(options.null_input && options.null_output);
	ck_right("-0r", "a.zip"); /* letters that follow are no argument */
	ck_assert(options.null_input && options.null_output && options.recursive);
	ck_wrong("option '--null': 'all' is not one of in, out and both", "--null=all", "a.zip");
	ck_wrong("option '--null': '' is not one of in, out and both", "--null=", "a.zip");
}
END_TEST

START_TEST(tmpdir_is_the_option_else_the_environment_else_tmp)
{
	setenv("TMPDIR", "/var/tmp", 1);
	ck_right("a.zip");
	ck_assert_str_eq(options.tmpdir, "/var/tmp");
	ck_right("a.zip", "--tmpdir=/x y");
	ck_assert_str_eq(options.tmpdir, "/x y");
	setenv("TMPDIR", "", 1);
	ck_right("a.zip");
	ck_assert_str_eq(options.tmpdir, "/tmp");
}
END_TEST

START_TEST(short_options)
{
	ck_right("-r0u", "-j3", "-T", "list", "-v");
	ck_assert(options.recursive && options.null_input && options.unordered);
	ck_assert_uint_eq(options.jobs, 3);
	ck_assert_str_eq(options.files_from, "list");
	ck_assert(options.verbose);
	ck_right("-0T", "-");
	ck_assert(options.null_input && options.null_output);
	ck_assert_str_eq(options.files_from, "-");
	ck_right("-qTlist");
	ck_assert(options.quiet);
	ck_assert_str_eq(options.files_from, "list");
}
END_TEST

START_TEST(long_options)
{
	ck_right("--recursive", "--null", "--unordered", "--jobs=4", "--files-from", "list",
		"--fail-fast", "--stats", "--quiet");
	ck_assert(options.recursive && options.null_input && options.unordered);
	ck_assert(options.fail_fast && options.stats && options.quiet);
	ck_assert_uint_eq(options.jobs, 4);
	ck_assert_str_eq(options.files_from, "list");
	ck_right("--verbose", "a");
	ck_assert(options.verbose);
}
END_TEST

START_TEST(long_options_may_be_abbreviated)
{
	ck_right("--rec", "--nu", "--jo=4", "--fi=list", "--fa");
	ck_assert(options.recursive && options.null_output && options.fail_fast);
	ck_assert_uint_eq(options.jobs, 4);
	ck_assert_str_eq(options.files_from, "list");
	ck_wrong("option '--f' is ambiguous: '--files-from' or '--flat'", "--f=x");
}
END_TEST

START_TEST(the_later_of_quiet_and_verbose_counts)
{
	ck_right("-q", "-v", "a");
	ck_assert(!options.quiet && options.verbose);
	ck_right("-v", "-q", "a");
	ck_assert(options.quiet && !options.verbose);
}
END_TEST

START_TEST(filters_keep_their_order)
{
	ck_right("--include=*.dat", "a", "--exclude", "x*", "--include=xy");
	ck_assert_uint_eq(options.filter_count, 3);
	ck_assert(options.filters[0].include);
	ck_assert_str_eq(options.filters[0].glob, "*.dat");
	ck_assert(!options.filters[1].include);
	ck_assert_str_eq(options.filters[1].glob, "x*");
	ck_assert(options.filters[2].include);
	ck_assert_str_eq(options.filters[2].glob, "xy");
}
END_TEST

START_TEST(operands_stand_anywhere_and_after_two_dashes)
{
	ck_right("a", "-r", "b", "-", "--", "-j", "--help");
	ck_assert_int_eq(options.action, ACTION_RUN);
	ck_assert_uint_eq(options.operand_count, 5);
	ck_assert_str_eq(options.operands[0], "a");
	ck_assert_str_eq(options.operands[1], "b");
	ck_assert_str_eq(options.operands[2], "-");
	ck_assert_str_eq(options.operands[3], "-j");
	ck_assert_str_eq(options.operands[4], "--help");
	ck_assert(options.recursive);
}
END_TEST

START_TEST(help_and_version_end_the_parsing)
{
	ck_right("--help");
	ck_assert_int_eq(options.action, ACTION_HELP);
	ck_right("-r", "-h", "--nonsense");
	ck_assert_int_eq(options.action, ACTION_HELP);
	ck_right("-V");
	ck_assert_int_eq(options.action, ACTION_VERSION);
	ck_right("--version", "--help");
	ck_assert_int_eq(options.action, ACTION_VERSION);
	ck_wrong("unknown option '--nonsense'", "--nonsense", "--help");
}
END_TEST

START_TEST(unknown_options)
{
	ck_wrong("unknown option '--nonsense'", "--nonsense", "a");
	ck_wrong("unknown option '--nonsense'", "a", "--nonsense=3");
	ck_wrong("unknown option '-Z'", "-rZ", "a");
	ck_wrong("unknown option '-:'", "-:", "a");
	ck_wrong("unknown option '-\\xc3'", "-\xc3\xa4", "a");
	ck_wrong("unknown option '--a\\x1b[31mb'", "--a\x1b[31mb", "a");
	ck_wrong("unknown option '--tempdir'; did you mean '--tmpdir'?", "--tempdir=x", "a");
	ck_wrong("unknown option '--fail_fats'; did you mean '--fail-fast'?", "--fail_fats", "a");
	ck_wrong("unknown option '--jsno'; did you mean '--json'?", "--jsno", "a");
	ck_wrong("unknown option '-P': a password is read from '--password-file=FILE'", "-Psecret",
		"a");
	ck_wrong("unknown option '-C': files go to DIR, under members' own names, by "
		 "'--directory=DIR'",
		"-C", "a");
	ck_wrong("option '--npy' takes no argument", "--npy=3", "a");
	ck_wrong("option '--npy' takes no argument", "--np=3", "a");
}
END_TEST

START_TEST(a_password_is_not_taken_for_a_file_and_not_shown)
{
	ck_wrong("unknown option '--password'; did you mean '--password-file=FILE'?",
		"--password=secret", "a");
	ck_wrong("unknown option '--password'; did you mean '--password-file=FILE'?", "--password",
		"secret", "a");
	ck_wrong("unknown option '--pass'; did you mean '--password-file=FILE'?", "a",
		"--pass=secret");
	ck_right("--password-file=secret", "a");
	ck_right("a", "--password-file", "secret");
	ck_assert_str_eq(options.password_file, "secret");
}
END_TEST

START_TEST(a_word_of_in_place_is_no_archive)
{
	ck_wrong("'aligned' is no archive: give '--in-place=aligned'", "--json", "--in-place",
		"aligned", "a");
	ck_right("--json", "--in-place", "unaligned");
}
END_TEST

START_TEST(missing_and_empty_arguments)
{
	ck_wrong("option '--jobs' needs an argument: N", "a", "-j");
	ck_wrong("option '--jobs' needs an argument: N", "a", "--jobs");
	ck_wrong("option '--files-from' needs an argument: FILE", "-0T");
	ck_wrong("option '--include' needs an argument: GLOB", "a", "--include");
	ck_wrong("option '--files-from': the FILE is empty", "--files-from=");
	ck_wrong("option '--tmpdir': the DIR is empty", "--tmpdir", "", "a");
	ck_wrong("option '--files-from' can be given only once", "-T", "a", "-T", "b");
}
END_TEST

START_TEST(the_last_of_an_option_counts)
{
	ck_right("--tmpdir=a", "--tmpdir=b", "--encoding=CP932", "--encoding=CP866",
		"--password-file=c", "--password-file=d", "--dtype=u1", "--dtype=i2", "--shape=1",
		"--shape=2,3", "--printf=%a", "--printf=%p", "-j1", "-j2", "x");
	ck_assert_str_eq(options.tmpdir, "b");
	ck_assert_str_eq(options.encoding, "CP866");
	ck_assert_str_eq(options.password_file, "d");
	ck_assert_str_eq(options.printf_format, "%p");
	ck_assert_uint_eq(options.raw.dtype.item_bytes, 2);
	ck_assert_uint_eq(options.raw.dimensions, 2);
	ck_assert_uint_eq(options.raw.shape[1], 3);
	ck_assert_uint_eq(options.jobs, 2);
}
END_TEST

START_TEST(standard_input_is_one_thing)
{
	ck_right("--password-file=-", "a");
	ck_wrong("operand '-' and '--password-file=-' are both standard input", "--password-file=-",
		"-");
	ck_wrong("'--files-from=-' and '--password-file=-' are both standard input",
		"--password-file=-", "-T", "-");
	ck_wrong("operand '-' and '--files-from=-' are both standard input", "-", "-T", "-");
}
END_TEST

START_TEST(numbers)
{
	static const char *const bad[] = {"0", "x", "", "1.5", "-1", "+1", " 1", "1 ", "0x10",
		"1025", "4294967297", "18446744073709551617", "99999999999999999999", "1k"};

	ck_right("-j", "1", "a");
	ck_assert_uint_eq(options.jobs, 1);
	ck_right("--jobs=1024", "a");
	ck_assert_uint_eq(options.jobs, 1024);
	ck_right("-j1", "-j007", "a");
	ck_assert_uint_eq(options.jobs, 7);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char expected[128];

		snprintf(expected, sizeof(expected),
			"option '--jobs': '%s' is not a whole number from 1 to 1024", bad[i]);
		ck_wrong(expected, "-j", bad[i], "a");
	}
	ck_wrong("option '--jobs': '1\\n2' is not a whole number from 1 to 1024", "--jobs=1\n2",
		"a");
}
END_TEST

START_TEST(a_newline_in_the_name_of_the_directory_needs_a_list_that_shows_it)
{
	ck_wrong("the directory for files has a newline in its name: give '--null=out'",
		"--tmpdir=a\nb", "x");
	ck_right("--tmpdir=a\nb", "-0", "x");
	ck_right("--tmpdir=a\nb", "--printf=%p\\0", "x");
}
END_TEST

START_TEST(formats)
{
	ck_right("--printf=%p\\t%o\\n", "a");
	ck_assert_str_eq(options.printf_format, "%p\\t%o\\n");
	ck_assert(!options.pack);
	ck_right("--pack", "--printf", "%p %o", "a");
	ck_assert(options.pack);
	ck_wrong("option '--printf': '%x' is not a directive or an escape of a FORMAT",
		"--printf=%p%x", "a");
	ck_wrong("option '--printf': '\\\\' is not a directive or an escape of a FORMAT",
		"--printf=%p\\", "a");
	ck_wrong("option '--printf': '%\\x1b' is not a directive or an escape of a FORMAT",
		"--printf=%\x1b", "a");
	static const char alone[] = "option '--pack' needs '--json', or '--printf' with %p and "
				    "%o: a path alone does not say where in the file a "
				    "member is";
	ck_wrong(alone, "--pack", "a");
	ck_right("--pack", "--json", "a");
	ck_assert(options.json);
	ck_right("--tmpdir=a\nb", "--json", "x");
	ck_wrong(
		"options '--json' and '--printf' exclude each other", "--json", "--printf=%p", "a");
	ck_wrong(alone, "--pack", "--printf=%p %s", "a");
	ck_wrong(alone, "--pack", "--printf=%o %%p", "a");
}
END_TEST

static void check_in_place(bool wanted, bool unchecked, bool aligned)
{
	ck_assert_int_eq(options.in_place.wanted, wanted);
	ck_assert_int_eq(options.in_place.unchecked, unchecked);
	ck_assert_int_eq(options.in_place.aligned, aligned);
}

START_TEST(members_in_place)
{
	ck_right("--json", "a");
	check_in_place(false, false, false);
	ck_right("--in-place", "--json", "a");
	check_in_place(true, false, false);
	ck_right("--in-place=unchecked", "--printf=%p%o", "a");
	check_in_place(true, true, false);
	ck_right("--in-place=aligned", "--json", "--pack", "a");
	check_in_place(true, false, true);
	ck_right("--in-place=unchecked,aligned", "--json", "a");
	check_in_place(true, true, true);
	ck_right("--in-place=aligned", "--in-place=unchecked", "--json", "a");
	check_in_place(true, true, true);
	static const char alone[] = "option '--in-place' needs '--json', or '--printf' with %p and "
				    "%o: a path alone does not say where in the file a "
				    "member is";
	ck_wrong(alone, "--in-place", "a");
	ck_wrong(alone, "--in-place", "--printf=%p", "a");
	ck_wrong(alone, "--in-place", "--printf=%o", "a");
	ck_wrong("options '--list' and '--in-place' exclude each other", "--in-place", "-l", "a");
	ck_wrong("options '--test' and '--in-place' exclude each other", "-t", "--json",
		"--in-place", "a");
	ck_wrong("option '--in-place': '' is neither 'unchecked' nor 'aligned'",
		"--in-place=", "--json", "a");
	ck_wrong("option '--in-place': 'align' is neither 'unchecked' nor 'aligned'",
		"--in-place=align", "--json", "a");
	ck_wrong("option '--in-place': '' is neither 'unchecked' nor 'aligned'",
		"--in-place=unchecked,", "--json", "a");
	ck_wrong("option '--in-place': '\\x1b' is neither 'unchecked' nor 'aligned'",
		"--in-place=aligned,\x1b", "--json", "a");
}
END_TEST

START_TEST(something_to_unzip_is_needed)
{
	static const char message[] =
		"nothing to unzip: give an archive, a directory, '-' or --files-from";

	ck_assert_int_eq(parse(NULL), -1);
	ck_assert_str_eq(error.text, message);
	ck_wrong(message, "-r");
	ck_wrong(message, "--");
	ck_right("--files-from=list");
	ck_assert_uint_eq(options.operand_count, 0);
}
END_TEST

START_TEST(standard_input_is_there_once)
{
	ck_right("-", "-T", "list");
	ck_right("a", "-T", "-");
	ck_wrong("operand '-' can be given only once", "-", "a", "-");
	ck_wrong("operand '-' and '--files-from=-' are both standard input", "-T", "-", "-");
	/* After "--" it is an operand, and there is no list. */
	ck_right("a", "--", "-", "--files-from=-");
}
END_TEST

START_TEST(a_very_long_argument_does_not_break_the_message)
{
	static char long_one[100000];

	memset(long_one, 'x', sizeof(long_one) - 1);
	memcpy(long_one, "--", 2);
	ck_assert_int_eq(parse(long_one, NULL), -1);
	ck_assert_uint_le(strlen(error.text), PATH_MAX);
	ck_assert_ptr_nonnull(strstr(error.text, "...'"));
}
END_TEST

/** What --help prints; the caller frees it. */
static char *help(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	commandline_print_help(stream);
	ck_assert_int_eq(fclose(stream), 0);
	return text;
}

START_TEST(help_lists_every_option_of_the_table)
{
	char *text = help();
	size_t count = option_spec_count;

	for (size_t i = 0; i < option_spec_count; i++) {
		const struct option_spec *spec = &option_specs[i];
		char head[80];

		if (spec->letter)
			snprintf(head, sizeof(head), "\n  -%c, --%s", spec->letter, spec->name);
		else
			snprintf(head, sizeof(head), "\n      --%s", spec->name);
		const char *line = strstr(text, head);
		ck_assert_msg(line != NULL, "--%s is not in:\n%s", spec->name, text);
		ck_assert_ptr_nonnull(strchr(" =[", line[strlen(head)]));
	}
	/* And it lists no other. */
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		count -= strncmp(at, "\n  -", 4) == 0 || strncmp(at, "\n      --", 9) == 0;
	ck_assert_uint_eq(count, 0);
	free(text);
}
END_TEST

START_TEST(every_option_of_the_table_is_known)
{
	for (size_t i = 0; i < option_spec_count; i++) {
		const char *name = option_specs[i].name;
		char letter = option_specs[i].letter;
		char text[64];

		snprintf(text, sizeof(text), "--%s", name);
		if (strcmp(name, "gc") == 0) {
			ck_right(text);
			continue;
		}
		if (strcmp(name, "generate") == 0) {
			ck_right("--generate=complete-zsh");
			continue;
		}
		if (strcmp(name, "dtype") == 0) {
			ck_right(text, "u1", "a");
			continue;
		}
		if (strcmp(name, "shape") == 0 || strcmp(name, "npy") == 0) {
			ck_right(text, "1", "--dtype=u1", "a");
			continue;
		}
		if (option_specs[i].is_command) {
			ck_right("a", text, "1");
			continue;
		}
		if (strcmp(name, "memfd") == 0) {
			ck_right("a", text, "-x", "1");
			continue;
		}
		if (strcmp(name, "reuse") == 0) {
			ck_right(text, "a", "-d", "1");
			continue;
		}
		if (strcmp(name, "flat") == 0 || strcmp(name, "overwrite") == 0 ||
			strcmp(name, "umask") == 0) {
			ck_right("a", text, "-d", "1");
			continue;
		}
		if (strcmp(name, "cache-max") == 0) {
			ck_right(text, "1", "--cache=d", "a");
			continue;
		}
		if (strcmp(name, "decoder") == 0) {
			ck_right(text, "auto", "a");
			continue;
		}
		if (strcmp(name, "shard") == 0) {
			ck_right(text, "2/3", "a");
			continue;
		}
		if (strcmp(name, "parts") == 0) {
			ck_right(text, "never", "a");
			continue;
		}
		if (strcmp(name, "progress") == 0) {
			ck_right(text, "always", "a");
			continue;
		}
		if (strcmp(name, "encoding") == 0) {
			ck_right(text, "CP1252", "a");
			continue;
		}
		/* The second is an argument, or an operand. Some options go with another one. */
		bool needs = strcmp(name, "pack") == 0 || strcmp(name, "in-place") == 0;
		ck_right(text, "1", "a", needs ? "--printf=%p%o" : "b");
		if (!letter)
			continue;
		snprintf(text, sizeof(text), "-%c", letter);
		ck_right(text, "1", "a");
	}
}
END_TEST

START_TEST(files_that_are_there)
{
	ck_right("-d", "out", "a");
	ck_assert(!options.reuse.wanted);
	ck_right("-d", "out", "--reuse", "a");
	ck_assert(options.reuse.wanted && !options.reuse.unchecked);
	ck_right("-d", "out", "--reuse=unchecked", "a");
	ck_assert(options.reuse.wanted && options.reuse.unchecked);
	ck_right("-d", "out", "--reuse=unchecked", "--reuse=checked", "a");
	ck_assert(options.reuse.wanted && !options.reuse.unchecked);
	ck_right("-d", "out", "--reuse", "--overwrite", "--flat", "--dtype=f4", "a");
	ck_wrong("option '--reuse' needs '--directory'", "--reuse", "a");
	ck_wrong("option '--reuse': 'maybe' is neither 'checked' nor 'unchecked'", "-d", "out",
		"--reuse=maybe", "a");
	ck_wrong("option '--reuse': '' is neither 'checked' nor 'unchecked'", "-d", "out",
		"--reuse=", "a");
	ck_wrong("'unchecked' is no archive: give '--reuse=unchecked'", "-d", "out", "--reuse",
		"unchecked", "a");
	ck_wrong("'checked' is no archive: give '--reuse=checked'", "-d", "out", "--reuse",
		"checked", "a");
	ck_wrong("options '--reuse' and '--npy' exclude each other: a header would be put before "
		 "the members",
		"-d", "out", "--reuse", "--npy", "--dtype=f4", "a");
}
END_TEST

START_TEST(a_directory_for_members_names)
{
	ck_right("-d", "out", "a");
	ck_assert_str_eq(options.directory, "out");
	ck_assert(!options.flat && !options.overwrite && !options.umask);
	ck_right("--directory=out", "--flat", "--overwrite", "--umask", "a");
	ck_assert(options.flat && options.overwrite && options.umask);
	ck_right("-d", "out", "--json", "a");
	ck_right("-d", "out", "a", "-x", "true");
	ck_wrong("option '--directory': the DIR is empty", "-d", "", "a");
	ck_wrong("option '--flat' needs '--directory'", "--flat", "a");
	ck_wrong("option '--overwrite' needs '--directory'", "--overwrite", "a");
	ck_wrong("option '--umask' needs '--directory'", "--umask", "a");
	ck_wrong("options '--directory' and '--list' exclude each other: it makes no files", "-d",
		"out", "-l", "a");
	ck_wrong("options '--directory' and '--test' exclude each other: it keeps no files", "-d",
		"out", "-t", "a");
	ck_wrong("options '--directory' and '--pack' exclude each other: members in one file have "
		 "no names of their own",
		"-d", "out", "--pack", "--json", "a");
	ck_wrong("options '--directory' and '--in-place' exclude each other: members there have "
		 "no files of their own",
		"-d", "out", "--in-place", "--json", "a");
	ck_wrong("options '--directory' and '--memfd' exclude each other: files in memory have no "
		 "names",
		"-d", "out", "--memfd", "a", "-x", "true");
	ck_wrong("options '--directory' and '--hold' exclude each other: the files stay", "-d",
		"out", "--hold", "a");
	ck_wrong("options '--directory' and '--max-scratch' exclude each other: the files stay, "
		 "so that nothing makes room",
		"-d", "out", "--max-scratch=1M", "a");
	ck_wrong("options '--gc' and '--directory' exclude each other: '--tmpdir=DIR' says where "
		 "to look",
		"--gc", "-d", "out");
	ck_wrong("the directory for files has a newline in its name: give '--null=out'", "-d",
		"a\nb", "a");
}
END_TEST

START_TEST(flat_is_for_one_archive)
{
	ck_right("-d", "out", "--flat", "-");
	ck_wrong("option '--flat' is for one archive", "-d", "out", "--flat", "a", "b");
	ck_wrong("option '--flat' is for one archive", "-d", "out", "--flat", "/tmp");
	ck_wrong("option '--flat' is for one archive", "-d", "out", "--flat", "-T", "list");
}
END_TEST

START_TEST(help_fits_80_columns)
{
	char *text = help();

	ck_assert_ptr_eq(
		strstr(text, "Usage: zipmap [OPTION]... [ARCHIVE | DIRECTORY | -]...\n"), text);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		ck_assert_msg(strcspn(line, "\n") <= 80, "%.100s", line);
	ck_assert_ptr_nonnull(strstr(text, "\nExamples:\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nExit status:"));
	free(text);
}
END_TEST

START_TEST(version)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(stream);
	commandline_print_version(stream);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(text, "zipmap " ZIPMAP_VERSION "\n");
	free(text);
}
END_TEST

START_TEST(files_in_memory_need_somebody_for_whom_they_live)
{
	const char lonely[] = "option '--memfd' needs '--exec', '--exec-batch' or '--hold': its "
			      "files end with zipmap";

	ck_right("--memfd", "a", "-x", "true");
	ck_assert(options.memfd);
	ck_right("--memfd", "a", "-X", "true");
	ck_right("--memfd", "--hold=9", "a");
	ck_right("--memfd", "--hold=9", "--pack", "--json", "a");
	ck_right("--memfd", "--in-place", "a", "-x", "true");
	ck_wrong(lonely, "--memfd", "a");
	ck_wrong("options '--memfd' and '--max-scratch' exclude each other", "--memfd", "--hold=9",
		"--max-scratch=1G", "a");
	ck_wrong("options '--memfd' and '--parts=always' exclude each other", "--memfd", "--hold=9",
		"--parts=always", "a");
	ck_wrong("options '--test' and '--memfd' exclude each other", "--memfd", "--test", "a");
	ck_wrong("options '--list' and '--memfd' exclude each other", "--memfd", "--list", "a");
	ck_wrong(lonely, "--memfd", "--gc");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tests = tcase_create("options");

	tcase_add_checked_fixture(tests, NULL, release);
	tcase_add_test(tests, files_in_memory_need_somebody_for_whom_they_live);
	tcase_add_test(tests, defaults);
	tcase_add_test(tests, what_raw_members_hold);
	tcase_add_test(tests, a_decoder_is_called_by_its_name);
	tcase_add_test(tests, a_command_ends_at_a_semicolon_or_with_the_arguments);
	tcase_add_test(tests, kept_files_outlive_the_run_so_that_some_options_exclude_them);
	tcase_add_test(tests, gc_and_list_in_either_order_list_only);
	tcase_add_test(tests, commands_that_make_no_sense);
	tcase_add_test(tests, a_lease_is_standard_input_or_another_descriptor);
	tcase_add_test(tests, each_list_can_end_its_entries_in_nul);
	tcase_add_test(tests, parts_are_auto_never_or_always);
	tcase_add_test(tests, tmpdir_is_the_option_else_the_environment_else_tmp);
	tcase_add_test(tests, short_options);
	tcase_add_test(tests, long_options);
	tcase_add_test(tests, long_options_may_be_abbreviated);
	tcase_add_test(tests, the_later_of_quiet_and_verbose_counts);
	tcase_add_test(tests, filters_keep_their_order);
	tcase_add_test(tests, operands_stand_anywhere_and_after_two_dashes);
	tcase_add_test(tests, help_and_version_end_the_parsing);
	tcase_add_test(tests, unknown_options);
	tcase_add_test(tests, a_password_is_not_taken_for_a_file_and_not_shown);
	tcase_add_test(tests, a_word_of_in_place_is_no_archive);
	tcase_add_test(tests, missing_and_empty_arguments);
	tcase_add_test(tests, the_last_of_an_option_counts);
	tcase_add_test(tests, standard_input_is_one_thing);
	tcase_add_test(tests, numbers);
	tcase_add_test(tests, formats);
	tcase_add_test(tests, members_in_place);
	tcase_add_test(tests, a_newline_in_the_name_of_the_directory_needs_a_list_that_shows_it);
	tcase_add_test(tests, something_to_unzip_is_needed);
	tcase_add_test(tests, standard_input_is_there_once);
	tcase_add_test(tests, a_very_long_argument_does_not_break_the_message);
	tcase_add_test(tests, help_lists_every_option_of_the_table);
	tcase_add_test(tests, every_option_of_the_table_is_known);
	tcase_add_test(tests, files_that_are_there);
	tcase_add_test(tests, a_directory_for_members_names);
	tcase_add_test(tests, flat_is_for_one_archive);
	tcase_add_test(tests, help_fits_80_columns);
	tcase_add_test(tests, version);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
