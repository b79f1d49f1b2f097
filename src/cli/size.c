// SPDX-License-Identifier: MIT

#include "cli/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRACTION_DIGITS_MAX = 6 };

/** The bytes that @unit stands for, as in GNU coreutils; 0 if it is none. */
static uint64_t unit_bytes(const char *unit)
{
	static const char letters[] = "KMGT";

	if (*unit == '\0')
		return 1;
	const char *letter = strchr(letters, toupper((unsigned char)*unit));
	bool decimal = strcmp(unit + 1, "B") == 0;
	if (!letter || (unit[1] != '\0' && !decimal && strcmp(unit + 1, "iB") != 0))
		return 0;
	uint64_t bytes = 1;
	for (const char *at = letters; at <= letter; at++)
		bytes *= decimal ? 1000 : 1024;
	return bytes;
}

int size_parse(const char *text, uint64_t *bytes)
{
	uint64_t fraction = 0;
	uint64_t scale = 1;
	char *end;

	/* strtoull(3) would accept white space and a sign before the number. */
	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (errno != 0)
		return -1;
	if (*end == '.') {
		const char *digits = ++end;
		for (; *end >= '0' && *end <= '9' && end - digits <= FRACTION_DIGITS_MAX;
			end++, scale *= 10)
			fraction = fraction * 10 + (uint64_t)(*end - '0');
		if (end == digits || end - digits > FRACTION_DIGITS_MAX || *end == '\0')
			return -1;
	}
	uint64_t unit = unit_bytes(end);
	if (unit == 0 || number > INT64_MAX / unit)
		return -1;
	/* A fraction is below 10^6, and a unit at most 2^40: the product has room. */
	uint64_t sum = (uint64_t)number * unit + fraction * unit / scale;
	if (sum == 0 || sum > INT64_MAX)
		return -1;
	*bytes = sum;
	return 0;
}

const char *size_text(uint64_t bytes, char text[static SIZE_TEXT_MAX])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT_MAX, "%.1f %s", value, units[unit]);
	return text;
}
