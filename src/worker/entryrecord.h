// SPDX-License-Identifier: MIT

/*
 * Records of what an entry of the central directory states, if nothing is unzipped of it.
 */

#ifndef ZIPMAP_WORKER_ENTRYRECORD_H
#define ZIPMAP_WORKER_ENTRYRECORD_H

#include "protocol/record.h"
#include "worker/container/entry.h"

#include <stdint.h>

/** For a listing. The record has the name of @member, whose archive has this number. */
struct record entryrecord_list(const struct member *member, uint64_t archive_number);

/** That there is a directory. As entryrecord_list(). */
struct record entryrecord_directory(const struct member *member, uint64_t archive_number);

/** To look for the member's file (reuse.h). As entryrecord_list(), but without an archive. */
struct record entryrecord_look(const struct member *member);

/** Say in @record what an own name needs besides the name. */
void entryrecord_own_name(const struct member *member, struct record *record);

#endif
