// SPDX-License-Identifier: MIT

/*
 * Files without a name, for what is only passing: nobody has to remove them.
 */

#ifndef ZIPMAP_PARENT_SCRATCHFILE_H
#define ZIPMAP_PARENT_SCRATCHFILE_H

/**
 * What mkostemp(3) makes the name of, on file systems that cannot do without one. A name that is
 * there for longer was left by a process that was killed: --gc removes it.
 */
#define SCRATCHFILE_TEMPLATE ".zipmap-stdin.XXXXXX"

/**
 * Make a file in @directory that has no name, mode 0600. Its descriptor, and unless @reader is
 * NULL one in *@reader that is open for reading only; the caller owns both. -1 with errno.
 */
int scratchfile_open(const char *directory, int *reader);

#endif
