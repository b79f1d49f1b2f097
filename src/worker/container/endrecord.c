// SPDX-License-Identifier: MIT

#include "worker/container/endrecord.h"

#include "protocol/wire.h"
#include "util/cleanup.h"

#include <errno.h>
#include <string.h>

/* Sizes without what varies, APPNOTE 4.3.16, 4.3.15, 4.3.14. */
#define END_SIZE       22
#define LOCATOR64_SIZE 20
#define END64_SIZE     56
#define COMMENT_MAX    65535

static const char LOCAL_SIGNATURE[4] = {'P', 'K', 3, 4};
static const char CENTRAL_SIGNATURE[4] = {'P', 'K', 1, 2};
static const char END_SIGNATURE[4] = {'P', 'K', 5, 6};
static const char LOCATOR64_SIGNATURE[4] = {'P', 'K', 6, 7};
static const char END64_SIGNATURE[4] = {'P', 'K', 6, 6};

static bool has_signature(const uint8_t *bytes, const char signature[4])
{
	return memcmp(bytes, signature, 4) == 0;
}

/* Where the directory lies, as a record states it. */
struct directory {
	uint64_t record_at; /* the place of the record, which the directory ends at */
	uint64_t entries;
	uint64_t size;
	uint64_t offset;
};

static void parse_end(const uint8_t *end, uint64_t at, struct directory *directory)
{
	struct wire_reader fields;

	wire_reader_init(&fields, end + 10, END_SIZE - 10);
	directory->record_at = at;
	directory->entries = wire_get_u16(&fields);
	directory->size = wire_get_u32(&fields);
	directory->offset = wire_get_u32(&fields);
}

static void parse_end64(const uint8_t *end64, uint64_t at, struct directory *directory)
{
	struct wire_reader fields;

	wire_reader_init(&fields, end64 + 32, END64_SIZE - 32);
	directory->record_at = at;
	directory->entries = wire_get_u64(&fields);
	directory->size = wire_get_u64(&fields);
	directory->offset = wire_get_u64(&fields);
}

/* How far the directory lies behind its stated place; 0 where that does not lead to one. */
static uint64_t displacement(struct source *source, const struct directory *directory)
{
	uint8_t signature[4];

	if (directory->size > directory->record_at ||
		directory->offset > directory->record_at - directory->size)
		return 0;
	if (directory->entries == 0 && directory->size == 0)
		return directory->record_at - directory->offset;
	uint64_t at = directory->record_at - directory->size;
	if (source_read_at(source, signature, 4, at) != 4 ||
		!has_signature(signature, CENTRAL_SIGNATURE))
		return 0;
	return at - directory->offset;
}

/* The end record is at @at, as @end: see what it states, or the zip64 record before it. */
static void parse_records(
	struct source *source, const uint8_t *end, uint64_t at, struct directory *directory)
{
	uint8_t end64[END64_SIZE + LOCATOR64_SIZE];

	parse_end(end, at, directory);
	if (at >= sizeof(end64) &&
		source_read_at(source, end64, sizeof(end64), at - sizeof(end64)) ==
			(ssize_t)sizeof(end64) &&
		has_signature(end64, END64_SIGNATURE) &&
		has_signature(end64 + END64_SIZE, LOCATOR64_SIGNATURE))
		parse_end64(end64, at - sizeof(end64), directory);
}

/* Look for the record in the last @tail_size bytes. 0, or -1 with errno. */
static int find_in_tail(struct source *source, size_t tail_size, struct end_record *record)
{
	uint64_t size = source_size(source);

	if (tail_size > size)
		tail_size = (size_t)size;
	cleanup_free uint8_t *tail = malloc(tail_size + 1);
	if (!tail)
		return -1;
	uint64_t tail_at = size - tail_size;
	if (source_read_at(source, tail, tail_size, tail_at) != (ssize_t)tail_size)
		return -1;
	for (size_t i = tail_size < END_SIZE ? 0 : tail_size - END_SIZE + 1; i-- > 0;) {
		if (!has_signature(tail + i, END_SIGNATURE))
			continue;
		struct directory directory;
		record->found = true;
		parse_records(source, tail + i, tail_at + i, &directory);
		record->base = displacement(source, &directory);
		break;
	}
	return 0;
}

int end_record_find(struct source *source, struct end_record *record)
{
	uint8_t signature[4];

	*record = (struct end_record){0};
	/* Few archives have a comment. */
	if (find_in_tail(source, END_SIZE, record) < 0)
		return -1;
	if (!record->found && find_in_tail(source, END_SIZE + COMMENT_MAX, record) < 0)
		return -1;
	if (record->found)
		return 0;
	ssize_t got = source_read_at(source, signature, 4, 0);
	record->starts_as_zip = got == 4 && has_signature(signature, LOCAL_SIGNATURE);
	return got < 0 ? -1 : 0;
}
