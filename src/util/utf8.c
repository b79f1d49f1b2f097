// SPDX-License-Identifier: MIT

#include "util/utf8.h"

size_t utf8_decode(const char *text, size_t size, uint32_t *character)
{
	const unsigned char *bytes = (const unsigned char *)text;
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

bool utf8_is_valid(const char *text, size_t size)
{
	uint32_t character;

	for (size_t at = 0; at < size;) {
		size_t length = utf8_decode(text + at, size - at, &character);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

size_t utf8_cut(const char *text, size_t size, size_t most)
{
	if (size <= most)
		return size;
	for (size_t back = 0; back < 4 && back <= most; back++) {
		if (((unsigned char)text[most - back] & 0xc0) != 0x80)
			return most - back;
	}
	return most;
}
