// SPDX-License-Identifier: MIT

/*
 * A file that members are unzipped into, written by way of a buffer that remains in a core's cache.
 * It holds one member, or, packed, many, each at a multiple of OUTFILE_ALIGNMENT bytes.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_OUTFILE_H
#define ZIPMAP_WORKER_EXTRACT_OUTFILE_H

#include "protocol/membername.h"
#include "worker/decode/decoder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that are decoded before they are written: a good part of a second-level cache. */
#define OUTFILE_BUFFER_SIZE ((size_t)256 * 1024)

/** Where a packed member may begin: a cache line, enough for any item of an array. */
#define OUTFILE_ALIGNMENT 64

/** What makes files and removes them if that is not done in a directory. */
struct outfile_maker {
	int (*make)(void *context, const char *name); /**< the descriptor, or -1 with errno */
	void (*remove)(void *context, const char *name);
	void *context;
};

struct outfile {
	int directory_fd; /**< not owned; -1: nothing is written to one */
	bool in_memory;   /**< files are in memory, and sealed when they are closed */
	int sealed_fd;    /**< the one that was closed last, to be taken; or -1 */
	const struct outfile_maker *maker; /**< not owned; NULL: it is done in that directory */
	int fd;                            /**< -1: no file is open */
	int tails_fd;    /**< if all is forgotten: what others need of it goes here; -1: nothing */
	int error;       /**< errno of a failed write: bytes from the position on are lost */
	bool has_mapped; /**< a file was mapped, and so others can be */
	char name[MEMBER_FILE_SIZE];
	uint8_t *memory;     /**< DECODE_HISTORY_MAX, then the buffer, then DECODE_SLACK */
	uint8_t *buffer;     /**< in @memory */
	size_t fill;         /**< bytes in the buffer, and in the slack after it */
	size_t history;      /**< up to DECODE_HISTORY_MAX bytes are kept, to be set by the user */
	uint64_t flushed;    /**< where they belong in the file */
	uint64_t file_bytes; /**< how long the file is */
};

/**
 * Prepare to make files in @directory_fd, which must stay open; -1: all that is written is
 * forgotten, and there are no files. 0, or -1 with ENOMEM.
 */
int outfile_init(struct outfile *out, int directory_fd);

/** Have files made in memory (protocol/memoryfile.h), not in the directory. */
void outfile_set_memory(struct outfile *out);

/** Remove a file that is open, and release @out. */
void outfile_release(struct outfile *out);

/** Create the file out->name, which must not exist, with mode 0600. 0, or -1 with errno. */
int outfile_create(struct outfile *out);

/**
 * Set aside room for @size_bytes in the empty file that is open, all of it or none, so that no
 * other file can take it meanwhile. 0, also if the file system cannot do that; -1 with errno.
 */
int outfile_reserve(struct outfile *out, uint64_t size_bytes);

/** Where the next byte goes: the length of the file so far. */
uint64_t outfile_position(const struct outfile *out);

/** Move the position up to the next multiple of OUTFILE_ALIGNMENT. 0, or -1 with errno. */
int outfile_align(struct outfile *out);

/**
 * Read @size bytes at @position that were put before. Of a file that is open. 0, or -1 with errno.
 */
int outfile_read(const struct outfile *out, uint64_t position, uint8_t *bytes, size_t size);

/** Others read what they need of what is forgotten in @tails_fd, which is taken over; -1: no more.
 */
void outfile_set_tails(struct outfile *out, int tails_fd);

/** Whether others could read what they need. */
bool outfile_is_shareable(const struct outfile *out);

/**
 * Have all that was put in the file, so that others can read it there. It can be gone on with. If
 * all is forgotten, out->tails_fd has the last out->history bytes, from its beginning. 0, or -1
 * with errno: then the bytes from outfile_position() on are lost.
 */
int outfile_write_out(struct outfile *out);

/**
 * Go on at @position, in front of which others have written out->history bytes or more. If all is
 * forgotten, out->tails_fd has the last of them, up to @tails_end there. 0, or -1 with errno.
 */
int outfile_seek(struct outfile *out, uint64_t position, uint64_t tails_end);

/** Forget all bytes from @position on. */
void outfile_rewind(struct outfile *out, uint64_t position);

/**
 * Room for the next bytes, at least @least of them: 1 to half of OUTFILE_BUFFER_SIZE. If the buffer
 * has less, it is written first. In front of the room stand the last out->history bytes that were
 * put, or all if there are not so many; DECODE_HISTORY_MAX bytes can be read there in any case, and
 * DECODE_SLACK bytes behind the room can be written to. NULL with errno if writing fails: then the
 * bytes from outfile_position() on are lost.
 */
uint8_t *outfile_room(struct outfile *out, size_t least, size_t *size);

/** @size bytes were put where outfile_room() said; they may reach into the slack after it. */
void outfile_commit(struct outfile *out, size_t size);

/**
 * Write what is left in the buffer. The file stays open. 0 with *@inode; -1 with errno: then the
 * bytes from outfile_position() on are lost.
 */
int outfile_finish(struct outfile *out, uint64_t *inode);

/**
 * See that the finished file can be mapped, unless it is a small one and others could be
 * (MAPPED_FILE_MIN). 0, or -1 with errno.
 */
int outfile_try_map(struct outfile *out);

/**
 * Close the file, which stays. 0, or -1 with errno: then it does not hold what was written, and is
 * gone. One in memory is sealed; it stays as long as outfile_take_sealed() is used.
 */
int outfile_close(struct outfile *out);

/** The descriptor of the file in memory that was closed last, which the caller owns; or -1. */
int outfile_take_sealed(struct outfile *out);

/** Close and remove the file, if one is open. */
void outfile_discard(struct outfile *out);

#endif
