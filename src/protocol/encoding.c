// SPDX-License-Identifier: MIT

#include "protocol/encoding.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Whether @byte is the same character as in ASCII, and nothing more: what shifts is told by 'x'. */
static bool is_itself(iconv_t converter, char byte)
{
	char text[2] = {byte, 'x'};
	char converted[16];
	char *in = text;
	char *out = converted;
	size_t in_left = sizeof(text);
	size_t out_left = sizeof(converted);

	iconv(converter, NULL, NULL, NULL, NULL);
	return iconv(converter, &in, &in_left, &out, &out_left) != (size_t)-1 &&
	       iconv(converter, NULL, NULL, &out, &out_left) != (size_t)-1 && /* it may wait */
	       out - converted == sizeof(text) && memcmp(text, converted, sizeof(text)) == 0;
}

/*
 * Whether the encoding has ASCII's characters where ASCII has them, but for three that some of the
 * East and of Arabic replace, and does not shift by ASCII's own bytes as ISO-2022-JP and UTF-7 do.
 */
static bool contains_ascii(iconv_t converter)
{
	static const char shifts[] = "\033\016\017";

	for (int byte = ' '; byte <= '~'; byte++) {
		if (!strchr("\\~%", byte) && !is_itself(converter, (char)byte))
			return false;
	}
	for (const char *shift = shifts; *shift; shift++) {
		if (!is_itself(converter, *shift))
			return false;
	}
	return true;
}

iconv_t encoding_open(const char *name)
{
	iconv_t converter = ENCODING_NONE;

	/* A slash begins a suffix, which would have it leave out what it cannot convert. */
	if (!strchr(name, '/') && *name != '\0')
		converter = iconv_open("UTF-8", name);
	else
		errno = EINVAL;
	if (converter == ENCODING_NONE || contains_ascii(converter))
		return converter;
	iconv_close(converter);
	errno = EINVAL;
	return ENCODING_NONE;
}
