// SPDX-License-Identifier: MIT

/*
 * A list of paths, read as a stream. A path is returned as soon as its line is complete, and a long
 * list takes no more memory than a short one.
 */

#ifndef ZIPMAP_CLI_PATHLIST_H
#define ZIPMAP_CLI_PATHLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most bytes of a line, with its separator. No path is that long (PATH_MAX). */
#define PATHLIST_LINE_MAX ((size_t)64 * 1024)

struct pathlist {
	int fd;
	bool owned;     /**< the descriptor is closed at the end */
	bool waits;     /**< a pipe or a terminal, which may have nothing to read now */
	bool ended;     /**< nothing more can be read */
	bool skipping;  /**< the rest of a line that was too long is skipped */
	char separator; /**< newline or NUL */
	char *buffer;   /**< PATHLIST_LINE_MAX bytes; those from @begin to @end are pending */
	size_t begin, end;
	size_t scanned; /**< no separator is between @begin and here */
	uint64_t line;  /**< the number of the line at @begin; the first line is 1 */
};

/** What pathlist_next() found. */
enum pathlist_status {
	PATHLIST_PATH,
	PATHLIST_AGAIN,    /**< much was read, but no path was found yet; call again */
	PATHLIST_WAIT,     /**< nothing can be read now; call again when it can */
	PATHLIST_TOO_LONG, /**< a line of PATHLIST_LINE_MAX bytes or more; call again */
	PATHLIST_NUL,      /**< a line with a NUL in it, so not a list of lines; call again */
	PATHLIST_ERROR,    /**< reading failed with errno; PATHLIST_END is next */
	PATHLIST_END,
};

/**
 * Open the list in the file @path ("-": standard input), whose entries end in @separator. This
 * never waits for the writer of a FIFO. 0, or -1 with errno (EISDIR for a directory).
 */
int pathlist_open(struct pathlist *list, const char *path, char separator);

/** Close the list and free its buffer. */
void pathlist_close(struct pathlist *list);

/**
 * Get the next entry that is not empty. The last one may lack its separator. PATHLIST_PATH: *@path
 * belongs to the list and is valid until the next call. *@line is the number of the line in
 * question. This waits for nothing but the file system of a regular file.
 */
enum pathlist_status pathlist_next(struct pathlist *list, const char **path, uint64_t *line);

#endif
