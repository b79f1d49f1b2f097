// SPDX-License-Identifier: MIT

/*
 * The parent's side of a worker's crash note (protocol/crashnote.h): a memory file of fixed size
 * that both map. It outlives the worker in the parent's mapping.
 */

#ifndef ZIPMAP_PARENT_NOTE_H
#define ZIPMAP_PARENT_NOTE_H

#include "protocol/crashnote.h"

#include <stdbool.h>

/** A note while its worker is started. */
struct note {
	struct worker_progress *page; /**< mapped; to be ended by note_release() */
	int fd;                       /**< to be handed to the worker; the caller closes it */
	bool fixed; /**< its size can never change: it may be left open in the worker, as stderr */
};

/**
 * Make a note on which nothing is in hand. If there are no memory files it is an unlinked file, in
 * @directory_fd (-1: none) or where shared memory is. 0, or -1 with errno: nothing is to be undone.
 */
int note_make(struct note *note, int directory_fd);

/**
 * Show the worker's last words, if it had any, line by line, made printable. They are the words of
 * a process that may have been taken over, and are said to be a worker's.
 */
void note_show_words(const struct worker_progress *page);

/** Unmap it. NULL is nothing. */
void note_release(struct worker_progress *page);

#endif
