// SPDX-License-Identifier: MIT

#include "protocol/method.h"

#include <stddef.h>

/* Methods that people meet, by APPNOTE 4.4.5. */
static const struct {
	uint16_t number;
	const char *name;
} methods[] = {
	{0, "stored"},
	{1, "Shrink"},
	{2, "Reduce"},
	{3, "Reduce"},
	{4, "Reduce"},
	{5, "Reduce"},
	{6, "Implode"},
	{8, "DEFLATE"},
	{9, "Deflate64"},
	{10, "PKWARE DCL Implode"},
	{12, "bzip2"},
	{14, "LZMA"},
	{18, "TERSE"},
	{19, "LZ77"},
	{20, "Zstandard"},
	{93, "Zstandard"},
	{94, "MP3"},
	{95, "XZ"},
	{96, "JPEG"},
	{97, "WavPack"},
	{98, "PPMd"},
	{99, "WinZip AES"},
};

const char *method_name(uint64_t number)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (methods[i].number == number)
			return methods[i].name;
	}
	return NULL;
}
