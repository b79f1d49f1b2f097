// SPDX-License-Identifier: MIT

/*
 * The tables of the twin decoder, built from the lengths of a block's codes.
 */

#ifndef ZIPMAP_WORKER_TWIN_TABLES_H
#define ZIPMAP_WORKER_TWIN_TABLES_H

#include "worker/twin/twin.h"

/**
 * Build the codes and tables of a block from the lengths of their codes: twin->lengths, of
 * twin->literal_count symbols and then of twin->distance_count. Also sets twin->matches. False
 * if zlib refuses such a code: too many codes, or too few, unless it is a single one of one bit
 * or, for distances, none.
 */
bool twin_build_tables(struct twin *twin);

/** The same for the fixed codes, RFC 1951, 3.2.6. */
void twin_build_fixed_tables(struct twin *twin);

/**
 * Build the table of the code that lengths of codes are written in, from twin->lengths[0..18].
 * False as above, but a code without any symbol is zlib's "0 in one bit".
 */
bool twin_build_length_table(struct twin *twin);

#endif
