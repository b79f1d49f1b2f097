// SPDX-License-Identifier: MIT

#include "protocol/record.h"

#include "protocol/membername.h"

size_t record_own_name(const struct record *record, char *file)
{
	const char *name = record->base ? record->base : record->name;
	size_t size = record->base ? record->base_size : record->name_size;

	if (record->npy_header)
		return member_npy_name(record->archive, record->member, name, size, file);
	return member_file_name(record->archive, record->member, name, size, file);
}

size_t record_file_name(const struct record *record, char *file)
{
	if (record->packed)
		return member_pack_name(record->archive, record->pack, file);
	return record_own_name(record, file);
}

uint64_t record_data_offset(const struct record *record)
{
	return record->offset_bytes + (record->array ? record->array->data_offset : 0);
}

bool record_is_aligned(const struct record *record)
{
	uint64_t item_bytes = record->array ? record->array->item_bytes : 0;

	return item_bytes == 0 || record_data_offset(record) % item_bytes == 0;
}

const char *record_note_slug(const struct record *record)
{
	return record->note == NOTE_NPY_OBJECTS ? "npy-objects" : "npy-damaged";
}

const char *record_note_words(const struct record *record)
{
	return record->note == NOTE_NPY_OBJECTS
		       ? "an array of Python objects, which cannot be mapped: taken as plain bytes"
		       : "no .npy header that fits the file: taken as plain bytes";
}
