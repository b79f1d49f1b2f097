// SPDX-License-Identifier: MIT

#include "worker/extract/target.h"

#include "numpy/npywrite.h"
#include "protocol/membername.h"
#include "util/cleanup.h"
#include "worker/extract/bounds.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define RESERVE_TRIES 16

int target_init(struct target *target, int directory_fd)
{
	*target = (struct target){.directory_fd = directory_fd};
	int own = outfile_init(&target->own, directory_fd);
	int pack = outfile_init(&target->pack, directory_fd);
	return own < 0 || pack < 0 ? -1 : 0;
}

void target_set_maker(struct target *target, const struct outfile_maker *maker)
{
	target->own.maker = maker;
	target->pack.maker = maker;
}

void target_set_memory(struct target *target)
{
	outfile_set_memory(&target->own);
	outfile_set_memory(&target->pack);
}

void target_release(struct target *target)
{
	outfile_release(&target->own);
	outfile_release(&target->pack);
}

void target_explain(int error, struct failure *failure)
{
	bool full = error == ENOSPC || error == EDQUOT;

	*failure = (struct failure){full ? FAILURE_NO_SPACE : FAILURE_WRITE, {(uint64_t)error, 0}};
}

/* --- a member in hand ------------------------------------------------------------------------- */

/* Put the header of @array, the member's, which is known before the member is, into a new file. */
static void put_header(struct outfile *out, const struct array *array)
{
	char header[NPY_WRITTEN_MAX];
	size_t room_size;
	size_t size = npy_write(array, header);
	uint8_t *room = outfile_room(out, size, &room_size);

	assert(room); /* the buffer is empty */
	memcpy(room, header, size);
	outfile_commit(out, size);
}

/*
 * Set room aside in a new file. If another worker does the same, both may find the file system
 * full, and give back what they took: then there may be room for one of them. 0, or -1 with errno.
 */
static int reserve(struct outfile *out, uint64_t size_bytes)
{
	struct failure failure;

	for (int tries = 1;; tries++) {
		if (outfile_reserve(out, size_bytes) == 0)
			return 0;
		int error = errno;
		bool again = tries < RESERVE_TRIES &&
			     bounds_check_room(out->directory_fd, size_bytes, 0, &failure) == 0;
		errno = error;
		if (!again)
			return -1;
	}
}

/* 0, or -1 with errno. */
static int open_own(struct outfile *out, const struct record *record)
{
	record_own_name(record, out->name);
	return outfile_create(out);
}

/* 0, or -1 with errno. */
static int open_pack(struct target *target, const struct member *member, uint64_t archive)
{
	struct outfile *out = &target->pack;

	if (out->fd >= 0)
		return outfile_align(out);
	target->pack_number = member->index;
	member_pack_name(archive, member->index, out->name);
	return outfile_create(out);
}

int target_open(struct target *target, bool packed, const struct member *member,
	const struct array *header, struct record *record, struct failure *failure)
{
	struct outfile *out = packed ? &target->pack : &target->own;

	assert(!target->out && !target_pack_is_broken(target) && !(packed && header));
	int opened = packed ? open_pack(target, member, record->archive) : open_own(out, record);
	if (opened < 0) {
		target_explain(errno, failure);
		return -1;
	}
	if (header)
		put_header(out, header);
	target->out = out;
	target->start = outfile_position(out);
	target->member = member->index;
	record->packed = packed;
	record->pack = packed ? target->pack_number : 0;
	record->offset_bytes = target->start;
	return 0;
}

int target_reserve(struct target *target, uint64_t size_bytes, struct failure *failure)
{
	struct outfile *out = target->out;

	if (out != &target->own || size_bytes < BOUNDS_LARGE_MEMBER ||
		reserve(out, size_bytes) == 0)
		return 0;
	target_explain(errno, failure);
	return -1;
}

int target_finish(struct target *target, uint64_t *inode, struct failure *failure)
{
	struct outfile *out = target->out;

	if (out == &target->pack) {
		if (target->pack_number == target->member)
			target->pack_first = outfile_position(out);
		target->out = NULL;
		return 0;
	}
	if (outfile_finish(out, inode) < 0) {
		target_explain(errno, failure);
		return -1;
	}
	if (outfile_try_map(out) < 0) {
		*failure = (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}};
		return -1;
	}
	target->out = NULL;
	if (outfile_close(out) < 0) {
		target_explain(errno, failure);
		return -1;
	}
	return 0;
}

int target_take_file(struct target *target)
{
	return outfile_take_sealed(&target->own);
}

bool target_needs_file(const struct target *target, bool packed)
{
	return !packed || target->pack.fd < 0;
}

void target_abandon(struct target *target)
{
	struct outfile *out = steal_pointer(&target->out);

	if (!out)
		return;
	if (out == &target->pack && target->pack_number != target->member) {
		if (target->start <= outfile_position(out))
			outfile_rewind(out, target->start);
	} else {
		outfile_discard(out);
	}
}

/* --- the pack --------------------------------------------------------------------------------- */

bool target_pack_is_broken(const struct target *target)
{
	return target->pack.fd >= 0 && target->pack.error != 0;
}

/* Finish the pack and see that it can be mapped. 0, or -1 with *@failure. */
static int finish_pack(struct outfile *pack, uint64_t *inode, struct failure *failure)
{
	int finished = outfile_finish(pack, inode);

	/* If not all could be written, a second try finishes the file with what was. */
	if (finished < 0 && pack->error)
		finished = outfile_finish(pack, inode);
	if (finished < 0) {
		target_explain(pack->error ? pack->error : errno, failure);
		return -1;
	}
	if (outfile_try_map(pack) < 0) {
		*failure = (struct failure){FAILURE_MAP, {(uint64_t)errno, 0}};
		return -1;
	}
	if (pack->error)
		target_explain(pack->error, failure);
	return 0;
}

void target_close_pack(struct target *target, struct pack_result *result)
{
	struct outfile *pack = &target->pack;

	*result = (struct pack_result){.fd = -1, .failure = {.kind = FAILURE_NONE}};
	if (pack->fd < 0)
		return;
	int finished = finish_pack(pack, &result->inode, &result->failure);
	uint64_t size_bytes = outfile_position(pack);
	if (finished < 0 || size_bytes < target->pack_first) {
		outfile_discard(pack);
	} else if (outfile_close(pack) < 0) {
		target_explain(errno, &result->failure);
	} else {
		result->valid_bytes = size_bytes;
		result->fd = outfile_take_sealed(pack);
	}
}
