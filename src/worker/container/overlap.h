// SPDX-License-Identifier: MIT

/*
 * Members that share compressed bytes. The compressed sizes of all members cannot add up to more
 * than the archive unless some overlap, and overlapping is how a few kilobytes are made to give
 * terabytes: each member decodes the same bytes again (D. Fifield, "A better zip bomb", WOOT 2019).
 *
 * That one rule bounds what an archive can give. DEFLATE gives at most 258 bytes for 2 bits (a
 * length and a distance code of one bit each, RFC 1951 3.2.5), 1032 for 1; so if no byte is decoded
 * twice, all members together are less than 1032 times the archive.
 *
 * If the sum is too large, the members' places decide. Several entries for the same data (same
 * place, method, sizes and CRC-32), which tools that save equal files once write, count as one as
 * long as all members together are less than DEFLATE_RATIO_MAX times the archive, and their
 * compressed sizes less than OVERLAP_READ_MAX times. Entries mostly stand in the order of their
 * data: then each is compared with the one before, and it takes no memory. Otherwise, the places
 * have to be sorted: that takes 64 bytes for each entry, while the archive is scanned.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_OVERLAP_H
#define ZIPMAP_WORKER_CONTAINER_OVERLAP_H

#include "worker/container/entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most that DEFLATE gives for each byte. */
#define DEFLATE_RATIO_MAX 1032

/**
 * The most times that the archive is read for entries of the same data: they may give nothing, and
 * take their time all the same.
 */
#define OVERLAP_READ_MAX 64

/** Where in the archive a member's data are, and what two entries of the same data agree in. */
struct extent {
	uint64_t header_offset;
	uint64_t compressed_bytes;
	uint64_t size_bytes;
	uint32_t crc32;
	uint32_t method;
};

enum overlap_verdict {
	OVERLAP_NONE,
	OVERLAP_FOUND,
	OVERLAP_UNSORTED, /**< overlap_judge_extents() has to tell */
};

/** The sums over the entries so far. */
struct overlap {
	uint64_t archive_bytes;
	uint64_t unzipped_bytes;
	uint64_t compressed_bytes;
	bool any; /**< there is a last extent */
	struct extent last;
	bool in_order; /**< none begins before the one that is listed before it */
	bool found;    /**< two neighbours do overlap, if all are in order */
};

/** Begin with an archive of @archive_bytes. */
void overlap_init(struct overlap *overlap, uint64_t archive_bytes);

/** Count in a next entry. */
void overlap_add(struct overlap *overlap, const struct member *member);

/** What the entries that were added tell. */
enum overlap_verdict overlap_judge(const struct overlap *overlap);

/**
 * The extent of @member's data. False if they cannot be in an archive of @archive_bytes: then it
 * fails by itself, and is no reason to refuse the others.
 */
bool overlap_extent(const struct member *member, uint64_t archive_bytes, struct extent *extent);

/** Whether any of @count extents, which are sorted, overlap and are not the same. */
bool overlap_judge_extents(struct extent *extents, size_t count);

#endif
