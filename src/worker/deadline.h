// SPDX-License-Identifier: MIT

/*
 * How long a directory may take to be read. libzip does it in linear time, but for directories that
 * are made to be read slowly: names with one hash, which it compares each with each, or a comment
 * full of end records, for each of which it reads the directory again. Rather than to foresee all
 * of these, a worker is given processor time in proportion to the archive's size. Whoever needs
 * more is ended by SIGVTALRM, which tells the parent why (parent/losses.c).
 */

#ifndef ZIPMAP_WORKER_DEADLINE_H
#define ZIPMAP_WORKER_DEADLINE_H

#include <stdint.h>

/**
 * From now on this process may take 1 s of processor time and 1 s more for each 4 MiB of @bytes: an
 * entry of 100 bytes has 24 us, of which libzip needs less than one.
 */
void deadline_begin(uint64_t bytes);

/** The work is done. */
void deadline_end(void);

#endif
