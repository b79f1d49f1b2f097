// SPDX-License-Identifier: MIT

#include "cli/safename.h"

#include "util/printable.h"
#include "util/utf8.h"

#include <stdbool.h>
#include <string.h>

/* How many bytes the character at the start of @name has, and whether it is *@safe as it is. */
static size_t next_character(const char *name, size_t size, bool *safe)
{
	uint32_t character;
	size_t length = utf8_decode(name, size, &character);

	*safe = length > 0 && character != '/' && printable_character(character);
	return length > 0 ? length : 1;
}

/* How many bytes the safe form of the whole @name has. */
static size_t safe_size(const char *name, size_t size)
{
	size_t total = 0;
	bool safe;

	for (size_t at = 0; at < size;) {
		size_t length = next_character(name + at, size - at, &safe);

		total += safe ? length : 1;
		at += length;
	}
	return total;
}

size_t safename_make(const char *name, size_t size, char *safe)
{
	size_t left = safe_size(name, size);
	size_t used = 0;

	for (size_t at = 0; at < size;) {
		bool is_safe;
		size_t length = next_character(name + at, size - at, &is_safe);
		const char *from = is_safe ? name + at : "_";
		size_t count = is_safe ? length : 1;

		/* The characters of which not all of the rest has room are left out. */
		if (left <= SAFENAME_MAX) {
			memcpy(safe + used, from, count);
			used += count;
		}
		left -= count;
		at += length;
	}
	if (used == 0)
		safe[used++] = '_';
	if (safe[0] == '.' || safe[0] == '-')
		safe[0] = '_';
	return used;
}
