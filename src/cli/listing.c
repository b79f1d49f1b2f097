// SPDX-License-Identifier: MIT

#include "cli/listing.h"

#include "protocol/method.h"
#include "util/cleanup.h"
#include "util/printable.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
	SECONDS_A_DAY = 24 * 60 * 60,
	TIME_SIZE = 32,   /* of a time, and of a number, as text */
	METHOD_SIZE = 48, /* of a method as text */
	NAME_SIZE = 1024, /* of almost any name as text */
};

/* Print all of @name, made printable. */
static void print_name(FILE *stream, const char *name, size_t size)
{
	size_t capacity = 4 * size + 8; /* an escape is four bytes long */
	char small[NAME_SIZE];
	cleanup_free char *large = capacity > sizeof(small) ? malloc(capacity) : NULL;
	char *text = capacity > sizeof(small) ? large : small;

	if (text)
		fputs_unlocked(printable(name, size, text, capacity), stream);
	else
		fputs_unlocked("(out of memory)", stream);
}

/* The name of the method, with a mark if the member is encrypted. */
static void describe_method(const struct record *record, char *text, size_t size)
{
	const char *name = method_name(record->method);
	const char *mark = record->encrypted ? "*" : "";

	if (name)
		stpcpy(stpcpy(text, name), mark);
	else
		snprintf(text, size, "%" PRIu16 "%s", record->method, mark);
}

/* Two digits of @number, which is below 100. */
static void put_two(char *text, unsigned number)
{
	text[0] = (char)('0' + number / 10);
	text[1] = (char)('0' + number % 10);
}

/*
 * Write the time as the archive states it, without a time zone, to @text: "2026-11-28 09:30:00", or
 * nothing if it states none. Most members are of the same day as the one before.
 */
static void describe_time(struct listing *listing, uint64_t time, char text[static TIME_SIZE])
{
	unsigned second = (unsigned)(time % SECONDS_A_DAY);
	uint64_t day = time / SECONDS_A_DAY;
	time_t midnight = (time_t)(day * SECONDS_A_DAY);
	struct tm fields;

	text[0] = '\0';
	if (time == 0)
		return;
	if (day != listing->day || !listing->date[0]) {
		listing->date[0] = '\0';
		if (!gmtime_r(&midnight, &fields) ||
			strftime(listing->date, sizeof(listing->date), "%Y-%m-%d ", &fields) == 0) {
			listing->date[0] = '\0';
			return;
		}
		listing->day = day;
	}
	char *end = stpcpy(text, listing->date);
	put_two(end, second / 3600);
	end[2] = ':';
	put_two(end + 3, second / 60 % 60);
	end[5] = ':';
	put_two(end + 6, second % 60);
	end[8] = '\0';
}

/* Write @number and a tab to @text. Returns the end of them. */
static char *put_number(char *text, uint64_t number)
{
	char digits[TIME_SIZE];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		*text++ = digits[--count];
	*text++ = '\t';
	return text;
}

static char *put_crc32(char *text, uint32_t crc32)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		*text++ = "0123456789abcdef"[crc32 >> shift & 15];
	*text++ = '\t';
	return text;
}

/* The columns before the names, for a program. Printing them with printf() takes most of the time
 * that the list of a million members takes. */
static void print_columns(
	FILE *stream, const struct record *record, const char *method, const char *time)
{
	char text[4 * TIME_SIZE + METHOD_SIZE];
	char *end = put_number(text, record->size_bytes);

	end = put_number(end, record->compressed_bytes);
	end = stpcpy(end, method);
	*end++ = '\t';
	end = put_crc32(end, record->crc32);
	end = stpcpy(end, time);
	*end++ = '\t';
	fwrite_unlocked(text, 1, (size_t)(end - text), stream);
}

/* The same for a person. */
static void print_lined_up(FILE *stream, struct listing *listing, const struct record *record,
	const char *method, const char *time)
{
	if (!listing->begun)
		fprintf(stream, "%12s %12s %-10s %-8s %-19s %s\n", "size", "compressed", "method",
			"CRC-32", "time", "archive: member");
	listing->begun = true;
	fprintf(stream, "%12" PRIu64 " %12" PRIu64 " %-10s %08" PRIx32 " %-19s ",
		record->size_bytes, record->compressed_bytes, method, record->crc32, time);
}

void listing_print(FILE *stream, struct listing *listing, const struct record *record,
	const char *archive_path)
{
	char time[TIME_SIZE];
	char method[METHOD_SIZE];

	describe_time(listing, record->time, time);
	describe_method(record, method, sizeof(method));
	if (listing->lined_up)
		print_lined_up(stream, listing, record, method, time);
	else
		print_columns(stream, record, method, time);
	print_name(stream, archive_path, strlen(archive_path));
	fputs_unlocked(listing->lined_up ? ": " : "\t", stream);
	print_name(stream, record->name, record->name_size);
	putc_unlocked('\n', stream);
}
