// SPDX-License-Identifier: MIT

/*
 * Traditional PKWARE decryption (APPNOTE 6.1): three keys that the password and the data change,
 * and twelve bytes before the data, the last of which verifies the password. It keeps nothing
 * secret from anybody who tries; it is read because there are archives of it.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_ZIPCRYPTO_H
#define ZIPMAP_WORKER_CONTAINER_ZIPCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The bytes before the data. */
#define ZIPCRYPTO_HEADER_SIZE 12

struct zipcrypto {
	uint32_t keys[3];
};

/**
 * Begin to decrypt what follows @header (ZIPCRYPTO_HEADER_SIZE bytes), whose last byte is one of
 * @checks once it is decrypted. Whether it is: otherwise this is not the @password (@size bytes).
 */
bool zipcrypto_init(struct zipcrypto *crypto, const char *password, size_t size,
	const uint8_t *header, const uint8_t checks[2]);

/** Decrypt the next @size bytes in place. */
void zipcrypto_decrypt(struct zipcrypto *crypto, uint8_t *bytes, size_t size);

#endif
