// SPDX-License-Identifier: MIT

#include "worker/container/names.h"

#include "protocol/encoding.h"
#include "util/utf8.h"

#include <errno.h>
#include <string.h>

/*
 * Code page 437 from 0x80 on, by Unicode's mapping table VENDORS/MICSFT/PC/CP437.TXT. Below is
 * ASCII; control characters stay what they are.
 */
static const uint16_t cp437[128] = {0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6,
	0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5,
	0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf,
	0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502,
	0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b,
	0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554,
	0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558,
	0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9,
	0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321,
	0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0};

int names_init(struct names *names, const char *encoding)
{
	names->converter = encoding ? encoding_open(encoding) : ENCODING_NONE;
	return encoding && names->converter == ENCODING_NONE ? -1 : 0;
}

void names_release(struct names *names)
{
	if (names->converter != ENCODING_NONE)
		iconv_close(names->converter);
	names->converter = ENCODING_NONE;
}

/* Most names are: eight bytes at a time. */
static bool is_ascii(const char *name, size_t size)
{
	uint64_t high = 0;
	size_t at = 0;

	for (; at + 8 <= size; at += 8) {
		uint64_t word;
		memcpy(&word, name + at, 8);
		high |= word;
	}
	for (; at < size; at++)
		high |= (unsigned char)name[at];
	return (high & UINT64_C(0x8080808080808080)) == 0;
}

/* @character, below U+10000, as UTF-8 to @text: at most three bytes. Returns how many. */
static size_t put_character(char *text, uint16_t character)
{
	size_t size = 0;

	if (character < 0x80) {
		text[size++] = (char)character;
		return size;
	}
	if (character < 0x800) {
		text[size++] = (char)(0xc0 | character >> 6);
	} else {
		text[size++] = (char)(0xe0 | character >> 12);
		text[size++] = (char)(0x80 | (character >> 6 & 0x3f));
	}
	text[size++] = (char)(0x80 | (character & 0x3f));
	return size;
}

static size_t convert_cp437(char *text, const char *name, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)name[i];
		char character[3];
		size_t more = put_character(character, byte < 0x80 ? byte : cp437[byte - 0x80]);
		if (more > MEMBER_NAME_MAX - length)
			break;
		memcpy(text + length, character, more);
		length += more;
	}
	return length;
}

/* 0 where it cannot be converted. */
static size_t convert_encoding(iconv_t converter, char *text, const char *name, size_t size)
{
	char *in = (char *)name; /* iconv() does not write to it */
	char *out = text;
	size_t left = MEMBER_NAME_MAX;

	/* From the first state, and at the end what it holds back. Where the room ends, that is a
	 * name that is cut. */
	iconv(converter, NULL, NULL, NULL, NULL);
	if (iconv(converter, &in, &size, &out, &left) == (size_t)-1 && errno != E2BIG)
		return 0;
	if (iconv(converter, NULL, NULL, &out, &left) == (size_t)-1 && errno != E2BIG)
		return 0;
	size_t length = (size_t)(out - text);
	return utf8_is_valid(text, length) ? length : 0;
}

const char *names_convert(struct names *names, const char *name, uint16_t *size, bool stated)
{
	size_t length;

	if (stated || is_ascii(name, *size))
		return name;
	if (names->converter != ENCODING_NONE)
		length = convert_encoding(names->converter, names->text, name, *size);
	else if (!utf8_is_valid(name, *size))
		length = convert_cp437(names->text, name, *size);
	else
		return name;
	if (length == 0)
		return name;
	names->text[length] = '\0';
	*size = (uint16_t)length;
	return names->text;
}

const char *names_show(struct names *names, const char *name, uint16_t *size, bool stated)
{
	return names_convert(names, name, size, stated && utf8_is_valid(name, *size));
}
