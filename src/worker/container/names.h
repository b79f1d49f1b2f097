// SPDX-License-Identifier: MIT

/*
 * Members' names as people read them: in UTF-8, whatever they are stored in. No file is called by
 * such a name: those are made of the stored bytes (membername.h).
 *
 * By APPNOTE, appendix D, a name is UTF-8 where bit 11 of the general purpose flags says so, or
 * where the Info-ZIP Unicode Path extra field (0x7075) gives it as such, and IBM code page 437
 * otherwise. Many programs store UTF-8 without a word, which text in an older encoding hardly ever
 * is by accident: that is taken as it is too.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_NAMES_H
#define ZIPMAP_WORKER_CONTAINER_NAMES_H

#include "protocol/record.h"

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>

/** A converter. As large as a name can be, but memory is only taken by what is converted. */
struct names {
	iconv_t converter; /**< from the encoding that was asked for; ENCODING_NONE: none was */
	char text[MEMBER_NAME_MAX + 1];
};

/**
 * Prepare to convert names that say nothing about their encoding from @encoding, a name that
 * iconv(3) knows; NULL: from UTF-8 where they are that, else from code page 437. Afterwards no file
 * is needed. 0, or -1 with errno.
 */
int names_init(struct names *names, const char *encoding);

void names_release(struct names *names);

/**
 * @name (*@size bytes, at most MEMBER_NAME_MAX, NUL-terminated) as UTF-8, NUL-terminated; *@size
 * becomes its size. It is @name itself where that is UTF-8 already, by its bytes or because it is
 * @stated, or cannot be converted; else it is in @names until the next call. What would be longer
 * than MEMBER_NAME_MAX is cut after a character.
 */
const char *names_convert(struct names *names, const char *name, uint16_t *size, bool stated);

/** The same for a name that is stated to be UTF-8, or not, which may be wrong. */
const char *names_show(struct names *names, const char *name, uint16_t *size, bool stated);

#endif
