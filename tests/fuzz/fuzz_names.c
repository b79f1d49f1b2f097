// SPDX-License-Identifier: MIT

/*
 * Names from archives: what their files are called, how they are converted and shown, which are
 * wanted.
 * Input: two numbers, a byte each for how much room there is and how long the glob is, the glob,
 * the name.
 */

#include "fuzz.h"
#include "protocol/encoding.h"
#include "protocol/filter.h"
#include "protocol/membername.h"
#include "util/printable.h"
#include "util/utf8.h"
#include "worker/container/names.h"

#include <stdlib.h>
#include <string.h>

static const char portable[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static void check_clean(const char *name, size_t size)
{
	char base[MEMBER_BASE_MAX + 1];
	char again[MEMBER_BASE_MAX + 1];
	size_t length = member_base_clean(name, size, base);
	size_t start = member_base_offset(name, size);

	MUST(length > 0 && length <= MEMBER_BASE_MAX);
	MUST(strlen(base) == length);
	MUST(strspn(base, portable) == length);
	MUST(member_base_clean(base, length, again) == length);
	MUST(memcmp(base, again, length + 1) == 0);

	/* What is not cut has each byte in its place; what is cut has the beginning. */
	MUST(start <= size && !memchr(name + start, '/', size - start));
	MUST(start == 0 || name[start - 1] == '/');
	size_t whole = size - start;
	if (whole > 0 && whole <= MEMBER_BASE_MAX)
		MUST(length == whole);
	if (whole > MEMBER_BASE_MAX)
		MUST(length == MEMBER_BASE_MAX);
	size_t same = whole <= MEMBER_BASE_MAX ? whole : MEMBER_BASE_MAX - 16;
	for (size_t i = 0; i < same; i++) {
		char byte = name[start + i];
		bool harmless = byte != '\0' && strchr(portable, byte);
		MUST(base[i] == (harmless ? byte : '_'));
	}
}

static void check_file_name(uint64_t archive, uint64_t member, const char *name, size_t size)
{
	char file[MEMBER_FILE_SIZE];
	uint64_t archive_read;
	uint64_t member_read;
	size_t length = member_file_name(archive, member, name, size, file);

	MUST(length < sizeof(file) && strlen(file) == length);
	MUST(strspn(file, portable) == length);
	MUST(member_file_parse(file, &archive_read, &member_read));
	MUST(archive_read == archive && member_read == member);
}

/* Any text may be in the directory; only what could have been made is read. */
static void check_parse(const char *name, size_t size)
{
	char file[MEMBER_FILE_SIZE];
	uint64_t archive;
	uint64_t member;
	char *text = strndup(name, size);

	MUST(text);
	if (member_file_parse(text, &archive, &member)) {
		member_file_name(archive, member, "x", 1, file);
		*strrchr(file, 'x') = '\0';
		MUST(strncmp(file, text, strlen(file)) == 0);
	}
	free(text);
}

/* The bytes that the escapes of @text stand for. */
static size_t unescape(const char *text, char *bytes)
{
	size_t size = 0;

	for (const char *at = text; *at; at++) {
		if (*at != '\\') {
			bytes[size++] = *at;
			continue;
		}
		char hexadecimal[3] = {0};
		switch (*++at) {
		case '\\':
			bytes[size++] = '\\';
			break;
		case 'n':
			bytes[size++] = '\n';
			break;
		case 't':
			bytes[size++] = '\t';
			break;
		case 'r':
			bytes[size++] = '\r';
			break;
		default:
			MUST(*at == 'x' && at[1] && at[2]);
			memcpy(hexadecimal, at + 1, 2);
			bytes[size++] = (char)strtoul(hexadecimal, NULL, 16);
			at += 2;
			break;
		}
	}
	return size;
}

static void check_printable(const char *name, size_t size, size_t capacity)
{
	char *text = malloc(capacity); /* of just this size, so that a byte too much is seen */
	char *whole = malloc(4 * size + 8);
	char *bytes = malloc(4 * size + 8);

	MUST(text && whole && bytes);
	MUST(printable(name, size, text, capacity) == text);
	MUST(strlen(text) < capacity);
	MUST(fuzz_is_printable(text));

	/* With room for all, nothing is lost. */
	printable(name, size, whole, 4 * size + 8);
	MUST(fuzz_is_printable(whole));
	MUST(unescape(whole, bytes) == size);
	MUST(memcmp(bytes, name, size) == 0);

	if (strlen(whole) < capacity) {
		MUST(strcmp(text, whole) == 0);
	} else {
		size_t kept = strlen(text) - 3;
		MUST(strcmp(text + kept, "...") == 0);
		MUST(strncmp(text, whole, kept) == 0);
	}
	free(text);
	free(whole);
	free(bytes);
}

static bool wants(
	bool first_includes, const char *first, bool includes, const char *glob, const char *name)
{
	struct filter_rule rules[] = {{first_includes, first}, {includes, glob}};
	struct filter filter = {first ? rules : rules + 1, first ? 2 : 1};

	return filter_wants(&filter, name);
}

static void check_filter(const char *glob, const char *name)
{
	bool matches = wants(false, NULL, true, glob, name);

	/* A rule that includes is the other way round from one that excludes ... */
	MUST(wants(false, NULL, false, glob, name) == !matches);
	/* ... the last one decides where it matches, and the first says what else is wanted. */
	MUST(wants(true, "*", true, glob, name));
	MUST(wants(true, "*", false, glob, name) == !matches);
	MUST(wants(false, "*", true, glob, name) == matches);
	MUST(!wants(false, "*", false, glob, name));
}

/* UTF-8 comes out, or the name as it is, and the same for what has come out. */
static void check_conversion(struct names *names, const char *name)
{
	static char before[MEMBER_NAME_MAX + 1];
	size_t whole = strlen(name);
	uint16_t size = (uint16_t)whole;

	if (whole > MEMBER_NAME_MAX)
		return;
	memcpy(before, name, whole + 1);
	const char *converted = names_convert(names, name, &size, false);
	MUST(memcmp(before, name, whole + 1) == 0);
	MUST(strlen(converted) == size);
	if (converted == name)
		MUST(size == whole);
	else
		MUST(utf8_is_valid(converted, size));
	if (names->converter != ENCODING_NONE)
		return;
	MUST(utf8_is_valid(converted, size));
	MUST((converted == name) == utf8_is_valid(name, whole));
	/* A character for a byte, as long as there is room. */
	if (converted != name && whole <= MEMBER_NAME_MAX / 3) {
		size_t characters = 0;
		for (size_t i = 0; i < size; i++)
			characters += ((unsigned char)converted[i] & 0xc0) != 0x80;
		MUST(characters == whole);
	}
	MUST(names_convert(names, converted, &size, false) == converted);
}

static void check_conversions(const char *name)
{
	static const char *const encodings[] = {NULL, "CP1252", "CP932", "GB18030", "BIG5-HKSCS",
		"EUC-JISX0213", "EUC-KR", "TCVN", "UTF-8"};
	static struct names *all;
	enum { COUNT = sizeof(encodings) / sizeof(encodings[0]) };

	if (!all) {
		all = calloc(COUNT, sizeof(*all));
		MUST(all);
		for (size_t i = 0; i < COUNT; i++)
			MUST(names_init(&all[i], encodings[i]) == 0);
	}
	for (size_t i = 0; i < COUNT; i++)
		check_conversion(&all[i], name);
}

static void check_cut(const char *name, size_t size, size_t most)
{
	size_t cut = utf8_cut(name, size, most);

	MUST(cut <= size && cut <= most);
	MUST(size <= most ? cut == size : cut + 3 >= most);
	if (utf8_is_valid(name, size))
		MUST(utf8_is_valid(name, cut));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint64_t archive = fuzz_take_u64(&input);
	uint64_t member = fuzz_take_u64(&input);
	size_t capacity = 8 + (size_t)fuzz_take_u8(&input) * 4;
	/* fnmatch(3) takes exponential time for many stars, and the glob is the user's own. */
	size_t glob_size = fuzz_take_u8(&input) % 12;
	char *glob = strndup(fuzz_take(&input, glob_size, &glob_size), glob_size);
	const char *name = (const char *)input.at;
	size_t name_size = input.left;
	char *text = strndup(name, name_size);

	MUST(glob && text);
	check_clean(name, name_size);
	check_file_name(archive, member, name, name_size);
	check_parse(name, name_size);
	check_printable(name, name_size, capacity);
	check_filter(glob, text);
	check_conversions(text);
	check_cut(name, name_size, capacity);
	free(glob);
	free(text);
	return 0;
}
