// SPDX-License-Identifier: MIT

/*
 * The name of a member's file: <archive>.<member>-<base name made harmless>. It is always one
 * component of a path, made of the POSIX portable file name characters only, whatever the archive
 * says, so that neither "../" nor a device name nor a duplicate has anything to attack.
 */

#ifndef ZIPMAP_PROTOCOL_MEMBERNAME_H
#define ZIPMAP_PROTOCOL_MEMBERNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most bytes of the cleaned base name. */
#define MEMBER_BASE_MAX 100

/** What is put behind the base name where a header is put before the data. */
#define MEMBER_NPY_SUFFIX ".npy"

/**
 * Room for a whole file name with the NUL: two 64-bit numbers, two separators, the base name, a
 * suffix.
 */
#define MEMBER_FILE_SIZE (20 + 1 + 20 + 1 + MEMBER_BASE_MAX + sizeof(MEMBER_NPY_SUFFIX))

/** Where the base name starts in a member's name of @size bytes: behind the last '/'. */
size_t member_base_offset(const char *name, size_t size);

/**
 * Write the cleaned base name of @name (@size bytes, any) to @base, which has room for
 * MEMBER_BASE_MAX + 1 bytes: each byte outside [A-Za-z0-9._-] becomes '_'; a longer name is cut,
 * its extension (of at most 16 bytes) kept; an empty one becomes "_". Returns its length.
 * Cleaning a cleaned name changes nothing.
 */
size_t member_base_clean(const char *name, size_t size, char *base);

/** Whether @name (@size bytes) is that of a .npy file, in any case. */
bool member_is_npy(const char *name, size_t size);

/**
 * Write @value in decimal digits, as names and numbers of directories have it, to @text (20 bytes,
 * no NUL). Returns how many. This is done for each member, and is much faster than printf(3).
 */
size_t member_put_decimal(char *text, uint64_t value);

/** Write the file name of a member to @file (MEMBER_FILE_SIZE bytes). Returns its length. */
size_t member_file_name(
	uint64_t archive, uint64_t member, const char *name, size_t name_size, char *file);

/** The same with MEMBER_NPY_SUFFIX, for a member with a header that was put before it. */
size_t member_npy_name(
	uint64_t archive, uint64_t member, const char *name, size_t name_size, char *file);

/** The same for a file with several members, of which @member is the first. */
size_t member_pack_name(uint64_t archive, uint64_t member, char *file);

/**
 * Read the two numbers back from a file's name. False where @file is no name that
 * member_file_name() makes.
 */
bool member_file_parse(const char *file, uint64_t *archive, uint64_t *member);

#endif
