// SPDX-License-Identifier: MIT

#include "worker/extract/inplace.h"

#include "worker/decode/buffer.h"
#include "worker/decode/checksum.h"

bool in_place_is_possible(const struct in_place *in_place, const struct member *member)
{
	return in_place->wanted && member->method == METHOD_STORED && !member->encrypted;
}

bool in_place_is_certain(const struct in_place *in_place, const struct member *member)
{
	return in_place_is_possible(in_place, member) && !in_place->aligned;
}

uint64_t in_place_offset(const struct member_data *data)
{
	return data->offset;
}

int in_place_peek(const struct member_data *data, uint64_t offset, uint8_t *bytes, size_t size,
	struct failure *failure)
{
	struct member_data peek = {.archive = data->archive, .offset = offset, .left = size};

	while (peek.left > 0) {
		ssize_t got = member_data_read(
			&peek, bytes + (size - peek.left), (size_t)peek.left, failure);
		if (got < 0)
			return -1;
	}
	return 0;
}

ssize_t in_place_read(struct member_data *data, uint8_t *buffer, size_t size, uint32_t *crc32,
	struct failure *failure)
{
	/* As far into a page of the buffer as into one of the file: see buffer.h. */
	size_t skew = (size_t)(in_place_offset(data) % BUFFER_ALIGNMENT);
	ssize_t got = member_data_read(data, buffer + skew, size - skew, failure);

	if (got > 0)
		*crc32 = checksum_crc32(*crc32, buffer + skew, (size_t)got);
	return got;
}
