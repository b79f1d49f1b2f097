// SPDX-License-Identifier: MIT

/*
 * Archives that are opened by unit tests. Everything here fails the test on an error.
 */

#ifndef ZIPMAP_TESTS_UNIT_ARCHIVES_H
#define ZIPMAP_TESTS_UNIT_ARCHIVES_H

#include "worker/container/scan.h"
#include "zips.h"

/** The archive in the file @fd, which is taken over. For archive_free(). */
struct archive *archives_open(int fd);

/** The same of @zips, which is ended plainly unless that was done, and freed. */
struct archive *archives_open_zips(struct zips *zips);

/** How the archive in the file @fd fails to be opened or scanned, or FAILURE_NONE. */
enum failure_kind archives_failure(int fd);

/** How many members a scan counts. */
uint64_t archives_entries(struct archive *archive);

/** Entry @index of the archive. Its name is one of the last 8 that were given. */
void archives_member(struct archive *archive, uint64_t index, struct member *member);

#endif
