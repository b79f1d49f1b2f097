// SPDX-License-Identifier: MIT

/*
 * What a worker is working on, in a page that it shares with the parent: what must be known even if
 * the worker can no longer say it. The worker writes it. The parent reads it once the worker is
 * dead, to name the member that killed it. It is a worker's word, and is checked before use.
 */

#ifndef ZIPMAP_PROTOCOL_CRASHNOTE_H
#define ZIPMAP_PROTOCOL_CRASHNOTE_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/** No unit, or no member, is in hand. */
#define PROGRESS_NONE UINT64_MAX

/** The most bytes kept of a member's name. */
#define PROGRESS_NAME_MAX 512

/** Units that a worker may have in hand at a time. */
#define PROGRESS_LANES 2

struct progress_lane {
	_Atomic uint64_t unit;        /**< the id of the unit in hand, or PROGRESS_NONE */
	_Atomic uint64_t member;      /**< the index of the member in hand, or PROGRESS_NONE */
	_Atomic size_t name_size;     /**< bytes of @name */
	char name[PROGRESS_NAME_MAX]; /**< of the member in hand, cut */
};

struct worker_progress {
	struct progress_lane lanes[PROGRESS_LANES];
};

/*
 * The note is a memory file. Behind the progress it has room for the worker's last words: what an
 * assert, the dynamic linker or a sanitizer writes to stderr, which is this file from there on.
 */
#define CRASHNOTE_WORDS_AT  ((size_t)4096)
#define CRASHNOTE_WORDS_MAX ((size_t)16384)
#define CRASHNOTE_BYTES     (CRASHNOTE_WORDS_AT + CRASHNOTE_WORDS_MAX)

static_assert(sizeof(struct worker_progress) <= CRASHNOTE_WORDS_AT, "the words are behind it");

#endif
