// SPDX-License-Identifier: MIT

/*
 * An archive as libzip reads it: its directory, and the way to each member's data.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_ARCHIVE_H
#define ZIPMAP_WORKER_CONTAINER_ARCHIVE_H

#include "protocol/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** Compression methods that are treated apart (APPNOTE 4.4.5). */
#define METHOD_STORED  0
#define METHOD_DEFLATE 8

struct archive;

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
	uint64_t size_bytes;       /**< unzipped */
	uint64_t compressed_bytes; /**< in the archive */
	uint32_t crc32;            /**< of the unzipped bytes */
	bool crc_unstated; /**< @crc32 means nothing: a code authenticates the data instead */
	uint16_t method;
	bool encrypted;
	enum encryption encryption;
	uint64_t time;      /**< of its last change: the local time, in seconds from 1970 */
	bool directory;     /**< its name ends in '/': nothing to unzip */
	const char *name;   /**< as stored, NUL-terminated; the archive's */
	uint16_t name_size; /**< strlen(name) */
};

/** A member's data being read: raw, as they were before encryption, or unzipped by libzip. */
struct member_data {
	struct archive *archive;
	void *file;         /**< libzip's zip_file_t, where libzip unzips or decrypts; else NULL */
	struct zipaes *aes; /**< what decrypts raw bytes, or NULL; then a code follows them */
	uint64_t offset;    /**< of the next raw byte, from the start of the archive */
	uint64_t left;      /**< raw bytes still to come */
};

/** Open the archive in @fd, which is taken over in any case. NULL with *@failure. */
struct archive *archive_open(int fd, struct failure *failure);

void archive_free(struct archive *archive);

/** Decrypt by @password, a string that must outlive @archive; NULL: there is none. */
void archive_set_password(struct archive *archive, const char *password);

/** Its size in bytes, less what stands before it. */
uint64_t archive_size(const struct archive *archive);

/** How many bytes of its file stand before it. */
uint64_t archive_base(const struct archive *archive);

/** How many members the directory has. */
uint64_t archive_entries(const struct archive *archive);

/** Read entry @index (below archive_entries()) of the directory to @member. */
void archive_member(const struct archive *archive, uint64_t index, struct member *member);

/**
 * Whether the archive states that the name of entry @index is UTF-8, by its flag or by giving it in
 * an extra field as well; so it is for a name of nothing but ASCII. libzip keeps a copy of any
 * other name that is asked for until the archive is freed.
 */
bool archive_name_is_utf8(const struct archive *archive, uint64_t index);

/**
 * Begin to read the data of @member: raw (to be unzipped by the caller) where @raw, else unzipped
 * by libzip; decrypted in any case. 0, or -1 with *@failure.
 */
int member_data_open(struct archive *archive, const struct member *member, bool raw,
	struct member_data *data, struct failure *failure);

/**
 * Read up to @size bytes. 0 at the end of the member, -1 with *@failure: that encrypted data are
 * authentic is only known at their end.
 */
ssize_t member_data_read(
	struct member_data *data, void *bytes, size_t size, struct failure *failure);

void member_data_close(struct member_data *data);

#endif
