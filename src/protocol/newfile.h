// SPDX-License-Identifier: MIT

/*
 * How a file of a worker directory is opened, by whichever side makes it: it must not exist.
 */

#ifndef ZIPMAP_PROTOCOL_NEWFILE_H
#define ZIPMAP_PROTOCOL_NEWFILE_H

#include <fcntl.h>

/** O_RDWR, because a map that is read needs a descriptor that can be read: mmap(2). */
#define NEW_FILE_FLAGS (O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define NEW_FILE_MODE  0600

#endif
