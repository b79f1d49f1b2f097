// SPDX-License-Identifier: MIT

#include "worker/parts/helper.h"

#include "protocol/channel.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "worker/decode/buffer.h"
#include "worker/decode/checksum.h"
#include "worker/parts/blocks.h"
#include "worker/parts/stretch.h"

#include <stdlib.h>
#include <string.h>

/* A stretch, and how much of what is behind it may be looked at for the end of its last block. */
#define STRETCH_MAX ((size_t)15 * 256 * 1024 - STRETCH_IN_SLACK)
#define BEHIND_MAX  ((size_t)256 * 1024)
#define IN_SIZE     (STRETCH_MAX + BEHIND_MAX + STRETCH_IN_SLACK)

/* What is resolved, summed up and written at a time, while it is in a core's cache. */
#define PIECE_SIZE ((size_t)128 * 1024)

/* One unit being done. */
struct stint {
	struct helper *helper;
	struct outbox *outbox;
	uint64_t unit;
	const struct unit_part *part;
	struct stretch_input input;
	struct stretch stretch;
};

/* 0, or -1: no memory. */
static int prepare(struct helper *helper)
{
	if (!helper->stretcher)
		helper->stretcher = stretcher_new();
	if (!helper->in)
		helper->in = buffer_new_huge(IN_SIZE);
	if (!helper->bytes)
		helper->bytes = buffer_new(PIECE_SIZE);
	return helper->stretcher && helper->in && helper->bytes ? 0 : -1;
}

void helper_release(struct helper *helper)
{
	stretcher_free(helper->stretcher);
	free(helper->in);
	free(helper->bytes);
	*helper = (struct helper){0};
}

static void say(const struct stint *stint, const struct message_part *part)
{
	struct message message = {.kind = MESSAGE_PART, .unit = stint->unit, .part = *part};

	outbox_put(stint->outbox, &message);
	outbox_flush(stint->outbox);
}

/* Read what is to be searched, and some of what is behind. 0, or -1. */
static int read_input(struct stint *stint, int archive_fd)
{
	const struct unit_part *part = stint->part;
	uint8_t *in = stint->helper->in;
	uint64_t first = part->from / 8;

	if (part->from >= part->to || part->to > 8 * part->compressed_bytes ||
		(part->to - part->from) / 8 > STRETCH_MAX - 2)
		return -1;
	uint64_t left = part->compressed_bytes - first;
	uint64_t wanted = (part->to + 7) / 8 - first + BEHIND_MAX;
	size_t size = (size_t)(wanted < left ? wanted : left);
	ssize_t got = io_pread_full(archive_fd, in, size, part->data_place + first);
	if (got < (ssize_t)size)
		return -1;
	memset(in + size, 0, STRETCH_IN_SLACK);
	stint->input = (struct stretch_input){in, size, first};
	return 0;
}

/* Find the stretch and decode it. 0, or -1: there is none. */
static int decode(struct stint *stint)
{
	struct stretcher *stretcher = stint->helper->stretcher;
	const struct unit_part *part = stint->part;
	uint64_t from = part->from;

	for (;;) {
		uint64_t begin = stretch_find(stretcher, &stint->input, from, part->to);
		if (begin == BLOCKS_NOWHERE)
			return -1;
		say(stint, &(struct message_part){.step = PART_FOUND, .place = begin});
		if (stretch_decode(stretcher, &stint->input, begin, part->to, &stint->stretch) == 0)
			return 0;
		from = begin + 1;
	}
}

/*
 * Write @size bytes at @at of the stretch to @fd from @file_at on, or forget them if that is -1,
 * and continue *@crc32. 0, or -1.
 */
static int write_bytes(const struct stint *stint, int fd, uint64_t file_at, uint64_t at,
	uint64_t size, uint32_t *crc32)
{
	uint8_t *bytes = stint->helper->bytes;

	while (size > 0) {
		size_t piece = size < PIECE_SIZE ? (size_t)size : PIECE_SIZE;
		stretch_read(stint->helper->stretcher, at, piece, bytes);
		*crc32 = checksum_crc32(*crc32, bytes, piece);
		if (fd >= 0 && io_pwrite_full(fd, bytes, piece, file_at, NULL) < 0)
			return -1;
		at += piece;
		file_at += piece;
		size -= piece;
	}
	return 0;
}

/* It is this stretch's turn: it begins at @file_at of the file. 0, or -1. */
static int write_stretch(const struct stint *stint, int fd, uint64_t file_at)
{
	uint64_t size = stint->stretch.size_bytes;
	uint64_t tail = size < STRETCH_WINDOW ? size : STRETCH_WINDOW;
	bool forgets = stint->part->checked_only;
	uint8_t window[STRETCH_WINDOW];
	uint32_t front_crc32 = 0;
	uint32_t tail_crc32 = 0;

	if (file_at < STRETCH_WINDOW || io_pread_full(fd, window, sizeof(window),
						file_at - STRETCH_WINDOW) < (ssize_t)sizeof(window))
		return -1;
	stretch_set_window(stint->helper->stretcher, window);
	/* First what whoever comes next waits for. If there is no file, it goes behind the window.
	 */
	uint64_t tail_at = forgets ? file_at : file_at + size - tail;
	if (write_bytes(stint, fd, tail_at, size - tail, tail, &tail_crc32) < 0)
		return -1;
	say(stint, &(struct message_part){.step = PART_TAILED});
	if (write_bytes(stint, forgets ? -1 : fd, file_at, 0, size - tail, &front_crc32) < 0)
		return -1;
	say(stint, &(struct message_part){
			   .step = PART_WRITTEN,
			   .crc32 = checksum_combine(front_crc32, tail_crc32, tail),
		   });
	return 0;
}

/*
 * Wait until it is this stretch's turn. 1 with *@file_at and the file in *@fd, 0 if it is to be
 * dropped, -1 if the channel has ended or says what it may not.
 */
static int wait_for_turn(const struct stint *stint, uint64_t *file_at, int *fd)
{
	uint8_t bytes[WORK_BYTES_MAX];
	struct wire_reader reader;
	struct message message;

	do {
		ssize_t size =
			channel_receive(stint->outbox->channel_fd, bytes, sizeof(bytes), fd, true);
		if (size <= 0)
			return -1;
		wire_reader_init(&reader, bytes, (size_t)size);
		if (message_get(&reader, &message) != 1 || message.kind != MESSAGE_PART)
			return -1;
		*file_at = message.part.place;
		if (message.unit == stint->unit && message.part.step == PART_TURN && *fd >= 0)
			return 1;
		if (message.part.step != PART_DROP || *fd >= 0)
			return -1;
	} while (message.unit != stint->unit); /* that was a stretch before this one */
	return 0;
}

int helper_do(struct helper *helper, uint64_t unit, const struct unit_part *part, int archive_fd,
	struct outbox *outbox)
{
	struct stint stint = {.helper = helper, .outbox = outbox, .unit = unit, .part = part};
	cleanup_fd int archive = archive_fd;
	cleanup_fd int file = -1;
	uint64_t file_at;

	if (prepare(helper) == 0 && read_input(&stint, archive) == 0 && decode(&stint) == 0) {
		const struct stretch *stretch = &stint.stretch;
		say(&stint, &(struct message_part){
				    .step = PART_DECODED,
				    .place = stretch->end,
				    .bytes = stretch->size_bytes,
				    .final = stretch->final,
			    });
		int turn = wait_for_turn(&stint, &file_at, &file);
		if (turn < 0)
			return -1;
		if (turn == 1 && write_stretch(&stint, file, file_at) == 0)
			return 0;
	}
	say(&stint, &(struct message_part){.step = PART_LOST});
	return 0;
}
