// SPDX-License-Identifier: MIT

#include "zips.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#define FLAG_DESCRIPTOR 8 /* APPNOTE 4.4.4 */

void bytes_put(struct bytes *bytes, const void *data, size_t size)
{
	if (size == 0)
		return;
	if (bytes->capacity - bytes->size < size) {
		bytes->capacity = 2 * bytes->capacity + size;
		bytes->data = realloc(bytes->data, bytes->capacity);
		ck_assert_ptr_nonnull(bytes->data);
	}
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

void bytes_put_number(struct bytes *bytes, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		uint8_t byte = (uint8_t)(value >> 8 * i);
		bytes_put(bytes, &byte, 1);
	}
}

void bytes_set_number(struct bytes *bytes, size_t at, uint64_t value, size_t width)
{
	ck_assert_uint_le(at + width, bytes->size);
	for (size_t i = 0; i < width; i++)
		bytes->data[at + i] = (uint8_t)(value >> 8 * i);
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}

uint32_t next_random(uint32_t *state)
{
	/* Marsaglia's xorshift. */
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

struct bytes make_content(enum content kind, size_t size, uint32_t seed)
{
	static const char *const words[] = {"zip", "map", "array", "of", "the", "member", "\n",
		"3.1415", "directory", "central", "e", "x", "0", "1"};
	struct bytes bytes = {0};
	uint32_t state = seed * 2654435761U + 1;

	state = state ? state : 1;
	while (bytes.size < size) {
		const char *word = words[next_random(&state) % (sizeof(words) / sizeof(words[0]))];
		if (kind == CONTENT_TEXT)
			bytes_put(&bytes, word, strlen(word));
		else
			bytes_put_number(&bytes, kind == CONTENT_RANDOM ? state : 0, 4);
	}
	bytes.size = size;
	return bytes;
}

struct bytes make_deflate(const void *data, size_t size, int level, int strategy)
{
	struct bytes bytes = {0};
	z_stream stream = {0};

	ck_assert_int_eq(deflateInit2(&stream, level, Z_DEFLATED, -15, 8, strategy), Z_OK);
	bytes.capacity = deflateBound(&stream, size) + 64;
	bytes.data = malloc(bytes.capacity);
	ck_assert_ptr_nonnull(bytes.data);
	stream.next_in = (z_const Bytef *)data;
	stream.avail_in = (unsigned)size;
	stream.next_out = bytes.data;
	stream.avail_out = (unsigned)bytes.capacity;
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	bytes.size = bytes.capacity - stream.avail_out;
	deflateEnd(&stream);
	return bytes;
}

int file_of(const void *data, size_t size)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	for (size_t done = 0; done < size;) {
		ssize_t wrote = write(fd, (const uint8_t *)data + done, size - done);
		ck_assert_int_gt(wrote, 0);
		done += (size_t)wrote;
	}
	return fd;
}

struct zips_member zips_stored(const char *name, const void *data, size_t size)
{
	return (struct zips_member){
		.name = name,
		.name_size = (uint16_t)strlen(name),
		.crc32 = (uint32_t)crc32_z(0, data, size),
		.compressed_bytes = (uint32_t)size,
		.size_bytes = (uint32_t)size,
		.data = data,
		.data_size = size,
	};
}

struct zips_member zips_deflated(
	const char *name, const void *data, size_t size, const struct bytes *deflated)
{
	struct zips_member member = zips_stored(name, data, size);

	member.method = 8;
	member.data = deflated->data;
	member.data_size = deflated->size;
	member.compressed_bytes = (uint32_t)deflated->size;
	return member;
}

/* What a local header and a directory entry have in common, from the version needed on. */
static void put_common(struct bytes *bytes, const struct zips_member *member, bool local)
{
	bool later = local && member->descriptor;
	uint16_t flags = (uint16_t)(member->flags | (member->descriptor ? FLAG_DESCRIPTOR : 0));

	bytes_put_number(bytes, 20, 2);
	bytes_put_number(bytes, flags, 2);
	bytes_put_number(bytes, member->method, 2);
	bytes_put_number(bytes, 0x5a215000, 4); /* time and date */
	bytes_put_number(bytes, later ? 0 : member->crc32, 4);
	bytes_put_number(bytes, later ? 0 : member->compressed_bytes, 4);
	bytes_put_number(bytes, later ? 0 : member->size_bytes, 4);
	bytes_put_number(bytes, member->name_size, 2);
	bytes_put_number(bytes, local ? member->extra_size : 0, 2);
}

size_t zips_add(struct zips *zips, const struct zips_member *member)
{
	size_t at = zips->file.size;

	bytes_put(&zips->file, "PK\3\4", 4);
	put_common(&zips->file, member, true);
	bytes_put(&zips->file, member->name, member->name_size);
	if (member->extra_size > 0) {
		ck_assert_uint_ge(member->extra_size, 4);
		bytes_put_number(&zips->file, 0xcafe, 2);
		bytes_put_number(&zips->file, member->extra_size - 4U, 2);
		for (unsigned i = 4; i < member->extra_size; i++)
			bytes_put_number(&zips->file, 'x', 1);
	}
	bytes_put(&zips->file, member->data, member->data_size);
	if (member->descriptor) {
		bytes_put(&zips->file, "PK\7\10", 4);
		bytes_put_number(&zips->file, member->crc32, 4);
		bytes_put_number(&zips->file, member->compressed_bytes, 4);
		bytes_put_number(&zips->file, member->size_bytes, 4);
	}

	bytes_put(&zips->directory, "PK\1\2", 4);
	bytes_put_number(&zips->directory, 0x0314, 2); /* made by: Unix */
	put_common(&zips->directory, member, false);
	bytes_put_number(&zips->directory, 0, 2);              /* comment */
	bytes_put_number(&zips->directory, 0, 2);              /* disk */
	bytes_put_number(&zips->directory, 0, 2);              /* internal attributes */
	bytes_put_number(&zips->directory, 0100644U << 16, 4); /* external attributes */
	bytes_put_number(&zips->directory, at - zips->uncounted, 4);
	bytes_put(&zips->directory, member->name, member->name_size);
	zips->entries++;
	return at;
}

static void put_end64(struct zips *zips, uint64_t offset)
{
	uint64_t at = zips->file.size - zips->uncounted;

	bytes_put(&zips->file, "PK\6\6", 4);
	bytes_put_number(&zips->file, 44, 8); /* what follows */
	bytes_put_number(&zips->file, 45, 2);
	bytes_put_number(&zips->file, 45, 2);
	bytes_put_number(&zips->file, 0, 4);
	bytes_put_number(&zips->file, 0, 4);
	bytes_put_number(&zips->file, zips->entries, 8);
	bytes_put_number(&zips->file, zips->entries, 8);
	bytes_put_number(&zips->file, zips->directory.size, 8);
	bytes_put_number(&zips->file, offset, 8);
	bytes_put(&zips->file, "PK\6\7", 4);
	bytes_put_number(&zips->file, 0, 4);
	bytes_put_number(&zips->file, at, 8);
	bytes_put_number(&zips->file, 1, 4);
}

size_t zips_end(struct zips *zips, const struct zips_ending *ending)
{
	size_t at = zips->file.size;
	uint64_t offset = at - zips->uncounted;
	const uint64_t none = UINT64_MAX; /* the numbers are in the zip64 record */

	zips->ended = true;
	bytes_put(&zips->file, zips->directory.data, zips->directory.size);
	if (ending->zip64)
		put_end64(zips, offset);
	bytes_put(&zips->file, "PK\5\6", 4);
	bytes_put_number(&zips->file, ending->disk, 2);
	bytes_put_number(&zips->file, ending->disk, 2);
	bytes_put_number(&zips->file, ending->zip64 ? none : zips->entries, 2);
	bytes_put_number(&zips->file, ending->zip64 ? none : zips->entries, 2);
	bytes_put_number(&zips->file, ending->zip64 ? none : zips->directory.size, 4);
	bytes_put_number(&zips->file, ending->zip64 ? none : offset, 4);
	bytes_put_number(&zips->file, ending->comment_size, 2);
	bytes_put(&zips->file, ending->comment, ending->comment_size);
	return at;
}

int zips_file(const struct zips *zips)
{
	return file_of(zips->file.data, zips->file.size);
}

void zips_free(struct zips *zips)
{
	bytes_free(&zips->file);
	bytes_free(&zips->directory);
	*zips = (struct zips){0};
}

int zips_by_libzip(const char *path, const struct zips_content *contents, size_t count)
{
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_EXCL, NULL);

	ck_assert_ptr_nonnull(zip);
	for (size_t i = 0; i < count; i++) {
		const struct zips_content *content = &contents[i];
		zip_source_t *source = zip_source_buffer(zip, content->data, content->size, 0);
		ck_assert_ptr_nonnull(source);
		ck_assert_int_eq(zip_file_add(zip, content->name, source, 0), (zip_int64_t)i);
		ck_assert_int_eq(zip_set_file_compression(zip, i, content->method, 0), 0);
		if (content->password)
			ck_assert_int_eq(
				zip_file_set_encryption(zip, i, ZIP_EM_AES_256, content->password),
				0);
	}
	ck_assert_int_eq(zip_close(zip), 0);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}
