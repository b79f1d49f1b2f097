// SPDX-License-Identifier: MIT

/*
 * The bytes of an archive, read by position: a descriptor that was passed shares its file offset
 * with the sender's and with every other worker's, so read(2) and lseek(2) would collide. libzip
 * reads the directory through it, and extraction reads members' data through it.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_SOURCE_H
#define ZIPMAP_WORKER_CONTAINER_SOURCE_H

#include <stdint.h>
#include <sys/types.h>
#include <zip.h>

/** Where no position was noted. */
#define SOURCE_NOWHERE UINT64_MAX

struct source;

/**
 * Read the archive that starts at byte @base of the file @fd (more than 0 where something else was
 * put before it). Takes @fd over in any case. NULL with errno.
 */
struct source *source_new(int fd, uint64_t base);

void source_free(struct source *source);

/** Present the file from byte @base on. What libzip has opened on the source must be closed. */
void source_set_base(struct source *source, uint64_t base);

uint64_t source_base(const struct source *source);

/** Bytes from the base to the end of the file. */
uint64_t source_size(const struct source *source);

/**
 * Read up to @size bytes at @offset from the base. Short at the end of the file only; -1 with
 * errno.
 */
ssize_t source_read_at(struct source *source, void *bytes, size_t size, uint64_t offset);

/** A libzip source that reads from @source, which must outlive it. NULL with @error set. */
zip_source_t *source_for_libzip(struct source *source, zip_error_t *error);

/**
 * Note the positions at which libzip looks from now on: where it first seeks to (opening a member's
 * data: its local header), and where its last read began (the data themselves), either
 * SOURCE_NOWHERE where it did not. libzip tells neither.
 */
void source_watch(struct source *source);
uint64_t source_first_seek(const struct source *source);
uint64_t source_last_read(const struct source *source);

#endif
