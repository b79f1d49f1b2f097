// SPDX-License-Identifier: MIT

/*
 * Large buffers that system calls copy to and from. They begin at a page, as the pages of a file
 * do: AMD's Zen 3 copies (REP MOVSB, which is how the kernel does it) at a fifth of its speed if
 * the target is some 16 bytes further into its page than the source is into its own. malloc(3) puts
 * a large block 16 bytes into a page.
 */

#ifndef ZIPMAP_WORKER_DECODE_BUFFER_H
#define ZIPMAP_WORKER_DECODE_BUFFER_H

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BUFFER_ALIGNMENT 4096

/** The size of so many pages that @size bytes fit in. */
static inline size_t buffer_whole_pages(size_t size)
{
	return (size + BUFFER_ALIGNMENT - 1) / BUFFER_ALIGNMENT * BUFFER_ALIGNMENT;
}

/** @size bytes, a multiple of BUFFER_ALIGNMENT; for free(3). NULL: no memory. */
static inline void *buffer_new(size_t size)
{
	return aligned_alloc(BUFFER_ALIGNMENT, size);
}

#define BUFFER_HUGE_PAGE ((size_t)2 * 1024 * 1024)

/**
 * As buffer_new(), for several huge pages that are all used: the kernel makes one at a time of them
 * if it can, rather than 512 small ones. Where processes run in a virtual machine that has to be
 * asked for each page, the small ones take longer than decoding what goes into them.
 */
static inline void *buffer_new_huge(size_t size)
{
	void *buffer = aligned_alloc(BUFFER_HUGE_PAGE, size);

	if (buffer)
		(void)madvise(buffer, size, MADV_HUGEPAGE); /* without it they are small */
	return buffer;
}

#endif
