// SPDX-License-Identifier: MIT

#include "worker/container/endrecord.h"

#include "util/cleanup.h"
#include "worker/container/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sizes without what varies: APPNOTE 4.3.16, 4.3.15, 4.3.14. */
#define END_SIZE       22
#define LOCATOR64_SIZE 20
#define END64_SIZE     56

/* What stands for a number that only a zip64 record can hold (APPNOTE 4.4.1.4). */
#define SENTINEL_16 0xffff
#define SENTINEL_32 0xffffffff

/* In a zip64 record of version 2 (APPNOTE 7.3.4): the algorithm that encrypts the directory. */
#define END64_ALGORITHM_AT 74

/* The end of the file, in memory. */
struct tail {
	struct source *source;
	const uint8_t *bytes;
	size_t size;
	uint64_t at; /* in the file */
};

/* An end record, and the zip64 records that stand before it. */
struct records {
	uint64_t at; /* of the end record */
	uint64_t entries;
	uint64_t size;
	uint64_t offset;
	bool sentinel;     /* one of the numbers is said to be in a zip64 record */
	bool has_end64;    /* there is one, whatever the end record says */
	uint64_t end64_at; /* where it is */
	bool is_split;     /* the archive is one of several disks */
	bool is_encrypted; /* the central directory is */
};

static int fail(struct failure *failure, enum failure_kind kind, int error)
{
	*failure = (struct failure){kind, {(uint64_t)error, 0}};
	return -1;
}

/* Read @size bytes at @at, all of them. 1, 0 if the file has fewer, or -1 with errno. */
static int read_at(const struct tail *tail, uint8_t *bytes, size_t size, uint64_t at)
{
	if (at >= tail->at && at - tail->at <= tail->size &&
		tail->size - (size_t)(at - tail->at) >= size) {
		memcpy(bytes, tail->bytes + (at - tail->at), size);
		return 1;
	}
	ssize_t got = source_read(tail->source, bytes, size, at);
	return got < 0 ? -1 : (size_t)got == size;
}

static void parse_end(const uint8_t *end, uint64_t at, struct records *records)
{
	uint16_t disk = bytes_u16(end + 4);
	uint16_t directory_disk = bytes_u16(end + 6);

	*records = (struct records){
		.at = at,
		.entries = bytes_u16(end + 10),
		.size = bytes_u32(end + 12),
		.offset = bytes_u32(end + 16),
		.is_split = disk > 0 || directory_disk > 0,
	};
	records->sentinel = disk == SENTINEL_16 || directory_disk == SENTINEL_16 ||
			    bytes_u16(end + 8) == SENTINEL_16 || records->entries == SENTINEL_16 ||
			    records->size == SENTINEL_32 || records->offset == SENTINEL_32;
}

/*
 * The zip64 record stands directly before its @locator, which is at @at, unless it is longer than
 * its numbers. Then it is where the locator says. The first is tried first: it is right also if
 * something was put before the archive, when the locator's offset may lead into another archive.
 * 0, or -1 with errno.
 */
static int find_end64(const struct tail *tail, const uint8_t *locator, uint64_t at,
	struct records *records, uint8_t *end64)
{
	uint64_t last = at - END64_SIZE;
	const uint64_t places[2] = {last, bytes_u64(locator + 8)};

	for (int i = 0; i < 2 && !records->has_end64; i++) {
		if (at < END64_SIZE || places[i] > last)
			continue;
		int got = read_at(tail, end64, END64_SIZE, places[i]);
		if (got < 0)
			return -1;
		records->has_end64 = got > 0 && bytes_u32(end64) == SIGNATURE_END64 &&
				     (i == 0 || bytes_u64(end64 + 4) + 12 == at - places[i]);
		records->end64_at = places[i];
	}
	return 0;
}

/* Whether the central directory is encrypted. 1, 0, or -1 with errno. */
static int is_encrypted(const struct tail *tail, const uint8_t *end64, uint64_t at)
{
	uint8_t algorithm[2];

	if (bytes_u64(end64 + 4) < END64_ALGORITHM_AT + sizeof(algorithm) - 12)
		return 0;
	int got = read_at(tail, algorithm, sizeof(algorithm), at + END64_ALGORITHM_AT);
	return got > 0 ? bytes_u16(algorithm) != 0 : got;
}

/*
 * See what the end record at @at, as @end, states. If one of its numbers says so, all are taken
 * from the zip64 record, if there is one: otherwise they are what they are. 0, or -1 with errno.
 */
static int parse_records(
	const struct tail *tail, const uint8_t *end, uint64_t at, struct records *records)
{
	uint8_t locator[LOCATOR64_SIZE];
	uint8_t end64[END64_SIZE];

	parse_end(end, at, records);
	if (at < LOCATOR64_SIZE)
		return 0;
	uint64_t locator_at = at - LOCATOR64_SIZE;
	int got = read_at(tail, locator, sizeof(locator), locator_at);
	if (got <= 0 || bytes_u32(locator) != SIGNATURE_LOCATOR64)
		return got < 0 ? -1 : 0;
	if (find_end64(tail, locator, locator_at, records, end64) < 0)
		return -1;
	if (!records->has_end64)
		return 0;
	int encrypted = is_encrypted(tail, end64, records->end64_at);
	if (encrypted < 0)
		return -1;
	records->is_encrypted = encrypted > 0;
	if (!records->sentinel)
		return 0;
	records->entries = bytes_u64(end64 + 32);
	records->size = bytes_u64(end64 + 40);
	records->offset = bytes_u64(end64 + 48);
	/* Some writers state 0 disks. */
	records->is_split = bytes_u32(end64 + 16) > 0 || bytes_u32(end64 + 20) > 0 ||
			    bytes_u32(locator + 4) > 0 || bytes_u32(locator + 16) > 1;
	return 0;
}

/*
 * Whether the central directory ends at @end_at, as a record directly behind it would have it: then
 * what is before it and not counted shows. 1 with *@end, 0, or -1 with errno.
 */
static int ends_at(const struct tail *tail, const struct records *records, uint64_t end_at,
	struct end_record *end)
{
	uint8_t signature[4];

	if (records->size > end_at || records->offset > end_at - records->size)
		return 0;
	uint64_t at = end_at - records->size;
	if (records->size == 0 && records->entries > 0)
		return 0;
	if (records->size > 0) {
		int got = read_at(tail, signature, sizeof(signature), at);
		if (got <= 0 || bytes_u32(signature) != SIGNATURE_ENTRY)
			return got < 0 ? -1 : 0;
	}
	*end = (struct end_record){
		.base = at - records->offset,
		.directory_at = at,
		.directory_size = records->size,
		.entries = records->entries,
		.zip64 = records->sentinel && records->has_end64,
	};
	return 1;
}

/* Find the central directory by the record. 0, or -1 with *@failure. */
static int locate(const struct tail *tail, const uint8_t *record, uint64_t at,
	struct end_record *end, struct failure *failure)
{
	struct records records;
	int found = 0;

	if (parse_records(tail, record, at, &records) < 0)
		return fail(failure, FAILURE_READ, errno);
	if (records.is_encrypted)
		return fail(failure, FAILURE_ENCRYPTED_DIRECTORY, 0);
	if (records.is_split)
		return fail(failure, FAILURE_MULTI_DISK, 0);
	/* A zip64 record may be there without need. */
	if (!records.sentinel || !records.has_end64)
		found = ends_at(tail, &records, at, end);
	if (found == 0 && records.has_end64)
		found = ends_at(tail, &records, records.end64_at, end);
	if (found < 0)
		return fail(failure, FAILURE_READ, errno);
	return found > 0 ? 0 : fail(failure, FAILURE_BAD_DIRECTORY, 0);
}

/* The last place before @before where an end record may begin, or SIZE_MAX. */
static size_t find_last(const struct tail *tail, size_t before)
{
	const uint8_t *bytes = tail->bytes;

	while (before > 0) {
		const uint8_t *found = memrchr(bytes, 'P', before);
		if (!found)
			break;
		before = (size_t)(found - bytes);
		if (tail->size - before >= END_SIZE && bytes_u32(found) == SIGNATURE_END)
			return before;
	}
	return SIZE_MAX;
}

/* Whether behind the end record at @at there is what only an archive has. */
static bool is_followed(const struct tail *tail, size_t at)
{
	const uint8_t *bytes = tail->bytes + at + END_SIZE;
	size_t left = tail->size - at - END_SIZE;

	while (left >= 4) {
		const uint8_t *found = memchr(bytes, 'P', left - 3);
		if (!found)
			return false;
		uint32_t signature = bytes_u32(found);
		if (signature == SIGNATURE_LOCAL || signature == SIGNATURE_ENTRY)
			return true;
		left -= (size_t)(found + 1 - bytes);
		bytes = found + 1;
	}
	return false;
}

/*
 * What begins at @at as an end record makes no sense: find one whose comment it is a part of, which
 * does. Whether there is one.
 */
static bool find_around(const struct tail *tail, size_t at, struct end_record *end)
{
	struct failure failure;

	for (at = find_last(tail, at); at != SIZE_MAX; at = find_last(tail, at)) {
		const uint8_t *record = tail->bytes + at;
		if (bytes_u16(record + 20) == tail->size - at - END_SIZE)
			return !is_followed(tail, at) &&
			       locate(tail, record, tail->at + at, end, &failure) == 0;
	}
	return false;
}

/* 1, 0 if there is none in the tail, or -1 with *@failure. */
static int find_in_tail(const struct tail *tail, struct end_record *end, struct failure *failure)
{
	size_t at = find_last(tail, tail->size);

	if (at == SIZE_MAX)
		return 0;
	if (locate(tail, tail->bytes + at, tail->at + at, end, failure) < 0) {
		if (!find_around(tail, at, end))
			return -1;
		*failure = (struct failure){0};
		return 1;
	}
	if (is_followed(tail, at))
		return fail(failure, FAILURE_FOLLOWED, 0);
	return 1;
}

/* Few archives have a comment, and more behind them even fewer. As find_in_tail(). */
static int find_in_long_tail(struct source *source, struct end_record *end, struct failure *failure)
{
	size_t size = END_RECORD_TAIL;

	if (size > source->size_bytes)
		size = (size_t)source->size_bytes;
	uint64_t at = source->size_bytes - size;
	cleanup_free uint8_t *bytes = malloc(size);
	if (!bytes)
		return fail(failure, FAILURE_NO_MEMORY, 0);
	ssize_t got = source_read(source, bytes, size, at);
	if (got < 0)
		return fail(failure, FAILURE_READ, errno);
	struct tail tail = {source, bytes, (size_t)got, at};
	return find_in_tail(&tail, end, failure);
}

int end_record_find(struct source *source, struct end_record *end, struct failure *failure)
{
	uint64_t size = source->size_bytes;
	uint64_t at = size > SOURCE_WINDOW_SIZE ? size - SOURCE_WINDOW_SIZE / 2 : 0;
	uint8_t signature[4];
	size_t got;

	const uint8_t *bytes =
		source_view(source, &source->window, at, 1, SOURCE_WINDOW_SIZE, &got);
	if (!bytes)
		return fail(failure, FAILURE_READ, errno);
	struct tail tail = {source, bytes, got, at};
	int found = find_in_tail(&tail, end, failure);
	/* What was wrong may be in the comment of a record that begins before this tail. */
	if (found <= 0 && at > 0)
		found = find_in_long_tail(source, end, failure);
	if (found != 0)
		return found < 0 ? -1 : 0;
	ssize_t begin = source_read(source, signature, sizeof(signature), 0);
	if (begin < 0)
		return fail(failure, FAILURE_READ, errno);
	bool starts_as_zip = begin == 4 && bytes_u32(signature) == SIGNATURE_LOCAL;
	return fail(failure, starts_as_zip ? FAILURE_CUT_OFF : FAILURE_NOT_A_ZIP, 0);
}

bool end_record_allows(const struct end_record *end, uint64_t entries)
{
	if (entries == end->entries)
		return true;
	if (end->zip64 || end->directory_size == 0)
		return false;
	return end->entries == 0 || end->entries == SENTINEL_16 ||
	       (entries > end->entries && (entries - end->entries) % 65536 == 0);
}
