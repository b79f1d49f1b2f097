// SPDX-License-Identifier: MIT

/*
 * The decoders of DEFLATE that --decoder can ask for. What each is, and whether it can be used
 * here, is known to worker/decode/.
 */

#ifndef ZIPMAP_PROTOCOL_DECODER_H
#define ZIPMAP_PROTOCOL_DECODER_H

#include <stdbool.h>

enum decoder_choice {
	DECODER_AUTO, /**< for each member the one that is fastest here */
	DECODER_TWIN, /**< two members at once */
	DECODER_ISAL,
	DECODER_ZLIB,
	DECODER_KINDS,
};

/** What the user calls it. Static. */
const char *decoder_name(enum decoder_choice decoder);

/** The decoder that is called @name. False if there is none. */
bool decoder_by_name(const char *name, enum decoder_choice *decoder);

#endif
