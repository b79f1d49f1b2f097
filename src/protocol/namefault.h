// SPDX-License-Identifier: MIT

/*
 * What speaks against a member's name as the name of a file: see parent/ownname.h. It is a number
 * of FAILURE_UNSAFE_NAME.
 */

#ifndef ZIPMAP_PROTOCOL_NAMEFAULT_H
#define ZIPMAP_PROTOCOL_NAMEFAULT_H

#include <stdint.h>

enum name_fault {
	NAME_GOOD,
	NAME_EMPTY,    /**< nothing is left of it as the name of a file */
	NAME_ABSOLUTE, /**< it begins at the root */
	NAME_PARENT,   /**< ".." is one of its components */
	NAME_DRIVE,    /**< it begins with the letter of a drive */
	NAME_CUT,      /**< it has a NUL */
	NAME_LONG,     /**< a component, or the whole path, is longer than paths can be */
	NAME_RUN,      /**< it is called as directories of runs are */
	NAME_FAULTS,   /**< how many there are; not a fault */
};

/** What it is, for people. Static; also words for a number that is none. */
const char *name_fault_words(uint64_t fault);

#endif
