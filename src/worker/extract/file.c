// SPDX-License-Identifier: MIT

/*
 * The file that a member goes to: its own, or one that it shares with other small members of its
 * unit.
 */

#include "numpy/npywrite.h"
#include "protocol/membername.h"
#include "util/cleanup.h"
#include "worker/extract/parts.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define RESERVE_TRIES 16

struct failure extraction_writing_failure(int error)
{
	bool full = error == ENOSPC || error == EDQUOT;

	return (struct failure){full ? FAILURE_NO_SPACE : FAILURE_WRITE, {(uint64_t)error, 0}};
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

/* Put the header of the member's array, which is known before the member is, into a new file. */
static void put_header(const struct extraction *extraction, struct outfile *out)
{
	char header[NPY_WRITTEN_MAX];
	size_t room_size;
	size_t size = npy_write(&extraction->array, header);
	uint8_t *room = outfile_room(out, size, &room_size);

	assert(room); /* the buffer is empty */
	memcpy(room, header, size);
	outfile_commit(out, size);
}

/*
 * Set room aside for a new file. Where another one is doing the same, both may find the file system
 * full, and give back what they took: then there may be room for one of them. 0, or -1 with errno.
 */
static int reserve(const struct extraction *extraction, struct outfile *out)
{
	uint64_t size_bytes = extraction->member.size_bytes;
	struct failure failure;

	for (int tries = 1;; tries++) {
		if (outfile_reserve(out, size_bytes) == 0)
			return 0;
		int error = errno;
		bool again = tries < RESERVE_TRIES &&
			     bounds_have_room(extraction->directory_fd, size_bytes, 0, &failure);
		errno = error;
		if (!again)
			return -1;
	}
}

int extraction_open_file(struct extraction *extraction)
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
			record_own_name(&extraction->record, out->name);
		}
		if (outfile_create(out) < 0)
			return -1;
		if (!packed && member->size_bytes >= BOUNDS_LARGE_MEMBER &&
			reserve(extraction, out) < 0) {
			int error = errno;
			outfile_discard(out);
			errno = error;
			return -1;
		}
	} else if (outfile_align(out) < 0) {
		return -1;
	}
	if (extraction->record.npy_header)
		put_header(extraction, out);
	extraction->out = out;
	extraction->start = outfile_position(out);
	extraction->record.packed = packed;
	extraction->record.pack = packed ? extraction->pack_number : 0;
	extraction->record.offset_bytes = extraction->start;
	return 0;
}

int extraction_finish_file(struct extraction *extraction, struct failure *failure)
{
	const struct outfile *shared = &extraction->pack;
	struct outfile *out = extraction->out;
	bool mapping;

	if (out == shared) {
		if (extraction->pack_number == extraction->member.index)
			extraction->pack_first = outfile_position(out);
		extraction->out = NULL;
		return 0;
	}
	if (outfile_finish(out, &extraction->record.inode, &mapping) < 0) {
		*failure = mapping ? (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}}
				   : extraction_writing_failure(errno);
		return -1;
	}
	extraction->out = NULL;
	if (outfile_close(out) < 0) {
		*failure = extraction_writing_failure(errno);
		return -1;
	}
	return 0;
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
		result->failure = extraction_writing_failure(error);
	if (finished < 0 && mapping)
		result->failure.kind = FAILURE_MAP;
}
