// SPDX-License-Identifier: MIT

/* Writing a good archive with libzip. A member is made while it is compressed: none is ever whole
 * in memory. */

#ifndef ZIPMAP_TESTDATA_GEN_ARCHIVE_H
#define ZIPMAP_TESTDATA_GEN_ARCHIVE_H

#include "values.h"

#include <stdbool.h>
#include <stdint.h>
#include <zip.h>

/** member_settings.size_bytes: the size follows from rows and columns. */
#define SIZE_OF_ROWS UINT64_MAX
/** archive_plan.encrypted_member: all of them. */
#define ALL_MEMBERS UINT64_MAX

/** What all members have in common. */
struct member_settings {
	enum values_kind values;
	uint64_t rows, columns;
	uint64_t size_bytes; /**< the exact size of a member, or SIZE_OF_ROWS */
	uint64_t seed;
	int method;           /**< ZIP_CM_... */
	unsigned level;       /**< 1 to 9, 0: the method's default */
	int encryption;       /**< ZIP_EM_..., ZIP_EM_NONE: none */
	const char *password; /**< for the encryption; never NULL */
};

/** One archive. */
struct archive_plan {
	const char *path; /**< replaced where it exists */
	/** The members are STEM.dat, or STEM_1.dat and so on, with zeros before the number so that
	 * the order of names is the order of numbers. */
	const char *stem;
	uint64_t number;           /**< tells the values of this archive from those of others */
	uint64_t members;          /**< at least 1 */
	uint64_t encrypted_member; /**< counted from 0, or ALL_MEMBERS */
};

/** Write an archive. 0, or -1 with @error set; it then holds nothing new under its path. */
int archive_write(const struct archive_plan *plan, const struct member_settings *settings,
	zip_error_t *error);

#endif
