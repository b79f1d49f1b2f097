// SPDX-License-Identifier: MIT

#include "parent/manifest.h"

#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS (2 * (size_t)SHA256_DIGEST_SIZE)

/* A head begins so; then come the digits of the sum, which is of all that follows them. */
static const char opening[] = "{\"kept_files\":\"zipmap\",\"version\":1,\"sha256\":\"";
#define SUM_PLACE (sizeof(opening) - 1)
#define SUM_END   (SUM_PLACE + DIGITS)
_Static_assert(MANIFEST_VERSION == 1, "the opening states the version");

/* Bytes that are asked for at a time, and the most of a line: names, which may double their size
 * in hexadecimal, and types. */
#define READ_BYTES     ((size_t)16 * 1024)
#define LINE_MAX_BYTES ((size_t)1024 * 1024)

/* Begin a sum with what follows it in the head. */
static void begin_sum(struct sha256_ctx *sum, const char *head, size_t size)
{
	sha256_init(sum);
	sha256_update(sum, size - SUM_END, (const uint8_t *)head + SUM_END);
}

static void put_digits(const uint8_t sum[SHA256_DIGEST_SIZE], char digits[DIGITS + 1])
{
	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++)
		snprintf(digits + 2 * i, 3, "%02x", sum[i]);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* The text of a head with a sum of zeros, which the caller frees; NULL with errno ENOMEM. */
static char *make_head(const struct manifest_head *head, const char *archive_path, size_t *size)
{
	char *text = NULL;
	char zeros[DIGITS + 1];
	FILE *stream = open_memstream(&text, size);

	memset(zeros, '0', DIGITS);
	zeros[DIGITS] = '\0';
	const struct json_head json = {.version = MANIFEST_VERSION,
		.sha256 = zeros,
		.entries = head->entries,
		.behind_another = head->behind_another,
		.archive_path = archive_path};
	int printed = stream ? json_print_head(stream, &json) : -1;
	if (stream && fclose(stream) == 0 && printed == 0)
		return text;
	free(text);
	errno = ENOMEM;
	return NULL;
}

int manifest_begin(struct manifest_writer *writer, int fd, const struct manifest_head *head,
	const char *archive_path)
{
	size_t size = 0;
	cleanup_free char *text = make_head(head, archive_path, &size);

	*writer = (struct manifest_writer){.head = *head, .sorted = true};
	writer->stream = text ? fdopen(fd, "r+") : NULL;
	if (!writer->stream) {
		close(fd);
		return -1;
	}
	begin_sum(&writer->sum, text, size);
	return fwrite(text, 1, size, writer->stream) == size ? 0 : -1;
}

int manifest_add(struct manifest_writer *writer, uint64_t member, const char *line, size_t size)
{
	writer->sorted = writer->sorted && member >= writer->next_member;
	writer->next_member = member + 1;
	sha256_update(&writer->sum, size, (const uint8_t *)line);
	return fwrite(line, 1, size, writer->stream) == size ? 0 : -1;
}

void manifest_abandon(struct manifest_writer *writer)
{
	if (writer->stream)
		fclose(steal_pointer(&writer->stream));
}

/* The head of the manifest in @stream gets @sum, and the file is closed. 0, or -1. */
static int seal(FILE *stream, struct sha256_ctx *sum)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char digits[DIGITS + 1];

	sha256_digest(sum, sizeof(digest), digest);
	put_digits(digest, digits);
	int failed = fseeko(stream, SUM_PLACE, SEEK_SET) < 0 ||
		     fwrite(digits, 1, DIGITS, stream) != DIGITS;
	return fclose(stream) != 0 || failed ? -1 : 0;
}

/* The member that a line is of, by its object "kept". 0, or -1. */
static int find_member(const char *line, size_t size, uint64_t *member)
{
	json_t *object = json_loadb(line, size, 0, NULL);
	json_int_t index = -1;
	int failed = json_unpack(object, "{s:{s:I}}", "kept", "index", &index);

	json_decref(object);
	*member = (uint64_t)index;
	return failed || index < 0 ? -1 : 0;
}

/* Note where the line of each member begins, 0 if it has none, at its number in @places_fd. */
static int find_places(FILE *from, int places_fd)
{
	cleanup_free char *line = NULL;
	size_t capacity = 0;
	uint64_t member;
	ssize_t size;

	if (fseeko(from, 0, SEEK_SET) < 0 || getline(&line, &capacity, from) < 0)
		return -1; /* the head */
	for (;;) {
		uint64_t place = (uint64_t)ftello(from);
		if ((size = getline(&line, &capacity, from)) < 0)
			return feof(from) ? 0 : -1;
		if (find_member(line, (size_t)size, &member) < 0 ||
			io_pwrite_full(
				places_fd, &place, sizeof(place), member * sizeof(place), NULL) < 0)
			return -1;
	}
}

/* Copy the lines of @from to @to in the order that @places_fd says. */
static int copy_sorted(FILE *from, FILE *to, int places_fd, struct sha256_ctx *sum)
{
	cleanup_free char *line = NULL;
	size_t capacity = 0;
	uint64_t places[512];
	uint64_t done = 0;
	ssize_t got;

	while ((got = io_pread_full(places_fd, places, sizeof(places), done)) > 0) {
		done += (uint64_t)got;
		for (size_t i = 0; i < (size_t)got / sizeof(places[0]); i++) {
			if (places[i] == 0)
				continue;
			ssize_t size = fseeko(from, (off_t)places[i], SEEK_SET) < 0
					       ? -1
					       : getline(&line, &capacity, from);
			if (size < 0 || fwrite(line, 1, (size_t)size, to) != (size_t)size)
				return -1;
			sha256_update(sum, (size_t)size, (const uint8_t *)line);
		}
	}
	return got < 0 ? -1 : 0;
}

/* Put the lines of @from in order in @spare_fd. 0, or -1. */
static int sort_lines(FILE *from, int spare_fd, int places_fd)
{
	cleanup_free char *line = NULL;
	size_t capacity = 0;
	struct sha256_ctx sum;
	FILE *to = fdopen(spare_fd, "r+");

	if (!to) {
		close(spare_fd);
		return -1;
	}
	ssize_t size = fseeko(from, 0, SEEK_SET) < 0 ? -1 : getline(&line, &capacity, from);
	if (size <= (ssize_t)SUM_END || fwrite(line, 1, (size_t)size, to) != (size_t)size) {
		fclose(to);
		return -1;
	}
	begin_sum(&sum, line, (size_t)size);
	if (find_places(from, places_fd) < 0 || copy_sorted(from, to, places_fd, &sum) < 0) {
		fclose(to);
		return -1;
	}
	return seal(to, &sum);
}

int manifest_finish(struct manifest_writer *writer, int spare_fd, int places_fd)
{
	FILE *stream = steal_pointer(&writer->stream);
	cleanup_fd int places = places_fd;
	int result;

	if (writer->sorted)
		return seal(stream, &writer->sum);
	result = sort_lines(stream, spare_fd, places);
	return fclose(stream) != 0 ? -1 : result;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int wrong(void)
{
	errno = EBADMSG;
	return -1;
}

/* Read more behind what is there. How many bytes, 0 at the end, or -1 with errno. */
static ssize_t read_more(struct manifest_reader *reader)
{
	if (reader->end > reader->begin)
		memmove(reader->bytes, reader->bytes + reader->begin, reader->end - reader->begin);
	reader->end -= reader->begin;
	reader->begin = 0;
	if (reader->capacity - reader->end < READ_BYTES) {
		size_t capacity = 2 * reader->capacity + 2 * READ_BYTES;
		if (reader->end > LINE_MAX_BYTES)
			return wrong();
		char *larger = realloc(reader->bytes, capacity);
		if (!larger)
			return -1;
		reader->bytes = larger;
		reader->capacity = capacity;
	}
	size_t room = reader->capacity - reader->end;
	ssize_t got = reader->ended ? 0 : io_read(reader->fd, reader->bytes + reader->end, room);
	if (got < 0)
		return -1;
	reader->ended = (size_t)got < room; /* it is a regular file */
	reader->end += (size_t)got;
	return got;
}

/* The next line with its newline, as manifest_next(). */
static int take_line(struct manifest_reader *reader, const char **line, size_t *size)
{
	size_t looked = 0;
	const char *newline;

	for (;;) {
		size_t there = reader->end - reader->begin;
		const char *from = reader->bytes + reader->begin;
		newline = there > looked ? memchr(from + looked, '\n', there - looked) : NULL;
		if (newline)
			break;
		looked = there;
		ssize_t got = read_more(reader);
		if (got < 0)
			return -1;
		if (got == 0)
			return looked == 0 ? 0 : wrong();
	}
	*line = reader->bytes + reader->begin;
	*size = (size_t)(newline - *line) + 1;
	reader->begin += *size;
	reader->place += *size;
	return 1;
}

/* The value of two digits of a sum, or -1. */
static int hex_byte(const char *digits)
{
	static const char all[] = "0123456789abcdef";
	const char *high = memchr(all, digits[0], sizeof(all) - 1);
	const char *low = memchr(all, digits[1], sizeof(all) - 1);

	return high && low ? (int)((high - all) << 4 | (low - all)) : -1;
}

/* The first line. 0, or -1 with errno. */
static int read_head(struct manifest_reader *reader, const char *line, size_t size)
{
	json_int_t entries = -1;
	int behind = 0;

	if (size <= SUM_END || memcmp(line, opening, SUM_PLACE) != 0)
		return wrong();
	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
		int value = hex_byte(line + SUM_PLACE + 2 * i);
		if (value < 0)
			return wrong();
		reader->stated[i] = (char)value;
	}
	json_t *object = json_loadb(line, size, 0, NULL);
	int failed =
		json_unpack(object, "{s:I,s:b}", "entries", &entries, "behind_another", &behind);
	json_decref(object);
	if (failed || entries < 0)
		return wrong();
	reader->head = (struct manifest_head){(uint64_t)entries, behind != 0};
	return 0;
}

int manifest_open(struct manifest_reader *reader, int fd)
{
	const char *line;
	size_t size;

	manifest_resume(reader, fd, 0);
	int got = take_line(reader, &line, &size);
	if (got <= 0 || read_head(reader, line, size) < 0) {
		int error = got == 0 ? EBADMSG : errno;
		manifest_close(reader);
		errno = error;
		return -1;
	}
	begin_sum(&reader->sum, line, size);
	return 0;
}

void manifest_resume(struct manifest_reader *reader, int fd, uint64_t place)
{
	reader->fd = fd;
	reader->begin = reader->end = 0;
	reader->place = place;
	reader->ended = false;
}

int manifest_next(struct manifest_reader *reader, const char **line, size_t *size)
{
	int got = take_line(reader, line, size);

	if (got == 1)
		sha256_update(&reader->sum, (*size)--, (const uint8_t *)*line);
	return got;
}

bool manifest_is_whole(struct manifest_reader *reader)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(&reader->sum, sizeof(digest), digest);
	return memcmp(digest, reader->stated, sizeof(digest)) == 0;
}

char *manifest_read_archive(int fd)
{
	struct manifest_reader reader = {.fd = -1};
	char *copy = NULL;
	const char *line;
	size_t size;

	manifest_resume(&reader, fd, 0);
	if (take_line(&reader, &line, &size) == 1) {
		json_t *object = json_loadb(line, size, 0, NULL);
		const char *archive = json_string_value(json_object_get(object, "archive"));
		copy = archive ? strdup(archive) : NULL;
		json_decref(object);
	}
	manifest_release(&reader);
	return copy;
}

void manifest_close(struct manifest_reader *reader)
{
	if (reader->fd >= 0)
		close(steal_fd(&reader->fd));
}

void manifest_release(struct manifest_reader *reader)
{
	manifest_close(reader);
	free(steal_pointer(&reader->bytes));
	reader->capacity = reader->begin = reader->end = 0;
}
