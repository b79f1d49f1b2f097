// SPDX-License-Identifier: MIT

#include "protocol/membername.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/** A string literal with NULs in it, and its size. */
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct {
	const char *name;
	size_t size;
	const char *base;
} table[] = {
	{TEXT("file_1.dat"), "file_1.dat"},
	{TEXT("dir/sub/x.npy"), "x.npy"},
	{TEXT("../../etc/passwd"), "passwd"},
	{TEXT("/etc/shadow"), "shadow"},
	{TEXT("/dev/null"), "null"},
	{TEXT("//"), "_"},
	{TEXT("dir/"), "_"},
	{TEXT(""), "_"},
	{TEXT("."), "."},
	{TEXT(".."), ".."},
	{TEXT("a/.."), ".."},
	{TEXT("..\\..\\x"), ".._.._x"},
	{TEXT("C:\\x"), "C__x"},
	{TEXT("-rf"), "-rf"},
	{TEXT("a b\tc\nd\re\033f"), "a_b_c_d_e_f"},
	{TEXT("nul\0here"), "nul_here"},
	{TEXT("\0"), "_"},
	{TEXT("a/b\0/c"), "c"},
	{TEXT("\x7f\x80\xff"), "___"},
	{TEXT("gr\xc3\xb6\xc3\x9f"
	      "e.dat"),
		"gr____e.dat"},
	{TEXT("$(reboot)`x`;*?[]'\"|&<>"), "__reboot__x____________"},
	{TEXT("~"), "_"},
};

START_TEST(hostile_names_become_one_harmless_component)
{
	char base[MEMBER_BASE_MAX + 1];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		/* Where the memory of the name ends, reading ends. */
		char *name = malloc(table[i].size ? table[i].size : 1);
		memcpy(name, table[i].name, table[i].size);
		memset(base, '#', sizeof(base));
		size_t length = member_base_clean(name, table[i].size, base);
		ck_assert_str_eq(base, table[i].base);
		ck_assert_uint_eq(length, strlen(base));
		free(name);
	}
}
END_TEST

START_TEST(the_file_name_is_never_a_way_out_of_its_directory)
{
	char file[MEMBER_FILE_SIZE];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t length = member_file_name(12, 345, table[i].name, table[i].size, file);
		ck_assert_uint_eq(length, strlen(file));
		ck_assert_uint_eq(
			strspn(file, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789._-"),
			length);
		ck_assert_int_eq(strncmp(file, "12.345-", 7), 0);
		ck_assert_str_eq(file + 7, table[i].base);
	}
}
END_TEST

START_TEST(one_with_a_header_is_called_npy_and_read_back)
{
	char file[MEMBER_FILE_SIZE];
	char name[300];
	uint64_t archive, member;

	ck_assert_uint_eq(member_npy_name(12, 345, TEXT("d/x.dat"), file), 16);
	ck_assert_str_eq(file, "12.345-x.dat.npy");
	ck_assert(member_file_parse(file, &archive, &member));
	ck_assert(archive == 12 && member == 345);
	memset(name, 'n', sizeof(name));
	ck_assert_uint_eq(member_npy_name(UINT64_MAX, UINT64_MAX, name, sizeof(name), file),
		MEMBER_FILE_SIZE - 1);
	ck_assert_uint_eq(strlen(file), MEMBER_FILE_SIZE - 1);
	ck_assert_str_eq(file + MEMBER_FILE_SIZE - 6, "n.npy");
	ck_assert(member_file_parse(file, &archive, &member));
	ck_assert(archive == UINT64_MAX && member == UINT64_MAX);
}
END_TEST

START_TEST(every_byte_outside_the_portable_set_becomes_an_underscore)
{
	static const char portable[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	char base[MEMBER_BASE_MAX + 1];

	for (int byte = 0; byte < 256; byte++) {
		char name[3] = {'x', (char)byte, 'y'};
		if (byte == '/')
			continue;
		bool stays = byte != 0 && strchr(portable, byte);
		ck_assert_uint_eq(member_base_clean(name, 3, base), 3);
		ck_assert_int_eq(base[1], stays ? (char)byte : '_');
	}
}
END_TEST

START_TEST(a_long_name_is_cut_and_keeps_its_extension)
{
	char name[301];
	char base[MEMBER_BASE_MAX + 1];

	memset(name, 'n', 300);
	memcpy(name + 296, ".dat", 4);
	ck_assert_uint_eq(member_base_clean(name, 300, base), MEMBER_BASE_MAX);
	ck_assert_uint_eq(strspn(base, "n"), 96);
	ck_assert_str_eq(base + 96, ".dat");

	/* 16 bytes with the dot are an extension, 17 are not. */
	memset(name, 'n', 300);
	name[300 - 16] = '.';
	member_base_clean(name, 300, base);
	ck_assert_str_eq(base + 84, ".nnnnnnnnnnnnnnn");
	memset(name, 'n', 300);
	name[300 - 17] = '.';
	ck_assert_uint_eq(member_base_clean(name, 300, base), MEMBER_BASE_MAX);
	ck_assert_uint_eq(strspn(base, "n"), MEMBER_BASE_MAX);

	/* Only the last dot begins an extension; one of another component does not. */
	memset(name, 'n', 300);
	memcpy(name + 290, ".tar.gz/", 8);
	ck_assert_uint_eq(member_base_clean(name, 300, base), 2);
	memset(name, 'n', 300);
	memcpy(name + 293, ".tar.gz", 7);
	member_base_clean(name, 300, base);
	ck_assert_str_eq(base + 96, "n.gz");
	name[299] = '.'; /* an extension of nothing */
	member_base_clean(name, 300, base);
	ck_assert_int_eq(base[99], '.');
}
END_TEST

START_TEST(lengths_around_the_limit)
{
	char name[128];
	char base[MEMBER_BASE_MAX + 1];

	for (size_t size = 90; size <= 120; size++) {
		memset(name, 'n', sizeof(name));
		memcpy(name + size - 3, ".py", 3);
		size_t expected = size < MEMBER_BASE_MAX ? size : MEMBER_BASE_MAX;
		ck_assert_uint_eq(member_base_clean(name, size, base), expected);
		ck_assert_uint_eq(strlen(base), expected);
		ck_assert_str_eq(base + expected - 3, ".py");
	}
}
END_TEST

START_TEST(an_extension_is_cleaned_too)
{
	char name[300];
	char base[MEMBER_BASE_MAX + 1];

	memset(name, 'n', 300);
	memcpy(name + 296, ".d\nt", 4);
	member_base_clean(name, 300, base);
	ck_assert_str_eq(base + 96, ".d_t");
}
END_TEST

START_TEST(cleaning_twice_changes_nothing)
{
	char once[MEMBER_BASE_MAX + 1];
	char twice[MEMBER_BASE_MAX + 1];
	char name[400];
	uint32_t state = 12345;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t length = member_base_clean(table[i].name, table[i].size, once);
		ck_assert_uint_eq(member_base_clean(once, length, twice), length);
		ck_assert_str_eq(once, twice);
	}
	for (int round = 0; round < 20000; round++) {
		state = state * 1664525 + 1013904223;
		size_t size = state >> 8 & 0xff;
		for (size_t i = 0; i < size; i++) {
			state = state * 1664525 + 1013904223;
			name[i] = state >> 31 ? (char)(state >> 16) : "./-a"[state >> 20 & 3];
		}
		size_t length = member_base_clean(name, size, once);
		ck_assert_uint_ge(length, 1);
		ck_assert_uint_le(length, MEMBER_BASE_MAX);
		ck_assert_uint_eq(member_base_clean(once, length, twice), length);
		ck_assert_str_eq(once, twice);
	}
}
END_TEST

START_TEST(the_numbers_are_read_back)
{
	static const uint64_t numbers[] = {0, 1, 9, 10, 123456789, UINT32_MAX, UINT64_MAX};
	char file[MEMBER_FILE_SIZE];
	char name[300];
	uint64_t archive;
	uint64_t member;

	memset(name, 'n', sizeof(name));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {
			size_t length =
				member_file_name(numbers[i], numbers[j], name, (i + j) * 25, file);
			ck_assert_uint_lt(length, MEMBER_FILE_SIZE);
			ck_assert(member_file_parse(file, &archive, &member));
			ck_assert_uint_eq(archive, numbers[i]);
			ck_assert_uint_eq(member, numbers[j]);
		}
	}
	member_file_name(UINT64_MAX, UINT64_MAX, name, 100, file);
	ck_assert_int_eq(strncmp(file, "18446744073709551615.18446744073709551615-n", 43), 0);
}
END_TEST

START_TEST(a_pack_is_named_for_its_first_member)
{
	char file[MEMBER_FILE_SIZE];
	uint64_t archive;
	uint64_t member;

	ck_assert_uint_eq(member_pack_name(3, 14, file), 9);
	ck_assert_str_eq(file, "3.14-pack");
	ck_assert(member_file_parse(file, &archive, &member));
	ck_assert_uint_eq(archive, 3);
	ck_assert_uint_eq(member, 14);
}
END_TEST

START_TEST(other_files_are_no_member_files)
{
	static const char *const names[] = {"", ".", "..", "-", ".-", "x", "0", "0.", "0.0", "0.0-",
		"0-0.x", "0.-x", ".0-x", "-x", "00.0-x", "0.00-x", "01.0-x", "0.01-x", "+1.0-x",
		"0.+1-x", "-1.0-x", "0.-1-x", " 1.0-x", "0. 1-x", "1 .0-x", "0.1 -x", "0x1.0-x",
		"0.0x1-x", "1e3.0-x", "18446744073709551616.0-x", "0.18446744073709551616-x",
		"99999999999999999999999.0-x", "0.99999999999999999999999-x", "a0.0-x", "0.a-x",
		"0..0-x", "0.0.0-x", "0,0-x", ".lock", "lock"};
	uint64_t archive;
	uint64_t member;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(!member_file_parse(names[i], &archive, &member), "%s", names[i]);
}
END_TEST

START_TEST(the_base_name_is_behind_the_last_slash)
{
	ck_assert_uint_eq(member_base_offset("", 0), 0);
	ck_assert_uint_eq(member_base_offset("abc", 3), 0);
	ck_assert_uint_eq(member_base_offset("/", 1), 1);
	ck_assert_uint_eq(member_base_offset("a/b", 3), 2);
	ck_assert_uint_eq(member_base_offset("a//b/", 5), 5);
	ck_assert_uint_eq(member_base_offset("a\0/b", 4), 3);
	ck_assert_uint_eq(member_base_offset("ab/c", 2), 0); /* not behind its size */
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("membername");
	TCase *tests = tcase_create("membername");

	tcase_add_test(tests, hostile_names_become_one_harmless_component);
	tcase_add_test(tests, the_file_name_is_never_a_way_out_of_its_directory);
	tcase_add_test(tests, one_with_a_header_is_called_npy_and_read_back);
	tcase_add_test(tests, every_byte_outside_the_portable_set_becomes_an_underscore);
	tcase_add_test(tests, a_long_name_is_cut_and_keeps_its_extension);
	tcase_add_test(tests, lengths_around_the_limit);
	tcase_add_test(tests, an_extension_is_cleaned_too);
	tcase_add_test(tests, cleaning_twice_changes_nothing);
	tcase_add_test(tests, the_numbers_are_read_back);
	tcase_add_test(tests, a_pack_is_named_for_its_first_member);
	tcase_add_test(tests, other_files_are_no_member_files);
	tcase_add_test(tests, the_base_name_is_behind_the_last_slash);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
