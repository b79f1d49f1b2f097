// SPDX-License-Identifier: MIT

#include "archives.h"

#include "support.h"

#include <check.h>

/* A cursor that was not used for the longest time. */
static struct cursor *take_cursor(void)
{
	static struct cursor cursors[8];
	static unsigned next;
	struct cursor *cursor = &cursors[next++ % 8];

	if (!cursor->window.bytes)
		ck_assert_int_eq(cursor_init(cursor), 0);
	return cursor;
}

static struct archive *try_open(int fd, struct failure *failure)
{
	struct archive *archive = archive_new();

	ck_assert_ptr_nonnull(archive);
	if (archive_open(archive, fd, file_bytes(fd), failure) == 0)
		return archive;
	archive_free(archive);
	return NULL;
}

struct archive *archives_open(int fd)
{
	struct failure failure = {0};
	struct archive *archive = try_open(fd, &failure);

	ck_assert_msg(archive != NULL, "failure %d", failure.kind);
	return archive;
}

struct archive *archives_open_zips(struct zips *zips)
{
	if (!zips->ended)
		zips_end(zips, &(struct zips_ending){0});

	struct archive *archive = archives_open(zips_file(zips));
	zips_free(zips);
	return archive;
}

enum failure_kind archives_failure(int fd)
{
	struct failure failure = {0};
	struct archive *archive = try_open(fd, &failure);
	struct scan scan;

	if (archive && archive_scan(archive, take_cursor(), 0, &scan, &failure) == 0)
		ck_assert_int_eq(failure.kind, FAILURE_NONE);
	archive_free(archive);
	return failure.kind;
}

uint64_t archives_entries(struct archive *archive)
{
	struct failure failure = {0};
	struct scan scan;

	ck_assert_msg(archive_scan(archive, take_cursor(), 0, &scan, &failure) == 0, "failure %d",
		failure.kind);
	return scan.entries;
}

void archives_member(struct archive *archive, uint64_t index, struct member *member)
{
	struct cursor *cursor = take_cursor();
	struct failure failure = {0};

	cursor_set(cursor, archive, 0, 0);
	do {
		if (cursor_next(cursor, member, &failure) != 1)
			ck_abort_msg("no member %d: failure %d", (int)index, failure.kind);
	} while (member->index < index);
}
