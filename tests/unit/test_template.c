// SPDX-License-Identifier: MIT

#include "parent/template.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Enough for the longest command line here. */
#define WORDS 8

/*
 * Command lines of fd's manual, README and tests (fd 10, doc/fd.1, src/exec/mod.rs, src/fmt/mod.rs,
 * src/fmt/input.rs, tests/tests.rs), a path that is found there, and what the command gets to see.
 */
static const struct {
	const char *words[WORDS];
	const char *path;
	const char *seen[WORDS];
} lines[] = {
	{{"unzip"}, "backup/file2.zip", {"unzip", "backup/file2.zip"}},
	{{"clang-format", "-i"}, "src/a.h", {"clang-format", "-i", "src/a.h"}},
	{{"convert", "{}", "{.}.png"}, "documents/images/party.jpg",
		{"convert", "documents/images/party.jpg", "documents/images/party.png"}},
	{{"stat"}, "notes.txt", {"stat", "notes.txt"}},
	{{"vim"}, "lib/test_advanced.py", {"vim", "lib/test_advanced.py"}},
	{{"wc", "-l"}, "src/main.rs", {"wc", "-l", "src/main.rs"}},
	{{"ls", "-lhd", "--color=always"}, "a", {"ls", "-lhd", "--color=always", "a"}},
	{{"rg", "std::cout"}, "a.cpp", {"rg", "std::cout", "a.cpp"}},
	{{"md5sum"}, "./one/b.foo", {"md5sum", "./one/b.foo"}},
	{{"rm", "-i"}, "one/.DS_Store", {"rm", "-i", "one/.DS_Store"}},
	{{"bash", "-c", "my_function \"$1\"", "bash"}, "a",
		{"bash", "-c", "my_function \"$1\"", "bash", "a"}},
	{{"echo"}, "/tmp/x/one/two/C.Foo2", {"echo", "/tmp/x/one/two/C.Foo2"}},
	{{"echo", "{}"}, "./one/two/c.foo", {"echo", "./one/two/c.foo"}},
	{{"echo", "{.}"}, "./a.foo", {"echo", "a"}},
	{{"echo", "{.}"}, "./one/b.foo", {"echo", "one/b"}},
	{{"echo", "{.}"}, "one/two/C.Foo2", {"echo", "one/two/C"}},
	{{"echo", "{.}"}, "./one/two/three/directory_foo", {"echo", "one/two/three/directory_foo"}},
	{{"echo", "{/}"}, "./a.foo", {"echo", "a.foo"}},
	{{"echo", "{/}"}, "./one/two/three/d.foo", {"echo", "d.foo"}},
	{{"echo", "{/.}"}, "./one/two/C.Foo2", {"echo", "C"}},
	{{"echo", "{/.}"}, "./one/two/three/directory_foo", {"echo", "directory_foo"}},
	{{"echo", "{//}"}, "a.foo", {"echo", "."}},
	{{"echo", "{//}"}, "./a.foo", {"echo", "."}},
	{{"echo", "{//}"}, "./one/two/c.foo", {"echo", "./one/two"}},
	{{"printf", "%s.%s\n"}, "./e1 e2", {"printf", "%s.%s\n", "./e1 e2"}},
	{{"echo", "test", "{/}"}, "one/b.foo", {"echo", "test", "b.foo"}},
	{{"echo", "{//}"}, "e1 e2", {"echo", "."}},
	{{"printf", "%s", "{/}: "}, "./one/b.foo", {"printf", "%s", "b.foo: "}},
	{{"printf", "%s\\n", "{//}"}, "./one/b.foo", {"printf", "%s\\n", "./one"}},
	{{"printf", "p=%s"}, "./a.foo", {"printf", "p=%s", "./a.foo"}},
	{{"echo", "Matched: ", "{/}"}, "a.foo", {"echo", "Matched: ", "a.foo"}},
	{{"bash", "-c", "exit 1"}, "a.foo", {"bash", "-c", "exit 1", "a.foo"}},
	{{"echo", "{}"}, "test1/test_\xfeinvalid.txt", {"echo", "test1/test_\xfeinvalid.txt"}},
	{{"echo", "{.}"}, "test1/test_\xfeinvalid.txt", {"echo", "test1/test_\xfeinvalid"}},
	{{"echo", "${SHELL}:"}, "a", {"echo", "${SHELL}:", "a"}},
	{{"{{}}", "{{", "{.}}"}, "foo", {"{}", "{", "{.}", "foo"}},
	{{"echo", "{{{},end}"}, "foo", {"echo", "{foo,end}"}},
	{{"cp", "{}", "{/.}.ext"}, "dir/foo.txt", {"cp", "dir/foo.txt", "foo.ext"}},
	{{"{}"}, "./run", {"./run"}},
	{{"{/}", "arg"}, "bin/true", {"true", "arg"}},
	{{"This string only has escapes like {{ and }}"}, "a",
		{"This string only has escapes like { and }", "a"}},
	{{"{{path={} basename={/} parent={//} noExt={.} basenameNoExt={/.} }}"},
		"a/folder/file.txt",
		{"{path=a/folder/file.txt basename=file.txt parent=a/folder noExt=a/folder/file "
		 "basenameNoExt=file }"}},
	{{"echo", "{.}"}, "dir/foo.txt", {"echo", "dir/foo"}},
	{{"echo", "{.}"}, ".foo", {"echo", ".foo"}},
	{{"echo", "{/.}"}, "dir/.foo", {"echo", ".foo"}},
	{{"echo", "{.}"}, "\xf0\x9f\x92\x96.txt", {"echo", "\xf0\x9f\x92\x96"}},
	{{"echo", "{/}"}, "dir/\xf0\x9f\x92\x96.txt", {"echo", "\xf0\x9f\x92\x96.txt"}},
	{{"echo", "{//}"}, "\xf0\x9f\x92\x96/foo.txt", {"echo", "\xf0\x9f\x92\x96"}},
};

static size_t count(const char *const *words)
{
	size_t found = 0;

	while (found < WORDS && words[found])
		found++;
	return found;
}

START_TEST(a_command_line_of_fd_gives_the_arguments_that_fd_gives)
{
	const struct template template = {(char **)(void *)lines[_i].words, count(lines[_i].words)};
	char **seen = template_words(&template, lines[_i].path);

	ck_assert_int_eq(template_check(&template, false), TEMPLATE_GOOD);
	ck_assert_ptr_nonnull(seen);
	for (size_t i = 0; i < count(lines[_i].seen); i++)
		ck_assert_str_eq(seen[i], lines[_i].seen[i]);
	ck_assert_ptr_null(seen[count(lines[_i].seen)]);
	free(seen);
}
END_TEST

/* What stands beside a placeholder, or looks like one. */
static const struct {
	const char *word, *text;
} words[] = {
	{"", ""},
	{"{", "{"},
	{"}", "}"},
	{"}}", "}"},
	{"}}}", "}}"},
	{"{}{}", "/d/a.b.c/d/a.b.c"},
	{"{}}", "{}"},
	{"{}}}", "{}}"},
	{"{//}}x", "{//}x"},
	{"{/.}}", "{/.}"},
	{"{/", "{/"},
	{"{/{}", "{//d/a.b.c"},
	{"{./}", "{./}"},
	{"{//.}", "{//.}"},
	{"{ }", "{ }"},
	{"{1}", "{1}"},
	{"{.}", "/d/a.b"},
	{"{/.}", "a.b"},
	{"{//}", "/d"},
	{"{{{{}}}}", "{{}}"},
	{"--in={/}", "--in=a.b.c"},
};

START_TEST(a_brace_is_a_placeholder_only_where_fd_says_so)
{
	char text[64];
	size_t size = template_expand(words[_i].word, "/d/a.b.c", text, sizeof(text));

	ck_assert_str_eq(text, words[_i].text);
	ck_assert_uint_eq(size, strlen(words[_i].text) + 1);
	/* The length is known without room for the text. */
	ck_assert_uint_eq(template_expand(words[_i].word, "/d/a.b.c", NULL, 0), size);
}
END_TEST

START_TEST(paths_are_cut_where_their_last_slash_is)
{
	char text[64];

	template_expand("{//}", "/a", text, sizeof(text));
	ck_assert_str_eq(text, "/");
	template_expand("{.}", "/a.b", text, sizeof(text));
	ck_assert_str_eq(text, "/a");
	template_expand("{//}", "d//a", text, sizeof(text));
	ck_assert_str_eq(text, "d");
	template_expand("{.}", "d.e/a", text, sizeof(text));
	ck_assert_str_eq(text, "d.e/a");
	template_expand("{/.}", "a.", text, sizeof(text));
	ck_assert_str_eq(text, "a");
}
END_TEST

START_TEST(no_more_is_written_than_there_is_room)
{
	char text[8] = "abcdefg";

	ck_assert_uint_eq(template_expand("<{}>", "path", text, 3), 7);
	ck_assert_mem_eq(text, "<padefg", 8);
}
END_TEST

static enum template_fault check(bool batch, const char *first, const char *second)
{
	char *command[] = {(char *)first, (char *)second};
	const struct template template = {command, first ? second ? 2 : 1 : 0};

	return template_check(&template, batch);
}

START_TEST(what_fd_refuses_as_a_command_is_refused)
{
	ck_assert_int_eq(check(false, NULL, NULL), TEMPLATE_EMPTY);
	ck_assert_int_eq(check(true, NULL, NULL), TEMPLATE_EMPTY);
	ck_assert_int_eq(check(true, "{}", NULL), TEMPLATE_PROGRAM);
	ck_assert_int_eq(check(true, "echo {}", NULL), TEMPLATE_PROGRAM);
	ck_assert_int_eq(check(false, "echo {}", NULL), TEMPLATE_GOOD);
	ck_assert_int_eq(check(true, "echo", "{} {/}"), TEMPLATE_GOOD);
	ck_assert_int_eq(check(true, "{{}}", "{}"), TEMPLATE_GOOD);

	char *several[] = {"echo", "{.}", "{}"};
	const struct template template = {several, 3};
	ck_assert_int_eq(template_check(&template, true), TEMPLATE_SEVERAL);
	ck_assert_int_eq(template_check(&template, false), TEMPLATE_GOOD);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("template");
	TCase *tests = tcase_create("template");

	tcase_add_loop_test(tests, a_command_line_of_fd_gives_the_arguments_that_fd_gives, 0,
		sizeof(lines) / sizeof(lines[0]));
	tcase_add_loop_test(tests, a_brace_is_a_placeholder_only_where_fd_says_so, 0,
		sizeof(words) / sizeof(words[0]));
	tcase_add_test(tests, paths_are_cut_where_their_last_slash_is);
	tcase_add_test(tests, no_more_is_written_than_there_is_room);
	tcase_add_test(tests, what_fd_refuses_as_a_command_is_refused);
	suite_add_tcase(suite, tests);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
