// SPDX-License-Identifier: MIT

#include "cli/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char UNITS[] = "KMGT";

int size_parse(const char *text, uint64_t *bytes)
{
	char *end;

	/* strtoull(3) would accept white space and a sign before the number. */
	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno != 0)
		return -1;
	const char *unit = *end ? strchr(UNITS, toupper((unsigned char)*end)) : NULL;
	if (*end && (!unit || (end[1] != '\0' && strcmp(end + 1, "iB") != 0)))
		return -1;
	unsigned shift = unit ? 10 * (unsigned)(unit - UNITS + 1) : 0;
	if (number == 0 || number > (uint64_t)INT64_MAX >> shift)
		return -1;
	*bytes = (uint64_t)number << shift;
	return 0;
}
