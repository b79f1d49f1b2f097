// SPDX-License-Identifier: MIT

#include "protocol/settings.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct filter_rule rules[] = {{true, "*.dat"}, {false, ""}, {true, "d/\xff*"}};

/* Settings in which everything says something. */
static struct raw_array raw;
static struct worker_settings full;
static uint8_t *bytes;
static size_t size;

static void setup(void)
{
	raw = (struct raw_array){.open = -1};
	ck_assert(rawarray_set_dtype(&raw, "<f4"));
	ck_assert(rawarray_set_shape(&raw, "3,-1,5"));
	full = (struct worker_settings){
		.task = TASK_TEST,
		.filter = {rules, 3},
		.password = "p\xc3\xa4ss \x01",
		.encoding = "cp866",
		.limits = {1, UINT64_MAX, 3, 4, 5},
		.raw = &raw,
		.npy = true,
		.in_memory = true,
		.own_names = true,
		.reuse = {.unchecked = true},
		.in_place = {.wanted = true, .aligned = true},
		.decoder = DECODER_ZLIB,
		.parts = PARTS_ALWAYS,
		.full_names = true,
		.sandboxed = true,
		.sandbox = SANDBOX_SECCOMP,
		.all_required = true,
	};
	bytes = settings_encode(&full, &size);
	ck_assert_ptr_nonnull(bytes);
}

static void teardown(void)
{
	free(bytes);
}

/* As settings_decode(), from a copy that ends where its memory ends. */
static int decode_copy(const uint8_t *from, size_t count)
{
	struct settings_decoded decoded;
	uint8_t *copy = malloc(count ? count : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, from, count);
	errno = 0;
	int result = settings_decode(copy, count, &decoded);
	ck_assert(result == 0 || errno == EBADMSG);
	if (result == 0)
		settings_release(&decoded);
	free(copy);
	return result;
}

START_TEST(settings_arrive_as_they_were_sent)
{
	struct settings_decoded decoded;
	const struct worker_settings *got = &decoded.settings;

	ck_assert_int_eq(settings_decode(bytes, size, &decoded), 0);
	ck_assert_int_eq(got->task, TASK_TEST);
	ck_assert_uint_eq(got->filter.count, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(got->filter.rules[i].include, rules[i].include);
		ck_assert_str_eq(got->filter.rules[i].glob, rules[i].glob);
	}
	ck_assert_str_eq(got->password, full.password);
	ck_assert_str_eq(got->encoding, "cp866");
	ck_assert_mem_eq(&got->limits, &full.limits, sizeof(full.limits));
	ck_assert_ptr_eq(got->raw, &decoded.raw);
	ck_assert_str_eq(got->raw->dtype.text, "<f4");
	ck_assert_uint_eq(got->raw->dtype.item_bytes, 4);
	ck_assert_uint_eq(got->raw->dimensions, 3);
	ck_assert_int_eq(got->raw->open, 1);
	ck_assert_uint_eq(got->raw->shape[0], 3);
	ck_assert_uint_eq(got->raw->shape[2], 5);
	ck_assert(got->npy && !got->pack && got->in_memory && got->own_names);
	ck_assert(!got->reuse.wanted && got->reuse.unchecked);
	ck_assert(got->in_place.wanted && !got->in_place.unchecked && got->in_place.aligned);
	ck_assert_int_eq(got->decoder, DECODER_ZLIB);
	ck_assert_int_eq(got->parts, PARTS_ALWAYS);
	ck_assert(got->full_names && got->sandboxed && got->all_required && !got->measure);
	ck_assert_uint_eq(got->sandbox, SANDBOX_SECCOMP);
	settings_release(&decoded);
}
END_TEST

START_TEST(settings_that_say_nothing_arrive)
{
	const struct worker_settings none = {.measure = true, .reuse.wanted = true};
	struct settings_decoded decoded;
	size_t count;
	uint8_t *encoded = settings_encode(&none, &count);

	ck_assert_ptr_nonnull(encoded);
	ck_assert_uint_lt(count, 64);
	ck_assert_int_eq(settings_decode(encoded, count, &decoded), 0);
	ck_assert_ptr_null(decoded.settings.password);
	ck_assert_ptr_null(decoded.settings.encoding);
	ck_assert_ptr_null(decoded.settings.raw);
	ck_assert_uint_eq(decoded.settings.filter.count, 0);
	ck_assert(decoded.settings.measure && !decoded.settings.in_memory &&
		  !decoded.settings.own_names);
	ck_assert(decoded.settings.reuse.wanted && !decoded.settings.reuse.unchecked);
	settings_release(&decoded);
	free(encoded);
}
END_TEST

START_TEST(a_type_without_a_shape_arrives)
{
	struct settings_decoded decoded;
	struct worker_settings typed = {.raw = &raw};
	size_t count;

	raw = (struct raw_array){.open = 0};
	ck_assert(rawarray_set_dtype(&raw, ">i2"));
	uint8_t *encoded = settings_encode(&typed, &count);
	ck_assert_ptr_nonnull(encoded);
	ck_assert_int_eq(settings_decode(encoded, count, &decoded), 0);
	ck_assert_str_eq(decoded.settings.raw->dtype.text, ">i2");
	ck_assert_uint_eq(decoded.settings.raw->dimensions, 0);
	settings_release(&decoded);
	free(encoded);
}
END_TEST

START_TEST(a_type_is_refused_in_another_word_than_the_one_that_is_sent)
{
	struct worker_settings typed = {.raw = &raw};
	size_t count;

	raw = (struct raw_array){.open = -1};
	ck_assert(rawarray_set_dtype(&raw, "=f4"));
	ck_assert_str_eq(raw.dtype.text, "<f4");
	uint8_t *encoded = settings_encode(&typed, &count);
	ck_assert_ptr_nonnull(encoded);
	ck_assert_int_eq(decode_copy(encoded, count), 0);
	char *sent = memmem(encoded, count, "<f4", sizeof("<f4"));
	ck_assert_ptr_nonnull(sent);
	*sent = '=';
	ck_assert_int_eq(decode_copy(encoded, count), -1);
	free(encoded);
}
END_TEST

START_TEST(settings_that_are_cut_or_longer_are_refused)
{
	uint8_t longer[4096] = {0};

	for (size_t i = 0; i < size; i++)
		ck_assert_int_eq(decode_copy(bytes, i), -1);
	ck_assert_uint_lt(size, sizeof(longer));
	memcpy(longer, bytes, size);
	ck_assert_int_eq(decode_copy(longer, size), 0);
	ck_assert_int_eq(decode_copy(longer, size + 1), -1);
}
END_TEST

START_TEST(values_out_of_range_are_refused)
{
	/* The places: the task, the decoder, the parts, those of the sandbox, unknown flags. */
	const uint8_t values[][2] = {
		{0, TASK_KINDS}, {1, DECODER_KINDS}, {2, PARTS_CHOICES}, {3, 4}, {6, 1}};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		uint8_t before = bytes[values[i][0]];
		bytes[values[i][0]] |= values[i][1];
		ck_assert_int_eq(decode_copy(bytes, size), -1);
		bytes[values[i][0]] = before;
	}
	ck_assert_int_eq(decode_copy(bytes, size), 0);
}
END_TEST

START_TEST(an_open_dimension_that_the_shape_lacks_is_refused)
{
	struct worker_settings typed = {.raw = &raw};

	/* Of the most dimensions, too: then there is no length to look at. */
	for (unsigned dimensions = 1; dimensions <= ARRAY_DIMENSIONS_MAX; dimensions++) {
		size_t count;

		raw = (struct raw_array){.dimensions = dimensions, .open = (int)dimensions - 1};
		ck_assert(rawarray_set_dtype(&raw, "u1"));
		for (unsigned i = 0; i < dimensions; i++)
			raw.shape[i] = 1;
		uint8_t *encoded = settings_encode(&typed, &count);
		ck_assert_ptr_nonnull(encoded);
		ck_assert_int_eq(decode_copy(encoded, count), 0);
		free(encoded);

		raw.open++;
		encoded = settings_encode(&typed, &count);
		ck_assert_ptr_nonnull(encoded);
		ck_assert_int_eq(decode_copy(encoded, count), -1);
		free(encoded);
	}
}
END_TEST

START_TEST(any_byte_may_be_wrong)
{
	for (size_t i = 0; i < size; i++) {
		for (unsigned change = 1; change < 256; change *= 2) {
			bytes[i] ^= (uint8_t)change;
			decode_copy(bytes, size);
			bytes[i] ^= (uint8_t)change;
		}
	}
}
END_TEST

START_TEST(a_text_longer_than_a_packet_arrives)
{
	enum { LONG = 200000 };
	char *glob = malloc(LONG + 1);
	size_t count;

	ck_assert_ptr_nonnull(glob);
	memset(glob, 'g', LONG);
	glob[LONG] = '\0';
	const struct filter_rule rule = {false, glob};
	const struct worker_settings one = {.filter = {&rule, 1}};
	struct settings_decoded decoded;
	uint8_t *encoded = settings_encode(&one, &count);
	ck_assert_ptr_nonnull(encoded);
	ck_assert_int_eq(settings_decode(encoded, count, &decoded), 0);
	ck_assert_str_eq(decoded.settings.filter.rules[0].glob, glob);
	settings_release(&decoded);
	free(encoded);
	free(glob);
}
END_TEST

START_TEST(more_than_the_bound_is_not_sent)
{
	char *password = malloc(SETTINGS_MAX + 1);
	size_t count;

	ck_assert_ptr_nonnull(password);
	memset(password, 'p', SETTINGS_MAX);
	password[SETTINGS_MAX] = '\0';
	ck_assert_ptr_null(
		settings_encode(&(struct worker_settings){.password = password}, &count));
	ck_assert_int_eq(errno, E2BIG);
	free(password);
}
END_TEST

START_TEST(the_head_arrives_and_no_other_bytes_do)
{
	const struct settings_head head = {0x12345678, SETTINGS_MAX, true};
	const struct settings_head large = {1, SETTINGS_MAX + 1, true};
	uint8_t packet[SETTINGS_HEAD_BYTES + 1] = {0};
	struct settings_head got;

	settings_put_head(packet, &head);
	ck_assert_int_eq(settings_get_head(packet, SETTINGS_HEAD_BYTES, &got), 0);
	ck_assert_uint_eq(got.parent, head.parent);
	ck_assert_uint_eq(got.size_bytes, head.size_bytes);
	ck_assert(got.has_directory);
	ck_assert_int_eq(settings_get_head(packet, SETTINGS_HEAD_BYTES - 1, &got), -1);
	ck_assert_int_eq(settings_get_head(packet, SETTINGS_HEAD_BYTES + 1, &got), -1);
	packet[SETTINGS_HEAD_BYTES - 1] = 2;
	ck_assert_int_eq(settings_get_head(packet, SETTINGS_HEAD_BYTES, &got), -1);
	settings_put_head(packet, &large);
	ck_assert_int_eq(settings_get_head(packet, SETTINGS_HEAD_BYTES, &got), -1);
	ck_assert_int_eq(errno, EBADMSG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tests = tcase_create("settings");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, settings_arrive_as_they_were_sent);
	tcase_add_test(tests, settings_that_say_nothing_arrive);
	tcase_add_test(tests, a_type_without_a_shape_arrives);
	tcase_add_test(tests, a_type_is_refused_in_another_word_than_the_one_that_is_sent);
	tcase_add_test(tests, settings_that_are_cut_or_longer_are_refused);
	tcase_add_test(tests, values_out_of_range_are_refused);
	tcase_add_test(tests, an_open_dimension_that_the_shape_lacks_is_refused);
	tcase_add_test(tests, any_byte_may_be_wrong);
	tcase_add_test(tests, a_text_longer_than_a_packet_arrives);
	tcase_add_test(tests, more_than_the_bound_is_not_sent);
	tcase_add_test(tests, the_head_arrives_and_no_other_bytes_do);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
