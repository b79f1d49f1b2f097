// SPDX-License-Identifier: MIT

#include "cli/suggestion.h"

#include "cli/optiontable.h"

#include <string.h>

enum { NAME_MAX_SIZE = 32 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * How many characters must be added, left out, changed or swapped with the next one to make @b of
 * @a, which are both at most NAME_MAX_SIZE long (the distance of Damerau and Levenshtein).
 */
static unsigned distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	unsigned rows[NAME_MAX_SIZE + 1][NAME_MAX_SIZE + 1];

	for (size_t i = 0; i <= a_size; i++)
		rows[i][0] = (unsigned)i;
	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_size; i++) {
		for (size_t j = 1; j <= b_size; j++) {
			unsigned changed = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			unsigned best = least(changed, 1 + least(rows[i - 1][j], rows[i][j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	}
	return rows[a_size][b_size];
}

const char *suggestion_for_name(const char *name, size_t size)
{
	/* A third of the name may be wrong. */
	unsigned nearest = (unsigned)size / 3 + 1;
	const char *found = NULL;

	if (size > NAME_MAX_SIZE)
		return NULL;
	for (size_t i = 0; i < option_spec_count; i++) {
		const char *candidate = option_specs[i].name;
		unsigned far = distance(name, size, candidate, strlen(candidate));
		if (far >= nearest)
			continue;
		nearest = far;
		found = candidate;
	}
	return found;
}

const char *suggestion_for_letter(char letter)
{
	static const struct {
		char letter;
		const char *words;
	} habits[] = {
		{'C', "files go to DIR, under members' own names, by '--directory=DIR'"},
		{'o', "files that are there are replaced by '--overwrite', with '--directory'"},
		{'p', "a member goes to a program by '--exec=cat'"},
		{'P', "a password is read from '--password-file=FILE'"},
		{'i', "members are chosen by '--include=GLOB'"},
	};

	for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
		if (habits[i].letter == letter)
			return habits[i].words;
	}
	return NULL;
}
