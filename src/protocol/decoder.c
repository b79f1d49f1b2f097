// SPDX-License-Identifier: MIT

#include "protocol/decoder.h"

#include <string.h>

static const char *const names[DECODER_KINDS] = {
	[DECODER_AUTO] = "auto",
	[DECODER_TWIN] = "twin",
	[DECODER_ISAL] = "isal",
	[DECODER_ZLIB] = "zlib",
};

const char *decoder_name(enum decoder_choice decoder)
{
	return names[decoder];
}

bool decoder_by_name(const char *name, enum decoder_choice *decoder)
{
	for (enum decoder_choice known = 0; known < DECODER_KINDS; known++) {
		if (strcmp(name, names[known]) == 0) {
			*decoder = known;
			return true;
		}
	}
	return false;
}
