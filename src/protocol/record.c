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

/* Of each note: the word for scripts, and the words for people. */
static const struct {
	const char *slug;
	const char *words;
} notes[NOTE_KINDS] = {
	[NOTE_NPY_DAMAGED] = {"npy-damaged",
		"no .npy header that fits the file: taken as plain bytes"},
	[NOTE_NPY_OBJECTS] = {"npy-objects",
		"an array of Python objects, which cannot be mapped: taken as plain bytes"},
	[NOTE_NPY_TRAILING] = {"npy-trailing-bytes",
		"other bytes stand behind the data of the array"},
	[NOTE_NPY_LONG_DTYPE] = {"npy-long-dtype",
		"the type of the array is too long to be told: its header has it"},
};

const char *record_note_slug(const struct record *record)
{
	return notes[record->note].slug;
}

const char *record_note_words(const struct record *record)
{
	return notes[record->note].words;
}
