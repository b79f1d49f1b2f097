// SPDX-License-Identifier: MIT

#include "parent/template.h"

#include <stdlib.h>
#include <string.h>

/* What a part of a word stands for. */
enum part {
	PART_OPEN,  /* an opening brace */
	PART_CLOSE, /* a closing one */
	PART_PATH,
	PART_BASE,
	PART_DIRECTORY,
	PART_STEM,
	PART_BASE_STEM,
	PART_TEXT, /* a byte that is only that */
};

static const struct {
	const char *text;
	enum part part;
} placeholders[] = {
	{"{{", PART_OPEN},
	{"}}", PART_CLOSE},
	{"{}", PART_PATH},
	{"{/}", PART_BASE},
	{"{//}", PART_DIRECTORY},
	{"{.}", PART_STEM},
	{"{/.}", PART_BASE_STEM},
};

/* The part that @word begins with. Its length goes to *@size. */
static enum part part_at(const char *word, size_t *size)
{
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
		*size = strlen(placeholders[i].text);
		if (strncmp(word, placeholders[i].text, *size) == 0)
			return placeholders[i].part;
	}
	*size = 1;
	return PART_TEXT;
}

/* A text that grows up to a capacity, and its length if there were no bound. */
struct text {
	char *bytes;
	size_t capacity;
	size_t size;
};

static void put(struct text *text, const char *bytes, size_t size)
{
	if (text->size < text->capacity) {
		size_t room = text->capacity - text->size;
		memcpy(text->bytes + text->size, bytes, size < room ? size : room);
	}
	text->size += size;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The directory of @path, without slashes at its end, unless it is the root. */
static void put_directory(struct text *text, const char *path)
{
	size_t size = (size_t)(base_of(path) - path);

	if (size == 0) {
		put(text, ".", 1);
		return;
	}
	while (size > 1 && path[size - 1] == '/')
		size--;
	put(text, path, size);
}

/* A name without its extension. A dot that it begins with is none. */
static void put_stem(struct text *text, const char *name)
{
	const char *dot = strrchr(name, '.');

	put(text, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

/* The path without its extension, and without "./" before it. */
static void put_path_stem(struct text *text, const char *path)
{
	const char *base = base_of(path);
	size_t skipped = strncmp(path, "./", 2) == 0 ? 2 : 0;

	put(text, path + skipped, (size_t)(base - path) - skipped);
	put_stem(text, base);
}

static void put_part(struct text *text, enum part part, const char *path)
{
	switch (part) {
	case PART_PATH:
		put(text, path, strlen(path));
		break;
	case PART_BASE:
		put(text, base_of(path), strlen(base_of(path)));
		break;
	case PART_DIRECTORY:
		put_directory(text, path);
		break;
	case PART_STEM:
		put_path_stem(text, path);
		break;
	case PART_BASE_STEM:
		put_stem(text, base_of(path));
		break;
	case PART_OPEN:
	case PART_CLOSE:
	case PART_TEXT:
		break; /* not a placeholder */
	}
}

/*
 * Put what @word begins with, and return what follows. *@placeholder is set if that is something of
 * the path's. @path may be NULL if only that is to be known.
 */
static const char *put_next(
	struct text *text, const char *word, const char *path, bool *placeholder)
{
	size_t size;
	enum part part = part_at(word, &size);

	*placeholder = false;
	if (part == PART_TEXT || part == PART_OPEN || part == PART_CLOSE) {
		put(text, word, 1);
		return word + size;
	}
	if (word[size] == '}') {
		put(text, word, size);
		return word + size + 1;
	}
	*placeholder = true;
	if (path)
		put_part(text, part, path);
	return word + size;
}

bool template_has_placeholder(const char *word)
{
	struct text none = {0};
	bool found = false;

	while (*word && !found)
		word = put_next(&none, word, NULL, &found);
	return found;
}

size_t template_expand(const char *word, const char *path, char *text, size_t capacity)
{
	struct text expanded = {.bytes = text, .capacity = capacity};
	bool placeholder;

	while (*word)
		word = put_next(&expanded, word, path, &placeholder);
	put(&expanded, "", 1);
	return expanded.size;
}

static size_t count_placeholders(const struct template *template)
{
	size_t count = 0;

	for (size_t i = 0; i < template->count; i++)
		count += template_has_placeholder(template->words[i]);
	return count;
}

enum template_fault template_check(const struct template *template, bool batch)
{
	if (template->count == 0)
		return TEMPLATE_EMPTY;
	if (batch && template_has_placeholder(template->words[0]))
		return TEMPLATE_PROGRAM;
	if (batch && count_placeholders(template) > 1)
		return TEMPLATE_SEVERAL;
	return TEMPLATE_GOOD;
}

char **template_words(const struct template *template, const char *path)
{
	bool append = count_placeholders(template) == 0;
	size_t count = template->count + append;
	size_t size = (count + 1) * sizeof(char *);

	for (size_t i = 0; i < template->count; i++)
		size += template_expand(template->words[i], path, NULL, 0);
	if (append)
		size += strlen(path) + 1;
	char **words = malloc(size);
	if (!words)
		return NULL;
	char *at = (char *)(words + count + 1);
	char *end = (char *)words + size;
	for (size_t i = 0; i < count; i++) {
		const char *word = i < template->count ? template->words[i] : "{}";
		words[i] = at;
		at += template_expand(word, path, at, (size_t)(end - at));
	}
	words[count] = NULL;
	return words;
}
