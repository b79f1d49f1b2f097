// SPDX-License-Identifier: MIT

#include "fuzz.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

_Noreturn void fuzz_found(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

uint8_t fuzz_take_u8(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

uint64_t fuzz_take_u64(struct fuzz_input *input)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | fuzz_take_u8(input);
	return value;
}

const void *fuzz_take(struct fuzz_input *input, size_t size, size_t *got)
{
	const uint8_t *bytes = input->at;

	*got = size < input->left ? size : input->left;
	input->at += *got;
	input->left -= *got;
	return bytes;
}

static bool is_control(wchar_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

bool fuzz_is_printable(const char *text)
{
	static const wchar_t refused[] = L"\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d"
					 L"\u202e\u2066\u2067\u2068\u2069";
	size_t left = strlen(text);
	mbstate_t state = {0};

	MUST(setlocale(LC_CTYPE, "C.UTF-8"));
	while (left > 0) {
		wchar_t character;
		size_t length = mbrtowc(&character, text, left, &state);
		if (length == 0 || length > left || is_control(character) ||
			wcschr(refused, character))
			return false;
		text += length;
		left -= length;
	}
	return true;
}
