// SPDX-License-Identifier: MIT

/*
 * The bytes of an archive's file, read by position: a descriptor that was passed shares its file
 * offset with the sender's and with every other worker's, so read(2) and lseek(2) would collide.
 *
 * What is parsed is looked at in a window, a part of the file that is in memory. The source has one
 * of 64 KiB, which holds all of a small archive: one pread(2) serves its end record, its central
 * directory, its local headers and its data.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_SOURCE_H
#define ZIPMAP_WORKER_CONTAINER_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** The bytes of the source's own window. */
#define SOURCE_WINDOW_SIZE ((size_t)64 * 1024)

/** A part of a file. Its memory stays while its contents change. */
struct window {
	uint8_t *bytes;
	size_t capacity;
	uint64_t at; /**< where in the file the bytes are from */
	size_t size; /**< how many there are; 0: it holds nothing */
};

/** Allocate @capacity bytes, a multiple of BUFFER_ALIGNMENT (buffer.h). 0, or -1 with ENOMEM. */
int window_init(struct window *window, size_t capacity);

void window_release(struct window *window);

/** Forget what it holds, since another file will be read. */
void window_clear(struct window *window);

struct source {
	int fd; /**< -1: none is open */
	uint64_t size_bytes;
	struct window window;
};

/** 0, or -1 with ENOMEM. */
int source_init(struct source *source);

void source_release(struct source *source);

/** Begin to read the file @fd, which is taken over, and has @size_bytes. */
void source_open(struct source *source, int fd, uint64_t size_bytes);

void source_close(struct source *source);

/**
 * The bytes of the file from @at on, *@got of them: at least @least, if the file does not end
 * before. They stay until @window, the source's own or another one, is used again. What neither
 * window holds is read to @window, and @ahead bytes at least, as many as it can hold. NULL with
 * errno. @least may be as large as the window's capacity less BUFFER_ALIGNMENT.
 */
const uint8_t *source_view(struct source *source, struct window *window, uint64_t at, size_t least,
	size_t ahead, size_t *got);

/**
 * Read up to @size bytes at @at. Fewer at the end of the file only; -1 with errno. They come from
 * the source's window if it holds them all; otherwise, they do not pass through it.
 */
ssize_t source_read(struct source *source, void *bytes, size_t size, uint64_t at);

#endif
