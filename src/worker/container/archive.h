// SPDX-License-Identifier: MIT

/*
 * An archive being read: its central directory as a stream of entries, and the way to each member's
 * data. Memory does not grow with the entries.
 *
 * Somebody scans the central directory once from end to end (scan.h). After that, a part of it can
 * be read from any place where an entry begins, by whoever has the archive open.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_ARCHIVE_H
#define ZIPMAP_WORKER_CONTAINER_ARCHIVE_H

#include "protocol/failure.h"
#include "protocol/record.h"
#include "worker/container/endrecord.h"
#include "worker/container/entry.h"
#include "worker/container/source.h"
#include "worker/container/zipcrypto.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct archive {
	struct source source;
	struct end_record end;
	const char *password; /**< a string, not owned; NULL: there is none */
	uint64_t number;      /**< of all that this process has opened, from 1 */
};

/** Prepare to open one archive after the other. NULL: no memory. */
struct archive *archive_new(void);

/** Close the archive that is open, and free @archive, which may be NULL. */
void archive_free(struct archive *archive);

/**
 * Open the archive in the file @fd, which is taken over in any case and has @size_bytes, and find
 * its central directory. 0, or -1 with *@failure. @archive must be closed.
 */
int archive_open(struct archive *archive, int fd, uint64_t size_bytes, struct failure *failure);

/** Close the archive; if none is open, do nothing. */
void archive_close(struct archive *archive);

bool archive_is_open(const struct archive *archive);

/** Its size in bytes, less what stands before it and is not counted by its offsets. */
uint64_t archive_size(const struct archive *archive);

/**
 * Reads entries one by one. As large as the longest name, but memory is only taken by what there
 * is. It may be set to another archive after the one that it reads was closed.
 */
struct cursor {
	struct archive *archive;
	uint64_t archive_number; /**< of the archive that the window is of */
	uint64_t place; /**< where the next entry begins, from the start of the directory */
	uint64_t index; /**< which one that is */
	struct window window;
	char name[MEMBER_NAME_MAX + 1];
};

/** 0, or -1: no memory. */
int cursor_init(struct cursor *cursor);

void cursor_release(struct cursor *cursor);

/** Have entry @index of @archive, which begins at @place in its central directory, come next. */
void cursor_set(struct cursor *cursor, struct archive *archive, uint64_t place, uint64_t index);

/**
 * Read the next entry to @member, whose name is NUL-terminated and stays until the cursor moves. 1,
 * 0 at the end of the central directory, or -1 with *@failure: no entry begins there.
 */
int cursor_next(struct cursor *cursor, struct member *member, struct failure *failure);

/**
 * As cursor_next(), but the name lies in the cursor's window until that is used again, and is not
 * NUL-terminated.
 */
int cursor_next_raw(struct cursor *cursor, struct member *member, struct failure *failure);

/** A member's data being read, as they were before encryption. */
struct member_data {
	struct archive *archive;
	struct zipaes *aes; /**< what decrypts them, or NULL; then a code follows them */
	bool zipcrypto;     /**< @crypto decrypts them */
	struct zipcrypto crypto;
	uint64_t offset; /**< of the next byte, from the start of the file */
	uint64_t left;   /**< bytes still to come */
};

/** Begin to read the data of @member. 0, or -1 with *@failure. */
int member_data_open(struct archive *archive, const struct member *member, struct member_data *data,
	struct failure *failure);

/**
 * Read up to @size bytes. 0 at the end of the member, -1 with *@failure: that encrypted data are
 * authentic is only known at their end.
 */
ssize_t member_data_read(
	struct member_data *data, void *bytes, size_t size, struct failure *failure);

void member_data_close(struct member_data *data);

#endif
