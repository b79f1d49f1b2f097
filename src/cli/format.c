// SPDX-License-Identifier: MIT

#include "cli/format.h"

#include <inttypes.h>
#include <string.h>

static const char directives[] = "pamscotd%";

/* The letters of escapes, and the characters that they stand for. */
static const char escapes[] = "nt0\\";
static const char escaped[] = "\n\t\0\\";

/* Like strchr(), but does not find the NUL at the end. */
static const char *find(const char *letters, char letter)
{
	return letter == '\0' ? NULL : strchr(letters, letter);
}

int format_check(const char *format, const char **wrong, size_t *wrong_size)
{
	for (const char *at = format; *at; at++) {
		if (*at != '%' && *at != '\\')
			continue;
		if (!find(*at == '%' ? directives : escapes, at[1])) {
			*wrong = at;
			*wrong_size = at[1] ? 2 : 1;
			return -1;
		}
		at++;
	}
	return 0;
}

bool format_uses(const char *format, char letter)
{
	for (const char *at = format; *at; at++) {
		if (*at != '%' && *at != '\\')
			continue;
		if (*at == '%' && at[1] == letter)
			return true;
		at++;
	}
	return false;
}

static void print_directive(FILE *stream, char letter, const struct record *record,
	const char *archive_path, const char *path)
{
	switch (letter) {
	case 'p':
		fputs(path, stream);
		break;
	case 'a':
		fputs(archive_path, stream);
		break;
	case 'm':
		fwrite(record->name, 1, record->name_size, stream);
		break;
	case 's':
		fprintf(stream, "%" PRIu64, record->size_bytes);
		break;
	case 'c':
		fprintf(stream, "%08" PRIx32, record->crc32);
		break;
	case 'o':
		fprintf(stream, "%" PRIu64, record_data_offset(record));
		break;
	case 't':
		if (record->array && record->array->dtype_size > 0)
			fwrite(record->array->dtype, 1, record->array->dtype_size, stream);
		break;
	case 'd':
		for (unsigned i = 0; record->array && i < record->array->dimensions; i++)
			fprintf(stream, "%s%" PRIu64, i > 0 ? "," : "", record->array->shape[i]);
		break;
	default:
		putc(letter, stream);
		break;
	}
}

void format_print(FILE *stream, const char *format, const struct record *record,
	const char *archive_path, const char *path)
{
	for (const char *at = format; *at; at++) {
		if (*at == '%')
			print_directive(stream, *++at, record, archive_path, path);
		else if (*at == '\\')
			putc(escaped[find(escapes, *++at) - escapes], stream);
		else
			putc(*at, stream);
	}
}
