// SPDX-License-Identifier: MIT

#include "numpy/dtype.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What numpy.dtype(TEXT).str and .itemsize are on a little-endian machine, by NumPy 1.24. */
static const struct {
	const char *text;
	const char *str;
	uint64_t item_bytes;
} good[] = {
	{"f4", "<f4", 4},
	{"<f4", "<f4", 4},
	{">f4", ">f4", 4},
	{"=f4", "<f4", 4},
	{"|f4", "<f4", 4},
	{"float32", "<f4", 4},
	{"float16", "<f2", 2},
	{"float64", "<f8", 8},
	{"half", "<f2", 2},
	{"float128", "<f16", 16},
	{"longdouble", "<f16", 16},
	{"complex256", "<c32", 32},
	{"datetime64", "<M8", 8},
	{"datetime64[ns]", "<M8[ns]", 8},
	{"timedelta64[25s]", "<m8[25s]", 8},
	{"single", "<f4", 4},
	{"double", "<f8", 8},
	{"float", "<f8", 8},
	{"int", "<i8", 8},
	{"int8", "|i1", 1},
	{"int16", "<i2", 2},
	{"int32", "<i4", 4},
	{"int64", "<i8", 8},
	{"uint8", "|u1", 1},
	{"uint16", "<u2", 2},
	{"uint32", "<u4", 4},
	{"uint64", "<u8", 8},
	{"bool", "|b1", 1},
	{"?", "|b1", 1},
	{"b1", "|b1", 1},
	{"|b1", "|b1", 1},
	{"i1", "|i1", 1},
	{"<i1", "|i1", 1},
	{">u1", "|u1", 1},
	{"u2", "<u2", 2},
	{">u8", ">u8", 8},
	{"complex", "<c16", 16},
	{"complex64", "<c8", 8},
	{"complex128", "<c16", 16},
	{"c8", "<c8", 8},
	{">c16", ">c16", 16},
	{"<c32", "<c32", 32},
	{"f16", "<f16", 16},
	{"S0", "|S0", 0},
	{"S7", "|S7", 7},
	{"a5", "|S5", 5},
	{"<S7", "|S7", 7},
	{">S7", "|S7", 7},
	{"S2147483647", "|S2147483647", 2147483647},
	{"U0", "<U0", 0},
	{"U3", "<U3", 12},
	{">U3", ">U3", 12},
	{"=U3", "<U3", 12},
	{"|U3", "<U3", 12},
	{"V5", "|V5", 5},
	{"<V5", "|V5", 5},
	{"M8", "<M8", 8},
	{"M8[ns]", "<M8[ns]", 8},
	{">M8[D]", ">M8[D]", 8},
	{"<M8[25s]", "<M8[25s]", 8},
	{"m8", "<m8", 8},
	{"m8[as]", "<m8[as]", 8},
	{"m8[us]", "<m8[us]", 8},
	{"b", "|i1", 1},
	{"B", "|u1", 1},
	{"h", "<i2", 2},
	{"H", "<u2", 2},
	{"i", "<i4", 4},
	{"I", "<u4", 4},
	{"l", "<i8", 8},
	{"L", "<u8", 8},
	{"q", "<i8", 8},
	{"Q", "<u8", 8},
	{"p", "<i8", 8},
	{"P", "<u8", 8},
	{"n", "<i8", 8}, /* by NumPy 2 */
	{"N", "<u8", 8},
	{"e", "<f2", 2},
	{"f", "<f4", 4},
	{"d", "<f8", 8},
	{"g", "<f16", 16},
	{"F", "<c8", 8},
	{"D", "<c16", 16},
	{"G", "<c32", 32},
	{"m", "<m8", 8},
	{"M", "<M8", 8},
	{"c", "|S1", 1},
	{"S", "|S0", 0},
	{"U", "<U0", 0},
	{"V", "|V0", 0},
	{"<d", "<f8", 8},
	{">d", ">f8", 8},
	{"=d", "<f8", 8},
	{"|d", "<f8", 8},
	{"<f", "<f4", 4},
	{">g", ">f16", 16},
	{"|?", "|b1", 1},
	{"<?", "|b1", 1},
	{">b", "|i1", 1},
	{">h", ">i2", 2},
	{">l", ">i8", 8},
	{"<c", "|S1", 1},
	{"=U", "<U0", 0},
	{">M", ">M8", 8},
	{"bool_", "|b1", 1},
	{"byte", "|i1", 1},
	{"ubyte", "|u1", 1},
	{"short", "<i2", 2},
	{"ushort", "<u2", 2},
	{"intc", "<i4", 4},
	{"uintc", "<u4", 4},
	{"uint", "<u8", 8},
	{"long", "<i8", 8},
	{"ulong", "<u8", 8},
	{"longlong", "<i8", 8},
	{"ulonglong", "<u8", 8},
	{"intp", "<i8", 8},
	{"uintp", "<u8", 8},
	{"csingle", "<c8", 8},
	{"cdouble", "<c16", 16},
	{"clongdouble", "<c32", 32},
	{"str", "<U0", 0},
	{"str_", "<U0", 0},
	{"bytes", "|S0", 0},
	{"bytes_", "|S0", 0},
	{"void", "|V0", 0},
};

static const char *const bad[] = {"", "x", "f0", "f3", "f5", "f04", "f40", "f4f", "i3", "i16",
	"u16", "b2", "b0", "<", "|", "4", "<<f4", "f4 ", " f4", "<f4\n", "x4", "F4", "B1", "c4",
	"c64", "M4", "m4", "M8[", "M8[]", "M8[x]", "M8[0s]", "M8[01s]", "M8[ns", "M8[ns]x",
	"M8[-1s]", "M8[s]]", "M8ns", "M8[99999999999s]", "i8[ns]", "S3[ns]", "S-1", "S+1", "S01",
	"S2147483648", "S99999999999", "S18446744073709551617", "f4,i4", "(2,)f4", "d8", "l8", "h2",
	"?1", "c1", "dd", "d[ns]", "M[ns]", "<M[ns]", "d ", "k", "n4", "<<d", "datetime64[x]",
	"float32[ns]", "object[ns]", "?[s]", "datetime64ns", "timedelta6", "float33", "Float32",
	"float32 ", "float320", "floa", "O9x", "!f4", "@f4", "__import__('os')", "\x93",
	"f\xef\xbc\x94"};

static bool parse(const char *text, struct dtype *dtype)
{
	/* Not NUL-terminated, and it ends where its memory ends. */
	size_t size = strlen(text);
	char *copy = malloc(size ? size : 1);

	memcpy(copy, text, size);
	bool is = dtype_parse(copy, size, dtype);
	free(copy);
	return is;
}

START_TEST(types_are_told_as_numpy_tells_them)
{
	struct dtype dtype;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(parse(good[i].text, &dtype), "%s", good[i].text);
		ck_assert_uint_eq(dtype.item_bytes, good[i].item_bytes);
		ck_assert(!dtype.objects);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		ck_assert_str_eq(dtype.text, good[i].str);
#endif
	}
}
END_TEST

START_TEST(what_was_told_is_told_again_the_same)
{
	struct dtype dtype;
	struct dtype again;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert(parse(good[i].text, &dtype) && parse(dtype.text, &again));
		ck_assert_str_eq(again.text, dtype.text);
		ck_assert_uint_eq(again.item_bytes, dtype.item_bytes);
	}
}
END_TEST

START_TEST(objects_are_said_to_be_objects)
{
	static const char *const texts[] = {"O", "|O", "O8", "|O4", "object"};
	struct dtype dtype;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_msg(parse(texts[i], &dtype), "%s", texts[i]);
		ck_assert(dtype.objects);
		ck_assert_str_eq(dtype.text, "|O");
	}
}
END_TEST

START_TEST(all_else_is_no_type)
{
	struct dtype dtype;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!parse(bad[i], &dtype), "'%s' is taken", bad[i]);
	ck_assert(!dtype_parse("f4\0", 3, &dtype));
	ck_assert(!dtype_parse("\0f4", 3, &dtype));
}
END_TEST

START_TEST(the_longest_text_fits)
{
	char text[200];
	struct dtype dtype;

	strcpy(text, "<M8[2147483647ms]");
	ck_assert(parse(text, &dtype));
	ck_assert_str_eq(dtype.text, text);
	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, 'S', size);
		memset(text + (size > 0), '1', size - (size > 0));
		bool is = dtype_parse(text, size, &dtype);
		ck_assert_int_eq(is, size >= 1 && size <= 11);
		ck_assert_uint_lt(strlen(dtype.text), sizeof(dtype.text));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dtype");
	TCase *tests = tcase_create("dtype");

	tcase_add_test(tests, types_are_told_as_numpy_tells_them);
	tcase_add_test(tests, what_was_told_is_told_again_the_same);
	tcase_add_test(tests, objects_are_said_to_be_objects);
	tcase_add_test(tests, all_else_is_no_type);
	tcase_add_test(tests, the_longest_text_fits);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
