// SPDX-License-Identifier: MIT

#include "protocol/partschoice.h"

#include <string.h>

static const char *const names[PARTS_CHOICES] = {
	[PARTS_AUTO] = "auto",
	[PARTS_NEVER] = "never",
	[PARTS_ALWAYS] = "always",
};

const char *parts_choice_name(enum parts_choice choice)
{
	return names[choice];
}

bool parts_choice_by_name(const char *name, enum parts_choice *choice)
{
	for (enum parts_choice known = 0; known < PARTS_CHOICES; known++) {
		if (strcmp(name, names[known]) == 0) {
			*choice = known;
			return true;
		}
	}
	return false;
}
