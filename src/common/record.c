// SPDX-License-Identifier: MIT

#include "common/record.h"

#include "common/membername.h"

size_t record_file_name(const struct record *record, char *file)
{
	if (record->packed)
		return member_pack_name(record->archive, record->pack, file);
	return member_file_name(
		record->archive, record->member, record->name, record->name_size, file);
}
