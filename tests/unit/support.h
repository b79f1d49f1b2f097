// SPDX-License-Identifier: MIT

/*
 * What several unit tests need: a directory of their own, and what is printed on stderr. Everything
 * here fails the test on an error.
 */

#ifndef ZIPMAP_TESTS_UNIT_SUPPORT_H
#define ZIPMAP_TESTS_UNIT_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** As ck_assert(), which takes a system call each time: for what is asked thousands of times. */
#define must(expression)                                 \
	do {                                             \
		if (!(expression))                       \
			ck_abort_msg("%s", #expression); \
	} while (0)

/** Make a directory under $TMPDIR (else /tmp) for this test. */
void scratch_begin(void);

/** Remove the directory and all that is in it. */
void scratch_end(void);

/** The path of @name in the directory; one of the last 16 results. "" is the directory itself. */
const char *scratch_path(const char *name);

/** Make a file called @name of @size bytes. Its path, as scratch_path() gives it. */
const char *scratch_file(const char *name, const void *bytes, size_t size);

/** Make a directory called @name. Its path, as scratch_path() gives it. */
const char *scratch_directory(const char *name);

/** From now on keep what is written to stderr. */
void capture_begin(void);

/** Give stderr back. What was written to it since capture_begin(), a string valid until the next.
 */
const char *capture_end(void);

/**
 * Where this is root, to whom rights say nothing, act as another user from now on, who may do
 * everything in the scratch directory. False where that one could not even get there: the test is
 * to be passed over, which is said on stdout.
 */
bool become_unprivileged(void);

/** Act as before become_unprivileged(). */
void become_privileged(void);

/** How many bytes the file @fd has. */
uint64_t file_bytes(int fd);

/**
 * Whether this runs under an emulator of user programs, which says so in $ZIPMAP_EMULATED. If so,
 * it is printed that the case is skipped, since the emulator has no @what.
 */
bool is_emulated(const char *what);

/**
 * From now on the system call of the number @call fails with @error in this process, as with an old
 * kernel or in a container. This cannot be undone: call it in a child. If a filter cannot be had,
 * the process exits with status 254; under an emulator, which has none, it says so and exits with
 * 0.
 */
void refuse_call(int call, int error);

/** The same, only if the argument @place (from 0) has all bits of @bits. */
void refuse_call_with(int call, int error, unsigned place, unsigned bits);

/**
 * From now on malloc(3) gives nothing to this process. This cannot be undone: call it in a child. A
 * sanitizer does not survive it.
 */
void take_all_memory(void);

/** How many descriptors this process has open. */
size_t open_descriptors(void);

#endif
