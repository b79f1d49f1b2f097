// SPDX-License-Identifier: MIT

/*
 * The manifest of an entry of kept files: JSON Lines. The first line says the format, its version,
 * and a SHA-256 of all that follows in the file, so that a manifest that was cut or changed shows.
 * The other lines are records as --json prints them, in the order of the archive, each with an
 * object "kept" (json.h).
 */

#ifndef ZIPMAP_PARENT_MANIFEST_H
#define ZIPMAP_PARENT_MANIFEST_H

#include "parent/json.h"

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MANIFEST_VERSION 1

/** What a manifest says of its archive. */
struct manifest_head {
	uint64_t entries;    /**< members of the archive, all of them */
	bool behind_another; /**< before it, its file holds members of another one */
};

/* --- writing ---------------------------------------------------------------------------------- */

struct manifest_writer {
	FILE *stream; /**< NULL: nothing is being written */
	struct sha256_ctx sum;
	struct manifest_head head;
	uint64_t next_member;
	bool sorted; /**< so far, lines have come in the order of the archive */
};

/**
 * Begin a manifest in @fd, an empty file open for reading and writing, which is taken over.
 * @archive_path is for people alone. 0, or -1 with errno.
 */
int manifest_begin(struct manifest_writer *writer, int fd, const struct manifest_head *head,
	const char *archive_path);

/** Append the @size bytes of @line, with its newline, of @member. 0, or -1 with errno. */
int manifest_add(struct manifest_writer *writer, uint64_t member, const char *line, size_t size);

/**
 * Make the manifest whole. If its lines are not in the order of the archive, they are put in order
 * in @spare_fd, an empty file which is taken over, as is @places_fd for where lines begin; those
 * are -1 if writer->sorted. 0, or -1 with errno; the files are closed in any case.
 */
int manifest_finish(struct manifest_writer *writer, int spare_fd, int places_fd);

/** Give up what is being written, if anything is. */
void manifest_abandon(struct manifest_writer *writer);

/* --- reading ---------------------------------------------------------------------------------- */

/** All zero at first, with an fd of -1. The buffer is kept from one manifest to the next. */
struct manifest_reader {
	int fd;
	char *bytes;
	size_t begin, end, capacity; /**< of the bytes that were read and not taken */
	uint64_t place;              /**< of @begin in the file */
	bool ended;                  /**< there is no more to read */
	struct sha256_ctx sum;
	char stated[SHA256_DIGEST_SIZE];
	struct manifest_head head;
};

/**
 * Read the head of the manifest @fd, which is taken over in any case. 0, or -1 with errno: EBADMSG
 * if it is no manifest of this version.
 */
int manifest_open(struct manifest_reader *reader, int fd);

/** Go on with the manifest @fd, which is taken over, at @place, where a line begins. */
void manifest_resume(struct manifest_reader *reader, int fd, uint64_t place);

/**
 * The next line, without its newline, valid until the next call. 1, 0 at the end, or -1 with errno:
 * EBADMSG if the last line has no end.
 */
int manifest_next(struct manifest_reader *reader, const char **line, size_t *size);

/** After the last line of what manifest_open() has begun: whether it is as it was written. */
bool manifest_is_whole(struct manifest_reader *reader);

/**
 * The archive that the manifest @fd, which is taken over, names: a string, which the caller frees;
 * or NULL.
 */
char *manifest_read_archive(int fd);

/** Close the file. */
void manifest_close(struct manifest_reader *reader);

/** Close the file and free the buffer. */
void manifest_release(struct manifest_reader *reader);

#endif
