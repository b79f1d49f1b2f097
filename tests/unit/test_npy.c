// SPDX-License-Identifier: MIT

#include "numpy/npy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Headers as NumPy 1.24 wrote them, and what it says of their arrays. */
static const struct {
	const char *name;
	const char *header;
	size_t header_size;
	uint64_t data_bytes;
	bool fortran_order;
	uint64_t item_bytes;
	uint8_t dimensions;
	uint64_t shape[4];
	const char *dtype;
} good[] = {
	{"version 1",
		"\223NUMPY\001\000v\000{'descr': '<f4', 'fortran_order': False, 'shape': (3, "
		"4), }                                                          \n",
		128, 48, false, 4, 2, {3, 4}, "<f4"},
	{"version 2",
		"\223NUMPY\002\000t\000\000\000{'descr': '>i2', 'fortran_order': False, 'shap"
		"e': (2, 3), }                                                        \n",
		128, 12, false, 2, 2, {2, 3}, ">i2"},
	{"version 3",
		"\223NUMPY\003\000t\000\000\000{'descr': [('\345\220\215', '<f4'), ('b', '<u2"
		"', (2, 3))], 'fortran_order': False, 'shape': (2,), }                       "
		"  \n",
		128, 32, false, 16, 1, {2}, "[('\\u540d', '<f4'), ('b', '<u2', (2, 3))]"},
	{"fortran",
		"\223NUMPY\001\000v\000{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3"
		", 4), }                                                        \n",
		128, 192, true, 8, 3, {2, 3, 4}, "<f8"},
	{"no dimension",
		"\223NUMPY\001\000v\000{'descr': '|u1', 'fortran_order': False, 'shape': (), "
		"}                                                              \n",
		128, 1, false, 1, 0, {0}, "|u1"},
	{"zeros",
		"\223NUMPY\001\000v\000{'descr': '<c16', 'fortran_order': False, 'shape': (0,"
		" 5), }                                                         \n",
		128, 0, false, 16, 2, {0, 5}, "<c16"},
	{"dates",
		"\223NUMPY\001\000v\000{'descr': '<M8[25s]', 'fortran_order': False, 'shape':"
		" (7,), }                                                       \n",
		128, 56, false, 8, 1, {7}, "<M8[25s]"},
	{"text",
		"\223NUMPY\001\000v\000{'descr': '<U3', 'fortran_order': False, 'shape': (2,)"
		", }                                                            \n",
		128, 24, false, 12, 1, {2}, "<U3"},
	{"nested",
		"\223NUMPY\001\000\266\000{'descr': [('\351', '<f8'), ('in', [(\"x'y\", '|i1'"
		"), ('z', '|S3')])], 'fortran_order': False, 'shape': (1,), }                "
		"                                                           \n",
		192, 12, false, 12, 1, {1},
		"[('\\xe9', '<f8'), ('in', [('x\\'y', '|i1'), ('z', '|S3')])]"},
	{"title",
		"\223NUMPY\001\000v\000{'descr': [(('t', 'n'), '<i4')], 'fortran_order': Fals"
		"e, 'shape': (1,), }                                            \n",
		128, 4, false, 4, 1, {1}, "[(('t', 'n'), '<i4')]"},
	{"padded",
		"\223NUMPY\001\000v\000{'descr': [('a', '|i1'), ('', '|V7'), ('b', '<f8')], '"
		"fortran_order': False, 'shape': (2,), }                        \n",
		128, 32, false, 16, 1, {2}, "[('a', '|i1'), ('', '|V7'), ('b', '<f8')]"},
};
#define GOODS (sizeof(good) / sizeof(good[0]))

static char dtype[ARRAY_DTYPE_MAX];
static struct array array;

/* What npy_parse() says of a copy of the bytes that ends where its memory ends. */
static enum npy_status parse(const void *bytes, size_t size, uint64_t file_bytes)
{
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, bytes, size);
	enum npy_status status = npy_parse(copy, size, file_bytes, &array, dtype);
	free(copy);
	return status;
}

/* A header of @version around @literal, of a file with @data_bytes behind it. */
static enum npy_status parse_literal(int version, const char *literal, uint64_t data_bytes)
{
	size_t prefix = version == 1 ? 10 : 12;
	size_t length = strlen(literal) + 1;
	uint8_t *bytes = calloc(1, prefix + length);

	memcpy(bytes, "\223NUMPY", 6);
	bytes[6] = (uint8_t)version;
	bytes[8] = (uint8_t)length;
	bytes[9] = (uint8_t)(length >> 8);
	if (version > 1)
		bytes[10] = (uint8_t)(length >> 16);
	memcpy(bytes + prefix, literal, length - 1);
	bytes[prefix + length - 1] = '\n';
	enum npy_status status = parse(bytes, prefix + length, prefix + length + data_bytes);
	free(bytes);
	return status;
}

static bool dtype_is(const char *text)
{
	return array.dtype == dtype && array.dtype_size == strlen(text) &&
	       memcmp(dtype, text, array.dtype_size) == 0;
}

START_TEST(what_numpy_wrote_is_told_as_numpy_tells_it)
{
	for (size_t i = 0; i < GOODS; i++) {
		size_t size = good[i].header_size;
		const uint8_t *bytes = (const uint8_t *)good[i].header;
		ck_assert_uint_eq(npy_header_size(bytes, size), size);
		ck_assert_uint_eq(npy_header_size(bytes, NPY_PREFIX_MAX), size);
		ck_assert_msg(parse(bytes, size, size + good[i].data_bytes) == NPY_ARRAY, "%s",
			good[i].name);
		ck_assert_uint_eq(array.data_offset, size);
		ck_assert_uint_eq(array.item_bytes, good[i].item_bytes);
		ck_assert_int_eq(array.fortran_order, good[i].fortran_order);
		ck_assert_uint_eq(array.dimensions, good[i].dimensions);
		for (unsigned j = 0; j < array.dimensions; j++)
			ck_assert_uint_eq(array.shape[j], good[i].shape[j]);
		ck_assert_msg(
			dtype_is(good[i].dtype), "%s: %.*s", good[i].name, array.dtype_size, dtype);
	}
}
END_TEST

START_TEST(a_file_that_is_too_short_is_damaged_and_one_that_is_longer_is_said_to_be)
{
	for (size_t i = 0; i < GOODS; i++) {
		size_t size = good[i].header_size;
		uint64_t whole = size + good[i].data_bytes;
		ck_assert_int_eq(parse(good[i].header, size, whole - 1), NPY_DAMAGED);
		ck_assert_int_eq(parse(good[i].header, size, whole + 1), NPY_TRAILING);
		ck_assert(dtype_is(good[i].dtype) && array.data_offset == size);
		ck_assert_int_eq(parse(good[i].header, size, UINT64_MAX), NPY_TRAILING);
		ck_assert_int_eq(parse(good[i].header, size, 0), NPY_DAMAGED);
	}
}
END_TEST

START_TEST(a_header_that_is_cut_anywhere_is_damaged)
{
	for (size_t i = 0; i < GOODS; i++) {
		uint64_t whole = good[i].header_size + good[i].data_bytes;
		for (size_t size = 0; size < good[i].header_size; size++) {
			ck_assert_int_eq(parse(good[i].header, size, whole), NPY_DAMAGED);
			ck_assert_int_eq(parse(good[i].header, size, size), NPY_DAMAGED);
		}
	}
}
END_TEST

START_TEST(another_magic_version_or_length_is_damaged)
{
	uint8_t bytes[128];

	for (size_t at = 0; at < 10; at++) {
		memcpy(bytes, good[0].header, sizeof(bytes));
		bytes[at] ^= 0x80; /* the length: more, or less */
		ck_assert_int_eq(parse(bytes, sizeof(bytes), 176), NPY_DAMAGED);
	}
	for (unsigned version = 0; version < 256; version++) {
		memcpy(bytes, good[0].header, sizeof(bytes));
		bytes[6] = (uint8_t)version;
		if (version != 1)
			ck_assert_int_eq(parse(bytes, sizeof(bytes), 176), NPY_DAMAGED);
		if (version < 1 || version > 3)
			ck_assert_uint_eq(npy_header_size(bytes, sizeof(bytes)), 0);
	}
}
END_TEST

START_TEST(headers_that_are_too_long_are_refused_before_they_are_read)
{
	uint8_t bytes[NPY_PREFIX_MAX] = "\223NUMPY\3\0";

	ck_assert_uint_eq(NPY_HEADER_MAX, 0x100000);
	memcpy(bytes + 8, "\xf4\xff\x0f", 3);
	ck_assert_uint_eq(npy_header_size(bytes, sizeof(bytes)), NPY_HEADER_MAX);
	bytes[8] = 0xf5;
	ck_assert_uint_eq(npy_header_size(bytes, sizeof(bytes)), 0);
	memset(bytes + 8, 0xff, 4);
	ck_assert_uint_eq(npy_header_size(bytes, sizeof(bytes)), 0);
	bytes[6] = 1; /* the length has two bytes only */
	ck_assert_uint_eq(npy_header_size(bytes, sizeof(bytes)), 10 + 0xffff);
}
END_TEST

START_TEST(all_ways_to_write_the_literal)
{
	static const char *const literals[] = {
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr':'<f4','fortran_order':False,'shape':(3,4,)}",
		"{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (3, 4)}",
		"{'shape': (3, 4), 'fortran_order': False, 'descr': '<f4'}",
		"  {\t'descr' :\n '<f4' , 'fortran_order'\r: False, 'shape': ( 3 , 4 ) }  ",
		"{u'descr': u'<f4', u'fortran_order': False, u'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4)}",
	};

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		ck_assert_msg(parse_literal(1, literals[i], 48) == NPY_ARRAY, "%s", literals[i]);
		ck_assert(dtype_is("<f4") && !array.fortran_order);
		ck_assert(array.dimensions == 2 && array.shape[0] == 3 && array.shape[1] == 4);
	}
}
END_TEST

START_TEST(long_integers_are_those_of_python_2_which_has_no_version_3)
{
	static const char literal[] = "{'descr': '|u1', 'fortran_order': True, 'shape': (5L,)}";

	ck_assert_int_eq(parse_literal(1, literal, 5), NPY_ARRAY);
	ck_assert_uint_eq(array.shape[0], 5);
	ck_assert_int_eq(parse_literal(2, literal, 5), NPY_ARRAY);
	ck_assert_int_eq(parse_literal(3, literal, 5), NPY_DAMAGED);
}
END_TEST

START_TEST(all_else_is_damaged_and_nothing_is_evaluated)
{
	static const char *const literals[] = {
		"",
		"{}",
		"{",
		"x",
		"None",
		"()",
		"[]",
		"['descr', '<f4', 'fortran_order', False, 'shape', (3, 4)]",
		"('descr', '<f4')",
		/* the end of it */
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), ",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} x",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4),, }",
		"{, 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4' 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr' '<f4', 'fortran_order': False, 'shape': (3, 4)}",
		/* a key is missing, twice there, or not known */
		"{'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4', 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False}",
		"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'fortran_order': False, 'shape': (3,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'x': 1}",
		"{'descr': '<f4', 'fortran_order': False, 'Shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shap': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape\\x00': (3, 4)}",
		"{descr: '<f4', 'fortran_order': False, 'shape': (3, 4)}",
		/* a value of the wrong kind */
		"{'descr': 4, 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': None, 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': <f4, 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': b'<f4', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f5', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4, 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4\", 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': false, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': 'False', 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': Falsey, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': None, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': [3, 4]}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': 12}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (12)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3,, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': ('3', 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3.0, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (True, 12)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3 4)}",
		/* numbers that are none, or that no array has */
		"{'descr': '<f4', 'fortran_order': False, 'shape': (-3, -4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (+3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (03, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (0x3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3l, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3LL, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (1_2,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (12e0,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387907,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551628,)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999,)}",
		/* fields */
		"{'descr': ['<f4'], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('a')], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('a',)], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [(1, '<f4')], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('a', '<f5')], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('a', '<f4', -1)], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('a', '<f4', (1,), 1)], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('a', '<f4'), 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('\\q', '<f4')], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('\\x4', '<f4')], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': [('\\U00110000', '<f4')], 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': ('<f4', (1,)), 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': {'a': '<f4'}, 'fortran_order': False, 'shape': (3, 4)}",
		/* what an evaluator would take, or run */
		"__import__('os').abort()",
		"{'descr': __import__('os').abort(), 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': print(1), 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': not True, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2+2)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2*2)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': tuple([3, 4])}",
		"{'descr': '<' 'f4', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (3, 4)}",
		"{**{}, 'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} # a comment",
	};

	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		for (int version = 1; version <= 3; version++)
			ck_assert_msg(parse_literal(version, literals[i], 48) == NPY_DAMAGED, "%s",
				literals[i]);
	}
}
END_TEST

START_TEST(a_nul_in_the_literal_is_damaged)
{
	uint8_t bytes[128];

	for (size_t at = 10; at < 127; at++) {
		memcpy(bytes, good[0].header, sizeof(bytes));
		bytes[at] = 0;
		ck_assert_int_eq(parse(bytes, sizeof(bytes), 176), NPY_DAMAGED);
	}
}
END_TEST

START_TEST(a_shape_without_its_zeros_has_limits_too)
{
	ck_assert_int_eq(parse_literal(1,
				 "{'descr': '<f4', 'fortran_order': False, 'shape': (0, "
				 "2305843009213693951)}",
				 0),
		NPY_ARRAY);
	ck_assert_int_eq(parse_literal(1,
				 "{'descr': '<f4', 'fortran_order': False, 'shape': (0, "
				 "2305843009213693952)}",
				 0),
		NPY_DAMAGED);
}
END_TEST

/* What is said of no record of these @fields. */
static enum npy_status parse_fields(const char *fields)
{
	char literal[256];

	snprintf(literal, sizeof(literal), "{'descr': [%s], 'fortran_order': False, 'shape': (0,)}",
		fields);
	return parse_literal(1, literal, 0);
}

START_TEST(a_record_has_up_to_the_bytes_of_a_signed_integer)
{
	ck_assert_int_eq(parse_fields("('a', '|u1', (9223372036854775807,))"), NPY_ARRAY);
	ck_assert_uint_eq(array.item_bytes, INT64_MAX);
	ck_assert_int_eq(parse_fields("('a', '|V2', (4611686018427387904,))"), NPY_DAMAGED);
	ck_assert_int_eq(
		parse_fields("('a', '|u1', (9223372036854775806,)), ('b', '|u1')"), NPY_ARRAY);
	ck_assert_uint_eq(array.item_bytes, INT64_MAX);
	ck_assert_int_eq(
		parse_fields("('a', '|u1', (9223372036854775806,)), ('b', '|V2')"), NPY_DAMAGED);
}
END_TEST

/* A literal with @count dimensions of 1. */
static enum npy_status parse_dimensions(int count)
{
	char literal[1024] = "{'descr': '|u1', 'fortran_order': False, 'shape': (";

	for (int i = 0; i < count; i++)
		strcat(literal, "1, ");
	strcat(literal, ")}");
	return parse_literal(1, literal, 1);
}

START_TEST(as_many_dimensions_as_numpy_has_and_no_more)
{
	ck_assert_int_eq(parse_dimensions(ARRAY_DIMENSIONS_MAX), NPY_ARRAY);
	ck_assert_uint_eq(array.dimensions, ARRAY_DIMENSIONS_MAX);
	ck_assert_int_eq(parse_dimensions(ARRAY_DIMENSIONS_MAX + 1), NPY_DAMAGED);
	ck_assert_int_eq(parse_dimensions(300), NPY_DAMAGED);
}
END_TEST

/* A literal of records in records, @depth lists deep. */
static enum npy_status parse_depth(int depth)
{
	char literal[4096] = "{'fortran_order': False, 'shape': (), 'descr': ";

	for (int i = 0; i < depth; i++)
		strcat(literal, "[('a', ");
	strcat(literal, "'|u1'");
	for (int i = 0; i < depth; i++)
		strcat(literal, ")]");
	strcat(literal, "}");
	return parse_literal(1, literal, 1);
}

START_TEST(records_in_records_but_not_without_an_end)
{
	for (int depth = 0; depth <= 16; depth++)
		ck_assert_int_eq(parse_depth(depth), NPY_ARRAY);
	ck_assert_int_eq(parse_depth(17), NPY_DAMAGED);
	ck_assert_int_eq(parse_depth(300), NPY_DAMAGED);
}
END_TEST

START_TEST(nested_brackets_without_an_end_do_not_exhaust_the_stack)
{
	static uint8_t bytes[NPY_HEADER_MAX];
	static const char *const units[] = {"[('a',", "[", "(", "{'descr': ", "[(("};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		memcpy(bytes, "\223NUMPY\3\0\364\377\17\0", 12);
		memcpy(bytes + 12, "{'descr': ", 10);
		for (size_t at = 22; at < sizeof(bytes); at++)
			bytes[at] = (uint8_t)units[i][(at - 22) % strlen(units[i])];
		ck_assert_int_eq(parse(bytes, sizeof(bytes), sizeof(bytes)), NPY_DAMAGED);
	}
}
END_TEST

START_TEST(a_type_that_is_too_long_to_tell_is_left_out_of_the_array)
{
	static char literal[200000];

	for (int fields = 1; fields < 10000; fields *= 2) {
		strcpy(literal, "{'fortran_order': False, 'shape': (), 'descr': [");
		char *at = literal + strlen(literal);
		for (int i = 0; i < fields; i++)
			at += sprintf(at, "('%04d', '|u1'), ", i);
		strcpy(at, "]}");
		/* Each field has 15 bytes of the type, and 2 between it and the next. */
		size_t size = 17 * (size_t)fields;
		ck_assert_int_eq(parse_literal(2, literal, (uint64_t)fields), NPY_ARRAY);
		ck_assert_uint_eq(array.dtype_size, size <= ARRAY_DTYPE_MAX ? size : 0);
		ck_assert_uint_eq(array.item_bytes, (uint64_t)fields);
		ck_assert_int_eq(parse_literal(2, literal, (uint64_t)fields - 1), NPY_DAMAGED);
	}
}
END_TEST

START_TEST(items_without_bytes_have_no_data_as_numpy_has_it)
{
	static const struct {
		const char *literal;
		const char *dtype;
	} cases[] = {
		{"{'descr': [], 'fortran_order': False, 'shape': (3, 4)}", "[]"},
		{"{'descr': '|S0', 'fortran_order': False, 'shape': (3, 4)}", "|S0"},
		{"{'descr': 'V', 'fortran_order': False, 'shape': (3, 4)}", "|V0"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(parse_literal(1, cases[i].literal, 0), NPY_ARRAY);
		ck_assert_msg(dtype_is(cases[i].dtype), "%.*s", (int)array.dtype_size, dtype);
		ck_assert_int_eq(parse_literal(1, cases[i].literal, 48), NPY_TRAILING);
	}
}
END_TEST

START_TEST(objects_are_told_apart_alone_and_in_records)
{
	static const char *const literals[] = {
		"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
		"{'descr': 'O', 'fortran_order': False, 'shape': (1,)}",
		"{'descr': '|O8', 'fortran_order': False, 'shape': ()}",
		"{'descr': [('a', '<i4'), ('b', '|O')], 'fortran_order': False, 'shape': (1,)}",
		"{'descr': [('a', [('b', '|O')])], 'fortran_order': False, 'shape': (1,)}",
	};

	/* Their data are a pickle of any size. */
	for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
		ck_assert_int_eq(parse_literal(1, literals[i], 8), NPY_OBJECTS);
		ck_assert_int_eq(parse_literal(1, literals[i], 333), NPY_OBJECTS);
	}
	ck_assert_int_eq(parse_literal(1, "{'descr': '|O', 'shape': (1,)}", 8), NPY_DAMAGED);
}
END_TEST

START_TEST(names_of_fields_are_told_in_ascii)
{
	/* The same name in Latin-1, in UTF-8, and by escapes. */
	static const char latin[] =
		"{'descr': [('\351\\n\\t\\\\', '|u1')], 'fortran_order': False, 'shape': ()}";
	static const char utf8[] = "{'descr': [('\303\251\\n\\t\\\\', '|u1')], 'fortran_order': "
				   "False, 'shape': ()}";
	static const char escaped[] = "{'descr': [('\\xe9\\x0a\\u0009\\U0000005c', '|u1')], "
				      "'fortran_order': False, 'shape': ()}";
	static const char wanted[] = "[('\\xe9\\x0a\\x09\\\\', '|u1')]";

	ck_assert_int_eq(parse_literal(1, latin, 1), NPY_ARRAY);
	ck_assert_msg(dtype_is(wanted), "%.*s", array.dtype_size, dtype);
	ck_assert_int_eq(parse_literal(3, utf8, 1), NPY_ARRAY);
	ck_assert_msg(dtype_is(wanted), "%.*s", array.dtype_size, dtype);
	ck_assert_int_eq(parse_literal(3, escaped, 1), NPY_ARRAY);
	ck_assert_msg(dtype_is(wanted), "%.*s", array.dtype_size, dtype);
	ck_assert_int_eq(parse_literal(3, latin, 1), NPY_DAMAGED);
}
END_TEST

START_TEST(one_byte_changed_never_harms)
{
	for (size_t i = 0; i < GOODS; i++) {
		uint8_t bytes[256];
		size_t size = good[i].header_size;
		uint64_t whole = size + good[i].data_bytes;
		memcpy(bytes, good[i].header, size);
		for (size_t at = 0; at < size; at++) {
			uint8_t before = bytes[at];
			for (unsigned byte = 0; byte < 256; byte++) {
				bytes[at] = (uint8_t)byte;
				if (npy_parse(bytes, size, whole, &array, dtype) == NPY_ARRAY)
					ck_assert(array_is_sound(&array, whole));
			}
			bytes[at] = before;
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("npy");
	TCase *tests = tcase_create("npy");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, what_numpy_wrote_is_told_as_numpy_tells_it);
	tcase_add_test(
		tests, a_file_that_is_too_short_is_damaged_and_one_that_is_longer_is_said_to_be);
	tcase_add_test(tests, a_header_that_is_cut_anywhere_is_damaged);
	tcase_add_test(tests, another_magic_version_or_length_is_damaged);
	tcase_add_test(tests, headers_that_are_too_long_are_refused_before_they_are_read);
	tcase_add_test(tests, all_ways_to_write_the_literal);
	tcase_add_test(tests, long_integers_are_those_of_python_2_which_has_no_version_3);
	tcase_add_test(tests, all_else_is_damaged_and_nothing_is_evaluated);
	tcase_add_test(tests, a_nul_in_the_literal_is_damaged);
	tcase_add_test(tests, a_shape_without_its_zeros_has_limits_too);
	tcase_add_test(tests, as_many_dimensions_as_numpy_has_and_no_more);
	tcase_add_test(tests, a_record_has_up_to_the_bytes_of_a_signed_integer);
	tcase_add_test(tests, records_in_records_but_not_without_an_end);
	tcase_add_test(tests, nested_brackets_without_an_end_do_not_exhaust_the_stack);
	tcase_add_test(tests, a_type_that_is_too_long_to_tell_is_left_out_of_the_array);
	tcase_add_test(tests, items_without_bytes_have_no_data_as_numpy_has_it);
	tcase_add_test(tests, objects_are_told_apart_alone_and_in_records);
	tcase_add_test(tests, names_of_fields_are_told_in_ascii);
	tcase_add_test(tests, one_byte_changed_never_harms);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
