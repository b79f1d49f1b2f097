// SPDX-License-Identifier: MIT

/*
 * The names of compression methods.
 */

#ifndef ZIPMAP_PROTOCOL_METHOD_H
#define ZIPMAP_PROTOCOL_METHOD_H

#include <stdint.h>

/** The name of method @number (APPNOTE 4.4.5), or NULL. Static. */
const char *method_name(uint64_t number);

#endif
