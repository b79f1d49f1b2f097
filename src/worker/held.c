// SPDX-License-Identifier: MIT

#include "worker/held.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A copy of @array, with its type, in one piece of memory. */
static const struct array *copy_array(const struct array *array)
{
	struct array *copy = malloc(sizeof(*copy) + array->dtype_size);

	if (!copy)
		_exit(EXIT_FAILURE);
	*copy = *array;
	copy->dtype = memcpy(copy + 1, array->dtype, array->dtype_size);
	return copy;
}

bool held_add(struct held *held, const struct record *record, bool name_is_utf8, int fd)
{
	struct record *copy = &held->records[held->count];
	size_t name_size = (size_t)record->name_size + 1;
	bool keeps_name = name_size <= sizeof(held->names) - held->names_size;

	*copy = *record;
	held->fds[held->count] = fd;
	held->names_are_utf8[held->count++] = name_is_utf8;
	if (keeps_name) {
		copy->name = memcpy(held->names + held->names_size, record->name, name_size);
		held->names_size += name_size;
	}
	if (record->array) {
		copy->array = copy_array(record->array);
		held->arrays_size += sizeof(*record->array) + record->array->dtype_size;
	}
	return keeps_name && held->count < UNIT_MEMBERS_MAX && held->arrays_size < HELD_ARRAYS;
}

void held_clear(struct held *held)
{
	for (size_t i = 0; i < held->count; i++)
		free((void *)held->records[i].array);
	held->count = 0;
	held->names_size = 0;
	held->arrays_size = 0;
}
