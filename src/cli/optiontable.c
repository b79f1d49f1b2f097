// SPDX-License-Identifier: MIT

#include "cli/optiontable.h"

#include <getopt.h>
#include <limits.h>
#include <stddef.h>

#define FIELD(name) offsetof(struct options, name)

/* To add an option, add a field to struct options, an entry here, and an item to the manual. */
const struct option_spec option_specs[] = {
	{.section = "What to unzip",
		.letter = 'r',
		.name = "recursive",
		.help = "directories: look for archives at any depth\n"
			"(symbolic links to directories are not followed)",
		.set = optionvalue_set_flag,
		.field = FIELD(recursive)},
	{.letter = 'T',
		.name = "files-from",
		.has_arg = required_argument,
		.argument = "FILE",
		.help = "read archive paths from FILE, one a line (-: from\n"
			"standard input); work starts with the first line",
		.set = optionvalue_set_list,
		.field = FIELD(files_from)},
	{.letter = '0',
		.name = "null",
		.has_arg = optional_argument,
		.argument = "WHICH",
		.help = "path lists end in NUL rather than newline: the one\n"
			"read (in), the one printed (out), or both, as -0",
		.set = optionvalue_set_null},
	{.name = "include",
		.has_arg = required_argument,
		.argument = "GLOB",
		.help = "only members whose name matches; a GLOB without '/'\n"
			"matches base names; the last GLOB that matches wins",
		.set = optionvalue_add_filter},
	{.name = "exclude",
		.has_arg = required_argument,
		.argument = "GLOB",
		.help = "skip members whose name matches",
		.set = optionvalue_add_filter},
	{.name = "encoding",
		.has_arg = required_argument,
		.argument = "NAME",
		.help = "encoding of names that do not state theirs; default:\n"
			"UTF-8 if they are valid UTF-8, else code page 437",
		.set = optionvalue_set_encoding,
		.field = FIELD(encoding)},
	{.name = "password-file",
		.has_arg = required_argument,
		.argument = "FILE",
		.help = "FILE holds the password of encrypted members\n"
			"(-: standard input)",
		.set = optionvalue_set_text,
		.field = FIELD(password_file)},

	{.section = "Members that are not .npy",
		.name = "dtype",
		.has_arg = required_argument,
		.argument = "TYPE",
		.help = "the type of their items, as NumPy names it, such as\n"
			"float32, <f4 or u1",
		.set = optionvalue_set_dtype},
	{.name = "shape",
		.has_arg = required_argument,
		.argument = "N,M,...",
		.help = "their dimensions, of which one may be -1; default:\n"
			"one dimension; a member that does not fit fails",
		.set = optionvalue_set_shape},
	{.name = "npy",
		.help = "put a .npy header before the data, as numpy.save()\n"
			"does, so that numpy.load() can map the file",
		.set = optionvalue_set_flag,
		.field = FIELD(npy)},

	{.section = "How to do it",
		.letter = 'j',
		.name = "jobs",
		.has_arg = required_argument,
		.argument = "N",
		.help = "run at most N workers; default: one per usable CPU",
		.set = optionvalue_set_number,
		.field = FIELD(jobs),
		.minimum = 1,
		.maximum = OPTIONS_JOBS_MAX},
	{.name = "tmpdir",
		.has_arg = required_argument,
		.argument = "DIR",
		.help = "files go below DIR; default: $TMPDIR, else /tmp",
		.set = optionvalue_set_text,
		.field = FIELD(tmpdir)},
	{.letter = 'u',
		.name = "unordered",
		.help = "print members as they finish, not in input order",
		.set = optionvalue_set_flag,
		.field = FIELD(unordered)},
	{.name = "pack",
		.help = "put small members (below 1 MiB) together into files;\n"
			"needs --json, or --printf with %p and %o",
		.set = optionvalue_set_flag,
		.field = FIELD(pack)},
	{.name = "in-place",
		.has_arg = optional_argument,
		.argument = "HOW",
		.help = "leave stored members in the archive and print its\n"
			"path; needs --json, or --printf with %p and %o.\n"
			"HOW: unchecked (do not check the CRC-32), aligned\n"
			"(unzip arrays that are not aligned)",
		.set = optionvalue_set_in_place},
	{.name = "fail-fast",
		.help = "stop at the first failure",
		.set = optionvalue_set_flag,
		.field = FIELD(fail_fast)},
	{.name = "decoder",
		.has_arg = required_argument,
		.argument = "NAME",
		.help = "the decoder for DEFLATE, to measure and compare:\n"
			"auto (the fastest), twin, isal or zlib",
		.set = optionvalue_set_decoder},

	{.section = "What to print",
		.name = "json",
		.help = "print a JSON object a line instead of paths, and one\n"
			"for each failure",
		.set = optionvalue_set_flag,
		.field = FIELD(json)},
	{.name = "printf",
		.has_arg = required_argument,
		.argument = "FORMAT",
		.help = "print FORMAT for each member instead of its path:\n"
			"%p path, %a archive, %m member, %s size, %c CRC-32,\n"
			"%o offset in the file, %%; \\n \\t \\0 \\\\;\n"
			"for arrays also %t type, %d shape",
		.set = optionvalue_set_format,
		.field = FIELD(printf_format)},

	{.section = "Who removes the files",
		.letter = 'x',
		.name = "exec",
		.has_arg = required_argument,
		.argument = "CMD... ;",
		.is_command = true,
		.help = "run CMD for each file, and remove the file after;\n"
			"{} path, {/} base name, {//} directory, {.} and {/.}\n"
			"without the extension, {{ and }} braces; default: {}"},
	{.letter = 'X',
		.name = "exec-batch",
		.has_arg = required_argument,
		.argument = "CMD... ;",
		.is_command = true,
		.help = "run CMD once for all files, and remove them after"},
	{.name = "hold",
		.has_arg = optional_argument,
		.argument = "FD",
		.help = "end standard output after the last path, and remove\n"
			"all files when descriptor FD (default: 0) ends",
		.set = optionvalue_set_hold,
		.field = FIELD(hold_fd),
		.maximum = INT_MAX},

	{.section = "Safety",
		.name = "max-member",
		.has_arg = required_argument,
		.argument = "SIZE",
		.help = "refuse members that unzip to more than SIZE, which\n"
			"may end in K, M, G or T (powers of 1024)",
		.set = optionvalue_set_size,
		.field = FIELD(limits.member_bytes)},
	{.name = "max-total",
		.has_arg = required_argument,
		.argument = "SIZE",
		.help = "refuse members that would bring the sum of the run\n"
			"above SIZE",
		.set = optionvalue_set_size,
		.field = FIELD(limits.total_bytes)},
	{.name = "max-members",
		.has_arg = required_argument,
		.argument = "N",
		.help = "refuse archives with more than N members",
		.set = optionvalue_set_count,
		.field = FIELD(limits.members)},
	{.name = "max-ratio",
		.has_arg = required_argument,
		.argument = "N",
		.help = "refuse members that unzip to more than N times\n"
			"their compressed size",
		.set = optionvalue_set_count,
		.field = FIELD(limits.ratio)},
	{.name = "require-sandbox",
		.help = "fail if the kernel lacks a part of the sandbox that\n"
			"workers run in; otherwise that is a warning",
		.set = optionvalue_set_sandbox,
		.field = FIELD(require_sandbox)},
	{.name = "no-sandbox",
		.help = "run workers without Landlock, seccomp and limits",
		.set = optionvalue_set_sandbox,
		.field = FIELD(no_sandbox)},

	{.section = "Instead of unzipping",
		.letter = 'l',
		.name = "list",
		.help = "list the members: size, compressed size, method,\n"
			"CRC-32, time, archive, name",
		.set = optionvalue_set_action,
		.action = ACTION_LIST},
	{.letter = 't',
		.name = "test",
		.help = "check the members as if unzipping them, keep no file\n"
			"and report the bad ones",
		.set = optionvalue_set_action,
		.action = ACTION_TEST},
	{.name = "gc",
		.help = "remove what killed runs left in the directory for\n"
			"files (--tmpdir)",
		.set = optionvalue_set_action,
		.action = ACTION_GC},

	{.section = "Messages",
		.name = "stats",
		.help = "report memory, traffic and speed at the end",
		.set = optionvalue_set_flag,
		.field = FIELD(stats)},
	{.letter = 'q',
		.name = "quiet",
		.help = "print errors only, no warnings",
		.set = optionvalue_set_loudness,
		.field = FIELD(quiet)},
	{.letter = 'v',
		.name = "verbose",
		.help = "print more about what is done",
		.set = optionvalue_set_loudness,
		.field = FIELD(verbose)},
	{.section = "About zipmap",
		.letter = 'h',
		.name = "help",
		.help = "print this text",
		.set = optionvalue_set_action,
		.action = ACTION_HELP},
	{.letter = 'V',
		.name = "version",
		.help = "print the version",
		.set = optionvalue_set_action,
		.action = ACTION_VERSION},
};
const size_t option_spec_count = sizeof(option_specs) / sizeof(option_specs[0]);
