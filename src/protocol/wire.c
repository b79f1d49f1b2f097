// SPDX-License-Identifier: MIT

#include "protocol/wire.h"

#include <endian.h>
#include <string.h>

void wire_writer_init(struct wire_writer *writer, void *data, size_t capacity)
{
	*writer = (struct wire_writer){.data = data, .capacity = capacity};
}

/* The lowest @size bytes of @value, the lowest first. */
static inline void put_number(struct wire_writer *writer, uint64_t value, size_t size)
{
	uint64_t bytes = htole64(value);

	if (writer->failed || writer->capacity - writer->size < size) {
		writer->failed = true;
		return;
	}
	memcpy(writer->data + writer->size, &bytes, size);
	writer->size += size;
}

void wire_put_u8(struct wire_writer *writer, uint8_t value)
{
	put_number(writer, value, 1);
}

void wire_put_u16(struct wire_writer *writer, uint16_t value)
{
	put_number(writer, value, 2);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value)
{
	put_number(writer, value, 4);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value)
{
	put_number(writer, value, 8);
}

/* The length in @length_size bytes, then the bytes; all of it or nothing. */
static void put_string(
	struct wire_writer *writer, const void *bytes, uint32_t size, size_t length_size)
{
	if (writer->failed || writer->capacity - writer->size < size + length_size) {
		writer->failed = true;
		return;
	}
	put_number(writer, size, length_size);
	if (size)
		memcpy(writer->data + writer->size, bytes, size);
	writer->size += size;
}

void wire_put_bytes(struct wire_writer *writer, const void *bytes, uint16_t size)
{
	put_string(writer, bytes, size, 2);
}

void wire_put_long(struct wire_writer *writer, const void *bytes, uint32_t size)
{
	put_string(writer, bytes, size, 4);
}

void wire_reader_init(struct wire_reader *reader, const void *data, size_t size)
{
	*reader = (struct wire_reader){.at = data, .left = size};
}

/* The next @size bytes, or NULL when the message is shorter than it claims. */
static inline const uint8_t *take(struct wire_reader *reader, size_t size)
{
	if (reader->failed || reader->left < size) {
		reader->failed = true;
		return NULL;
	}
	const uint8_t *taken = reader->at;
	reader->at += size;
	reader->left -= size;
	return taken;
}

static inline uint64_t get_number(struct wire_reader *reader, size_t size)
{
	const uint8_t *bytes = take(reader, size);
	uint64_t value = 0;

	if (bytes)
		memcpy(&value, bytes, size);
	return le64toh(value);
}

uint8_t wire_get_u8(struct wire_reader *reader)
{
	return (uint8_t)get_number(reader, 1);
}

uint16_t wire_get_u16(struct wire_reader *reader)
{
	return (uint16_t)get_number(reader, 2);
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
	return (uint32_t)get_number(reader, 4);
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
	return get_number(reader, 8);
}

const void *wire_get_bytes(struct wire_reader *reader, uint16_t *size)
{
	uint16_t stated = wire_get_u16(reader);
	const void *bytes = take(reader, stated);

	*size = bytes ? stated : 0;
	return bytes;
}

const void *wire_get_long(struct wire_reader *reader, uint32_t *size)
{
	uint32_t stated = wire_get_u32(reader);
	const void *bytes = take(reader, stated);

	*size = bytes ? stated : 0;
	return bytes;
}
