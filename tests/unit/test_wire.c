// SPDX-License-Identifier: MIT

#include "protocol/wire.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(numbers_are_little_endian_whatever_the_machine)
{
	static const uint8_t expected[] = {
		0xfe,                                           /* u8 */
		0x34, 0x12,                                     /* u16 */
		0xef, 0xbe, 0xad, 0xde,                         /* u32 */
		0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* u64 */
		0x03, 0x00, 'a', 0x00, 'b',                     /* bytes */
		0x00, 0x00,                                     /* no bytes */
	};
	uint8_t data[64];
	struct wire_writer writer;

	wire_writer_init(&writer, data, sizeof(data));
	wire_put_u8(&writer, 0xfe);
	wire_put_u16(&writer, 0x1234);
	wire_put_u32(&writer, 0xdeadbeef);
	wire_put_u64(&writer, 0x0102030405060708);
	wire_put_bytes(&writer, "a\0b", 3);
	wire_put_bytes(&writer, NULL, 0);
	ck_assert(!writer.failed);
	ck_assert_uint_eq(writer.size, sizeof(expected));
	ck_assert_mem_eq(data, expected, sizeof(expected));

	struct wire_reader reader;
	uint16_t size;
	wire_reader_init(&reader, expected, sizeof(expected));
	ck_assert_uint_eq(wire_get_u8(&reader), 0xfe);
	ck_assert_uint_eq(wire_get_u16(&reader), 0x1234);
	ck_assert_uint_eq(wire_get_u32(&reader), 0xdeadbeef);
	ck_assert_uint_eq(wire_get_u64(&reader), 0x0102030405060708);
	const void *bytes = wire_get_bytes(&reader, &size);
	ck_assert_uint_eq(size, 3);
	ck_assert_ptr_eq(bytes, expected + 17);
	ck_assert_ptr_nonnull(wire_get_bytes(&reader, &size));
	ck_assert_uint_eq(size, 0);
	ck_assert(!reader.failed);
	ck_assert_uint_eq(reader.left, 0);
}
END_TEST

START_TEST(extreme_numbers_come_back)
{
	static const uint64_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0x8000, 0xffff, 0x80000000,
		0xffffffff, 0x8000000000000000, UINT64_MAX};
	uint8_t data[15];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct wire_writer writer;
		struct wire_reader reader;
		wire_writer_init(&writer, data, sizeof(data));
		wire_put_u8(&writer, (uint8_t)values[i]);
		wire_put_u16(&writer, (uint16_t)values[i]);
		wire_put_u32(&writer, (uint32_t)values[i]);
		wire_put_u64(&writer, values[i]);
		ck_assert(!writer.failed);
		ck_assert_uint_eq(writer.size, sizeof(data));
		wire_reader_init(&reader, data, writer.size);
		ck_assert_uint_eq(wire_get_u8(&reader), (uint8_t)values[i]);
		ck_assert_uint_eq(wire_get_u16(&reader), (uint16_t)values[i]);
		ck_assert_uint_eq(wire_get_u32(&reader), (uint32_t)values[i]);
		ck_assert_uint_eq(wire_get_u64(&reader), values[i]);
		ck_assert(!reader.failed);
	}
}
END_TEST

START_TEST(the_longest_byte_string_comes_back)
{
	uint8_t *bytes = malloc(UINT16_MAX);
	uint8_t *data = malloc(UINT16_MAX + 2);
	struct wire_writer writer;
	struct wire_reader reader;
	uint16_t size;

	for (size_t i = 0; i < UINT16_MAX; i++)
		bytes[i] = (uint8_t)(i * 7);
	wire_writer_init(&writer, data, UINT16_MAX + 2);
	wire_put_bytes(&writer, bytes, UINT16_MAX);
	ck_assert(!writer.failed);
	ck_assert_uint_eq(writer.size, UINT16_MAX + 2);
	wire_reader_init(&reader, data, writer.size);
	const void *got = wire_get_bytes(&reader, &size);
	ck_assert_uint_eq(size, UINT16_MAX);
	ck_assert_mem_eq(got, bytes, UINT16_MAX);
	free(bytes);
	free(data);
}
END_TEST

START_TEST(a_long_byte_string_comes_back_whole_or_not_at_all)
{
	const uint32_t most = UINT16_MAX + 3;
	uint8_t *bytes = malloc(most);
	uint8_t *data = malloc(most + 4);
	struct wire_writer writer;
	struct wire_reader reader;
	uint32_t size;

	for (size_t i = 0; i < most; i++)
		bytes[i] = (uint8_t)(i * 7);
	wire_writer_init(&writer, data, most + 3);
	wire_put_long(&writer, bytes, most);
	ck_assert(writer.failed && writer.size == 0);
	wire_writer_init(&writer, data, most + 4);
	wire_put_long(&writer, bytes, most);
	ck_assert(!writer.failed);
	wire_reader_init(&reader, data, writer.size);
	const void *got = wire_get_long(&reader, &size);
	ck_assert_uint_eq(size, most);
	ck_assert_mem_eq(got, bytes, most);
	ck_assert(!reader.failed && reader.left == 0);
	wire_reader_init(&reader, data, writer.size - 1);
	ck_assert_ptr_null(wire_get_long(&reader, &size));
	ck_assert(reader.failed && size == 0);
	free(bytes);
	free(data);
}
END_TEST

START_TEST(what_does_not_fit_is_not_written_and_the_failure_stays)
{
	uint8_t data[8];
	struct wire_writer writer;

	memset(data, 0xaa, sizeof(data));
	wire_writer_init(&writer, data, 4);
	wire_put_u8(&writer, 1);
	wire_put_u32(&writer, 2);
	ck_assert(writer.failed);
	ck_assert_uint_eq(writer.size, 1);
	wire_put_u8(&writer, 3); /* would fit */
	wire_put_bytes(&writer, "", 0);
	ck_assert(writer.failed);
	ck_assert_uint_eq(writer.size, 1);
	ck_assert_mem_eq(data, "\x01\xaa\xaa\xaa\xaa\xaa\xaa\xaa", 8);

	/* A length without its bytes is not written either. */
	wire_writer_init(&writer, data, 4);
	wire_put_bytes(&writer, "abc", 3);
	ck_assert(writer.failed);
	ck_assert_uint_eq(writer.size, 0);
	wire_writer_init(&writer, data, 4);
	wire_put_bytes(&writer, "ab", 2);
	ck_assert(!writer.failed);
	ck_assert_uint_eq(writer.size, 4);
	wire_writer_init(&writer, data, 0);
	wire_put_u8(&writer, 1);
	ck_assert(writer.failed);
}
END_TEST

START_TEST(behind_the_end_there_are_zeros_and_the_failure_stays)
{
	uint8_t *data = malloc(3);
	struct wire_reader reader;
	uint16_t size = 99;

	memset(data, 0xff, 3);
	wire_reader_init(&reader, data, 3);
	ck_assert_uint_eq(wire_get_u32(&reader), 0);
	ck_assert(reader.failed);
	ck_assert_uint_eq(wire_get_u8(&reader), 0); /* there are bytes, but not to be trusted */
	ck_assert_uint_eq(wire_get_u16(&reader), 0);
	ck_assert_uint_eq(wire_get_u64(&reader), 0);
	ck_assert_ptr_null(wire_get_bytes(&reader, &size));
	ck_assert_uint_eq(size, 0);
	ck_assert(reader.failed);

	wire_reader_init(&reader, data, 0);
	ck_assert_uint_eq(wire_get_u8(&reader), 0);
	ck_assert(reader.failed);
	free(data);
}
END_TEST

START_TEST(a_length_that_lies_gives_nothing)
{
	uint16_t size = 99;

	for (unsigned stated = 4; stated <= UINT16_MAX; stated = stated * 2 + 1) {
		uint8_t *data = malloc(5); /* 3 bytes behind the length */
		struct wire_reader reader;
		memset(data, 'x', 5);
		data[0] = (uint8_t)stated;
		data[1] = (uint8_t)(stated >> 8);
		wire_reader_init(&reader, data, 5);
		ck_assert_ptr_null(wire_get_bytes(&reader, &size));
		ck_assert_uint_eq(size, 0);
		ck_assert(reader.failed);
		free(data);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tests = tcase_create("wire");

	tcase_add_test(tests, numbers_are_little_endian_whatever_the_machine);
	tcase_add_test(tests, extreme_numbers_come_back);
	tcase_add_test(tests, the_longest_byte_string_comes_back);
	tcase_add_test(tests, a_long_byte_string_comes_back_whole_or_not_at_all);
	tcase_add_test(tests, what_does_not_fit_is_not_written_and_the_failure_stays);
	tcase_add_test(tests, behind_the_end_there_are_zeros_and_the_failure_stays);
	tcase_add_test(tests, a_length_that_lies_gives_nothing);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
