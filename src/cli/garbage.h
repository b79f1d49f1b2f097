// SPDX-License-Identifier: MIT

/*
 * --gc: what killed runs left is removed, and what is done is said.
 */

#ifndef ZIPMAP_CLI_GARBAGE_H
#define ZIPMAP_CLI_GARBAGE_H

/**
 * Remove what killed runs left in @tmpdir. Returns how much of it could not be removed, or -1 if
 * @tmpdir cannot be read; both are said.
 */
int garbage_collect(const char *tmpdir);

#endif
