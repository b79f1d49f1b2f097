// SPDX-License-Identifier: MIT

#include "cli/format.h"

#include "cli/safename.h"

#include <inttypes.h>
#include <string.h>

static const char directives[] = "pamMscotd%";

/* The letters of escapes, and the characters that they stand for. */
static const char escapes[] = "abfnrtv\\";
static const char escaped[] = "\a\b\f\n\r\t\v\\";

enum { OCTAL_DIGITS_MAX = 3 };

/* How many octal digits stand at the start of @text, of those that an escape may have. */
static size_t octal_digits(const char *text)
{
	size_t count = 0;

	while (count < OCTAL_DIGITS_MAX && text[count] >= '0' && text[count] <= '7')
		count++;
	return count;
}

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
		if (*at == '\\' && octal_digits(at + 1) > 0)
			continue; /* the digits are ordinary characters to this loop */
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
	char safe[SAFENAME_MAX];

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
	case 'M':
		fwrite(safe, 1, safename_make(record->name, record->name_size, safe), stream);
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

/* Print the escape at @at, behind the backslash. Returns its last character. */
static const char *print_escape(FILE *stream, const char *at)
{
	size_t digits = octal_digits(at);
	unsigned byte = 0;

	if (digits == 0) {
		putc(escaped[find(escapes, *at) - escapes], stream);
		return at;
	}
	for (size_t i = 0; i < digits; i++)
		byte = byte * 8 + (unsigned)(at[i] - '0');
	putc((int)(byte & 0xff), stream);
	return at + digits - 1;
}

void format_print(FILE *stream, const char *format, const struct record *record,
	const char *archive_path, const char *path)
{
	for (const char *at = format; *at; at++) {
		if (*at == '%')
			print_directive(stream, *++at, record, archive_path, path);
		else if (*at == '\\')
			at = print_escape(stream, at + 1);
		else
			putc(*at, stream);
	}
}
