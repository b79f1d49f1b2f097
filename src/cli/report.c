// SPDX-License-Identifier: MIT

#include "cli/report.h"

#include "cli/size.h"
#include "util/diag.h"

#include <inttypes.h>
#include <stdarg.h>

/** Room for any uint64_t, in units and in bytes. */
#define EXACT_SIZE_MAX 64

/** The ending of a noun after the number @count. */
static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/** Write @bytes to @text like "1.2 MiB (1234567 bytes)". Returns @text. */
static const char *exact_size(uint64_t bytes, char text[static EXACT_SIZE_MAX])
{
	char size[SIZE_TEXT_MAX];

	snprintf(text, EXACT_SIZE_MAX, "%s (%" PRIu64 " byte%s)", size_text(bytes, size), bytes,
		plural(bytes));
	return text;
}

/** Print a line: the key, a colon, and the value in its column. */
__attribute__((format(printf, 3, 4))) static void line(
	FILE *stream, const char *key, const char *format, ...)
{
	/* The longest key, its colon and two blanks fit. */
	enum { COLUMN = 25 };
	int printed = fprintf(stream, "%s:", key);
	va_list arguments;

	if (printed >= 0 && printed < COLUMN)
		fprintf(stream, "%*s", COLUMN - printed, "");
	va_start(arguments, format);
	vfprintf(stream, format, arguments);
	va_end(arguments);
	putc('\n', stream);
}

static void print_traffic(
	FILE *stream, const char *key, uint64_t bytes, uint64_t messages, uint64_t members)
{
	char size[EXACT_SIZE_MAX];

	if (members == 0)
		line(stream, key, "%s in %" PRIu64 " message%s", exact_size(bytes, size), messages,
			plural(messages));
	else
		line(stream, key, "%s in %" PRIu64 " message%s, %.1f bytes per member",
			exact_size(bytes, size), messages, plural(messages),
			(double)bytes / (double)members);
}

/** Every process has some private memory, so 0 means that it could not be measured. */
static void print_memory(FILE *stream, const char *key, uint64_t bytes, const char *when)
{
	char size[EXACT_SIZE_MAX];

	if (bytes == 0)
		line(stream, key, "not measured");
	else
		line(stream, key, "%s %s", exact_size(bytes, size), when);
}

/* What was done to members, and to their bytes. */
static const char *done(enum options_action action)
{
	switch (action) {
	case ACTION_LIST:
		return "listed";
	case ACTION_TEST:
		return "tested";
	default:
		return "unzipped";
	}
}

void report_print(FILE *stream, const struct run_stats *stats, enum options_action action)
{
	char size[EXACT_SIZE_MAX];
	double seconds = (double)stats->elapsed_ns / 1e9;
	bool lists = action == ACTION_LIST;
	double work = (double)stats->unzipped_bytes / (1024.0 * 1024.0);

	if (lists)
		work = (double)stats->members;

	line(stream, "archives", "%" PRIu64, stats->archives);
	line(stream, "members", "%" PRIu64, stats->members);
	line(stream, "failures", "%" PRIu64, stats->failures);
	line(stream, done(action), "%s", exact_size(stats->unzipped_bytes, size));
	line(stream, "time", "%.3f s, %.1f %s/s, %" PRIu64 " worker process%s", seconds,
		seconds > 0 ? work / seconds : 0.0, lists ? "members" : "MiB", stats->workers,
		stats->workers == 1 ? "" : "es");
	print_traffic(stream, "received by the parent", stats->received_bytes,
		stats->received_messages, stats->members);
	print_traffic(
		stream, "sent to workers", stats->sent_bytes, stats->sent_messages, stats->members);
	print_memory(
		stream, "private memory, parent", stats->parent_private_peak_bytes, "at its peak");
	print_memory(stream, "private memory, worker", stats->worker_private_peak_bytes,
		"at the peak of the largest");
	print_memory(stream, "file-backed, parent", stats->parent_shared_peak_bytes, "at its peak");
	print_memory(stream, "file-backed, worker", stats->worker_shared_peak_bytes,
		"at the peak of the largest");
	fputs("Private memory is what belongs to one process alone: it is what a run costs.\n"
	      "File-backed pages belong to the program, its libraries and mapped members. They are\n"
	      "in memory once for all processes, and the kernel drops them when memory is short.\n",
		stream);
}

/* Every process has some private memory: 0 could not be measured. */
static void print_memory_json(FILE *stream, const char *key, uint64_t bytes)
{
	if (bytes == 0)
		fprintf(stream, ", \"%s\": null", key);
	else
		fprintf(stream, ", \"%s\": %" PRIu64, key, bytes);
}

void report_print_json(
	FILE *stream, const struct run_stats *stats, enum options_action action, bool complete)
{
	fprintf(stream,
		"{\"done\": \"%s\", \"complete\": %s, \"archives\": %" PRIu64
		", \"members\": %" PRIu64 ", \"failures\": %" PRIu64 ", \"bytes\": %" PRIu64
		", \"seconds\": %" PRIu64 ".%09" PRIu64 ", \"workers\": %" PRIu64,
		done(action), complete ? "true" : "false", stats->archives, stats->members,
		stats->failures, stats->unzipped_bytes, stats->elapsed_ns / 1000000000,
		stats->elapsed_ns % 1000000000, stats->workers);
	fprintf(stream,
		", \"received_bytes\": %" PRIu64 ", \"received_messages\": %" PRIu64
		", \"sent_bytes\": %" PRIu64 ", \"sent_messages\": %" PRIu64,
		stats->received_bytes, stats->received_messages, stats->sent_bytes,
		stats->sent_messages);
	print_memory_json(stream, "parent_private_bytes", stats->parent_private_peak_bytes);
	print_memory_json(stream, "worker_private_bytes", stats->worker_private_peak_bytes);
	print_memory_json(stream, "parent_file_backed_bytes", stats->parent_shared_peak_bytes);
	print_memory_json(stream, "worker_file_backed_bytes", stats->worker_shared_peak_bytes);
	fputs("}\n", stream);
}

void report_sum_up(const struct run_stats *stats, enum options_action action)
{
	double seconds = (double)stats->elapsed_ns / 1e9;
	double rate = seconds > 0 ? (double)stats->unzipped_bytes / seconds : 0;
	char size[SIZE_TEXT_MAX];
	char speed[SIZE_TEXT_MAX];
	char sizes[4 * SIZE_TEXT_MAX] = "";
	char speeds[4 * SIZE_TEXT_MAX] = "";

	if (action != ACTION_LIST) {
		snprintf(sizes, sizeof(sizes), ", %s", size_text(stats->unzipped_bytes, size));
		snprintf(speeds, sizeof(speeds), " (%s/s)", size_text((uint64_t)rate, speed));
	}
	diag(DIAG_DETAIL, "%s %" PRIu64 " member%s of %" PRIu64 " archive%s%s in %.3f s%s",
		done(action), stats->members, plural(stats->members), stats->archives,
		plural(stats->archives), sizes, seconds, speeds);
}
