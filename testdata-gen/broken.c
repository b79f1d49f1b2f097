// SPDX-License-Identifier: MIT

#include "broken.h"

#include "image.h"
#include "message.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD_STORE     0
#define METHOD_DEFLATE64 9
#define METHOD_WAVPACK   97
#define DIRECTORY_MODE   (040755u << 16 | 0x10)
#define STUB_SIZE        1024
#define DAMAGED_BYTES    16
#define NAME(text)       text, sizeof(text) - 1
#define TEN_OF(text)     text text text text text text text text text text
#define LONG_NAME_296    TEN_OF("long_name_of_29_bytes________") "_and_6"
#define LAST_OF(image)   (&(image)->entries[(image)->count - 1])

/* One kind: what is done to a good archive, and to its middle member. */
struct kind {
	const char *name;
	const char *description;
	void (*damage)(struct image *image, struct image_entry *victim);
	int encryption; /* of the middle member in the good archive; 0: none */
};

struct odd_name {
	const char *bytes;
	uint16_t size;
	uint16_t flags;
};

static const struct odd_name hostile_names[] = {
	{NAME("../../etc/passwd"), 0},
	{NAME("/etc/passwd"), 0},
	{NAME("a/../b.dat"), 0},
	{NAME("."), 0},
	{NAME(".."), 0},
	{NAME("a/.."), 0},
	{NAME(""), 0},
	{NAME("new\nline.dat"), 0},
	{NAME("\033[31mescape\033[0m.dat"), 0},
	{NAME("tab\tand bell\a.dat"), 0},
	{NAME("invalid \xff\xfe\xc3.dat"), 0},
	{NAME("nul\0byte.dat"), 0},
	{NAME(LONG_NAME_296 ".dat"), 0},
	{NAME("directory/duplicate.dat"), 0},
	{NAME("directory/duplicate.dat"), 0},
	{NAME("back\\slash\\..\\file.dat"), 0},
	{NAME("C:\\drive.dat"), 0},
	{NAME("-option"), 0},
	{NAME("$(command) `command` 'quotes\" ;.dat"), 0},
	{NAME("gr\xc3\xbc\xc3\x9f.dat"), IMAGE_FLAG_UTF_8},
	{NAME("right-to-left \xe2\x80\xae"
	      "tad.exe"),
		IMAGE_FLAG_UTF_8},
	{NAME("plain.dat"), 0},
};

static const struct odd_name directory_names[] = {
	{NAME("empty/"), 0},
	{NAME("data/"), 0},
	{NAME("data/file_1.dat"), 0},
	{NAME("data/deep/"), 0},
	{NAME("data/deep/file_2.dat"), 0},
	{NAME("data/deep/empty.dat"), 0},
	{NAME("no_entry_of_its_own/file_3.dat"), 0},
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void damage_crc(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->crc ^= UINT32_MAX;
}

static void damage_data(struct image *image, struct image_entry *victim)
{
	size_t from = victim->data_size / 2;

	(void)image;
	for (size_t i = 0; i < DAMAGED_BYTES && from + i < victim->data_size; i++)
		victim->data[from + i] ^= 0x55;
}

/* The first block's type becomes 3, which deflate does not have (RFC 1951, 3.2.3). */
static void damage_data_invalid(struct image *image, struct image_entry *victim)
{
	(void)image;
	if (victim->data_size > 0)
		victim->data[0] |= 3 << 1;
}

static void damage_data_short(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->compressed_size /= 2;
}

static void damage_size_short(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->size--;
}

static void damage_size_long(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->size++;
}

static void damage_data_past_end(struct image *image, struct image_entry *victim)
{
	(void)victim;
	LAST_OF(image)->compressed_size += 1 << 24;
}

static void damage_truncated(struct image *image, struct image_entry *victim)
{
	image->cut_in = victim;
}

static void damage_local_header(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->local_signature = 0;
}

static void damage_central_header(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->central_signature = 0;
}

static void damage_method(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->method = METHOD_WAVPACK;
}

static void damage_deflate64(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->method = METHOD_DEFLATE64;
}

static void damage_encrypted_flag(struct image *image, struct image_entry *victim)
{
	(void)image;
	victim->flags |= IMAGE_FLAG_ENCRYPTED;
}

static void damage_nothing(struct image *image, struct image_entry *victim)
{
	(void)image;
	(void)victim;
}

static void damage_overlap(struct image *image, struct image_entry *victim)
{
	struct image_entry *before = victim - 1;

	(void)image;
	victim->stand_in = before;
	victim->crc = before->crc;
	victim->size = before->size;
	victim->compressed_size = before->compressed_size;
	victim->method = before->method;
	victim->flags = before->flags;
}

static void damage_multi_disk(struct image *image, struct image_entry *victim)
{
	(void)victim;
	image->disk = 1;
}

static void damage_empty(struct image *image, struct image_entry *victim)
{
	(void)victim;
	image->replacement = "";
}

static void damage_not_zip(struct image *image, struct image_entry *victim)
{
	(void)victim;
	image->replacement = "This is a line of text and no zip archive, whatever its name says.\n";
}

static void damage_no_members(struct image *image, struct image_entry *victim)
{
	(void)victim;
	image->count = 0;
}

static void make_prefix(struct image *image, struct image_entry *victim)
{
	(void)victim;
	image->stub_size = STUB_SIZE;
}

static void make_prefix_adjusted(struct image *image, struct image_entry *victim)
{
	(void)victim;
	image->stub_size = STUB_SIZE;
	image->stub_counted = true;
}

static void make_zip64(struct image *image, struct image_entry *victim)
{
	(void)victim;
	image->zip64 = true;
}

static void make_descriptors(struct image *image, struct image_entry *victim)
{
	(void)victim;
	for (size_t i = 0; i < image->count; i++)
		image->entries[i].flags |= IMAGE_FLAG_DESCRIPTOR;
}

static void rename_entries(struct image *image, const struct odd_name *names)
{
	for (size_t i = 0; i < image->count; i++) {
		image->entries[i].name = names[i].bytes;
		image->entries[i].name_size = names[i].size;
		image->entries[i].flags |= names[i].flags;
	}
}

static void make_names(struct image *image, struct image_entry *victim)
{
	(void)victim;
	rename_entries(image, hostile_names);
}

static void make_directories(struct image *image, struct image_entry *victim)
{
	(void)victim;
	rename_entries(image, directory_names);
	for (size_t i = 0; i < image->count; i++) {
		struct image_entry *entry = &image->entries[i];
		bool directory = directory_names[i].bytes[directory_names[i].size - 1] == '/';

		if (directory)
			entry->external_attributes = DIRECTORY_MODE;
		if (directory || strstr(directory_names[i].bytes, "empty")) {
			entry->method = METHOD_STORE;
			entry->crc = entry->size = entry->compressed_size = 0;
			entry->data_size = 0;
		}
	}
}

static const struct kind kinds[] = {
	/* One member is wrong: the middle one, but for data-past-end. */
	{"crc", "the CRC-32 of one member is wrong in both headers", damage_crc, 0},
	{"data", "bits of one member's compressed data are flipped", damage_data, 0},
	{"data-invalid", "one member's deflate data begin with a block of no known type",
		damage_data_invalid, 0},
	{"data-short", "one member states half of the compressed data that it has",
		damage_data_short, 0},
	{"size-short", "one member states one byte less than it has", damage_size_short, 0},
	{"size-long", "one member states one byte more than it has", damage_size_long, 0},
	{"data-past-end", "the last member states compressed data that end past the file's end",
		damage_data_past_end, 0},
	{"local-header", "one member has no local header where the directory says",
		damage_local_header, 0},
	{"method", "one member states the unsupported method 97", damage_method, 0},
	{"deflate64", "one member states the method 9, deflate64", damage_deflate64, 0},
	{"encrypted", "one member is encrypted by ZipCrypto, or as --encrypt says", damage_nothing,
		ZIP_EM_TRAD_PKWARE},
	{"encrypted-aes", "one member is encrypted by AES-256, or as --encrypt says",
		damage_nothing, ZIP_EM_AES_256},
	{"encrypted-flag", "one member states that it is encrypted, and is not",
		damage_encrypted_flag, 0},
	{"overlap", "one member has the local header and data of the one before it", damage_overlap,
		0},

	/* The archive is wrong: no member can be had. */
	{"truncated", "the file ends in the middle of a member's data", damage_truncated, 0},
	{"central-header", "one header of the central directory has no signature",
		damage_central_header, 0},
	{"multi-disk", "the archive says that it is one part of several", damage_multi_disk, 0},
	{"empty", "a file of no bytes", damage_empty, 0},
	{"not-zip", "a line of text", damage_not_zip, 0},

	/* Odd, but right. */
	{"no-members", "right: an archive of no members", damage_no_members, 0},
	{"names", "right, but for hostile names of members", make_names, 0},
	{"prefix", "right: 1,024 bytes before the archive, which offsets do not count", make_prefix,
		0},
	{"prefix-adjusted", "right: 1,024 bytes before the archive, which offsets count",
		make_prefix_adjusted, 0},
	{"directories", "right: entries of directories, and empty members", make_directories, 0},
	{"descriptors", "right: sizes and CRC-32 stand behind each member's data", make_descriptors,
		0},
	{"zip64", "right: sizes, offsets and counts in zip64 fields", make_zip64, 0},
};

bool broken_known(const char *kind)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (strcmp(kind, kinds[i].name) == 0)
			return true;
	}
	return strcmp(kind, BROKEN_ALL) == 0;
}

void broken_list(void)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		printf("%s\t%s\n", kinds[i].name, kinds[i].description);
}

/* How many members the good archive has: those whose names are a table's have as many. */
static uint64_t members_of(const struct kind *kind, uint64_t members)
{
	if (kind->damage == make_names)
		return COUNT_OF(hostile_names);
	if (kind->damage == make_directories)
		return COUNT_OF(directory_names);
	return members;
}

/* Write the good archive, under the same path. */
static int write_good(const struct kind *kind, const char *path, uint64_t members,
	const struct member_settings *settings)
{
	struct member_settings own = *settings;
	struct archive_plan plan = {
		.path = path,
		.stem = "member",
		.members = members,
		.encrypted_member = members / 2,
	};
	zip_error_t error;
	int result;

	if (kind->encryption == ZIP_EM_NONE)
		own.encryption = ZIP_EM_NONE;
	else if (own.encryption == ZIP_EM_NONE)
		own.encryption = kind->encryption;

	zip_error_init(&error);
	result = archive_write(&plan, &own, &error);
	if (result)
		complain("%s: %s", path, zip_error_strerror(&error));
	zip_error_fini(&error);
	return result;
}

static int write_kind(const struct kind *kind, const char *directory, const char *suffix,
	uint64_t members, const struct member_settings *settings)
{
	cleanup_free char *path = NULL;
	struct image image;
	int result;

	members = members_of(kind, members);
	if (asprintf(&path, "%s/%s%s", directory, kind->name, suffix) < 0) {
		path = NULL;
		complain("%s: %s", directory, strerror(ENOMEM));
		return -1;
	}
	if (write_good(kind, path, members, settings))
		return -1;
	if (image_read(&image, path)) {
		complain("%s: %s", path, strerror(errno));
		return -1;
	}
	kind->damage(&image, &image.entries[members / 2]);
	result = image_write(&image, path);
	if (result)
		complain("%s: %s", path, strerror(errno));
	image_release(&image);
	return result;
}

int broken_write(const char *kind, const char *directory, const char *suffix, uint64_t members,
	const struct member_settings *settings)
{
	bool all = strcmp(kind, BROKEN_ALL) == 0;

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if ((all || strcmp(kind, kinds[i].name) == 0) &&
			write_kind(&kinds[i], directory, suffix, members, settings))
			return -1;
	}
	return 0;
}
