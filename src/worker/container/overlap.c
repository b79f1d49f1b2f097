// SPDX-License-Identifier: MIT

#include "worker/container/overlap.h"

#include "util/cleanup.h"

#include <stdlib.h>

/* What is the same for two entries of the same data. */
struct extent {
	uint64_t compressed_bytes;
	uint64_t size_bytes;
	uint32_t crc32;
	uint32_t method;
};

static int compare(const void *left, const void *right)
{
	const struct extent *a = left;
	const struct extent *b = right;

	if (a->compressed_bytes != b->compressed_bytes)
		return a->compressed_bytes < b->compressed_bytes ? -1 : 1;
	if (a->size_bytes != b->size_bytes)
		return a->size_bytes < b->size_bytes ? -1 : 1;
	if (a->crc32 != b->crc32)
		return a->crc32 < b->crc32 ? -1 : 1;
	return (a->method > b->method) - (a->method < b->method);
}

/* Add where the sum is not above @most, so that it cannot wrap around. Above, it stays there. */
static uint64_t add(uint64_t sum, uint64_t bytes, uint64_t most)
{
	return sum > most || bytes > most - sum ? most + 1 : sum + bytes;
}

/* A member that cannot be in the archive fails by itself, and is no reason to refuse the others. */
static bool fits(const struct member *member, uint64_t archive_bytes)
{
	return member->compressed_bytes <= archive_bytes;
}

/* Count the same data once. */
static enum overlap without_duplicates(const struct archive *archive, uint64_t archive_bytes)
{
	uint64_t entries = archive_entries(archive);
	cleanup_free struct extent *extents = reallocarray(NULL, entries, sizeof(*extents));
	uint64_t most = archive_bytes * DEFLATE_RATIO_MAX; /* a file's size is below 2^63 / 1032 */
	uint64_t most_read = archive_bytes * OVERLAP_READ_MAX;
	uint64_t total = 0;
	uint64_t read = 0;
	size_t count = 0;

	if (!extents)
		return OVERLAP_NO_MEMORY;
	for (uint64_t index = 0; index < entries; index++) {
		struct member member;
		archive_member(archive, index, &member);
		total = add(total, member.size_bytes, most);
		if (!fits(&member, archive_bytes))
			continue;
		read = add(read, member.compressed_bytes, most_read);
		extents[count++] = (struct extent){
			member.compressed_bytes, member.size_bytes, member.crc32, member.method};
	}
	if (total > most || read > most_read)
		return OVERLAP_FOUND;
	qsort(extents, count, sizeof(*extents), compare);
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		if (i == 0 || compare(&extents[i - 1], &extents[i]) != 0)
			sum = add(sum, extents[i].compressed_bytes, archive_bytes);
	return sum > archive_bytes ? OVERLAP_FOUND : OVERLAP_NONE;
}

enum overlap archive_overlap(const struct archive *archive)
{
	uint64_t archive_bytes = archive_size(archive);
	uint64_t entries = archive_entries(archive);
	uint64_t sum = 0;

	for (uint64_t index = 0; index < entries && sum <= archive_bytes; index++) {
		struct member member;
		archive_member(archive, index, &member);
		if (fits(&member, archive_bytes))
			sum = add(sum, member.compressed_bytes, archive_bytes);
	}
	return sum <= archive_bytes ? OVERLAP_NONE : without_duplicates(archive, archive_bytes);
}
