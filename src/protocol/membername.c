// SPDX-License-Identifier: MIT

#include "protocol/membername.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A longer "extension" is rather a name that has a dot in it. */
#define EXTENSION_MAX 16

size_t member_base_offset(const char *name, size_t size)
{
	while (size > 0 && name[size - 1] != '/')
		size--;
	return size;
}

/* POSIX.1-2017 3.282, the portable filename character set; independent of the locale. */
static bool is_portable(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

size_t member_base_clean(const char *name, size_t size, char *base)
{
	size_t start = member_base_offset(name, size);
	const char *from = name + start;
	size_t left = size - start;
	size_t extension = 0; /* bytes at the end that a cut keeps, with the dot */

	if (left > MEMBER_BASE_MAX) {
		const char *dot = memrchr(from, '.', left);
		if (dot && (size_t)(from + left - dot) <= EXTENSION_MAX)
			extension = (size_t)(from + left - dot);
	}

	size_t length = left < MEMBER_BASE_MAX ? left : MEMBER_BASE_MAX;
	size_t head = length - extension;
	memcpy(base, from, head);
	memcpy(base + head, from + left - extension, extension);
	if (length == 0)
		base[length++] = '_';
	for (size_t i = 0; i < length; i++) {
		if (!is_portable(base[i]))
			base[i] = '_';
	}
	base[length] = '\0';
	return length;
}

size_t member_put_decimal(char *text, uint64_t value)
{
	char digits[20];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	for (size_t i = 0; i < count; i++)
		text[i] = digits[count - 1 - i];
	return count;
}

size_t member_file_name(
	uint64_t archive, uint64_t member, const char *name, size_t name_size, char *file)
{
	size_t length = member_put_decimal(file, archive);

	file[length++] = '.';
	length += member_put_decimal(file + length, member);
	file[length++] = '-';
	return length + member_base_clean(name, name_size, file + length);
}

bool member_is_npy(const char *name, size_t size)
{
	return size >= 4 && strncasecmp(name + size - 4, ".npy", 4) == 0;
}

size_t member_npy_name(
	uint64_t archive, uint64_t member, const char *name, size_t name_size, char *file)
{
	size_t length = member_file_name(archive, member, name, name_size, file);

	memcpy(file + length, MEMBER_NPY_SUFFIX, sizeof(MEMBER_NPY_SUFFIX));
	return length + sizeof(MEMBER_NPY_SUFFIX) - 1;
}

size_t member_pack_name(uint64_t archive, uint64_t member, char *file)
{
	static const char name[] = "pack";

	return member_file_name(archive, member, name, sizeof(name) - 1, file);
}

/* One decimal number without sign or leading zero, ended by @end; the text behind it, or NULL. */
static const char *get_decimal(const char *text, char end, uint64_t *value)
{
	char *rest;

	if (*text < '0' || *text > '9' || (text[0] == '0' && text[1] != end))
		return NULL;
	errno = 0;
	*value = strtoull(text, &rest, 10);
	return errno == 0 && *rest == end ? rest + 1 : NULL;
}

bool member_file_parse(const char *file, uint64_t *archive, uint64_t *member)
{
	const char *rest = get_decimal(file, '.', archive);

	return rest && (rest = get_decimal(rest, '-', member)) && *rest != '\0';
}
