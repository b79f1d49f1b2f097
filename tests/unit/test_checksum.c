// SPDX-License-Identifier: MIT

#include "worker/decode/checksum.h"

#include "zips.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(crc32_of_known_bytes)
{
	uint8_t bytes[32];

	ck_assert_uint_eq(checksum_crc32(0, "", 0), 0);
	ck_assert_uint_eq(checksum_crc32(0, "a", 1), 0xe8b7be43);
	ck_assert_uint_eq(checksum_crc32(0, "abc", 3), 0x352441c2);
	ck_assert_uint_eq(checksum_crc32(0, "123456789", 9), 0xcbf43926);
	ck_assert_uint_eq(
		checksum_crc32(0, "The quick brown fox jumps over the lazy dog", 43), 0x414fa339);
	memset(bytes, 0, sizeof(bytes));
	ck_assert_uint_eq(checksum_crc32(0, bytes, sizeof(bytes)), 0x190a55ad);
	memset(bytes, 0xff, sizeof(bytes));
	ck_assert_uint_eq(checksum_crc32(0, bytes, sizeof(bytes)), 0xff6cab0b);
}
END_TEST

/* The definition, bit by bit: APPNOTE 4.4.7. */
static uint32_t crc32_by_bits(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

START_TEST(crc32_of_any_size_at_any_address)
{
	struct bytes content = make_content(CONTENT_RANDOM, 700, 13);

	for (size_t size = 0; size < 600; size++) {
		/* A block of just that size, which ends where the bytes end. */
		size_t shift = size % 19;
		uint8_t *bytes = malloc(shift + size + 1);
		ck_assert_ptr_nonnull(bytes);
		memcpy(bytes + 1 + shift, content.data, size);
		ck_assert_uint_eq(checksum_crc32(0, bytes + 1 + shift, size),
			crc32_by_bits(content.data, size));
		free(bytes);
	}
	bytes_free(&content);
}
END_TEST

START_TEST(crc32_of_pieces_is_that_of_the_whole)
{
	static const size_t pieces[] = {1, 2, 3, 15, 64, 1000, 4096, 65537, 262144};
	struct bytes content = make_content(CONTENT_RANDOM, 1 << 20, 14);
	uint32_t expected = crc32_by_bits(content.data, content.size);

	ck_assert_uint_eq(checksum_crc32(0, content.data, content.size), expected);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		uint32_t crc = 0;
		for (size_t at = 0; at < content.size; at += pieces[i]) {
			size_t left = content.size - at;
			crc = checksum_crc32(
				crc, content.data + at, left < pieces[i] ? left : pieces[i]);
		}
		ck_assert_uint_eq(crc, expected);
	}
	ck_assert_uint_eq(checksum_crc32(expected, content.data, 0), expected);
	bytes_free(&content);
}
END_TEST

static TCase *checksums(void)
{
	TCase *tests = tcase_create("crc32");

	tcase_add_test(tests, crc32_of_known_bytes);
	tcase_add_test(tests, crc32_of_any_size_at_any_address);
	tcase_add_test(tests, crc32_of_pieces_is_that_of_the_whole);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("checksum");

	suite_add_tcase(suite, checksums());
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
