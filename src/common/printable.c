// SPDX-License-Identifier: MIT

#include "common/printable.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char cut_mark[] = "...";

/**
 * How many bytes the UTF-8 character at the beginning of @bytes (@size, at least 1) has, and which
 * character it is; 0 if there is none: RFC 3629, so no overlong form, surrogate, or value above
 * U+10FFFF.
 */
static size_t decode(const unsigned char *bytes, size_t size, uint32_t *character)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length;
	uint32_t value;

	if (bytes[0] < 0x80) {
		*character = bytes[0];
		return 1;
	}
	if ((bytes[0] & 0xe0) == 0xc0) {
		length = 2;
		value = bytes[0] & 0x1f;
	} else if ((bytes[0] & 0xf0) == 0xe0) {
		length = 3;
		value = bytes[0] & 0x0f;
	} else if ((bytes[0] & 0xf8) == 0xf0) {
		length = 4;
		value = bytes[0] & 0x07;
	} else {
		return 0;
	}
	if (length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

/** Whether @character can be shown as it is. */
static bool is_harmless(uint32_t character)
{
	if (character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == '\\')
		return false;
	/* What ends a line for some terminals and viewers: LINE and PARAGRAPH SEPARATOR. */
	if (character == 0x2028 || character == 0x2029)
		return false;
	/* What changes the direction of the text that follows (Unicode Bidi_Control). */
	return character != 0x061c && character != 0x200e && character != 0x200f &&
	       !(character >= 0x202a && character <= 0x202e) &&
	       !(character >= 0x2066 && character <= 0x2069);
}

/** The escape of @byte, written to @text (4 bytes at least); how many bytes it has. */
static size_t escape(unsigned char byte, char *text)
{
	static const char digits[] = "0123456789abcdef";
	char letter = 0;

	switch (byte) {
	case '\\':
		letter = '\\';
		break;
	case '\n':
		letter = 'n';
		break;
	case '\t':
		letter = 't';
		break;
	case '\r':
		letter = 'r';
		break;
	default:
		break;
	}
	text[0] = '\\';
	if (letter) {
		text[1] = letter;
		return 2;
	}
	text[1] = 'x';
	text[2] = digits[byte >> 4];
	text[3] = digits[byte & 0x0f];
	return 4;
}

char *printable(const char *name, size_t size, char *text, size_t capacity)
{
	const unsigned char *bytes = (const unsigned char *)name;
	size_t used = 0;
	size_t cut = 0; /* the last place between two pieces where the mark of a cut fits */

	assert(capacity >= 8);
	for (size_t i = 0; i < size;) {
		/* A piece is what must not be divided: an escape or a character. */
		char piece[4];
		size_t piece_size;
		uint32_t character = 0;
		size_t length = decode(bytes + i, size - i, &character);

		if (length > 0 && is_harmless(character)) {
			piece_size = length;
			memcpy(piece, bytes + i, length);
		} else {
			/* A character that must not be shown goes byte by byte: the bytes after
			 * its first are no character by themselves and so are escaped too. */
			piece_size = escape(bytes[i], piece);
			length = 1;
		}
		if (used + sizeof(cut_mark) <= capacity)
			cut = used;
		if (used + piece_size + 1 > capacity) {
			memcpy(text + cut, cut_mark, sizeof(cut_mark));
			return text;
		}
		memcpy(text + used, piece, piece_size);
		used += piece_size;
		i += length;
	}
	text[used] = '\0';
	return text;
}
