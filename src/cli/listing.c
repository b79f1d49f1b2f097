// SPDX-License-Identifier: MIT

#include "cli/listing.h"

#include "protocol/method.h"
#include "util/cleanup.h"
#include "util/printable.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Print all of @name, made printable. */
static void print_name(FILE *stream, const char *name, size_t size)
{
	size_t capacity = 4 * size + 8; /* an escape is four bytes long */
	cleanup_free char *text = malloc(capacity);

	if (text)
		fputs(printable(name, size, text, capacity), stream);
	else
		fputs("(out of memory)", stream);
}

/* The name of the method, with a mark if the member is encrypted. */
static void describe_method(const struct record *record, char *text, size_t size)
{
	const char *name = method_name(record->method);
	const char *mark = record->encrypted ? "*" : "";

	if (name)
		snprintf(text, size, "%s%s", name, mark);
	else
		snprintf(text, size, "%" PRIu16 "%s", record->method, mark);
}

void listing_print(FILE *stream, struct listing *listing, const struct record *record,
	const char *archive_path)
{
	time_t seconds = (time_t)record->time;
	char date[32] = "";
	char method[48];
	struct tm fields;

	/* The archive states no time zone. The time is printed as it stands there. */
	if (record->time > 0 && gmtime_r(&seconds, &fields))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &fields);
	describe_method(record, method, sizeof(method));
	if (listing->lined_up && !listing->begun)
		fprintf(stream, "%12s %12s %-10s %-8s %-19s %s\n", "size", "compressed", "method",
			"CRC-32", "time", "archive: member");
	listing->begun = true;
	fprintf(stream,
		listing->lined_up ? "%12" PRIu64 " %12" PRIu64 " %-10s %08" PRIx32 " %-19s "
				  : "%" PRIu64 "\t%" PRIu64 "\t%s\t%08" PRIx32 "\t%s\t",
		record->size_bytes, record->compressed_bytes, method, record->crc32, date);
	print_name(stream, archive_path, strlen(archive_path));
	fputs(listing->lined_up ? ": " : "\t", stream);
	print_name(stream, record->name, record->name_size);
	fputc('\n', stream);
}
