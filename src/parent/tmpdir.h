// SPDX-License-Identifier: MIT

/*
 * The directory that run directories are made in, as the user has named it, and whether others
 * could remove what is made there or put something else in its place.
 */

#ifndef ZIPMAP_PARENT_TMPDIR_H
#define ZIPMAP_PARENT_TMPDIR_H

/**
 * Open the directory @path, to work below it (O_PATH). A symbolic link at the end of @path is
 * followed if this user or root owns it, and so is each one that it leads to. Returns a descriptor,
 * which the caller owns, or -1 with errno.
 *
 * *@distrust says in words what speaks against the directory, or is NULL. It is static. With -1 it
 * is the reason if there is a better one than errno.
 */
int tmpdir_open(const char *path, const char **distrust);

#endif
