// SPDX-License-Identifier: MIT

#include "parent/keptrecord.h"

#include "util/cleanup.h"
#include "util/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void keptrecord_file_name(const struct record *record, char *name)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	const char *own = strchr(file, '.') + 1; /* behind the archive's place in the input */
	memcpy(name, own, strlen(own) + 1);
}

/* The functions that get a value return false if it is not there or not what it must be. */

static bool get_number(const json_t *object, const char *key, uint64_t *number)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*number = (uint64_t)json_integer_value(value);
	return true;
}

static bool get_time(const json_t *object, const char *key, int64_t *time_ns)
{
	const json_t *value = json_object_get(object, key);

	*time_ns = json_integer_value(value);
	return json_is_integer(value);
}

/* False if it is there and no boolean. */
static bool get_flag(const json_t *object, const char *key, bool *flag)
{
	const json_t *value = json_object_get(object, key);

	*flag = json_is_true(value);
	return !value || json_is_boolean(value);
}

static int digit(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* The bytes that the value has in hexadecimal, at least one and at most @most; or NULL. */
static char *get_bytes(const json_t *value, size_t most, uint16_t *size)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);

	if (!text || length == 0 || length % 2 != 0 || length / 2 > most)
		return NULL;
	cleanup_free char *bytes = malloc(length / 2);
	if (!bytes)
		return NULL;
	for (size_t i = 0; i < length / 2; i++) {
		int high = digit(text[2 * i]);
		int low = digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return NULL;
		bytes[i] = (char)(high << 4 | low);
	}
	*size = (uint16_t)(length / 2);
	return steal_pointer(&bytes);
}

static bool get_crc32(const json_t *object, uint32_t *crc32)
{
	const json_t *value = json_object_get(object, "crc32");
	const char *text = json_string_value(value);

	*crc32 = 0;
	if (!text || json_string_length(value) != 8)
		return false;
	for (const char *at = text; *at; at++) {
		if (digit(*at) < 0)
			return false;
		*crc32 = *crc32 << 4 | (uint32_t)digit(*at);
	}
	return true;
}

/* The member's name, and what its file is called by if that is not the name. */
static bool get_names(struct keptrecord *kept, const json_t *inner, struct record *record)
{
	const json_t *member = json_object_get(kept->object, "member");
	const json_t *bytes = json_object_get(kept->object, "member_bytes");
	const json_t *base = json_object_get(inner, "base");

	if (!json_is_string(member))
		return false;
	if (bytes) {
		kept->member = get_bytes(bytes, MEMBER_NAME_MAX, &record->name_size);
		record->name = kept->member;
		if (!kept->member || utf8_is_valid(record->name, record->name_size))
			return false;
	} else {
		if (json_string_length(member) > MEMBER_NAME_MAX)
			return false;
		record->name = json_string_value(member);
		record->name_size = (uint16_t)json_string_length(member);
	}
	if (!base)
		return true;
	kept->base = get_bytes(base, MEMBER_BASE_MAX, &record->base_size);
	record->base = kept->base;
	return kept->base != NULL;
}

/* The array that the member holds, if it does; its place is in @record already. */
static bool get_shape(const json_t *object, const json_t *inner, struct message *message)
{
	const json_t *dtype = json_object_get(object, "dtype");
	const json_t *shape = json_object_get(object, "shape");
	struct record *record = &message->record;
	struct array *array = &message->array;

	if (!shape)
		return !dtype;
	if (!json_is_array(shape) || json_array_size(shape) > ARRAY_DIMENSIONS_MAX ||
		(dtype && (!json_is_string(dtype) || json_string_length(dtype) == 0 ||
				  json_string_length(dtype) > ARRAY_DTYPE_MAX)))
		return false;
	*array = (struct array){.dtype = dtype ? json_string_value(dtype) : "",
		.dtype_size = (uint32_t)json_string_length(dtype),
		.dimensions = (uint8_t)json_array_size(shape)};
	for (unsigned i = 0; i < array->dimensions; i++) {
		const json_t *length = json_array_get(shape, i);
		if (!json_is_integer(length) || json_integer_value(length) < 0)
			return false;
		array->shape[i] = (uint64_t)json_integer_value(length);
	}
	record->array = array;
	return get_flag(object, "fortran_order", &array->fortran_order) &&
	       get_number(inner, "data_offset", &array->data_offset) &&
	       get_number(inner, "item_size", &array->item_bytes) &&
	       array->data_offset <= record->offset_bytes;
}

static bool get_note(const json_t *object, struct record *record)
{
	const json_t *value = json_object_get(object, "warning");

	if (!value)
		return true;
	for (int note = NOTE_NONE + 1; note < NOTE_KINDS && json_is_string(value); note++) {
		record->note = (enum record_note)note;
		if (strcmp(json_string_value(value), record_note_slug(record)) == 0)
			return true;
	}
	return false;
}

/* Where the member is, and what its file is called. */
static bool get_file(struct keptrecord *kept, const json_t *inner, struct record *record)
{
	const json_t *object = kept->object;
	const json_t *path = json_object_get(object, "path");
	bool in_place;
	bool checked;

	if (!json_is_string(path) || !get_flag(object, "in_place", &in_place) ||
		!get_flag(object, "checked", &checked))
		return false;
	if (in_place) {
		record->place = PLACE_ARCHIVE;
		record->unchecked = !checked;
		return true;
	}
	record->place = PLACE_FILE;
	keptrecord_file_name(record, kept->name);
	return strcmp(json_string_value(path), kept->name) == 0 &&
	       get_number(inner, "inode", &record->inode) &&
	       get_time(inner, "mtime", &kept->file.mtime_ns) &&
	       get_time(inner, "ctime", &kept->file.ctime_ns);
}

static bool get_record(struct keptrecord *kept)
{
	const json_t *object = kept->object;
	const json_t *inner = json_object_get(object, "kept");
	struct record *record = &kept->message.record;

	if (!json_is_object(object) || !json_is_object(inner) ||
		!get_number(inner, "index", &record->member) ||
		!get_number(object, "size", &record->size_bytes) ||
		!get_number(object, "offset", &record->offset_bytes) ||
		!get_crc32(object, &record->crc32) || !get_names(kept, inner, record) ||
		!get_flag(inner, "npy_header", &record->npy_header) || !get_note(object, record) ||
		!get_shape(object, inner, &kept->message))
		return false;
	if (record->array)
		record->offset_bytes -= record->array->data_offset;
	record->packed = json_object_get(inner, "pack") != NULL;
	if (record->packed && !get_number(inner, "pack", &record->pack))
		return false;
	return get_file(kept, inner, record);
}

/* Whether a worker could say the record: what it encodes to is decoded again. */
static bool is_possible(const struct message *message)
{
	const struct record *record = &message->record;
	uint32_t dtype_size = record->array ? record->array->dtype_size : 0;
	size_t most = message_record_bytes_max(record);
	cleanup_free uint8_t *bytes = malloc(most);
	struct wire_writer writer;
	struct wire_reader reader;
	struct message again;

	if (!bytes || (size_t)record->name_size + record->base_size + dtype_size > RECORD_TEXT_MAX)
		return false;
	wire_writer_init(&writer, bytes, most);
	if (message_put(&writer, message) < 0)
		return false;
	wire_reader_init(&reader, bytes, writer.size);
	return message_get(&reader, &again) == 1;
}

int keptrecord_read(struct keptrecord *kept, const char *line, size_t size)
{
	*kept = (struct keptrecord){.message.kind = MESSAGE_RECORD};
	kept->object = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
	if (kept->object && get_record(kept) && is_possible(&kept->message))
		return 0;
	keptrecord_release(kept);
	errno = EBADMSG;
	return -1;
}

void keptrecord_release(struct keptrecord *kept)
{
	json_decref(steal_pointer(&kept->object));
	free(steal_pointer(&kept->member));
	free(steal_pointer(&kept->base));
}
