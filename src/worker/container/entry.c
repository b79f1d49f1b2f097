// SPDX-License-Identifier: MIT

#include "worker/container/entry.h"

#include "util/utf8.h"
#include "worker/container/bytes.h"

#include <string.h>
#include <zlib.h>

/* Bits of the general purpose flags (APPNOTE 4.4.4). */
#define FLAG_ENCRYPTED         (1 << 0)
#define FLAG_DESCRIPTOR        (1 << 3)
#define FLAG_STRONG_ENCRYPTION (1 << 6)
#define FLAG_UTF8              (1 << 11)

/* Whose file attributes an entry has, in the upper byte of the version (APPNOTE 4.4.2). */
#define HOST_DOS 0

/* Extra fields (APPNOTE 4.5.2, 4.6.1; the AES one: APPNOTE, appendix E). */
#define EXTRA_ZIP64        0x0001
#define EXTRA_UNICODE_PATH 0x7075
#define EXTRA_AES          0x9901

#define SENTINEL_32 0xffffffff

size_t entry_size(const uint8_t *header)
{
	if (bytes_u32(header) != SIGNATURE_ENTRY)
		return 0;
	return ENTRY_HEADER_SIZE + (size_t)bytes_u16(header + 28) + bytes_u16(header + 30) +
	       bytes_u16(header + 32);
}

size_t local_header_size(const uint8_t *header)
{
	if (bytes_u32(header) != SIGNATURE_LOCAL)
		return 0;
	return LOCAL_HEADER_SIZE + (size_t)bytes_u16(header + 26) + bytes_u16(header + 28);
}

/* Days from 1970-01-01 to the first of March of @year, counted in years that begin there. */
static uint64_t days_to_march(uint64_t year)
{
	return 365 * year + year / 4 - year / 100 + year / 400 - 719468;
}

/* Seconds from 1970 to the date and time of MS-DOS (APPNOTE 4.4.6), or 0 if they are none. */
static uint64_t time_of(uint16_t time, uint16_t date)
{
	/* Days before each month of a year that begins in March. */
	static const uint16_t before[] = {306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
	unsigned month = date >> 5 & 15;
	unsigned day = date & 31;
	unsigned hour = time >> 11;
	unsigned minute = time >> 5 & 63;
	unsigned second = (time & 31U) * 2;

	if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
		return 0;
	uint64_t year = 1980U + (date >> 9U) - (month < 3 ? 1U : 0U);
	uint64_t days = days_to_march(year) + before[month - 1] + day - 1;
	return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

/* An extra field's number, if it is there. */
static void take_u64(const uint8_t **at, size_t *left, uint64_t *value)
{
	if (*left < 8)
		return;
	*value = bytes_u64(*at);
	*at += 8;
	*left -= 8;
}

/* APPNOTE 4.5.3: of the numbers that are not in the entry itself, in this order. */
static void parse_zip64(const uint8_t *field, size_t size, struct member *member)
{
	uint64_t *const numbers[] = {
		&member->size_bytes, &member->compressed_bytes, &member->header_offset};

	for (size_t i = 0; i < 3; i++) {
		if (*numbers[i] == SENTINEL_32)
			take_u64(&field, &size, numbers[i]);
	}
}

/* APPNOTE 4.6.9: the name in UTF-8, unless the name in the entry was changed after it. */
static void parse_unicode_path(
	const uint8_t *field, size_t size, const uint8_t *name, struct member *member)
{
	const char *path = (const char *)field + 5;

	if (size <= 5 || field[0] != 1 ||
		bytes_u32(field + 1) != crc32_z(0, name, member->name_size))
		return;
	size -= 5;
	if (memchr(path, '\0', size) || !utf8_is_valid(path, size))
		return;
	member->name = path;
	member->name_size = (uint16_t)size;
	member->name_is_utf8 = true;
}

/* The AES extra field: version, vendor, strength, method. False if it makes no sense. */
static bool parse_aes(const uint8_t *field, size_t size, struct member *member)
{
	if (size < 7 || memcmp(field + 2, "AE", 2) != 0 || field[4] < 1 || field[4] > 3)
		return false;
	member->encryption = (enum encryption)(ENCRYPTION_AES_128 + field[4] - 1);
	member->method = bytes_u16(field + 5);
	member->crc_unstated = bytes_u16(field) == 2;
	return true;
}

/* Only the first field of a kind counts. */
static void parse_extra(
	const uint8_t *extra, size_t size, const uint8_t *name, struct member *member)
{
	bool zip64 = false;
	bool unicode_path = false;
	bool aes = member->fault != FAILURE_BAD_ENTRY;

	while (size >= 4) {
		unsigned kind = bytes_u16(extra);
		size_t field_size = bytes_u16(extra + 2);
		const uint8_t *field = extra + 4;

		if (field_size > size - 4)
			break;
		if (kind == EXTRA_ZIP64 && !zip64) {
			parse_zip64(field, field_size, member);
			zip64 = true;
		} else if (kind == EXTRA_UNICODE_PATH && !unicode_path) {
			parse_unicode_path(field, field_size, name, member);
			unicode_path = true;
		} else if (kind == EXTRA_AES && !aes && parse_aes(field, field_size, member)) {
			member->fault = FAILURE_NONE;
			aes = true;
		}
		extra += 4 + field_size;
		size -= 4 + field_size;
	}
}

static void parse_encryption(unsigned flags, const uint8_t *entry, struct member *member)
{
	member->encrypted = flags & FLAG_ENCRYPTED;
	if (!member->encrypted)
		return;
	if (flags & FLAG_STRONG_ENCRYPTION) {
		member->encryption = ENCRYPTION_UNKNOWN;
		member->fault = FAILURE_UNSUPPORTED_ENCRYPTION;
	} else if (member->method == METHOD_AES) {
		member->encryption = ENCRYPTION_UNKNOWN;
		member->fault = FAILURE_BAD_ENTRY; /* until the extra field shows */
	} else {
		/* Whoever does not know the CRC-32 yet takes the time (Info-ZIP). */
		member->encryption = ENCRYPTION_ZIPCRYPTO;
		member->password_checks[0] = entry[19];
		member->password_checks[1] = entry[flags & FLAG_DESCRIPTOR ? 13 : 19];
	}
}

void entry_parse(const uint8_t *entry, struct member *member)
{
	unsigned flags = bytes_u16(entry + 8);
	const uint8_t *name = entry + ENTRY_HEADER_SIZE;
	size_t extra_size = bytes_u16(entry + 30);

	member->method = bytes_u16(entry + 10);
	member->time = time_of(bytes_u16(entry + 12), bytes_u16(entry + 14));
	member->crc32 = bytes_u32(entry + 16);
	member->compressed_bytes = bytes_u32(entry + 20);
	member->size_bytes = bytes_u32(entry + 24);
	member->name_size = bytes_u16(entry + 28);
	member->header_offset = bytes_u32(entry + 42);
	member->name = (const char *)name;
	member->name_is_utf8 = flags & FLAG_UTF8;
	member->name_is_dos = entry[5] == HOST_DOS;
	member->crc_unstated = false;
	memset(member->password_checks, 0, sizeof(member->password_checks));
	member->encryption = ENCRYPTION_NONE;
	member->fault = FAILURE_NONE;
	parse_encryption(flags, entry, member);
	if (extra_size > 0)
		parse_extra(name + member->name_size, extra_size, name, member);
	size_t whole = member->name_size;
	member->name_size = (uint16_t)strnlen(member->name, whole);
	member->name_is_cut = member->name_size < whole;
	member->directory = member->name_size > 0 && member->name[member->name_size - 1] == '/';
}
