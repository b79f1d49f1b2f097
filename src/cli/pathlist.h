// SPDX-License-Identifier: MIT

/*
 * A list of paths, read as a stream: a path is given as soon as its line is whole, and a long list
 * takes no more memory than a short one.
 */

#ifndef ZIPMAP_CLI_PATHLIST_H
#define ZIPMAP_CLI_PATHLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most bytes of a line, with its separator: far more than any path has (PATH_MAX). */
#define PATHLIST_LINE_MAX ((size_t)64 * 1024)

struct pathlist {
	int fd;
	bool owned;     /**< the descriptor is closed at the end */
	bool waits;     /**< a pipe, a terminal, ...: may have nothing to read now */
	bool ended;     /**< nothing more can be read */
	bool skipping;  /**< in the rest of a line that was too long */
	char separator; /**< newline or NUL */
	char *buffer;   /**< of PATHLIST_LINE_MAX bytes; from @begin to @end is not given yet */
	size_t begin, end;
	size_t scanned; /**< there is no separator between @begin and here */
	uint64_t line;  /**< the number of the line that begins at @begin, from 1 */
};

/** What pathlist_next() found. */
enum pathlist_status {
	PATHLIST_PATH,
	PATHLIST_AGAIN,    /**< nothing so far, for all that was read: call again */
	PATHLIST_WAIT,     /**< nothing now; ask again when the descriptor is readable */
	PATHLIST_TOO_LONG, /**< a line of PATHLIST_LINE_MAX bytes or more; ask again */
	PATHLIST_NUL,      /**< a line with a NUL in it: not a list of lines; ask again */
	PATHLIST_ERROR,    /**< reading failed, errno says why; PATHLIST_END is next */
	PATHLIST_END,
};

/**
 * Open the list in the file @path ("-": standard input), whose entries end in @separator. Never
 * waits for the writer of a FIFO. 0, or -1 with errno (EISDIR for a directory).
 */
int pathlist_open(struct pathlist *list, const char *path, char separator);

/** Close the list and free its buffer. */
void pathlist_close(struct pathlist *list);

/**
 * The next entry that is not empty; the last one may lack its separator. PATHLIST_PATH: *@path is a
 * string of the list's, valid until the next call. *@line is the number of the line in question.
 * Never blocks, but for the file system of a regular file.
 */
enum pathlist_status pathlist_next(struct pathlist *list, const char **path, uint64_t *line);

#endif
