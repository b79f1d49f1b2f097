// SPDX-License-Identifier: MIT

/*
 * Whether members are decoded by several workers at once, as --parts asks for.
 */

#ifndef ZIPMAP_PROTOCOL_PARTSCHOICE_H
#define ZIPMAP_PROTOCOL_PARTSCHOICE_H

#include <stdbool.h>

enum parts_choice {
	PARTS_AUTO, /**< large ones, if workers have nothing else to do */
	PARTS_NEVER,
	PARTS_ALWAYS, /**< any that can be, if workers have nothing else to do */
	PARTS_CHOICES,
};

/** What the user calls it. Static. */
const char *parts_choice_name(enum parts_choice choice);

/** The choice that is called @name. False if there is none. */
bool parts_choice_by_name(const char *name, enum parts_choice *choice);

#endif
