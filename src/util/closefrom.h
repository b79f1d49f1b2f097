// SPDX-License-Identifier: MIT

/*
 * Closing all descriptors from a number on.
 */

#ifndef ZIPMAP_UTIL_CLOSEFROM_H
#define ZIPMAP_UTIL_CLOSEFROM_H

/**
 * Close every descriptor of this process from number @first on: by close_range(2), and if that is
 * missing or refused, one by one. 0, or -1 with errno.
 */
int close_from(int first);

#endif
