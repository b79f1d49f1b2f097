// SPDX-License-Identifier: MIT

/*
 * Large buffers that system calls copy to and from. They begin at a page, as the pages of a file
 * do: AMD's Zen 3 copies (REP MOVSB, which is how the kernel does it) at a fifth of its speed where
 * the target is some 16 bytes further into its page than the source is into its own, and 16 bytes
 * into a page is where malloc(3) puts a large block.
 */

#ifndef ZIPMAP_WORKER_DECODE_BUFFER_H
#define ZIPMAP_WORKER_DECODE_BUFFER_H

#include <stddef.h>
#include <stdlib.h>

#define BUFFER_ALIGNMENT 4096

/** @size bytes, a multiple of BUFFER_ALIGNMENT; for free(3). NULL: no memory. */
static inline void *buffer_new(size_t size)
{
	return aligned_alloc(BUFFER_ALIGNMENT, size);
}

#endif
