// SPDX-License-Identifier: MIT

/*
 * The record of one member: the one struct that goes from the worker that unzipped the member,
 * over the wire, through the schedule, to the output.
 */

#ifndef ZIPMAP_PROTOCOL_RECORD_H
#define ZIPMAP_PROTOCOL_RECORD_H

#include "numpy/array.h"
#include "protocol/failure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most bytes that a member's name has: the length field has 16 bits (APPNOTE 4.4.10). */
#define MEMBER_NAME_MAX 65535

/**
 * A file of fewer bytes is mapped neither by its worker nor by the parent, which looks it up
 * instead: to map so little costs more than to unzip it, and proves no more. But each worker's
 * first file that is not empty is mapped by both, so that a file system that cannot do that shows
 * at once.
 */
#define MAPPED_FILE_MIN (UINT64_C(64) * 1024)

/** Where a member that has not failed is. */
enum record_place {
	PLACE_FILE,      /**< in a file of the run directory */
	PLACE_NOWHERE,   /**< only tested, or listed */
	PLACE_ARCHIVE,   /**< stored in the archive, where it stays */
	PLACE_MEMORY,    /**< in a file in memory (memoryfile.h), whose descriptor came along */
	PLACE_DIRECTORY, /**< it is a directory entry, of which nothing is unzipped */
	PLACE_THERE,     /**< in the file that had its own name before the run (reuse.h) */
};

/** What there is to say of a whole member that is an array, or should be one: a warning. */
enum record_note {
	NOTE_NONE,
	NOTE_NPY_DAMAGED, /**< an array by its name or its first bytes, whose header does not fit */
	NOTE_NPY_OBJECTS, /**< Python objects: their bytes are a pickle, no array */
	NOTE_NPY_TRAILING,   /**< bytes behind the data of an array */
	NOTE_NPY_LONG_DTYPE, /**< an array whose type is too long for a record */
	NOTE_KINDS,          /**< how many there are; not a note */
};

struct record {
	uint64_t archive;       /**< the archive's place in the input, from 0 */
	uint64_t member;        /**< the member's index in the central directory, from 0 */
	struct failure failure; /**< FAILURE_NONE: the member is whole in its file */
	uint64_t size_bytes;    /**< unzipped */
	uint64_t offset_bytes;  /**< where the member's bytes begin in the file, or the archive */
	uint64_t inode;         /**< of the file that the worker wrote, or was handed */
	uint32_t descriptor;    /**< PLACE_MEMORY: the parent's, once it has verified the file */
	uint32_t crc32;         /**< of the unzipped bytes, as stated and as found */
	bool unchecked;         /**< in the archive, or there: @crc32 is as stated only */
	bool npy_header; /**< a .npy header was put before the member, and its file is named .npy */
	bool packed;     /**< the file holds several members */
	uint64_t pack;   /**< the index of the first of those, which the file is named for */
	enum record_place place;
	bool listed;               /**< the fields of a listing, which follow, are there */
	bool encrypted;            /**< of a listing, as are the next ones */
	uint16_t method;           /**< APPNOTE 4.4.5 */
	uint64_t compressed_bytes; /**< in the archive */
	uint64_t
		time; /**< of its last change: the local time, in seconds from 1970; 0: not known */
	bool own_name; /**< @time and what follows are there: for files under members' own names */
	bool dos_name; /**< the name is of MS-DOS's kind: its separators may be backslashes */
	bool cut_name; /**< in the archive, the name goes on behind a NUL */
	enum record_note note;     /**< of a whole member, as is the next */
	const struct array *array; /**< what it holds, or NULL: not known; owned as @name is */
	uint16_t name_size;        /**< bytes in @name */
	/** The member's name, in UTF-8 where that is known, but any bytes; of a whole member, where
	 * only paths are wanted, its cleaned base name (membername.h). Not NUL-terminated, not
	 * owned: it lives as long as the message or buffer that the record was read from. */
	const char *name;
	/** What the file of a member of its own is called by where that is not @name: the base name
	 * of bytes that @name is converted from. Else NULL. Not owned either. */
	const char *base;
	uint16_t base_size; /**< bytes in @base, at most MEMBER_BASE_MAX */
};

/**
 * Write the name of the file that a whole member is in, below its worker's directory, to @file
 * (MEMBER_FILE_SIZE bytes of membername.h). Returns its length.
 */
size_t record_file_name(const struct record *record, char *file);

/** The same for the file that it has, or would have, if it is not packed. */
size_t record_own_name(const struct record *record, char *file);

/** Where in its file the member's bytes begin; of an array, those of its data. */
uint64_t record_data_offset(const struct record *record);

/** Whether that is a multiple of an item's size, where it is known to be an array. */
bool record_is_aligned(const struct record *record);

/** The word for scripts of a note that is not NOTE_NONE, and what it says to people. Static. */
const char *record_note_slug(const struct record *record);
const char *record_note_words(const struct record *record);

#endif
