// SPDX-License-Identifier: MIT

#include "util/printable.h"

#include "util/utf8.h"

#include <assert.h>
#include <string.h>

static const char cut_mark[] = "...";

bool printable_character(uint32_t character)
{
	if (character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == '\\')
		return false;
	/* LINE SEPARATOR and PARAGRAPH SEPARATOR end a line for some terminals and viewers. */
	if (character == 0x2028 || character == 0x2029)
		return false;
	/* These change the direction of the text that follows (Unicode Bidi_Control). */
	return character != 0x061c && character != 0x200e && character != 0x200f &&
	       !(character >= 0x202a && character <= 0x202e) &&
	       !(character >= 0x2066 && character <= 0x2069);
}

/** Write the escape of @byte to @text (at least 4 bytes). Returns its size in bytes. */
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

/** How many bytes at the start of @text, of @size at most, are printable ASCII, which most are. */
static size_t plain_span(const char *text, size_t size)
{
	size_t span = 0;

	while (span < size && text[span] >= ' ' && text[span] < 0x7f && text[span] != '\\')
		span++;
	return span;
}

char *printable(const char *name, size_t size, char *text, size_t capacity)
{
	const unsigned char *bytes = (const unsigned char *)name;
	size_t used = 0;
	size_t cut = 0; /* the last place between two pieces at which the mark of a cut fits */

	assert(capacity >= 8);
	for (size_t i = 0; i < size;) {
		/* A piece is an escape or a character. It is never divided. */
		char piece[4];
		size_t piece_size;
		uint32_t character = 0;
		size_t room =
			capacity - used > sizeof(cut_mark) ? capacity - used - sizeof(cut_mark) : 0;
		size_t span = plain_span(name + i, size - i < room ? size - i : room);

		if (span > 0) {
			memcpy(text + used, name + i, span);
			used += span;
			i += span;
			continue;
		}
		size_t length = utf8_decode(name + i, size - i, &character);

		if (length > 0 && printable_character(character)) {
			piece_size = length;
			memcpy(piece, bytes + i, length);
		} else {
			/* A character that must not be shown is escaped byte by byte. Its other
			 * bytes are no characters of their own, so they are escaped as well. */
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
