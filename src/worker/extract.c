// SPDX-License-Identifier: MIT

#include "worker/extract.h"

#include "common/cleanup.h"
#include "common/membername.h"
#include "worker/buffer.h"
#include "worker/inflate.h"
#include "worker/inflate_whole.h"
#include "worker/outfile.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define INPUT_SIZE ((size_t)256 * 1024)

struct extraction {
	struct inflater *inflater;
	struct whole_inflater *whole_inflater; /* of small members; NULL: there is none */
	uint8_t *in;                           /* INPUT_SIZE bytes of compressed data */
	struct outfile own;                    /* of the member in hand */
	struct outfile pack;                   /* of small members, where they are packed */
	bool packs;
	uint64_t pack_number; /* the first member in the pack */
	uint64_t pack_first;  /* where that ends */

	struct member member;
	struct record record;
	struct member_data data;
	bool inflating; /* by ourselves; else the data come as they are */
	bool whole;     /* the member is to be inflated in one go, if that comes out */
	const uint8_t *in_at;
	size_t in_left;
	struct outfile *out; /* where the member goes; NULL: none is in hand */
	uint64_t start;      /* where it begins there */
	uint32_t crc32;      /* of what is written of it */
};

struct extraction *extraction_new(int directory_fd, bool pack)
{
	struct extraction *extraction = calloc(1, sizeof(*extraction));

	if (!extraction)
		return NULL;
	extraction->packs = pack;
	extraction->inflater = inflater_new();
	extraction->whole_inflater = whole_inflater_new();
	extraction->in = buffer_new(INPUT_SIZE);
	int own = outfile_init(&extraction->own, directory_fd);
	int shared = outfile_init(&extraction->pack, directory_fd);
	if (!extraction->inflater || !extraction->in || own < 0 || shared < 0) {
		extraction_free(extraction);
		return NULL;
	}
	return extraction;
}

void extraction_free(struct extraction *extraction)
{
	if (!extraction)
		return;
	member_data_close(&extraction->data);
	outfile_release(&extraction->own);
	outfile_release(&extraction->pack);
	inflater_free(extraction->inflater);
	whole_inflater_free(extraction->whole_inflater);
	free(extraction->in);
	free(extraction);
}

const struct record *extraction_record(const struct extraction *extraction)
{
	return &extraction->record;
}

static bool is_packed(const struct extraction *extraction)
{
	return extraction->out == &extraction->pack;
}

void extraction_abandon(struct extraction *extraction)
{
	struct outfile *out = steal_pointer(&extraction->out);

	member_data_close(&extraction->data);
	if (!out)
		return;
	/* A pack is called after its first member, so it cannot stay without that one. */
	if (out == &extraction->pack && extraction->pack_number != extraction->member.index) {
		if (extraction->start <= outfile_position(out))
			outfile_rewind(out, extraction->start);
	} else {
		outfile_discard(out);
	}
}

static enum extract_status fail(struct extraction *extraction, struct failure failure)
{
	extraction_abandon(extraction);
	extraction->record.failure = failure;
	return EXTRACT_FAILED;
}

static enum extract_status fail_as(
	struct extraction *extraction, enum failure_kind kind, uint64_t first, uint64_t second)
{
	return fail(extraction, (struct failure){kind, {first, second}});
}

/* A failed system call on a file: a full file system is told apart from all else. */
static struct failure writing_failure(int error)
{
	bool full = error == ENOSPC || error == EDQUOT;

	return (struct failure){full ? FAILURE_NO_SPACE : FAILURE_WRITE, {(uint64_t)error, 0}};
}

/* Choose the file that the member goes to, and have it open. 0, or -1 with errno. */
static int open_file(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	uint64_t archive = extraction->record.archive;
	bool packed = extraction->packs && member->size_bytes < PACK_MEMBER_MAX;
	struct outfile *out = packed ? &extraction->pack : &extraction->own;

	assert(!extraction_pack_is_broken(extraction));
	if (out->fd < 0) {
		if (packed) {
			extraction->pack_number = member->index;
			member_pack_name(archive, member->index, out->name);
		} else {
			member_file_name(
				archive, member->index, member->name, member->name_size, out->name);
		}
		if (outfile_create(out) < 0)
			return -1;
	} else if (outfile_align(out) < 0) {
		return -1;
	}
	extraction->out = out;
	extraction->start = outfile_position(out);
	extraction->record.packed = packed;
	extraction->record.pack = packed ? extraction->pack_number : 0;
	extraction->record.offset_bytes = extraction->start;
	return 0;
}

enum extract_status extraction_begin(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member)
{
	struct failure failure = {0};

	extraction->member = *member;
	extraction->record = (struct record){
		.archive = archive_number,
		.member = member->index,
		.name = member->name,
		.name_size = member->name_size,
	};
	extraction->crc32 = 0;
	extraction->in_left = 0;

	if (member->encrypted)
		return fail_as(extraction, FAILURE_ENCRYPTED, 0, 0);
	extraction->inflating = member->method == METHOD_DEFLATE;
	extraction->whole = extraction->inflating && extraction->whole_inflater &&
			    member->size_bytes <= INFLATE_WHOLE_MAX &&
			    member->compressed_bytes <= INPUT_SIZE;
	bool raw = extraction->inflating || member->method == METHOD_STORED;
	if (member_data_open(archive, member, raw, &extraction->data, &failure) < 0)
		return fail(extraction, failure);
	if (extraction->inflating)
		inflater_reset(extraction->inflater);
	if (open_file(extraction) < 0)
		return fail(extraction, writing_failure(errno));
	return EXTRACT_MORE;
}

/* Have unread compressed bytes in the buffer unless the data have ended. 0, or -1. */
static int fill_input(struct extraction *extraction, struct failure *failure)
{
	if (extraction->in_left > 0)
		return 0;
	ssize_t got = member_data_read(&extraction->data, extraction->in, INPUT_SIZE, failure);
	if (got < 0)
		return -1;
	extraction->in_at = extraction->in;
	extraction->in_left = (size_t)got;
	return 0;
}

/* Inflate the whole member to @room, unless that does not come out. */
static bool inflate_whole(struct extraction *extraction, uint8_t *room)
{
	const struct member *member = &extraction->member;

	return extraction->in_left == member->compressed_bytes &&
	       whole_inflater_run(extraction->whole_inflater, extraction->in_at,
		       extraction->in_left, room, (size_t)member->size_bytes);
}

/*
 * Inflate to @room until it is full or the stream ends. Returns the bytes there, *@end set at the
 * stream's end; -1 with *@failure.
 */
static ssize_t inflate_piece(struct extraction *extraction, uint8_t *room, size_t room_size,
	bool *end, struct failure *failure)
{
	struct inflate_span span = {.out = room, .out_size = room_size};

	for (;;) {
		if (fill_input(extraction, failure) < 0)
			return -1;
		if (extraction->whole && inflate_whole(extraction, room)) {
			*end = true;
			return (ssize_t)extraction->member.size_bytes;
		}
		extraction->whole = false;
		bool exhausted = extraction->in_left == 0;
		span.in = extraction->in_at;
		span.in_size = extraction->in_left;
		enum inflate_status status = inflater_run(extraction->inflater, &span);
		extraction->in_at = span.in;
		extraction->in_left = span.in_size;
		*end = status == INFLATE_END;
		if (status == INFLATE_END || status == INFLATE_NEED_OUTPUT)
			return (ssize_t)(room_size - span.out_size);
		if (status == INFLATE_NEED_INPUT && !exhausted)
			continue;
		failure->kind = status == INFLATE_NO_MEMORY ? FAILURE_NO_MEMORY : FAILURE_BAD_DATA;
		return -1;
	}
}

/* As inflate_piece(), for data that come unzipped. */
static ssize_t copy_piece(struct extraction *extraction, uint8_t *room, size_t room_size, bool *end,
	struct failure *failure)
{
	ssize_t got = member_data_read(&extraction->data, room, room_size, failure);

	*end = got == 0;
	return got;
}

/* All is decoded: hold it against what the archive states, and finish a file of its own. */
static enum extract_status finish(struct extraction *extraction)
{
	const struct member *member = &extraction->member;
	struct record *record = &extraction->record;
	struct outfile *out = extraction->out;
	uint64_t size_bytes = outfile_position(out) - extraction->start;
	bool mapping;

	if (size_bytes != member->size_bytes)
		return fail_as(extraction, FAILURE_SIZE_MISMATCH, member->size_bytes, size_bytes);
	if (extraction->crc32 != member->crc32)
		return fail_as(extraction, FAILURE_CRC_MISMATCH, member->crc32, extraction->crc32);
	record->size_bytes = size_bytes;
	record->crc32 = extraction->crc32;
	if (!is_packed(extraction)) {
		if (outfile_finish(out, &record->inode, &mapping) < 0)
			return mapping ? fail_as(extraction, FAILURE_MAP, (uint64_t)errno, 0)
				       : fail(extraction, writing_failure(errno));
		extraction->out = NULL;
		if (outfile_close(out) < 0)
			return fail(extraction, writing_failure(errno));
	}
	if (is_packed(extraction) && extraction->pack_number == member->index)
		extraction->pack_first = outfile_position(out);
	member_data_close(&extraction->data);
	extraction->out = NULL;
	return record->packed ? EXTRACT_PACKED : EXTRACT_WHOLE;
}

enum extract_status extraction_step(struct extraction *extraction)
{
	struct outfile *out = extraction->out;
	struct failure failure = {0};
	size_t room_size;
	bool end;

	size_t least = extraction->whole ? (size_t)extraction->member.size_bytes : 0;
	uint8_t *room = outfile_room(out, least > 0 ? least : 1, &room_size);
	if (!room)
		return fail(extraction, writing_failure(errno));
	ssize_t size = extraction->inflating
			       ? inflate_piece(extraction, room, room_size, &end, &failure)
			       : copy_piece(extraction, room, room_size, &end, &failure);
	if (size < 0) {
		if (failure.kind == FAILURE_CRC_MISMATCH) { /* libzip's word, without numbers */
			failure.numbers[0] = extraction->member.crc32;
			failure.numbers[1] = extraction->crc32;
		}
		return fail(extraction, failure);
	}
	/* More than stated is refused before it is written, so that a lie costs no space. */
	uint64_t done = outfile_position(out) - extraction->start;
	if ((uint64_t)size > extraction->member.size_bytes - done)
		return fail_as(extraction, FAILURE_SIZE_MISMATCH, extraction->member.size_bytes,
			done + (uint64_t)size);
	extraction->crc32 = checksum_crc32(extraction->crc32, room, (size_t)size);
	outfile_commit(out, (size_t)size);
	return end ? finish(extraction) : EXTRACT_MORE;
}

bool extraction_pack_is_broken(const struct extraction *extraction)
{
	return extraction->pack.fd >= 0 && extraction->pack.error != 0;
}

void extraction_close_pack(struct extraction *extraction, struct pack_result *result)
{
	struct outfile *pack = &extraction->pack;
	bool mapping;

	*result = (struct pack_result){.failure = {.kind = FAILURE_NONE}};
	if (pack->fd < 0)
		return;
	/*
	 * Where not all could be written, a second try finishes the file with what was. A pack is
	 * called after its first member, so it does not stay without that one.
	 */
	int finished = outfile_finish(pack, &result->inode, &mapping);
	if (finished < 0 && pack->error)
		finished = outfile_finish(pack, &result->inode, &mapping);
	int error = pack->error ? pack->error : errno;
	bool whole = finished == 0 && pack->error == 0;
	result->valid_bytes = outfile_position(pack);
	if (finished < 0 || result->valid_bytes < extraction->pack_first) {
		outfile_discard(pack);
		result->valid_bytes = 0;
	} else if (outfile_close(pack) < 0) {
		error = errno;
		whole = false;
		result->valid_bytes = 0;
	}
	if (!whole)
		result->failure = writing_failure(error);
	if (finished < 0 && mapping)
		result->failure.kind = FAILURE_MAP;
}
