// SPDX-License-Identifier: MIT

/*
 * --reuse: a file that had the own name of a member before the run, with its size and its time, is
 * announced, and the member is not unzipped. A worker opens no such file: it asks for it by a
 * MESSAGE_LOOK (message.h), and checks the CRC-32 of what it is handed.
 */

#ifndef ZIPMAP_PROTOCOL_REUSE_H
#define ZIPMAP_PROTOCOL_REUSE_H

#include <stdbool.h>

struct reuse {
	bool wanted;    /**< files are used again; else nothing else counts */
	bool unchecked; /**< without a look at their CRC-32 */
};

#endif
