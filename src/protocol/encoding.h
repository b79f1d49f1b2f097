// SPDX-License-Identifier: MIT

/*
 * The encodings that names in archives may be in, by what iconv(3) calls them.
 */

#ifndef ZIPMAP_PROTOCOL_ENCODING_H
#define ZIPMAP_PROTOCOL_ENCODING_H

#include <iconv.h>

/** What encoding_open() returns where it cannot. */
#define ENCODING_NONE ((iconv_t)-1)

/**
 * A converter from the encoding @name to UTF-8, to be closed by iconv_close(3). It has all that it
 * needs of files from then on. ENCODING_NONE with errno: EINVAL where there is no such encoding,
 * or one that ASCII is no part of, since names of nothing but ASCII are never converted.
 */
iconv_t encoding_open(const char *name);

#endif
