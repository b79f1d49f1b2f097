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
