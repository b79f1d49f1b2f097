// SPDX-License-Identifier: MIT

/*
 * What fuzz targets share. A target is a file fuzz_NAME.c here with LLVMFuzzerTestOneInput(), which
 * `make fuzz` finds by itself; corpus/NAME/ may hold a few small inputs to begin with, NAME.dict a
 * dictionary. A target has to end for any input, and to hold what it sees against what must be so:
 * that nothing crashes says little.
 */

#ifndef ZIPMAP_FUZZ_FUZZ_H
#define ZIPMAP_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What libFuzzer calls: once at the beginning, and with each input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What must be so; where it is not, that is a finding. */
#define MUST(condition) ((condition) ? (void)0 : fuzz_found(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_found(const char *what, const char *file, int line);

/** An input that is taken apart piece by piece; at its end there are zeros. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

uint8_t fuzz_take_u8(struct fuzz_input *input);
uint64_t fuzz_take_u64(struct fuzz_input *input);

/** Take up to @size bytes, *@got of them. */
const void *fuzz_take(struct fuzz_input *input, size_t size, size_t *got);

/**
 * Whether @text is UTF-8 without control characters, line ends and what changes the direction of
 * text, as the C library sees it.
 */
bool fuzz_is_printable(const char *text);

#endif
