// SPDX-License-Identifier: MIT

#include "parent/batch.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What POSIX wants to be left free, so that a command can change its environment: xargs(1). */
#define HEADROOM ((size_t)2048)

/* The system's limit can be unlimited. This is its default, and bounds the parent's memory. */
#define MOST_BYTES ((size_t)2 * 1024 * 1024)

/* What a string takes of the system's limit: itself and a pointer to it. */
static size_t cost(size_t length)
{
	return length + 1 + sizeof(char *);
}

/* What is left of the system's limit once the fixed words and the environment have their part. */
static size_t room_for_paths(
	const struct template *template, size_t place, char *const *environment)
{
	long limit = sysconf(_SC_ARG_MAX);
	size_t most = limit > 0 && (size_t)limit < MOST_BYTES ? (size_t)limit : MOST_BYTES;
	size_t taken = HEADROOM + 2 * sizeof(char *);

	for (size_t i = 0; i < template->count; i++) {
		if (i != place)
			taken += cost(template_expand(template->words[i], "", NULL, 0) - 1);
	}
	for (size_t i = 0; environment[i]; i++)
		taken += cost(strlen(environment[i]));
	return most > taken ? most - taken : 0;
}

void batch_init(struct batch *batch, const struct template *template, char *const *environment)
{
	*batch = (struct batch){.template = template, .word = "{}", .place = template->count};
	for (size_t i = 0; i < template->count; i++) {
		if (template_has_placeholder(template->words[i])) {
			batch->word = template->words[i];
			batch->place = i;
		}
	}
	batch->most_bytes = room_for_paths(template, batch->place, environment);
}

bool batch_fits(const struct batch *batch, const char *path)
{
	size_t size = template_expand(batch->word, path, NULL, 0);

	return batch->count == 0 || cost(size - 1) <= batch->most_bytes - batch->used_bytes;
}

int batch_add(struct batch *batch, const char *path)
{
	size_t size = template_expand(batch->word, path, NULL, 0);

	if (size > batch->capacity - batch->size) {
		size_t capacity = 2 * batch->capacity + size + 1024;
		char *grown = realloc(batch->strings, capacity);
		if (!grown)
			return -1;
		batch->strings = grown;
		batch->capacity = capacity;
	}
	template_expand(batch->word, path, batch->strings + batch->size, size);
	batch->size += size;
	batch->used_bytes += cost(size - 1);
	if (batch->used_bytes > batch->most_bytes)
		batch->used_bytes = batch->most_bytes; /* the first one, which is never refused */
	batch->count++;
	return 0;
}

char **batch_words(const struct batch *batch)
{
	const struct template *template = batch->template;
	size_t fixed = template->count - (batch->place < template->count);
	size_t pointers = (fixed + batch->count + 1) * sizeof(char *);
	size_t size = pointers;

	for (size_t i = 0; i < template->count; i++)
		size += template_expand(template->words[i], "", NULL, 0);
	char **words = malloc(size);
	if (!words)
		return NULL;
	char **next = words;
	char *at = (char *)words + pointers;
	for (size_t i = 0; i <= template->count; i++) {
		char *string = batch->strings;
		for (size_t j = 0; i == batch->place && j < batch->count; j++) {
			*next++ = string;
			string += strlen(string) + 1;
		}
		if (i == batch->place || i == template->count)
			continue;
		*next++ = at;
		at += template_expand(
			template->words[i], "", at, (size_t)((char *)words + size - at));
	}
	*next = NULL;
	return words;
}

void batch_clear(struct batch *batch)
{
	free(steal_pointer(&batch->strings));
	batch->size = batch->capacity = 0;
	batch->used_bytes = 0;
	batch->count = 0;
}
