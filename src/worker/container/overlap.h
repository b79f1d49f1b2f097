// SPDX-License-Identifier: MIT

/*
 * Members that share compressed bytes. The compressed sizes of all members cannot add up to more
 * than the archive unless some overlap, and overlapping is how a few kilobytes are made to give
 * terabytes: each member decodes the same bytes again (D. Fifield, "A better zip bomb", WOOT 2019).
 *
 * That one rule bounds what an archive can give. DEFLATE gives at most 258 bytes for 2 bits (a
 * length and a distance code of one bit each, RFC 1951 3.2.5), 1032 for 1; so where no byte is
 * decoded twice, all members together are less than 1032 times the archive.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_OVERLAP_H
#define ZIPMAP_WORKER_CONTAINER_OVERLAP_H

#include "worker/container/archive.h"

/** The most that DEFLATE gives for each byte. */
#define DEFLATE_RATIO_MAX 1032

/**
 * The most times that the archive is read for entries of the same data: they may give nothing, and
 * take their time all the same.
 */
#define OVERLAP_READ_MAX 64

enum overlap {
	OVERLAP_NONE,
	OVERLAP_FOUND,
	OVERLAP_NO_MEMORY,
};

/**
 * Whether members of @archive must overlap, by the sizes that the directory states. Several entries
 * for the same data (same method, sizes and CRC-32), which tools that save equal files once write,
 * count as one as long as all members together are less than DEFLATE_RATIO_MAX times the archive,
 * and their compressed sizes less than OVERLAP_READ_MAX times. Takes time n log n and 48 bytes for
 * each entry, and those only where the plain sum is too large.
 */
enum overlap archive_overlap(const struct archive *archive);

#endif
