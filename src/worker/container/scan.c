// SPDX-License-Identifier: MIT

#include "worker/container/scan.h"

#include "util/cleanup.h"
#include "worker/container/bytes.h"
#include "worker/container/overlap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is looked at of what stands before an archive: as much at its beginning as at its end. */
#define BEFORE_SIZE ((size_t)64 * 1024)

#define END_SIZE 22

static int fail(struct failure *failure, enum failure_kind kind, uint64_t first, uint64_t second)
{
	*failure = (struct failure){kind, {first, second}};
	return -1;
}

/*
 * Whether all that is left of the directory is a digital signature, which is a part of it that is
 * no entry (APPNOTE 4.3.13). 1, 0, or -1 with *@failure.
 */
static int ends_in_signature(struct archive *archive, uint64_t place, struct failure *failure)
{
	const struct end_record *end = &archive->end;
	uint64_t left = end->directory_size - place;
	uint8_t header[6];

	if (left < sizeof(header))
		return 0;
	ssize_t got =
		source_read(&archive->source, header, sizeof(header), end->directory_at + place);
	if (got < 0)
		return fail(failure, FAILURE_READ, (uint64_t)errno, 0);
	return got == sizeof(header) && bytes_u32(header) == SIGNATURE_DIGITAL &&
	       left == sizeof(header) + bytes_u16(header + 4);
}

/* Read all entries. 0, or -1 with *@failure. */
static int read_chain(struct archive *archive, struct cursor *cursor, uint64_t members_max,
	struct overlap *overlap, uint64_t *first_offset, struct failure *failure)
{
	struct member member;
	struct failure broken = {0};
	int got;

	cursor_set(cursor, archive, 0, 0);
	while ((got = cursor_next_raw(cursor, &member, &broken)) > 0) {
		if (members_max > 0 && cursor->index > members_max)
			return fail(failure, FAILURE_MEMBERS_LIMIT, cursor->index, members_max);
		overlap_add(overlap, &member);
		if (member.header_offset < *first_offset)
			*first_offset = member.header_offset;
	}
	if (got == 0)
		return 0;
	if (broken.kind == FAILURE_BAD_DIRECTORY) {
		int signature = ends_in_signature(archive, cursor->place, failure);
		if (signature != 0)
			return signature > 0 ? 0 : -1;
	}
	*failure = broken;
	return -1;
}

/* Find overlaps by the places of all @entries entries. 0, or -1 with *@failure. */
static int sort_places(
	struct archive *archive, struct cursor *cursor, uint64_t entries, struct failure *failure)
{
	size_t room = (size_t)entries;
	cleanup_free struct extent *extents = reallocarray(NULL, room, sizeof(*extents));
	struct member member;
	size_t count = 0;
	int got = 0;

	if (!extents || room != entries)
		return fail(failure, FAILURE_NO_MEMORY, 0, 0);
	cursor_set(cursor, archive, 0, 0);
	while (cursor->index < entries && (got = cursor_next_raw(cursor, &member, failure)) > 0)
		count += overlap_extent(&member, archive_size(archive), &extents[count]);
	if (got < 0)
		return -1;
	return overlap_judge_extents(extents, count) ? fail(failure, FAILURE_OVERLAP, 0, 0) : 0;
}

/* Whether @bytes (@size of them) begin as a member's local header that a program would write. */
static bool is_local_header(const uint8_t *bytes, size_t size)
{
	if (size < LOCAL_HEADER_SIZE || local_header_size(bytes) == 0)
		return false;
	/* The version needed, as far as there are any, the method, and a name (APPNOTE 4.4.3). */
	return bytes[4] <= 63 && bytes_u16(bytes + 8) <= METHOD_AES && bytes_u16(bytes + 26) > 0 &&
	       bytes_u16(bytes + 26) <= 4096;
}

/* Whether @bytes begin as the end record of an archive in one piece. */
static bool is_end_record(const uint8_t *bytes, size_t size)
{
	return size >= END_SIZE && bytes_u32(bytes) == SIGNATURE_END && bytes_u32(bytes + 4) == 0 &&
	       bytes_u16(bytes + 8) == bytes_u16(bytes + 10);
}

static bool holds_archive(const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at++) {
		const uint8_t *found = memchr(bytes + at, 'P', size - at);
		if (!found)
			return false;
		at = (size_t)(found - bytes);
		if (is_local_header(found, size - at) || is_end_record(found, size - at))
			return true;
	}
	return false;
}

/* Whether there is an archive in the first @size bytes of the file. 1, 0, or -1 with *@failure. */
static int look_before(
	struct archive *archive, struct cursor *cursor, uint64_t size, struct failure *failure)
{
	const uint64_t places[2] = {0, size > BEFORE_SIZE ? size - BEFORE_SIZE : 0};

	for (int i = 0; i < (size > BEFORE_SIZE ? 2 : 1); i++) {
		size_t most = size < BEFORE_SIZE ? (size_t)size : BEFORE_SIZE;
		size_t got;
		const uint8_t *bytes =
			source_view(&archive->source, &cursor->window, places[i], most, most, &got);
		if (!bytes)
			return fail(failure, FAILURE_READ, (uint64_t)errno, 0);
		if (holds_archive(bytes, got < most ? got : most))
			return 1;
	}
	return 0;
}

int archive_scan(struct archive *archive, struct cursor *cursor, uint64_t members_max,
	struct scan *scan, struct failure *failure)
{
	const struct end_record *end = &archive->end;
	uint64_t first_offset = end->directory_at - end->base;
	struct overlap overlap;

	/* Before any is read: those that are stated cannot all be there. */
	if (end->entries > end->directory_size / ENTRY_HEADER_SIZE &&
		!end_record_allows(end, end->directory_size / ENTRY_HEADER_SIZE))
		return fail(failure, FAILURE_BAD_DIRECTORY, 0, 0);
	bool clipped = end->entries == UINT16_MAX && !end->zip64; /* it need not be the number */
	if (members_max > 0 && end->entries > members_max && !clipped)
		return fail(failure, FAILURE_MEMBERS_LIMIT, end->entries, members_max);
	overlap_init(&overlap, archive_size(archive));
	if (read_chain(archive, cursor, members_max, &overlap, &first_offset, failure) < 0)
		return -1;
	scan->entries = cursor->index;
	if (!end_record_allows(end, scan->entries))
		return fail(failure, FAILURE_BAD_DIRECTORY, 0, 0);
	switch (overlap_judge(&overlap)) {
	case OVERLAP_NONE:
		break;
	case OVERLAP_FOUND:
		return fail(failure, FAILURE_OVERLAP, 0, 0);
	case OVERLAP_UNSORTED:
		if (sort_places(archive, cursor, scan->entries, failure) < 0)
			return -1;
		break;
	}
	uint64_t before = end->base + first_offset;
	int found = before > 0 ? look_before(archive, cursor, before, failure) : 0;
	scan->behind_another = found > 0;
	return found < 0 ? -1 : 0;
}
