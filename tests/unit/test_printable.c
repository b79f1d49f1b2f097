// SPDX-License-Identifier: MIT

#include "util/printable.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Check that the bytes of the literal @name are shown as @expected. */
#define ck_shown(name, expected)                                                            \
	do {                                                                                \
		char text_[PRINTABLE_MAX];                                                  \
		ck_assert_str_eq(                                                           \
			printable(name, sizeof(name) - 1, text_, sizeof(text_)), expected); \
	} while (0)

START_TEST(every_single_byte)
{
	for (int byte = 0; byte < 256; byte++) {
		char name = (char)byte;
		char text[16];
		char expected[16];

		if (byte == '\\')
			strcpy(expected, "\\\\");
		else if (byte == '\n')
			strcpy(expected, "\\n");
		else if (byte == '\t')
			strcpy(expected, "\\t");
		else if (byte == '\r')
			strcpy(expected, "\\r");
		else if (byte >= ' ' && byte <= '~')
			snprintf(expected, sizeof(expected), "%c", byte);
		else
			snprintf(expected, sizeof(expected), "\\x%02x", (unsigned)byte);
		ck_assert_ptr_eq(printable(&name, 1, text, sizeof(text)), text);
		ck_assert_str_eq(text, expected);
	}
}
END_TEST

START_TEST(printable_characters_stay)
{
	ck_shown("", "");
	ck_shown("data/file_1.dat", "data/file_1.dat");
	ck_shown("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	/* The first and the last character of each length. */
	ck_shown("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbd",
		"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbd");
	ck_shown("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
	ck_shown("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
}
END_TEST

START_TEST(terminal_escapes_are_escaped)
{
	ck_shown("a\x1b[31mb\nzipmap: fake", "a\\x1b[31mb\\nzipmap: fake");
	ck_shown("\x7f\x08", "\\x7f\\x08");
	/* U+009B is the 8-bit form of ESC [. */
	ck_shown("\xc2\x9b\xc2\x80\xc2\x9f", "\\xc2\\x9b\\xc2\\x80\\xc2\\x9f");
}
END_TEST

/** Write @character (U+0080 to U+FFFF) as UTF-8. */
static size_t encode(unsigned character, char *text)
{
	if (character < 0x800) {
		text[0] = (char)(0xc0 | character >> 6);
		text[1] = (char)(0x80 | (character & 0x3f));
		return 2;
	}
	text[0] = (char)(0xe0 | character >> 12);
	text[1] = (char)(0x80 | (character >> 6 & 0x3f));
	text[2] = (char)(0x80 | (character & 0x3f));
	return 3;
}

START_TEST(characters_that_change_direction_are_escaped)
{
	static const unsigned characters[] = {0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d,
		0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x2028, 0x2029};
	static const unsigned harmless[] = {
		0x61b, 0x61d, 0x200d, 0x2010, 0x2027, 0x202f, 0x2065, 0x206a};
	char name[4];
	char text[64];

	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		size_t size = encode(characters[i], name);
		printable(name, size, text, sizeof(text));
		ck_assert_uint_eq(strlen(text), 4 * size);
		ck_assert_int_eq(text[0], '\\');
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		size_t size = encode(harmless[i], name);
		printable(name, size, text, sizeof(text));
		ck_assert_uint_eq(strlen(text), size);
		ck_assert_mem_eq(text, name, size);
	}
	ck_shown("a\xe2\x80\xae"
		 "b",
		"a\\xe2\\x80\\xaeb");
}
END_TEST

START_TEST(what_is_not_utf8_is_escaped)
{
	/* Overlong forms of '/', of U+007F, U+07FF and U+FFFF. */
	ck_shown("\xc0\xaf", "\\xc0\\xaf");
	ck_shown("\xc1\xbf", "\\xc1\\xbf");
	ck_shown("\xe0\x9f\xbf", "\\xe0\\x9f\\xbf");
	ck_shown("\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf");
	/* Surrogates, and beyond U+10FFFF. */
	ck_shown("\xed\xa0\x80\xed\xbf\xbf", "\\xed\\xa0\\x80\\xed\\xbf\\xbf");
	ck_shown("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	ck_shown("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
	/* A lone continuation byte, a character without its end, and one after it. */
	ck_shown("a\x80z", "a\\x80z");
	ck_shown("\xe2\x82", "\\xe2\\x82");
	ck_shown("\xe2\x82z", "\\xe2\\x82z");
	ck_shown("\xe2\xc3\xa4", "\\xe2\xc3\xa4");
	/* Latin-1 and code page 437 names, which old archives have. */
	ck_shown("m\xfcller.dat", "m\\xfcller.dat");
}
END_TEST

START_TEST(nothing_beyond_the_size_is_read)
{
	char text[PRINTABLE_MAX];

	/* The rest of a character lies behind the end of the name. */
	ck_assert_str_eq(printable("\xe2\x82\xac", 2, text, sizeof(text)), "\\xe2\\x82");
	ck_assert_str_eq(printable("ab", 1, text, sizeof(text)), "a");
	ck_assert_str_eq(printable("a\0b", 3, text, sizeof(text)), "a\\x00b");
}
END_TEST

START_TEST(a_cut_never_divides_a_piece)
{
	/* Pieces of one to four bytes in every place, and every capacity. */
	static const char name[] =
		"a\x1b\xc3\xa4\n\xe2\x82\xac\\\xf0\x9f\x98\x80\x80zz\x01\xc3\xa4";
	char whole[PRINTABLE_MAX];
	char text[128];

	printable(name, sizeof(name) - 1, whole, sizeof(whole));
	size_t whole_size = strlen(whole);
	for (size_t capacity = 8; capacity < sizeof(text); capacity++) {
		memset(text, '!', sizeof(text));
		printable(name, sizeof(name) - 1, text, capacity);
		for (size_t i = capacity; i < sizeof(text); i++)
			ck_assert_int_eq(text[i], '!');
		size_t size = strlen(text);
		ck_assert_uint_lt(size, capacity);
		if (capacity > whole_size) {
			ck_assert_str_eq(text, whole);
			continue;
		}
		/* The end is "...", and as much is there as fits: the next piece has 4 at most. */
		ck_assert_uint_ge(size + 4, capacity - 1);
		ck_assert_str_eq(text + size - 3, "...");
		ck_assert_mem_eq(text, whole, size - 3);
		/* The cut is where a piece begins: showing some first part of the name gives it. */
		char part[PRINTABLE_MAX];
		bool found = false;
		for (size_t taken = 0; taken < sizeof(name) && !found; taken++) {
			printable(name, taken, part, sizeof(part));
			found = strlen(part) == size - 3 && memcmp(part, text, size - 3) == 0;
		}
		ck_assert_msg(found, "%s", text);
	}
}
END_TEST

START_TEST(different_names_look_different)
{
	ck_shown("\\n", "\\\\n");
	ck_shown("\n", "\\n");
	ck_shown("\\x1b", "\\\\x1b");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("printable");
	TCase *tests = tcase_create("printable");

	tcase_add_test(tests, every_single_byte);
	tcase_add_test(tests, printable_characters_stay);
	tcase_add_test(tests, terminal_escapes_are_escaped);
	tcase_add_test(tests, characters_that_change_direction_are_escaped);
	tcase_add_test(tests, what_is_not_utf8_is_escaped);
	tcase_add_test(tests, nothing_beyond_the_size_is_read);
	tcase_add_test(tests, a_cut_never_divides_a_piece);
	tcase_add_test(tests, different_names_look_different);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
