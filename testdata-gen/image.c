// SPDX-License-Identifier: MIT

#include "image.h"

#include "util/cleanup.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOCAL_SIGNATURE      0x04034b50u
#define CENTRAL_SIGNATURE    0x02014b50u
#define DESCRIPTOR_SIGNATURE 0x08074b50u
#define END_SIGNATURE        0x06054b50u
#define END64_SIGNATURE      0x06064b50u
#define LOCATOR64_SIGNATURE  0x07064b50u

#define LOCAL_SIZE   30
#define CENTRAL_SIZE 46
#define END_SIZE     22

#define MADE_BY_UNIX   (3 << 8)
#define ZIP64_VERSION  45
#define ZIP64_EXTRA_ID 1
#define STUB_LINE      "This line is no part of the archive; it is 64 bytes, like this.\n"

static uint16_t get16(const uint8_t *place)
{
	uint16_t value;

	memcpy(&value, place, sizeof(value));
	return le16toh(value);
}

static uint32_t get32(const uint8_t *place)
{
	uint32_t value;

	memcpy(&value, place, sizeof(value));
	return le32toh(value);
}

static void put16(FILE *file, uint16_t value)
{
	value = htole16(value);
	fwrite(&value, sizeof(value), 1, file);
}

static void put32(FILE *file, uint32_t value)
{
	value = htole32(value);
	fwrite(&value, sizeof(value), 1, file);
}

static void put64(FILE *file, uint64_t value)
{
	value = htole64(value);
	fwrite(&value, sizeof(value), 1, file);
}

/* The whole file in memory, which the caller frees; NULL with errno. */
static uint8_t *slurp(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	uint8_t *bytes = NULL;
	long length;

	if (!file)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0) {
		*size = (size_t)length;
		rewind(file);
		bytes = malloc(*size + 1);
		if (bytes && fread(bytes, 1, *size, file) != *size) {
			free(bytes);
			bytes = NULL;
			errno = EIO;
		}
	}
	fclose(file);
	return bytes;
}

/* Read the central header at @*offset and the local one that it tells of; move on behind it. */
static int entry_read(struct image_entry *entry, uint8_t *bytes, size_t size, size_t *offset)
{
	const uint8_t *central = bytes + *offset;

	if (size - *offset < CENTRAL_SIZE || get32(central) != CENTRAL_SIGNATURE)
		return -1;
	entry->central_signature = CENTRAL_SIGNATURE;
	entry->version = get16(central + 6);
	entry->flags = get16(central + 8);
	entry->method = get16(central + 10);
	entry->time = get16(central + 12);
	entry->date = get16(central + 14);
	entry->crc = get32(central + 16);
	entry->compressed_size = get32(central + 20);
	entry->size = get32(central + 24);
	entry->name_size = get16(central + 28);
	entry->extra_size = get16(central + 30);
	entry->external_attributes = get32(central + 38);

	size_t variable = (size_t)entry->name_size + entry->extra_size;
	if (size - *offset - CENTRAL_SIZE < variable)
		return -1;
	entry->name = central + CENTRAL_SIZE;
	entry->extra = central + CENTRAL_SIZE + entry->name_size;
	*offset += CENTRAL_SIZE + variable + get16(central + 32);

	size_t local = get32(central + 42);
	if (local > size || size - local < LOCAL_SIZE || get32(bytes + local) != LOCAL_SIGNATURE)
		return -1;
	entry->local_signature = LOCAL_SIGNATURE;

	size_t data = local + LOCAL_SIZE + get16(bytes + local + 26) + get16(bytes + local + 28);
	if (data > size || size - data < entry->compressed_size)
		return -1;
	entry->data = bytes + data;
	entry->data_size = entry->compressed_size;
	return 0;
}

int image_read(struct image *image, const char *path)
{
	size_t size = 0;

	*image = (struct image){0};
	image->bytes = slurp(path, &size);
	if (!image->bytes)
		return -1;

	const uint8_t *end = image->bytes + size - END_SIZE;
	if (size < END_SIZE || get32(end) != END_SIGNATURE || get32(end + 16) > size)
		goto bad;
	image->count = get16(end + 10);
	image->entries = calloc(image->count + 1, sizeof(*image->entries));
	if (!image->entries)
		goto failed;

	size_t offset = get32(end + 16);
	for (size_t i = 0; i < image->count; i++) {
		if (offset > size || entry_read(&image->entries[i], image->bytes, size, &offset))
			goto bad;
	}
	return 0;

bad:
	errno = EBADMSG;
failed:
	image_release(image);
	return -1;
}

/* 4.5.3; the central header's also has the offset. */
static void put_zip64_extra(FILE *file, const struct image_entry *entry, const uint64_t *offset)
{
	put16(file, ZIP64_EXTRA_ID);
	put16(file, offset ? 24 : 16);
	put64(file, entry->size);
	put64(file, entry->compressed_size);
	if (offset)
		put64(file, *offset);
}

/* The fields that both headers have in common, from the version on: 4.3.7, 4.3.12. */
static void put_common(FILE *file, const struct image *image, const struct image_entry *entry,
	bool sizes_follow, uint16_t zip64_size)
{
	bool zip64 = image->zip64 && !sizes_follow;

	put16(file, image->zip64 ? ZIP64_VERSION : entry->version);
	put16(file, entry->flags);
	put16(file, entry->method);
	put16(file, entry->time);
	put16(file, entry->date);
	put32(file, sizes_follow ? 0 : entry->crc);
	put32(file, zip64 ? UINT32_MAX : sizes_follow ? 0 : entry->compressed_size);
	put32(file, zip64 ? UINT32_MAX : sizes_follow ? 0 : entry->size);
	put16(file, entry->name_size);
	put16(file, (uint16_t)(entry->extra_size + zip64_size));
}

/* The local header and the data, with a descriptor behind them where the flags say so: 4.3.9. */
static void put_member(FILE *file, const struct image *image, struct image_entry *entry)
{
	bool descriptor = entry->flags & IMAGE_FLAG_DESCRIPTOR;
	bool zip64 = image->zip64 && !descriptor;

	entry->local_offset = (uint64_t)ftell(file);
	put32(file, entry->local_signature);
	put_common(file, image, entry, descriptor, zip64 ? 20 : 0);
	fwrite(entry->name, 1, entry->name_size, file);
	if (zip64)
		put_zip64_extra(file, entry, NULL);
	fwrite(entry->extra, 1, entry->extra_size, file);
	entry->data_offset = (uint64_t)ftell(file);
	fwrite(entry->data, 1, entry->data_size, file);
	if (descriptor) {
		put32(file, DESCRIPTOR_SIGNATURE);
		put32(file, entry->crc);
		put32(file, entry->compressed_size);
		put32(file, entry->size);
	}
}

static void put_central(FILE *file, const struct image *image, const struct image_entry *entry)
{
	const struct image_entry *located = entry->stand_in ? entry->stand_in : entry;
	uint64_t offset = located->local_offset - (image->stub_counted ? 0 : image->stub_size);

	put32(file, entry->central_signature);
	put16(file, MADE_BY_UNIX | ZIP64_VERSION);
	put_common(file, image, entry, false, image->zip64 ? 28 : 0);
	put16(file, 0); /* comment length */
	put16(file, 0); /* disk */
	put16(file, 0); /* internal attributes */
	put32(file, entry->external_attributes);
	put32(file, image->zip64 ? UINT32_MAX : (uint32_t)offset);
	fwrite(entry->name, 1, entry->name_size, file);
	if (image->zip64)
		put_zip64_extra(file, entry, &offset);
	fwrite(entry->extra, 1, entry->extra_size, file);
}

/* The zip64 end record and its locator: 4.3.14, 4.3.15. */
static void put_end64(FILE *file, const struct image *image, uint64_t size, uint64_t offset)
{
	uint64_t end64_offset = offset + size;

	put32(file, END64_SIGNATURE);
	put64(file, 44); /* the size of the rest of this record */
	put16(file, MADE_BY_UNIX | ZIP64_VERSION);
	put16(file, ZIP64_VERSION);
	put32(file, 0);
	put32(file, 0);
	put64(file, image->count);
	put64(file, image->count);
	put64(file, size);
	put64(file, offset);

	put32(file, LOCATOR64_SIGNATURE);
	put32(file, 0);
	put64(file, end64_offset);
	put32(file, 1);
}

/* The directory's end: 4.3.16. */
static void put_end(FILE *file, const struct image *image, uint64_t size, uint64_t offset)
{
	uint16_t count = image->zip64 ? UINT16_MAX : (uint16_t)image->count;

	if (image->zip64)
		put_end64(file, image, size, offset);
	put32(file, END_SIGNATURE);
	put16(file, image->disk);
	put16(file, image->disk);
	put16(file, count);
	put16(file, count);
	put32(file, image->zip64 ? UINT32_MAX : (uint32_t)size);
	put32(file, image->zip64 ? UINT32_MAX : (uint32_t)offset);
	put16(file, 0); /* comment length */
}

static void put_archive(FILE *file, struct image *image)
{
	for (size_t i = 0; i < image->stub_size; i += strlen(STUB_LINE))
		fputs(STUB_LINE, file);
	for (size_t i = 0; i < image->count; i++) {
		if (!image->entries[i].stand_in)
			put_member(file, image, &image->entries[i]);
	}

	uint64_t offset = (uint64_t)ftell(file);
	for (size_t i = 0; i < image->count; i++)
		put_central(file, image, &image->entries[i]);
	uint64_t size = (uint64_t)ftell(file) - offset;
	put_end(file, image, size, offset - (image->stub_counted ? 0 : image->stub_size));
}

int image_write(struct image *image, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return -1;
	if (image->replacement)
		fputs(image->replacement, file);
	else
		put_archive(file, image);

	bool failed = fflush(file) || ferror(file);
	if (!failed && image->cut_in) {
		uint64_t middle = image->cut_in->data_offset + image->cut_in->data_size / 2;
		failed = ftruncate(fileno(file), (off_t)middle) != 0;
	}

	int code = errno;
	if (fclose(file) && !failed) {
		failed = true;
		code = errno;
	}
	errno = code;
	return failed ? -1 : 0;
}

void image_release(struct image *image)
{
	free(image->bytes);
	free(image->entries);
	*image = (struct image){0};
}
