// SPDX-License-Identifier: MIT

/*
 * The entries of a directory, and removing them, without memory: what a run leaves has to go also
 * where it ended because there was none.
 */

#ifndef ZIPMAP_PARENT_DIRENTS_H
#define ZIPMAP_PARENT_DIRENTS_H

/** What is done with an entry of the directory @fd. 0, or -1 with errno: that did not work. */
typedef int dirents_action(void *context, int fd, const char *name);

/**
 * Do @action for each entry of the directory @fd but "." and "..", whatever it said of others, from
 * the first one on; @fd is left at the last. 0, or -1 with the last errno, also of getdents64(2).
 */
int dirents_each(int fd, dirents_action *action, void *context);

/**
 * unlinkat(2), tried once more where it fails for a reason that may pass. What is gone is no
 * failure. 0, or -1 with errno.
 */
int dirents_remove(int fd, const char *name, int flags);

#endif
