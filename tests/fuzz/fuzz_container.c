// SPDX-License-Identifier: MIT

/*
 * Two readers of the same archive, which is the input: ours and libzip. What either accepts is its
 * own matter. Where both accept the same central directory, they find the same members at the same
 * places. Whatever ours accepts can be read again from any place in it, and makes sense.
 */

#include "fuzz.h"
#include "util/utf8.h"
#include "worker/container/scan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>

/* What libzip (1.7.3) itself does not free. LeakSanitizer asks for this by name. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libzip.so\n";
}

static struct archive *archive;
static struct cursor cursor;
static int archive_fd = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	archive = archive_new();
	archive_fd = memfd_create("archive", MFD_CLOEXEC);
	MUST(archive && cursor_init(&cursor) == 0 && archive_fd >= 0);
	setenv("TZ", "UTC0", 1);
	return 0;
}

/* --- ours alone ------------------------------------------------------------------------------- */

/* A member's data lie in the file, and what they are is read in pieces of any size. */
static void check_data(const struct member *member, size_t size)
{
	struct member_data data;
	struct failure failure = {0};
	uint8_t bytes[1000];
	uint64_t left = member->compressed_bytes;
	ssize_t got;

	if (member_data_open(archive, member, &data, &failure) < 0) {
		MUST(failure.kind != FAILURE_NONE && failure.kind < FAILURE_KINDS);
		member_data_close(&data);
		return;
	}
	MUST(member->fault == FAILURE_NONE && left <= size);
	MUST(data.offset >= LOCAL_HEADER_SIZE && data.offset <= size);
	MUST(data.left <= left && data.left <= size - data.offset);
	while ((got = member_data_read(&data, bytes, 1 + left % sizeof(bytes), &failure)) > 0)
		left -= (uint64_t)got;
	member_data_close(&data);
}

/* Ours reads all again, from each place. @size: of the input. */
static void check_entries(const struct scan *scan, size_t size)
{
	struct failure failure = {0};
	struct member member;

	MUST(scan->entries <= size / ENTRY_HEADER_SIZE);
	cursor_set(&cursor, archive, 0, 0);
	for (uint64_t i = 0; i < scan->entries; i++) {
		MUST(cursor_next(&cursor, &member, &failure) == 1);
		MUST(member.index == i && strlen(member.name) == member.name_size);
		check_data(&member, size);
		cursor_set(&cursor, archive, cursor.place, i + 1);
	}
	/* Behind the last there is nothing, or a digital signature. */
	MUST(cursor.place <= archive->end.directory_size);
}

/* --- both ------------------------------------------------------------------------------------- */

/* Whether the input leads to one central directory only, whoever reads it. */
static bool is_plain(const uint8_t *data, size_t size)
{
	const uint8_t *end = memmem(data, size, "PK\5\6", 4);

	return end && !memmem(end + 1, size - (size_t)(end + 1 - data), "PK\5\6", 4);
}

static enum encryption encryption_of(const zip_stat_t *status)
{
	switch (status->encryption_method) {
	case ZIP_EM_NONE:
		return ENCRYPTION_NONE;
	case ZIP_EM_TRAD_PKWARE:
		return ENCRYPTION_ZIPCRYPTO;
	case ZIP_EM_AES_128:
		return ENCRYPTION_AES_128;
	case ZIP_EM_AES_192:
		return ENCRYPTION_AES_192;
	case ZIP_EM_AES_256:
		return ENCRYPTION_AES_256;
	default:
		return ENCRYPTION_UNKNOWN;
	}
}

/* The first bytes of the data as libzip reads them are those at the place that we have found. */
static void compare_data(zip_t *zip, const struct member *member, const uint8_t *input)
{
	struct failure failure;
	struct member_data data;
	uint8_t theirs[64];

	if (member->encrypted || member_data_open(archive, member, &data, &failure) < 0)
		return;
	uint64_t place = data.offset;
	member_data_close(&data);
	zip_file_t *file = zip_fopen_index(zip, member->index, ZIP_FL_COMPRESSED);
	if (!file)
		return; /* it holds the local header against the directory */
	zip_int64_t got = zip_fread(file, theirs, sizeof(theirs));
	if (got > 0)
		MUST(memcmp(theirs, input + place, (size_t)got) == 0);
	zip_fclose(file);
}

/* libzip makes a space of a NUL, takes no Unicode path with control characters, and some that are
 * not UTF-8. */
static void compare_name(const char *theirs, const struct member *member)
{
	for (size_t i = 0; i < member->name_size; i++) {
		if ((unsigned char)member->name[i] < ' ')
			return;
	}
	MUST(strncmp(theirs, member->name, member->name_size) == 0 ||
		!utf8_is_valid(theirs, strlen(theirs)));
}

/* libzip takes the method for AES as such in a member that is not encrypted, too, or encrypted in
 * another way, which ours does not take. */
static void compare_method(const zip_stat_t *theirs, const struct member *member)
{
	if (member->fault != FAILURE_NONE || (!member->encrypted && member->method == METHOD_AES))
		return;
	MUST(theirs->comp_method == member->method);
	MUST(encryption_of(theirs) == member->encryption);
}

static void compare(zip_t *zip, const uint8_t *input)
{
	struct failure failure;
	struct member member;
	zip_int64_t entries = zip_get_num_entries(zip, 0);

	cursor_set(&cursor, archive, 0, 0);
	for (zip_int64_t i = 0; i < entries; i++) {
		zip_stat_t status;
		MUST(cursor_next(&cursor, &member, &failure) == 1);
		MUST(zip_stat_index(zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW, &status) == 0);
		MUST(status.size == member.size_bytes);
		MUST(status.comp_size == member.compressed_bytes);
		MUST(status.crc == member.crc32);
		compare_method(&status, &member);
		if (member.time != 0)
			MUST((uint64_t)status.mtime == member.time);
		compare_name(status.name ? status.name : "", &member);
		compare_data(zip, &member, input);
	}
}

static void compare_with_libzip(const struct scan *scan, const uint8_t *data, size_t size)
{
	size_t base = (size_t)archive->end.base;
	zip_error_t error;

	if (!is_plain(data, size) || archive->end.entries != scan->entries)
		return;
	/* It reads no archive that was put behind something without its offsets being adjusted. */
	zip_source_t *source = zip_source_buffer_create(data + base, size - base, 0, &error);
	MUST(source);
	zip_t *zip = zip_open_from_source(source, ZIP_RDONLY, &error);
	if (!zip) {
		zip_source_free(source);
		return;
	}
	MUST((uint64_t)zip_get_num_entries(zip, 0) == scan->entries);
	compare(zip, data);
	zip_discard(zip);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct failure failure = {0};
	struct scan scan = {0};

	MUST(ftruncate(archive_fd, 0) == 0);
	MUST(pwrite(archive_fd, data, size, 0) == (ssize_t)size);
	if (archive_open(archive, dup(archive_fd), size, &failure) < 0) {
		MUST(failure.kind != FAILURE_NONE && failure.kind < FAILURE_KINDS);
		return 0;
	}
	archive->password = "secret";
	if (archive_scan(archive, &cursor, 0, &scan, &failure) == 0) {
		MUST(failure.kind == FAILURE_NONE);
		check_entries(&scan, size);
		compare_with_libzip(&scan, data, size);
	} else {
		MUST(failure.kind != FAILURE_NONE && failure.kind < FAILURE_KINDS);
	}
	archive_close(archive);
	return 0;
}
