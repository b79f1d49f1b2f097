// SPDX-License-Identifier: MIT

#include "parent/environment.h"

#include "util/cleanup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"ZIPMAP_ARCHIVE", "ZIPMAP_MEMBER", "ZIPMAP_SIZE",
	"ZIPMAP_CRC32", "ZIPMAP_OFFSET", "ZIPMAP_DTYPE", "ZIPMAP_SHAPE"};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

static bool is_of_a_member(const char *variable)
{
	for (size_t i = 0; i < NAMES; i++) {
		size_t size = strlen(names[i]);
		if (strncmp(variable, names[i], size) == 0 && variable[size] == '=')
			return true;
	}
	return false;
}

int environment_init(struct environment *environment, char *const *variables)
{
	size_t count = 0;

	while (variables[count])
		count++;
	*environment = (struct environment){.variables = calloc(count + NAMES + 1, sizeof(char *))};
	if (!environment->variables)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!is_of_a_member(variables[i]))
			environment->variables[environment->own++] = variables[i];
	}
	return 0;
}

void environment_release(struct environment *environment)
{
	free(steal_pointer(&environment->variables));
}

static void print_array(FILE *stream, const struct array *array)
{
	fprintf(stream, "ZIPMAP_DTYPE=%.*s%c", (int)array->dtype_size, array->dtype, '\0');
	fputs("ZIPMAP_SHAPE=", stream);
	for (unsigned i = 0; i < array->dimensions; i++)
		fprintf(stream, "%s%" PRIu64, i > 0 ? "," : "", array->shape[i]);
	putc('\0', stream);
}

char *environment_describe(const struct record *record, const char *archive_path)
{
	char *block = NULL;
	size_t size;
	FILE *stream = open_memstream(&block, &size);

	if (!stream)
		return NULL;
	fprintf(stream, "ZIPMAP_ARCHIVE=%s%c", archive_path, '\0');
	/* A variable holds no NUL. A name that has one ends there. */
	fprintf(stream, "ZIPMAP_MEMBER=%.*s%c", (int)record->name_size, record->name, '\0');
	fprintf(stream, "ZIPMAP_SIZE=%" PRIu64 "%c", record->size_bytes, '\0');
	fprintf(stream, "ZIPMAP_CRC32=%08" PRIx32 "%c", record->crc32, '\0');
	fprintf(stream, "ZIPMAP_OFFSET=%" PRIu64 "%c", record_data_offset(record), '\0');
	if (record->array)
		print_array(stream, record->array);
	putc('\0', stream);
	bool failed = ferror(stream);
	if (fclose(stream) != 0 || failed)
		free(steal_pointer(&block));
	return block;
}

char *const *environment_with(struct environment *environment, char *member)
{
	char **next = environment->variables + environment->own;

	for (; member && *member; member += strlen(member) + 1)
		*next++ = member;
	*next = NULL;
	return environment->variables;
}
