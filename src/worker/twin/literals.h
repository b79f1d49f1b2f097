// SPDX-License-Identifier: MIT

/*
 * The table of literals and lengths: each entry as much as TWIN_LITERAL_BITS bits hold (entries.h).
 */

#ifndef ZIPMAP_WORKER_TWIN_LITERALS_H
#define ZIPMAP_WORKER_TWIN_LITERALS_H

#include "worker/twin/twin.h"

/** Build it from the code and its lengths in @twin. Also sets twin->matches and twin->long_share.
 */
void twin_build_literals(struct twin *twin);

#endif
