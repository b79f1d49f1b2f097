// SPDX-License-Identifier: MIT

#include "worker/container/zipcrypto.h"

#include <string.h>
#include <zlib.h>

/* The CRC-32 of one byte more, without the complements that zlib puts around it (APPNOTE 6.1.5). */
static uint32_t crc_step(const z_crc_t *table, uint32_t crc, uint8_t byte)
{
	return (uint32_t)table[(crc ^ byte) & 0xff] ^ crc >> 8;
}

static void update(uint32_t keys[3], const z_crc_t *table, uint8_t byte)
{
	keys[0] = crc_step(table, keys[0], byte);
	keys[1] = (keys[1] + (keys[0] & 0xff)) * 134775813 + 1;
	keys[2] = crc_step(table, keys[2], (uint8_t)(keys[1] >> 24));
}

/* The next byte of the stream that the data are combined with (APPNOTE 6.1.6). */
static uint8_t stream_byte(const uint32_t keys[3])
{
	uint32_t word = (keys[2] | 2) & 0xffff;

	return (uint8_t)(word * (word ^ 1) >> 8);
}

bool zipcrypto_init(struct zipcrypto *crypto, const char *password, size_t size,
	const uint8_t *header, const uint8_t checks[2])
{
	const z_crc_t *table = get_crc_table();
	uint8_t bytes[ZIPCRYPTO_HEADER_SIZE];

	crypto->keys[0] = 0x12345678;
	crypto->keys[1] = 0x23456789;
	crypto->keys[2] = 0x34567890;
	for (size_t i = 0; i < size; i++)
		update(crypto->keys, table, (uint8_t)password[i]);
	memcpy(bytes, header, sizeof(bytes));
	zipcrypto_decrypt(crypto, bytes, sizeof(bytes));
	uint8_t last = bytes[ZIPCRYPTO_HEADER_SIZE - 1];
	return last == checks[0] || last == checks[1];
}

void zipcrypto_decrypt(struct zipcrypto *crypto, uint8_t *bytes, size_t size)
{
	const z_crc_t *table = get_crc_table();
	uint32_t keys[3];

	memcpy(keys, crypto->keys, sizeof(keys));
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= stream_byte(keys);
		update(keys, table, bytes[i]);
	}
	memcpy(crypto->keys, keys, sizeof(keys));
}
