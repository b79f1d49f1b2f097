// SPDX-License-Identifier: MIT

/*
 * Numbers in the records of an archive, which are little-endian (APPNOTE 4.4.1.1), and the
 * signatures that the records begin with.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_BYTES_H
#define ZIPMAP_WORKER_CONTAINER_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/** The records' signatures, as numbers. */
enum {
	SIGNATURE_LOCAL = 0x04034b50,     /**< APPNOTE 4.3.7 */
	SIGNATURE_ENTRY = 0x02014b50,     /**< APPNOTE 4.3.12 */
	SIGNATURE_DIGITAL = 0x05054b50,   /**< APPNOTE 4.3.13 */
	SIGNATURE_END64 = 0x06064b50,     /**< APPNOTE 4.3.14 */
	SIGNATURE_LOCATOR64 = 0x07064b50, /**< APPNOTE 4.3.15 */
	SIGNATURE_END = 0x06054b50,       /**< APPNOTE 4.3.16 */
};

static inline uint16_t bytes_u16(const uint8_t *bytes)
{
	uint16_t value;

	memcpy(&value, bytes, sizeof(value));
	return le16toh(value);
}

static inline uint32_t bytes_u32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return le32toh(value);
}

static inline uint64_t bytes_u64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return le64toh(value);
}

#endif
