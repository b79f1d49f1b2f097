// SPDX-License-Identifier: MIT

#include "parent/ownname.h"

#include "protocol/membername.h"
#include "util/printable.h"
#include "util/utf8.h"

#include <string.h>
#include <strings.h>

/* What the hidden directories and files of runs begin with: rundir.h, scratchfile.h. */
#define RUN_PREFIX ".zipmap"

/*
 * Bytes of the character at the start of @text if that drives terminals, ends a line or changes the
 * direction of text; 0: it does not. Bytes that are no UTF-8 stay as they are.
 */
static size_t unprintable_size(const char *text, size_t size)
{
	uint32_t character = 0;
	size_t length = utf8_decode(text, size, &character);

	/* A backslash is only special where characters are shown by it. */
	bool plain = character == '\\' || printable_character(character);
	return length > 0 && !plain ? length : 0;
}

/* Append @size bytes as they are. */
static enum name_fault append(struct ownname *path, size_t most, const char *text, size_t size)
{
	if (size > most - path->size)
		return NAME_LONG;
	memcpy(path->text + path->size, text, size);
	path->size += size;
	path->text[path->size] = '\0';
	return NAME_GOOD;
}

/* Append a component, made printable. */
static enum name_fault append_component(
	struct ownname *path, size_t most, const char *text, size_t size)
{
	enum name_fault fault = path->size > 0 ? append(path, most, "/", 1) : NAME_GOOD;

	path->base_at = path->size;
	for (size_t at = 0; at < size && fault == NAME_GOOD;) {
		size_t unprintable = unprintable_size(text + at, size - at);
		fault = append(path, most, unprintable > 0 ? "_" : text + at, 1);
		at += unprintable > 0 ? unprintable : 1;
	}
	return path->size - path->base_at > NAME_MAX ? NAME_LONG : fault;
}

/* The component that stands for the archive. */
static enum name_fault append_archive(struct ownname *path, size_t most, const char *archive_path)
{
	const char *slash = strrchr(archive_path, '/');
	const char *base = slash ? slash + 1 : archive_path;
	size_t size = strlen(base);

	if (strcmp(archive_path, "-") == 0)
		return append_component(path, most, OWNNAME_STDIN, strlen(OWNNAME_STDIN));
	bool has_ending = size > 4 && (strcasecmp(base + size - 4, ".zip") == 0 ||
					      strcasecmp(base + size - 4, ".npz") == 0);
	/* Nothing but dots is no name. */
	if (has_ending && strspn(base, ".") < size - 4)
		size -= 4;
	return append_component(path, most, base, size);
}

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* What separates the components of the name. */
static char separator_of(const struct record *record)
{
	return record->dos_name && !memchr(record->name, '/', record->name_size) ? '\\' : '/';
}

static bool is_dots(const char *text, size_t size, size_t count)
{
	return size == count && memcmp(text, "..", count) == 0;
}

bool ownname_is_directory(const struct record *record)
{
	return record->place == PLACE_DIRECTORY ||
	       (record->size_bytes == 0 && record->name_size > 0 &&
		       record->name[record->name_size - 1] == separator_of(record));
}

/* Append the components of the name, which is not empty. */
static enum name_fault append_name(
	struct ownname *path, size_t most, const struct record *record, char separator)
{
	enum name_fault fault = NAME_GOOD;
	bool named = false; /* the last component is one */

	for (size_t at = 0, end; at <= record->name_size && fault == NAME_GOOD; at = end + 1) {
		const char *text = record->name + at;
		size_t left = record->name_size - at;
		const char *next = memchr(text, separator, left);
		size_t size = next ? (size_t)(next - text) : left;

		end = at + size;
		if (is_dots(text, size, 2))
			return NAME_PARENT;
		named = size > 0 && !is_dots(text, size, 1);
		if (named)
			fault = append_component(path, most, text, size);
	}
	if (fault == NAME_GOOD && !named && !ownname_is_directory(record))
		return NAME_EMPTY;
	return fault;
}

static enum name_fault append_suffix(struct ownname *path, size_t most, const struct record *record)
{
	enum name_fault fault = NAME_GOOD;

	if (record->npy_header && !ownname_is_directory(record))
		fault = append(path, most, MEMBER_NPY_SUFFIX, strlen(MEMBER_NPY_SUFFIX));
	return path->size - path->base_at > NAME_MAX ? NAME_LONG : fault;
}

enum name_fault ownname_make(const struct record *record, const char *archive_path, bool flat,
	size_t most, struct ownname *path)
{
	const char *name = record->name;
	char separator = separator_of(record);
	enum name_fault fault = NAME_GOOD;

	path->size = path->base_at = 0;
	path->text[0] = '\0';
	if (record->cut_name)
		return NAME_CUT;
	if (record->name_size == 0)
		return NAME_EMPTY;
	if (name[0] == separator)
		return NAME_ABSOLUTE;
	if (record->name_size > 1 && is_letter(name[0]) && name[1] == ':')
		return NAME_DRIVE;
	if (most >= PATH_MAX)
		most = PATH_MAX - 1;
	if (!flat)
		fault = append_archive(path, most, archive_path);
	if (fault == NAME_GOOD)
		fault = append_name(path, most, record, separator);
	if (fault == NAME_GOOD)
		fault = append_suffix(path, most, record);
	if (fault == NAME_GOOD && strncmp(path->text, RUN_PREFIX, strlen(RUN_PREFIX)) == 0)
		return NAME_RUN;
	return fault;
}
