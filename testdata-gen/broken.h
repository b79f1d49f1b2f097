// SPDX-License-Identifier: MIT

/* Archives that are wrong, or odd, in one known way each: what a reader must survive. */

#ifndef ZIPMAP_TESTDATA_GEN_BROKEN_H
#define ZIPMAP_TESTDATA_GEN_BROKEN_H

#include "archive.h"

#include <stdbool.h>

/** All kinds at once, where the name of one is asked for. */
#define BROKEN_ALL "all"

/** Is there a kind of this name (or is it BROKEN_ALL)? */
bool broken_known(const char *kind);

/** Print the kinds: a line each, the name, a tab, what is wrong. */
void broken_list(void);

/**
 * Write DIRECTORY/KIND@suffix, or such a file for each kind. The archives have @members members
 * (at least 3) member_1.dat ..., of which the middle one is damaged, unless the kind's description
 * says otherwise. The encryption of @settings, where there is one, takes the place of that of the
 * kinds "encrypted" and "encrypted-aes". 0, or -1 and a message was printed.
 */
int broken_write(const char *kind, const char *directory, const char *suffix, uint64_t members,
	const struct member_settings *settings);

#endif
