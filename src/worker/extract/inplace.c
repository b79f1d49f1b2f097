// SPDX-License-Identifier: MIT

#include "worker/extract/inplace.h"

#include "worker/decode/buffer.h"
#include "worker/decode/checksum.h"

#include <errno.h>

bool in_place_is_possible(const struct in_place *in_place, const struct member *member)
{
	return in_place->wanted && member->method == METHOD_STORED && !member->encrypted;
}

bool in_place_is_certain(const struct in_place *in_place, const struct member *member)
{
	return in_place_is_possible(in_place, member) && !in_place->aligned;
}

/* Read up to @size bytes at @at in the file, at least one. How many; -1 with *@failure. */
static ssize_t read_some(const struct in_place_bytes *bytes, uint64_t at, uint8_t *buffer,
	size_t size, struct failure *failure)
{
	ssize_t got = source_read(bytes->source, buffer, size, at);

	if (got > 0)
		return got;
	*failure = got < 0 ? (struct failure){FAILURE_READ, {(uint64_t)errno, 0}}
			   : (struct failure){.kind = FAILURE_TRUNCATED};
	return -1;
}

int in_place_peek(
	const struct in_place_bytes *bytes, uint8_t *buffer, size_t size, struct failure *failure)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got =
			read_some(bytes, bytes->start + done, buffer + done, size - done, failure);
		if (got < 0)
			return -1;
		done += (size_t)got;
	}
	return 0;
}

ssize_t in_place_read(struct in_place_bytes *bytes, uint8_t *buffer, size_t size, uint32_t *crc32,
	struct failure *failure)
{
	uint64_t at = bytes->start + bytes->taken_bytes;
	uint64_t left = bytes->size_bytes - bytes->taken_bytes;
	/* As far into a page of the buffer as into one of the file: see buffer.h. */
	size_t skew = (size_t)(at % BUFFER_ALIGNMENT);
	size_t want = left < size - skew ? (size_t)left : size - skew;

	if (want == 0)
		return 0;
	ssize_t got = read_some(bytes, at, buffer + skew, want, failure);
	if (got < 0)
		return -1;
	*crc32 = checksum_crc32(*crc32, buffer + skew, (size_t)got);
	bytes->taken_bytes += (uint64_t)got;
	return got;
}
