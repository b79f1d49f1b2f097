// SPDX-License-Identifier: MIT

#include "parent/json.h"

#include "protocol/method.h"
#include "util/cleanup.h"
#include "util/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** U+FFFD stands for a byte that is not UTF-8. */
static const char replacement[] = "\xef\xbf\xbd";

/** Room for the longest key, archive_bytes. */
#define KEY_MAX 16

/** Set @key of @object to @value, which it takes over. 0, or -1 if memory ran out. */
static int set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new_nocheck(object, key, value);
}

/** The @size bytes of @text, which are not UTF-8, with each wrong byte replaced. */
static json_t *replaced(const char *text, size_t size)
{
	size_t length = 0;
	cleanup_free char *shown = malloc(size * (sizeof(replacement) - 1) + 1);

	if (!shown)
		return NULL;
	for (size_t at = 0; at < size;) {
		uint32_t character;
		size_t whole = utf8_decode(text + at, size - at, &character);
		const char *from = whole > 0 ? text + at : replacement;
		size_t count = whole > 0 ? whole : sizeof(replacement) - 1;
		memcpy(shown + length, from, count);
		length += count;
		at += whole > 0 ? whole : 1;
	}
	return json_stringn_nocheck(shown, length);
}

static json_t *hexadecimal(const char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	cleanup_free char *bytes = malloc(2 * size + 1);

	if (!bytes)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		bytes[2 * i] = digits[(unsigned char)text[i] >> 4];
		bytes[2 * i + 1] = digits[(unsigned char)text[i] & 15];
	}
	return json_stringn_nocheck(bytes, 2 * size);
}

/** Set @key to a name of any bytes. JSON cannot hold those that are not UTF-8. */
static int set_name(json_t *object, const char *key, const char *name, size_t size)
{
	char bytes_key[KEY_MAX];

	if (utf8_is_valid(name, size))
		return set(object, key, json_stringn_nocheck(name, size));
	snprintf(bytes_key, sizeof(bytes_key), "%s_bytes", key);
	return set(object, key, replaced(name, size)) |
	       set(object, bytes_key, hexadecimal(name, size));
}

/**
 * Numbers that jansson cannot hold, since its own are signed. An archive may state any size of 64
 * bits. They are printed behind all else.
 */
struct large {
	const char *keys[2];
	uint64_t numbers[2];
	unsigned count;
};

static int set_number(json_t *object, struct large *large, const char *key, uint64_t number)
{
	if (number <= INT64_MAX)
		return set(object, key, json_integer((json_int_t)number));
	assert(large->count < sizeof(large->keys) / sizeof(large->keys[0]));
	large->keys[large->count] = key;
	large->numbers[large->count++] = number;
	return 0;
}

static int set_array(json_t *object, const struct array *array)
{
	json_t *shape = json_array();
	int failed = 0;

	if (array->dtype_size > 0)
		failed =
			set(object, "dtype", json_stringn_nocheck(array->dtype, array->dtype_size));
	for (unsigned i = 0; i < array->dimensions; i++)
		failed |= json_array_append_new(shape, json_integer((json_int_t)array->shape[i]));
	return failed | set(object, "shape", shape) |
	       set(object, "fortran_order", json_boolean(array->fortran_order));
}

/** Set what is known of a member that stayed in its archive, or whose file was there. */
static int set_place(json_t *object, const struct record *record)
{
	bool in_place = record->place == PLACE_ARCHIVE;
	int failed = in_place ? set(object, "in_place", json_true())
			      : set(object, "reused", json_true());

	failed |= set(object, "checked", json_boolean(!record->unchecked));
	if (in_place && record->array)
		failed |= set(object, "aligned", json_boolean(record_is_aligned(record)));
	return failed;
}

/** Set what only a listing has. */
static int set_listing(json_t *object, struct large *large, const struct record *record)
{
	const char *name = method_name(record->method);
	time_t seconds = (time_t)record->time;
	struct tm fields;
	char date[48];

	/* The archive states no time zone. The time is printed as it stands there. */
	bool known = record->time > 0 && gmtime_r(&seconds, &fields);
	if (known)
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &fields);
	return set_number(object, large, "compressed_size", record->compressed_bytes) |
	       set(object, "method", name ? json_string_nocheck(name) : json_null()) |
	       set(object, "method_number", json_integer(record->method)) |
	       set(object, "time", known ? json_string_nocheck(date) : json_null()) |
	       set(object, "encrypted", json_boolean(record->encrypted));
}

/**
 * The control character that the first of @size bytes begin, of those above ASCII's first 32, which
 * are escaped already: DEL, and U+0080 to U+009F. 0: none.
 */
static unsigned control(const unsigned char *bytes, size_t size)
{
	if (bytes[0] == 0x7f)
		return 0x7f;
	return bytes[0] == 0xc2 && size > 1 && bytes[1] < 0xa0 ? bytes[1] : 0;
}

/** Write text of JSON, so that no name in it can drive a terminal. A piece has whole characters. */
static int write_piece(const char *text, size_t size, void *stream)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t from = 0;

	for (size_t at = 0; at < size; at++) {
		unsigned character = control(bytes + at, size - at);
		if (character == 0)
			continue;
		if (fwrite(bytes + from, 1, at - from, stream) != at - from ||
			fprintf(stream, "\\u%04X", character) < 0)
			return -1;
		at += character > 0x7f;
		from = at + 1;
	}
	return fwrite(bytes + from, 1, size - from, stream) == size - from ? 0 : -1;
}

/** Print @object with the numbers of @large. 0, or -1. */
static int print_with(FILE *stream, const json_t *object, const struct large *large)
{
	cleanup_free char *text = json_dumps(object, JSON_COMPACT);

	if (!text || write_piece(text, strlen(text) - 1, stream) < 0) /* without the brace */
		return -1;
	for (unsigned i = 0; i < large->count; i++)
		fprintf(stream, ",\"%s\":%" PRIu64, large->keys[i], large->numbers[i]);
	return putc('}', stream) == EOF ? -1 : 0;
}

/** Print @object unless setting a value in it @failed, and release it. */
static int print(FILE *stream, json_t *object, const struct large *large, int failed)
{
	if (failed == 0 && large->count > 0)
		failed = print_with(stream, object, large);
	else if (failed == 0)
		failed = json_dump_callback(object, write_piece, stream, JSON_COMPACT);
	json_decref(object);
	return failed == 0 && putc('\n', stream) != EOF ? 0 : -1;
}

/** Set what is told of a whole member. 0, or not if memory ran out. */
static int set_member(json_t *object, struct large *large, const struct record *record,
	const char *archive_path, const char *path)
{
	char crc32[9];

	snprintf(crc32, sizeof(crc32), "%08" PRIx32, record->crc32);
	int failed = *path ? set_name(object, "path", path, strlen(path)) : 0;

	failed |= set_name(object, "archive", archive_path, strlen(archive_path)) |
		  set_name(object, "member", record->name, record->name_size) |
		  set_number(object, large, "size", record->size_bytes) |
		  set(object, "crc32", json_string_nocheck(crc32));
	if (*path)
		failed |= set_number(object, large, "offset", record_data_offset(record));
	if (record->listed)
		failed |= set_listing(object, large, record);
	if (record->array)
		failed |= set_array(object, record->array);
	if (record->place == PLACE_ARCHIVE || record->place == PLACE_THERE)
		failed |= set_place(object, record);
	if (record->note != NOTE_NONE)
		failed |= set(object, "warning", json_string_nocheck(record_note_slug(record)));
	return failed;
}

int json_print_member(
	FILE *stream, const struct record *record, const char *archive_path, const char *path)
{
	json_t *object = json_object();
	struct large large = {.count = 0};
	int failed = set_member(object, &large, record, archive_path, path);

	return print(stream, object, &large, failed);
}

/** Set a number that is below 2^63, or fail. */
static int set_small(json_t *object, const char *key, uint64_t number)
{
	return number > INT64_MAX ? -1 : set(object, key, json_integer((json_int_t)number));
}

/** What a record has that a user is not told. */
static json_t *make_kept(const struct record *record, const struct json_file *file)
{
	json_t *kept = json_object();
	int failed = set_small(kept, "index", record->member);

	if (record->place == PLACE_FILE)
		failed |= set_small(kept, "inode", record->inode) |
			  set(kept, "mtime", json_integer(file->mtime_ns)) |
			  set(kept, "ctime", json_integer(file->ctime_ns));
	if (record->npy_header)
		failed |= set(kept, "npy_header", json_true());
	if (record->packed)
		failed |= set_small(kept, "pack", record->pack);
	if (record->array)
		failed |= set_small(kept, "data_offset", record->array->data_offset) |
			  set_small(kept, "item_size", record->array->item_bytes);
	if (record->base)
		failed |= set(kept, "base", hexadecimal(record->base, record->base_size));
	if (failed == 0)
		return kept;
	json_decref(kept);
	return NULL;
}

int json_print_kept(FILE *stream, const struct record *record, const char *archive_path,
	const char *path, const struct json_file *file)
{
	json_t *object = json_object();
	struct large large = {.count = 0};
	int failed = set_member(object, &large, record, archive_path, path) |
		     set(object, "kept", make_kept(record, file));

	return print(stream, object, &large, failed | (large.count > 0));
}

int json_print_head(FILE *stream, const struct json_head *head)
{
	json_t *object = json_object();
	const struct large large = {.count = 0};
	const char *archive = head->archive_path;
	int failed = set(object, "kept_files", json_string_nocheck("zipmap")) |
		     set(object, "version", json_integer(head->version)) |
		     set(object, "sha256", json_string_nocheck(head->sha256)) |
		     set_small(object, "entries", head->entries) |
		     set(object, "behind_another", json_boolean(head->behind_another)) |
		     set_name(object, "archive", archive, strlen(archive));

	return print(stream, object, &large, failed);
}

int json_print_failure(FILE *stream, const struct failed *failure)
{
	json_t *object = json_object();
	int failed = 0;

	if (failure->archive_path)
		failed |= set_name(
			object, "archive", failure->archive_path, strlen(failure->archive_path));
	if (failure->member)
		failed |= set_name(object, "member", failure->member, failure->member_size);
	failed |= set(object, "error", json_string_nocheck(failure->error)) |
		  set_name(object, "message", failure->message, strlen(failure->message));
	return print(stream, object, &(struct large){.count = 0}, failed);
}
