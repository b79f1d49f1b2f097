// SPDX-License-Identifier: MIT

#include "parent/rundirname.h"

#include "util/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define FIRST_PREFIX "." RUNDIR_PREFIX

static bool has_form(const char *name, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(name, prefix, size) == 0 && strlen(name) == size + RUNDIR_LETTERS;
}

enum rundir_name rundir_name_kind(const char *name)
{
	if (has_form(name, RUNDIR_PREFIX) || has_form(name, RUNDIR_HIDDEN_PREFIX))
		return RUNDIR_FINISHED;
	return has_form(name, FIRST_PREFIX) ? RUNDIR_UNFINISHED : RUNDIR_OTHER;
}

void rundir_name_first(const char *name, char first[RUNDIR_NAME_SIZE])
{
	memcpy(stpcpy(first, FIRST_PREFIX), name + strlen(name) - RUNDIR_LETTERS,
		RUNDIR_LETTERS + 1);
}

void rundir_name_make(char name[RUNDIR_NAME_SIZE])
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const size_t count = sizeof(letters) - 1;
	uint64_t bits;

	/* The kernel has none just after it has started. Another name is tried if one is taken. */
	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != sizeof(bits))
		bits = monotonic_ns() * 0x9e3779b97f4a7c15 + (uint64_t)getpid();
	memcpy(name, RUNDIR_FIRST_TEMPLATE, sizeof(RUNDIR_FIRST_TEMPLATE));
	for (char *at = name + strlen(name) - RUNDIR_LETTERS; *at; at++) {
		*at = letters[bits % count];
		bits /= count;
	}
}
