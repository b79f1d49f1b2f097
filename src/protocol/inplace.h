// SPDX-License-Identifier: MIT

/*
 * --in-place: which members stay in their archive. A stored member that is not encrypted is there
 * as it would be in a file of its own.
 */

#ifndef ZIPMAP_PROTOCOL_INPLACE_H
#define ZIPMAP_PROTOCOL_INPLACE_H

#include <stdbool.h>

struct in_place {
	bool wanted;    /**< members stay where they can; else nothing else counts */
	bool unchecked; /**< without a look at their CRC-32 */
	bool aligned;   /**< arrays only where their data begin at a multiple of an item's size */
};

#endif
