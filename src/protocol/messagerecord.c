// SPDX-License-Identifier: MIT

#include "protocol/messagerecord.h"

#include "protocol/membername.h"

#include <string.h>

/*
 * Fields of a record that are there only if they say something. Each has a bit in the record's
 * field mask, and they are put in the order of their bits.
 */
enum record_field {
	RECORD_FAILURE = 1 << 0,
	RECORD_FILE = 1 << 1,
	RECORD_OFFSET = 1 << 2,
	RECORD_PACK = 1 << 3,
	RECORD_ARRAY = 1 << 4,
	RECORD_NOTE = 1 << 5,
	RECORD_OWN_NAME = 1 << 6,
	RECORD_DIRECTORY = 1 << 7,
	RECORD_NO_FILE = 1 << 8,
	RECORD_LISTED = 1 << 9,
	RECORD_NPY_HEADER = 1 << 10, /* nothing is put for it */
	RECORD_IN_MEMORY = 1 << 11,
	RECORD_BASE = 1 << 12,
	RECORD_IN_ARCHIVE = 1 << 13,
	RECORD_UNCHECKED = 1 << 14,
	RECORD_THERE = 1 << 15,
	/* where a member is: exactly one of these is there */
	RECORD_PLACES = RECORD_FAILURE | RECORD_FILE | RECORD_NO_FILE | RECORD_IN_ARCHIVE |
			RECORD_IN_MEMORY | RECORD_DIRECTORY | RECORD_THERE,
	/* of those, which are files that we make */
	RECORD_OWN_FILES = RECORD_FILE | RECORD_IN_MEMORY,
	/* whose inode is told */
	RECORD_FILES = RECORD_OWN_FILES | RECORD_THERE,
	/* and of which is known what they hold */
	RECORD_LOOKED_INTO = RECORD_FILES | RECORD_IN_ARCHIVE,
};

/* What RECORD_OWN_NAME has besides the time: bits. */
#define NAME_OF_DOS 1U
#define NAME_CUT    2U

/* The field that tells of a member that it is at @place. */
static unsigned place_field(enum record_place place)
{
	switch (place) {
	case PLACE_FILE:
		return RECORD_FILE;
	case PLACE_ARCHIVE:
		return RECORD_IN_ARCHIVE;
	case PLACE_MEMORY:
		return RECORD_IN_MEMORY;
	case PLACE_DIRECTORY:
		return RECORD_DIRECTORY;
	case PLACE_THERE:
		return RECORD_THERE;
	case PLACE_NOWHERE:
		break;
	}
	return RECORD_NO_FILE;
}

static enum record_place place_of(unsigned fields)
{
	if (fields & RECORD_IN_ARCHIVE)
		return PLACE_ARCHIVE;
	if (fields & RECORD_IN_MEMORY)
		return PLACE_MEMORY;
	if (fields & RECORD_DIRECTORY)
		return PLACE_DIRECTORY;
	if (fields & RECORD_THERE)
		return PLACE_THERE;
	return fields & RECORD_NO_FILE ? PLACE_NOWHERE : PLACE_FILE;
}

/* Whether these may be together in one record. */
static bool fields_agree(unsigned fields)
{
	unsigned place = fields & RECORD_PLACES;

	if (place == 0 || (place & (place - 1)) != 0)
		return false;
	if (place == RECORD_DIRECTORY)
		return fields == (RECORD_DIRECTORY | RECORD_OWN_NAME);
	/* A file that is there was found by the member's own name, and begins with the member. */
	if (place == RECORD_THERE && ((fields & RECORD_OFFSET) || !(fields & RECORD_OWN_NAME)))
		return false;
	if ((fields & RECORD_OWN_NAME) &&
		(!(place & (RECORD_FILE | RECORD_THERE)) || (fields & RECORD_PACK)))
		return false;
	if ((fields & RECORD_LISTED) && place != RECORD_NO_FILE)
		return false;
	if ((fields & RECORD_UNCHECKED) && !(place & (RECORD_IN_ARCHIVE | RECORD_THERE)))
		return false;
	if ((fields & RECORD_OFFSET) && place == RECORD_NO_FILE)
		return false;
	if ((fields & (RECORD_ARRAY | RECORD_NOTE)) && !(place & RECORD_LOOKED_INTO))
		return false;
	if ((fields & RECORD_BASE) && (place != RECORD_FILE || (fields & RECORD_PACK)))
		return false;
	if ((fields & RECORD_NPY_HEADER) &&
		((fields & RECORD_PACK) ||
			(place & (RECORD_NO_FILE | RECORD_IN_ARCHIVE | RECORD_THERE))))
		return false;
	return !(fields & RECORD_PACK) || (place & RECORD_OWN_FILES) || place == RECORD_FAILURE;
}

void messagerecord_put_failure(struct wire_writer *out, const struct failure *failure)
{
	wire_put_u8(out, (uint8_t)failure->kind);
	wire_put_u64(out, failure->numbers[0]);
	wire_put_u64(out, failure->numbers[1]);
}

void messagerecord_get_failure(struct wire_reader *in, struct failure *failure)
{
	uint8_t kind = wire_get_u8(in);

	if (kind >= FAILURE_KINDS)
		in->failed = true;
	failure->kind = (enum failure_kind)kind;
	failure->numbers[0] = wire_get_u64(in);
	failure->numbers[1] = wire_get_u64(in);
}

static void put_array(struct wire_writer *out, const struct array *array)
{
	wire_put_long(out, array->dtype, array->dtype_size);
	wire_put_u64(out, array->data_offset);
	wire_put_u64(out, array->item_bytes);
	wire_put_u8(out, array->fortran_order);
	wire_put_u8(out, array->dimensions);
	for (unsigned i = 0; i < array->dimensions; i++)
		wire_put_u64(out, array->shape[i]);
}

/* @size_bytes: of the member, which the array must fill. */
static void get_array(struct wire_reader *in, uint64_t size_bytes, struct array *array)
{
	array->dtype = wire_get_long(in, &array->dtype_size);
	array->data_offset = wire_get_u64(in);
	array->item_bytes = wire_get_u64(in);
	array->fortran_order = wire_get_u8(in) != 0;
	array->dimensions = wire_get_u8(in);
	if (array->dimensions > ARRAY_DIMENSIONS_MAX) {
		array->dimensions = 0;
		in->failed = true;
	}
	for (unsigned i = 0; i < array->dimensions; i++)
		array->shape[i] = wire_get_u64(in);
	if (in->failed || !array_is_sound(array, size_bytes))
		in->failed = true;
}

static void put_own_name(struct wire_writer *out, const struct record *record)
{
	wire_put_u64(out, record->time);
	wire_put_u8(out, (uint8_t)((record->dos_name ? NAME_OF_DOS : 0U) |
				   (record->cut_name ? NAME_CUT : 0U)));
}

static void get_own_name(struct wire_reader *in, struct record *record)
{
	record->own_name = true;
	record->time = wire_get_u64(in);
	unsigned bits = wire_get_u8(in);

	record->dos_name = bits & NAME_OF_DOS;
	record->cut_name = bits & NAME_CUT;
	if (bits & ~(NAME_OF_DOS | NAME_CUT))
		in->failed = true;
}

void messagerecord_put(struct wire_writer *out, const struct record *record)
{
	unsigned fields = RECORD_FAILURE;

	if (record->failure.kind == FAILURE_NONE) {
		fields = place_field(record->place);
		if (record->listed)
			fields |= RECORD_LISTED;
		if (record->unchecked)
			fields |= RECORD_UNCHECKED;
		if (record->offset_bytes != 0)
			fields |= RECORD_OFFSET;
		if (record->packed)
			fields |= RECORD_PACK;
		if (record->array && record->place != PLACE_NOWHERE)
			fields |= RECORD_ARRAY;
		if (record->note != NOTE_NONE && record->place != PLACE_NOWHERE)
			fields |= RECORD_NOTE;
		if (record->base)
			fields |= RECORD_BASE;
		if (record->own_name)
			fields |= RECORD_OWN_NAME;
	}
	/* A member that failed has it too, since the name of its file depends on it. */
	if (record->npy_header)
		fields |= RECORD_NPY_HEADER;
	wire_put_u16(out, (uint16_t)fields);
	wire_put_u64(out, record->member);
	wire_put_bytes(out, record->name, record->name_size);
	if (fields & RECORD_FAILURE)
		messagerecord_put_failure(out, &record->failure);
	if (fields & RECORD_FILES) {
		wire_put_u64(out, record->size_bytes);
		wire_put_u64(out, record->inode);
		wire_put_u32(out, record->crc32);
	}
	if (fields & RECORD_IN_MEMORY)
		wire_put_u32(out, record->descriptor);
	if (fields & (RECORD_NO_FILE | RECORD_IN_ARCHIVE)) {
		wire_put_u64(out, record->size_bytes);
		wire_put_u32(out, record->crc32);
	}
	if (fields & RECORD_LISTED) {
		wire_put_u64(out, record->compressed_bytes);
		wire_put_u64(out, record->time);
		wire_put_u16(out, record->method);
		wire_put_u8(out, record->encrypted);
	}
	if (fields & RECORD_OFFSET)
		wire_put_u64(out, record->offset_bytes);
	if (fields & RECORD_PACK)
		wire_put_u64(out, record->pack);
	if (fields & RECORD_ARRAY)
		put_array(out, record->array);
	if (fields & RECORD_NOTE)
		wire_put_u8(out, (uint8_t)record->note);
	if (fields & RECORD_OWN_NAME)
		put_own_name(out, record);
	if (fields & RECORD_BASE)
		wire_put_bytes(out, record->base, record->base_size);
}

/* Its array goes to @array. */
void messagerecord_get(struct wire_reader *in, struct record *record, struct array *array)
{
	unsigned fields = wire_get_u16(in);

	*record = (struct record){.member = wire_get_u64(in)};
	record->name = wire_get_bytes(in, &record->name_size);
	if (!fields_agree(fields))
		in->failed = true;
	record->place = place_of(fields);
	record->listed = fields & RECORD_LISTED;
	record->unchecked = fields & RECORD_UNCHECKED;
	record->npy_header = fields & RECORD_NPY_HEADER;
	if (fields & RECORD_FAILURE) {
		messagerecord_get_failure(in, &record->failure);
		if (record->failure.kind == FAILURE_NONE)
			in->failed = true;
	}
	if (fields & RECORD_FILES) {
		record->size_bytes = wire_get_u64(in);
		record->inode = wire_get_u64(in);
		record->crc32 = wire_get_u32(in);
	}
	if (fields & RECORD_IN_MEMORY)
		record->descriptor = wire_get_u32(in);
	if (fields & (RECORD_NO_FILE | RECORD_IN_ARCHIVE)) {
		record->size_bytes = wire_get_u64(in);
		record->crc32 = wire_get_u32(in);
	}
	if (fields & RECORD_LISTED) {
		record->compressed_bytes = wire_get_u64(in);
		record->time = wire_get_u64(in);
		record->method = wire_get_u16(in);
		record->encrypted = wire_get_u8(in) != 0;
	}
	if (fields & RECORD_OFFSET)
		record->offset_bytes = wire_get_u64(in);
	record->packed = fields & RECORD_PACK;
	if (record->packed)
		record->pack = wire_get_u64(in);
	if (fields & RECORD_ARRAY) {
		get_array(in, record->size_bytes, array);
		record->array = array;
	}
	if (fields & RECORD_NOTE) {
		uint8_t note = wire_get_u8(in);
		if (note == NOTE_NONE || note >= NOTE_KINDS)
			in->failed = true;
		record->note = (enum record_note)note;
	}
	if (fields & RECORD_OWN_NAME)
		get_own_name(in, record);
	if (fields & RECORD_BASE)
		record->base = wire_get_bytes(in, &record->base_size);
	if (record->base_size > MEMBER_BASE_MAX)
		in->failed = true;
}
