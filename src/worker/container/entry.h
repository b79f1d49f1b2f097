// SPDX-License-Identifier: MIT

/*
 * One entry of the central directory (APPNOTE 4.3.12), and the local header that it leads to
 * (APPNOTE 4.3.7). Pure: both are parsed from bytes in memory.
 *
 * What is wrong in an entry concerns that entry alone. A field that has no meaning is as good as
 * absent: bytes behind the last whole extra field, a zip64 field that lacks a number that it should
 * have (then the stated one is the number itself), a date that is none.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_ENTRY_H
#define ZIPMAP_WORKER_CONTAINER_ENTRY_H

#include "protocol/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Sizes without what varies. */
#define ENTRY_HEADER_SIZE 46
#define LOCAL_HEADER_SIZE 30

/** The largest entry: name, extra fields and comment have a length of 16 bits each. */
#define ENTRY_SIZE_MAX (ENTRY_HEADER_SIZE + 3 * 65535)

/** Compression methods that are treated apart (APPNOTE 4.4.5). */
#define METHOD_STORED  0
#define METHOD_DEFLATE 8
#define METHOD_AES     99 /**< WinZip's: the method is in an extra field */

/** How a member is encrypted. */
enum encryption {
	ENCRYPTION_NONE,
	ENCRYPTION_ZIPCRYPTO, /**< APPNOTE 6.1 */
	ENCRYPTION_AES_128,   /**< WinZip's (zipaes.h) */
	ENCRYPTION_AES_192,
	ENCRYPTION_AES_256,
	ENCRYPTION_UNKNOWN,
};

/** One entry of the central directory. What it states is a claim, not a fact. */
struct member {
	uint64_t index;
	uint64_t header_offset;    /**< of the local header, as the archive counts */
	uint64_t size_bytes;       /**< unzipped */
	uint64_t compressed_bytes; /**< in the archive */
	uint32_t crc32;            /**< of the unzipped bytes */
	bool crc_unstated;         /**< @crc32 means nothing: a code authenticates the data */
	uint16_t method;
	bool encrypted;
	enum encryption encryption;
	uint8_t password_checks[2]; /**< either ends what comes before encrypted data: zipcrypto.h
				     */
	uint64_t time;  /**< of its last change: local time, in seconds from 1970; 0: not known */
	bool directory; /**< its name ends in '/': nothing to unzip */
	enum failure_kind fault; /**< why it cannot be unzipped, or FAILURE_NONE */
	/** In UTF-8, as its flag or an extra field says. If not, it may be in UTF-8 all the same.
	 */
	bool name_is_utf8;
	bool name_is_dos; /**< it was made on MS-DOS or its like: separators may be backslashes */
	bool name_is_cut; /**< something follows its first NUL */
	uint16_t name_size;
	const char *name; /**< as stored, to its first NUL; who gives the member says how long it
			     lasts and whether it is NUL-terminated */
};

/** Bytes of the entry that begins as @header, at least ENTRY_HEADER_SIZE. 0: it is none. */
size_t entry_size(const uint8_t *header);

/**
 * Parse a whole entry, entry_size() bytes. All of *@member is set, but for its index. Its name lies
 * in @entry and is not NUL-terminated.
 */
void entry_parse(const uint8_t *entry, struct member *member);

/** Bytes of the local header that begins as @header, LOCAL_HEADER_SIZE bytes. 0: it is none. */
size_t local_header_size(const uint8_t *header);

#endif
