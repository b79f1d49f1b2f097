// SPDX-License-Identifier: MIT

#include "worker/container/overlap.h"

#include <stdlib.h>

static int compare(const void *left, const void *right)
{
	const struct extent *a = left;
	const struct extent *b = right;

	if (a->header_offset != b->header_offset)
		return a->header_offset < b->header_offset ? -1 : 1;
	if (a->compressed_bytes != b->compressed_bytes)
		return a->compressed_bytes < b->compressed_bytes ? -1 : 1;
	if (a->size_bytes != b->size_bytes)
		return a->size_bytes < b->size_bytes ? -1 : 1;
	if (a->crc32 != b->crc32)
		return a->crc32 < b->crc32 ? -1 : 1;
	return (a->method > b->method) - (a->method < b->method);
}

/* Whether @next, which does not begin before @extent, is other data that share bytes with it. */
static bool shares(const struct extent *extent, const struct extent *next)
{
	/* The name in the local header may be shorter than the one in the directory. */
	uint64_t end = extent->header_offset + LOCAL_HEADER_SIZE + extent->compressed_bytes;

	return next->header_offset < end && compare(extent, next) != 0;
}

/* Add unless the sum is above @most, so that it cannot wrap around. Above, it stays there. */
static uint64_t add(uint64_t sum, uint64_t bytes, uint64_t most)
{
	return sum > most || bytes > most - sum ? most + 1 : sum + bytes;
}

/* A file's size is below 2^63 / 1032. */
static uint64_t most_unzipped(const struct overlap *overlap)
{
	return overlap->archive_bytes * DEFLATE_RATIO_MAX;
}

static uint64_t most_compressed(const struct overlap *overlap)
{
	return overlap->archive_bytes * OVERLAP_READ_MAX;
}

bool overlap_extent(const struct member *member, uint64_t archive_bytes, struct extent *extent)
{
	uint64_t at = member->header_offset;

	*extent = (struct extent){
		at, member->compressed_bytes, member->size_bytes, member->crc32, member->method};
	return at <= archive_bytes && archive_bytes - at >= LOCAL_HEADER_SIZE &&
	       archive_bytes - at - LOCAL_HEADER_SIZE >= member->compressed_bytes;
}

void overlap_init(struct overlap *overlap, uint64_t archive_bytes)
{
	*overlap = (struct overlap){.archive_bytes = archive_bytes, .in_order = true};
}

void overlap_add(struct overlap *overlap, const struct member *member)
{
	struct extent extent;

	overlap->unzipped_bytes =
		add(overlap->unzipped_bytes, member->size_bytes, most_unzipped(overlap));
	if (!overlap_extent(member, overlap->archive_bytes, &extent))
		return;
	overlap->compressed_bytes =
		add(overlap->compressed_bytes, extent.compressed_bytes, most_compressed(overlap));
	if (!overlap->any)
		overlap->any = true;
	else if (extent.header_offset < overlap->last.header_offset)
		overlap->in_order = false;
	else if (shares(&overlap->last, &extent))
		overlap->found = true;
	overlap->last = extent;
}

enum overlap_verdict overlap_judge(const struct overlap *overlap)
{
	if (overlap->compressed_bytes <= overlap->archive_bytes)
		return OVERLAP_NONE;
	if (overlap->unzipped_bytes > most_unzipped(overlap) ||
		overlap->compressed_bytes > most_compressed(overlap))
		return OVERLAP_FOUND;
	if (!overlap->in_order)
		return OVERLAP_UNSORTED;
	return overlap->found ? OVERLAP_FOUND : OVERLAP_NONE;
}

bool overlap_judge_extents(struct extent *extents, size_t count)
{
	qsort(extents, count, sizeof(*extents), compare);
	for (size_t i = 1; i < count; i++) {
		if (shares(&extents[i - 1], &extents[i]))
			return true;
	}
	return false;
}
