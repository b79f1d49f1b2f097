// SPDX-License-Identifier: MIT

/*
 * Numbers and byte strings on a byte buffer, little-endian, field by field: no struct is ever cast
 * to or from bytes, and every length that a peer states is checked before it is used. Pure: no
 * input or output, no allocation.
 *
 * Errors are sticky. After a put that does not fit, or a get past the end, `failed` is set, further
 * puts do nothing and further gets give 0, so that a caller checks once at the end.
 */

#ifndef ZIPMAP_PROTOCOL_WIRE_H
#define ZIPMAP_PROTOCOL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes being written. */
struct wire_writer {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool failed;
};

/** Bytes being read. */
struct wire_reader {
	const uint8_t *at;
	size_t left;
	bool failed;
};

/** Begin to write to @data, which the caller owns and which has room for @capacity bytes. */
void wire_writer_init(struct wire_writer *writer, void *data, size_t capacity);

void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);

/** Put a 16-bit length and that many bytes. */
void wire_put_bytes(struct wire_writer *writer, const void *bytes, uint16_t size);

/** The same with a 32-bit length. */
void wire_put_long(struct wire_writer *writer, const void *bytes, uint32_t size);

/** Begin to read @size bytes at @data, which must outlive the reader and what it gives. */
void wire_reader_init(struct wire_reader *reader, const void *data, size_t size);

uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);

/** Get what wire_put_bytes() put: a pointer into the reader's data, its length to @size. */
const void *wire_get_bytes(struct wire_reader *reader, uint16_t *size);

/** The same of what wire_put_long() put. */
const void *wire_get_long(struct wire_reader *reader, uint32_t *size);

#endif
