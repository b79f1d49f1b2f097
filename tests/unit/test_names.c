// SPDX-License-Identifier: MIT

#include "worker/container/names.h"

#include "protocol/encoding.h"
#include "util/utf8.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct names names;

/** Convert @name by @encoding; the result stays until the next call. */
static const char *convert(const char *encoding, const char *name, bool stated)
{
	uint16_t size = (uint16_t)strlen(name);

	ck_assert_int_eq(names_init(&names, encoding), 0);
	const char *converted = names_convert(&names, name, &size, stated);
	ck_assert_uint_eq(size, strlen(converted));
	if (converted == name)
		ck_assert_uint_eq(size, strlen(name));
	names_release(&names);
	return converted;
}

/** The upper half of code page 437, as Python's codec has it. */
static const char page437[] = "\u00c7\u00fc\u00e9\u00e2\u00e4\u00e0\u00e5\u00e7\u00ea\u00eb\u00e8"
			      "\u00ef\u00ee\u00ec\u00c4\u00c5\u00c9\u00e6\u00c6\u00f4\u00f6\u00f2"
			      "\u00fb\u00f9\u00ff\u00d6\u00dc\u00a2\u00a3\u00a5\u20a7\u0192\u00e1"
			      "\u00ed\u00f3\u00fa\u00f1\u00d1\u00aa\u00ba\u00bf\u2310\u00ac\u00bd"
			      "\u00bc\u00a1\u00ab\u00bb\u2591\u2592\u2593\u2502\u2524\u2561\u2562"
			      "\u2556\u2555\u2563\u2551\u2557\u255d\u255c\u255b\u2510\u2514\u2534"
			      "\u252c\u251c\u2500\u253c\u255e\u255f\u255a\u2554\u2569\u2566\u2560"
			      "\u2550\u256c\u2567\u2568\u2564\u2565\u2559\u2558\u2552\u2553\u256b"
			      "\u256a\u2518\u250c\u2588\u2584\u258c\u2590\u2580\u03b1\u00df\u0393"
			      "\u03c0\u03a3\u03c3\u00b5\u03c4\u03a6\u0398\u03a9\u03b4\u221e\u03c6"
			      "\u03b5\u2229\u2261\u00b1\u2265\u2264\u2320\u2321\u00f7\u2248\u00b0"
			      "\u2219\u00b7\u221a\u207f\u00b2\u25a0\u00a0";

START_TEST(code_page_437_has_its_characters)
{
	char name[129];

	for (int i = 0; i < 128; i++)
		name[i] = (char)(128 + i);
	name[128] = '\0';
	ck_assert_str_eq(convert(NULL, name, false), page437);
	ck_assert_str_eq(convert("IBM437", name, false), page437);
}
END_TEST

START_TEST(ascii_is_itself_whatever_is_asked_for)
{
	char name[128];

	for (int i = 1; i < 128; i++)
		name[i - 1] = (char)i;
	name[127] = '\0';
	static const char *const encodings[] = {NULL, "IBM437", "SHIFT_JIS", "IBM864", "UTF-8"};
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++)
		ck_assert_ptr_eq(convert(encodings[i], name, false), name);
	ck_assert_str_eq(convert(NULL, "", false), "");
}
END_TEST

START_TEST(one_byte_that_is_not_ascii_is_found_wherever_it_is)
{
	char name[41];

	for (size_t size = 1; size < sizeof(name); size++) {
		for (size_t at = 0; at < size; at++) {
			memset(name, 'n', size);
			name[size] = '\0';
			name[at] = '\x81';
			const char *converted = convert(NULL, name, false);
			ck_assert_uint_eq(strlen(converted), size + 1);
			ck_assert_mem_eq(converted + at, "\u00fc", 2);
		}
	}
}
END_TEST

START_TEST(control_characters_stay_beside_what_is_converted)
{
	ck_assert_str_eq(
		convert(NULL, "\x01\x1b[31m\n\x81\x7f", false), "\x01\x1b[31m\n\u00fc\x7f");
}
END_TEST

START_TEST(utf8_is_taken_as_it_is_unless_something_else_is_asked_for)
{
	static const char name[] = "gr\u00fc\u00df\u20ac\U0001f600";

	ck_assert_ptr_eq(convert(NULL, name, false), name);
	ck_assert_ptr_eq(convert(NULL, name, true), name);
	ck_assert_ptr_eq(convert("CP1252", name, true), name);
	ck_assert_str_eq(convert("CP1252", "gr\u00fc", false), "gr\u00c3\u00bc");
}
END_TEST

START_TEST(what_only_looks_like_utf8_is_of_code_page_437)
{
	/* An overlong form, a surrogate, a value above U+10FFFF, a character cut off. */
	ck_assert_str_eq(convert(NULL, "\xc0\xaf", false), "\u2514\u00bb");
	ck_assert_str_eq(convert(NULL, "\xed\xa0\x80", false), "\u03c6\u00e1\u00c7");
	ck_assert_str_eq(convert(NULL, "\xf4\x90\x80\x80", false), "\u2320\u00c9\u00c7\u00c7");
	ck_assert_str_eq(convert(NULL, "\xc3", false), "\u251c");
}
END_TEST

/* By Python's codecs. */
static const struct {
	const char *encoding;
	const char *name;
	const char *want;
} encoded[] = {
	{"CP1252", "gr\xfc\xdf\x80", "gr\u00fc\u00df\u20ac"},
	{"ISO-8859-1", "\xe9", "\u00e9"},
	{"CP866", "\x8f\xe0\xa8\xa2\xa5\xe2", "\u041f\u0440\u0438\u0432\u0435\u0442"},
	{"KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4", "\u041f\u0440\u0438\u0432\u0435\u0442"},
	/* The second byte of the last is a backslash. */
	{"SHIFT_JIS", "\x93\xfa\x96{\x95\\", "\u65e5\u672c\u8868"},
	{"CP932", "\x93\xfa\x96{\\\x87@", "\u65e5\u672c\\\u2460"},
	{"EUC-JP", "\xc6\xfc\xcb\xdc", "\u65e5\u672c"},
	{"GBK", "\xd6\xd0\xce\xc4.dat", "\u4e2d\u6587.dat"},
	{"GB18030", "\x94\x39\xfc\x36", "\U0001f600"},
	{"BIG5", "\xa4\xa4\xa4\xe5", "\u4e2d\u6587"},
	{"EUC-KR", "\xc7\xd1\xb1\xdb", "\ud55c\uae00"},
	{"UTF-8", "\u00e9\U0001f600", "\u00e9\U0001f600"},
	/* A letter at the end, which an accent could have followed. */
	{"CP1258", "\xd0\xe2", "\u0110\u00e2"},
};

START_TEST(other_encodings_have_their_characters)
{
	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
		ck_assert_str_eq(
			convert(encoded[i].encoding, encoded[i].name, false), encoded[i].want);
		ck_assert_ptr_eq(
			convert(encoded[i].encoding, encoded[i].name, true), encoded[i].name);
	}
}
END_TEST

START_TEST(a_name_is_not_affected_by_the_one_before)
{
	static const char broken[] = "\x93\xfa\x96";
	uint16_t size;

	ck_assert_int_eq(names_init(&names, "SHIFT_JIS"), 0);
	for (size_t round = 0; round < 3; round++) {
		size = 3;
		ck_assert_ptr_eq(names_convert(&names, broken, &size, false), broken);
		ck_assert_uint_eq(size, 3);
		size = 4;
		const char *converted = names_convert(&names, "\x93\xfa\x96{", &size, false);
		ck_assert_uint_eq(size, 6);
		ck_assert_str_eq(converted, "\u65e5\u672c");
	}
	names_release(&names);
}
END_TEST

START_TEST(what_cannot_be_converted_stays)
{
	static const struct {
		const char *encoding;
		const char *name;
	} table[] = {
		{"ASCII", "a\xe9"},          /* not of the encoding */
		{"UTF-8", "ab\xff"},         /* the same */
		{"CP1252", "\x81"},          /* a code that means nothing */
		{"SHIFT_JIS", "a\x93"},      /* cut off */
		{"GBK", "\xd6\xd0\xff.dat"}, /* after what could be */
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ck_assert_ptr_eq(convert(table[i].encoding, table[i].name, false), table[i].name);
}
END_TEST

START_TEST(a_name_that_grows_too_long_is_cut_after_a_character)
{
	static const char *const encodings[] = {NULL, "IBM437"};
	char *name = malloc(MEMBER_NAME_MAX + 1);

	for (size_t i = 0; i < 2; i++) {
		/* Three bytes each but for the first: 1 + 3 * 21844 is 65533. */
		memset(name, '\xb0', MEMBER_NAME_MAX);
		name[0] = 'n';
		name[MEMBER_NAME_MAX] = '\0';
		const char *converted = convert(encodings[i], name, false);
		ck_assert_uint_eq(strlen(converted), 65533);
		ck_assert(utf8_is_valid(converted, 65533));
		ck_assert_mem_eq(converted, "n\u2591\u2591", 7);

		/* As long as can be: two bytes more. */
		name[1] = '\x81';
		ck_assert_uint_eq(strlen(convert(encodings[i], name, false)), 65535);
	}
	free(name);
}
END_TEST

START_TEST(encodings_that_are_unknown_or_not_of_ascii_are_refused)
{
	static const char *const wrong[] = {"", "nonsense", "UTF-16", "UTF-7", "UCS-4",
		"ISO-2022-JP", "ISO-2022-KR", "EBCDIC-US", "CP1252//IGNORE", "CP1252//TRANSLIT",
		"CP1252/", "//"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		errno = 0;
		ck_assert_int_eq(names_init(&names, wrong[i]), -1);
		ck_assert_int_eq(errno, EINVAL);
		names_release(&names);
	}
	static const char *const right[] = {"cp1252", "IBM864", "JOHAB", "VISCII", "CP1258", "TCVN",
		"BIG5-HKSCS", "EUC-JISX0213"};
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		ck_assert_int_eq(names_init(&names, right[i]), 0);
		names_release(&names);
	}
}
END_TEST

START_TEST(text_is_cut_after_a_character)
{
	static const char text[] = "a\u00e9\u20ac\U0001f600z"; /* 1, 2, 3, 4 and 1 bytes */
	static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};

	for (size_t most = 0; most < sizeof(want) / sizeof(want[0]); most++)
		ck_assert_uint_eq(utf8_cut(text, 11, most), want[most]);
	/* What is not UTF-8 is not worn away. */
	ck_assert_uint_eq(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
	ck_assert_uint_eq(utf8_cut("\x80\x80\x80", 3, 1), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("names");
	TCase *tests = tcase_create("names");

	tcase_add_test(tests, code_page_437_has_its_characters);
	tcase_add_test(tests, ascii_is_itself_whatever_is_asked_for);
	tcase_add_test(tests, one_byte_that_is_not_ascii_is_found_wherever_it_is);
	tcase_add_test(tests, control_characters_stay_beside_what_is_converted);
	tcase_add_test(tests, utf8_is_taken_as_it_is_unless_something_else_is_asked_for);
	tcase_add_test(tests, what_only_looks_like_utf8_is_of_code_page_437);
	tcase_add_test(tests, other_encodings_have_their_characters);
	tcase_add_test(tests, a_name_is_not_affected_by_the_one_before);
	tcase_add_test(tests, what_cannot_be_converted_stays);
	tcase_add_test(tests, a_name_that_grows_too_long_is_cut_after_a_character);
	tcase_add_test(tests, encodings_that_are_unknown_or_not_of_ascii_are_refused);
	tcase_add_test(tests, text_is_cut_after_a_character);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
