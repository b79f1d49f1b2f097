// SPDX-License-Identifier: MIT

/*
 * Giving a verified file the name that it keeps: it moves from the directory of the worker that
 * made it to another one of the same file system. Nothing that has the name already is replaced,
 * and what has moved is found to be the very file that was verified: its worker may have been taken
 * over, and have put something else in its place since.
 */

#ifndef ZIPMAP_PARENT_PLACE_H
#define ZIPMAP_PARENT_PLACE_H

#include <stdint.h>
#include <sys/types.h>

/** A file as it was when it was verified. */
struct place_file {
	dev_t device;
	uid_t owner;
	uint64_t inode;
	uint64_t size_bytes;
};

/**
 * Move the regular file @from of the directory @from_fd, which was verified to be @file, to the
 * name @to of the directory @to_fd.
 *
 * 0, or -1 with errno, and then the name was not given: EEXIST, something has it; ESTALE, @from is
 * another file now, which has gone back there; ENOENT, @from is not there, or the directory @to_fd
 * is no more; ENOTSUP, this file system can only give a name by replacing whatever has it.
 */
int place_move(
	const struct place_file *file, int from_fd, const char *from, int to_fd, const char *to);

/**
 * Open @file, which has the name @name in the directory @fd, for reading. A descriptor, which the
 * caller owns, or -1 with errno; ESTALE: another file has that name.
 */
int place_open(const struct place_file *file, int fd, const char *name);

#endif
