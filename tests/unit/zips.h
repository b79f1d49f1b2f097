// SPDX-License-Identifier: MIT

/*
 * Archives for unit tests, made byte by byte, so that each field can state what it likes, or by
 * libzip, for what is too much to make by hand. Everything here fails the test on an error.
 */

#ifndef ZIPMAP_TESTS_UNIT_ZIPS_H
#define ZIPMAP_TESTS_UNIT_ZIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes that grow. All zero: none. */
struct bytes {
	uint8_t *data;
	size_t size;
	size_t capacity;
};

void bytes_put(struct bytes *bytes, const void *data, size_t size);

/** Put the low @width bytes of @value, the lowest first. */
void bytes_put_number(struct bytes *bytes, uint64_t value, size_t width);

/** Change what was put: the @width bytes at @at. */
void bytes_set_number(struct bytes *bytes, size_t at, uint64_t value, size_t width);

void bytes_free(struct bytes *bytes);

/** What there is to compress. */
enum content {
	CONTENT_RANDOM,
	CONTENT_TEXT, /**< words, some of them often */
	CONTENT_ZERO,
	CONTENT_KINDS,
};

/** @size bytes of a kind, the same for the same @seed. */
struct bytes make_content(enum content kind, size_t size, uint32_t seed);

/** The next number of a sequence; *@state is any seed but 0. */
uint32_t next_random(uint32_t *state);

/** A raw DEFLATE stream of zlib's for @size bytes at @data. */
struct bytes make_deflate(const void *data, size_t size, int level, int strategy);

/** A descriptor of a new file with these bytes, open for reading and writing. */
int file_of(const void *data, size_t size);

/** A member as an archive states it, true or not. */
struct zips_member {
	const char *name;
	uint16_t name_size;
	uint16_t flags;
	uint16_t method;
	uint32_t crc32;
	uint32_t compressed_bytes; /**< as stated */
	uint32_t size_bytes;       /**< as stated */
	const void *data;          /**< what lies in the archive */
	size_t data_size;
	uint16_t extra_size; /**< bytes of an extra field in the local header only */
	bool descriptor;     /**< sizes and CRC-32 follow the data (APPNOTE 4.3.9) */
};

/** The truth about a member that is stored. */
struct zips_member zips_stored(const char *name, const void *data, size_t size);

/** The truth about a member of @size bytes at @data whose compressed bytes are @deflated. */
struct zips_member zips_deflated(
	const char *name, const void *data, size_t size, const struct bytes *deflated);

/** An archive being made. All zero: an empty one. */
struct zips {
	struct bytes file; /**< after zips_end(): the whole file */
	struct bytes directory;
	uint64_t entries;
	bool ended;
	uint64_t uncounted; /**< bytes at the start of the file that no offset counts */
};

/** How an archive ends. All zero: a plain end record. */
struct zips_ending {
	const void *comment;
	uint16_t comment_size;
	uint16_t disk; /**< the number of this disk */
	bool zip64;    /**< a zip64 end record has the numbers; the plain one has none */
};

/** Add a member. Returns where in the file its local header is. */
size_t zips_add(struct zips *zips, const struct zips_member *member);

/** Put the directory and the end record. Returns where in the file the directory is. */
size_t zips_end(struct zips *zips, const struct zips_ending *ending);

/** A descriptor of a file that holds the archive. */
int zips_file(const struct zips *zips);

void zips_free(struct zips *zips);

/** A member for libzip to compress. */
struct zips_content {
	const char *name;
	const void *data;
	size_t size;
	int method; /**< ZIP_CM_... */
	const char *password;
};

/** A descriptor of an archive that libzip writes, by way of a file @path. */
int zips_by_libzip(const char *path, const struct zips_content *contents, size_t count);

#endif
