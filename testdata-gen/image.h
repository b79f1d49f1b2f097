// SPDX-License-Identifier: MIT

/*
 * An archive taken apart: its entries with their headers and data, to be changed at will and put
 * together again. It reads only plain archives that libzip wrote (no zip64, no comment); what it
 * writes is as wrong as it is told to be. Sections are those of APPNOTE.TXT 6.3.10.
 */

#ifndef ZIPMAP_TESTDATA_GEN_IMAGE_H
#define ZIPMAP_TESTDATA_GEN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/** General purpose bits, 4.4.4. */
#define IMAGE_FLAG_ENCRYPTED  (1u << 0)
#define IMAGE_FLAG_DESCRIPTOR (1u << 3)
#define IMAGE_FLAG_UTF_8      (1u << 11)

/** One member. Header fields go into both its headers. */
struct image_entry {
	uint16_t version, flags, method, time, date;
	uint32_t crc, compressed_size, size;
	uint32_t external_attributes;
	const void *name; /**< not owned, or part of the image; any bytes */
	uint16_t name_size;
	const uint8_t *extra;
	uint16_t extra_size;
	/** What is written, whatever compressed_size says; part of the image, to be changed. */
	uint8_t *data;
	size_t data_size;
	uint32_t local_signature, central_signature;
	/** Has no local header or data of its own: the directory points at this entry's. */
	const struct image_entry *stand_in;
	/** Where the local header and the data begin; set by image_write(). */
	uint64_t local_offset, data_offset;
};

struct image {
	uint8_t *bytes; /**< the archive as it was read; owned */
	struct image_entry *entries;
	size_t count;
	/** Bytes before the archive, a multiple of 64, and whether offsets count them. */
	size_t stub_size;
	bool stub_counted;
	bool zip64;    /**< sizes and offsets in zip64 fields, 4.5.3, 4.3.14, 4.3.15 */
	uint16_t disk; /**< the number of this disk in the end record, 4.4.19 */
	/** The file ends in the middle of this entry's data. */
	const struct image_entry *cut_in;
	/** This text is the whole file; no archive. */
	const char *replacement;
};

/** Take the archive @path apart. 0, or -1 with errno (EBADMSG: not a plain archive). */
int image_read(struct image *image, const char *path);

/** Make the file @path of the image. 0, or -1 with errno. */
int image_write(struct image *image, const char *path);

void image_release(struct image *image);

#endif
