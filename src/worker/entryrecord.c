// SPDX-License-Identifier: MIT

#include "worker/entryrecord.h"

struct record entryrecord_list(const struct member *member, uint64_t archive_number)
{
	return (struct record){
		.archive = archive_number,
		.member = member->index,
		.place = PLACE_NOWHERE,
		.size_bytes = member->size_bytes,
		.crc32 = member->crc32,
		.listed = true,
		.compressed_bytes = member->compressed_bytes,
		.time = member->time,
		.method = member->method,
		.encrypted = member->encrypted,
		.name = member->name,
		.name_size = member->name_size,
	};
}

struct record entryrecord_directory(const struct member *member, uint64_t archive_number)
{
	return (struct record){
		.archive = archive_number,
		.member = member->index,
		.place = PLACE_DIRECTORY,
		.name = member->name,
		.name_size = member->name_size,
	};
}

struct record entryrecord_look(const struct member *member)
{
	struct record record = {
		.member = member->index,
		.place = PLACE_THERE,
		.size_bytes = member->size_bytes,
		.name = member->name,
		.name_size = member->name_size,
	};

	entryrecord_own_name(member, &record);
	return record;
}

void entryrecord_own_name(const struct member *member, struct record *record)
{
	record->own_name = true;
	record->time = member->time;
	record->dos_name = member->name_is_dos;
	record->cut_name = member->name_is_cut;
}
