// SPDX-License-Identifier: MIT

/*
 * WinZip's AES encryption (APPNOTE 7.2 and the AES extra field 0x9901): a salt, two bytes that
 * verify the password, the data in counter mode, and a code that authenticates them. libzip has it
 * too, but takes a member that was stored in version 2 of the format, which states no CRC-32, for a
 * damaged one.
 */

#ifndef ZIPMAP_WORKER_CONTAINER_ZIPAES_H
#define ZIPMAP_WORKER_CONTAINER_ZIPAES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The most bytes before the data, and the bytes of the code after them. */
#define ZIPAES_HEADER_MAX 18
#define ZIPAES_CODE_SIZE  10

struct zipaes;

/** Bytes before the data: salt and verification. @bits: of the key, 128, 192 or 256. */
size_t zipaes_header_size(unsigned bits);

/**
 * Begin to decrypt what follows @header (zipaes_header_size() bytes). NULL: no memory, or, *@wrong
 * set, this is not the @password (@size bytes).
 */
struct zipaes *zipaes_new(
	unsigned bits, const char *password, size_t size, const uint8_t *header, bool *wrong);

/** Decrypt the next @size bytes in place. */
void zipaes_decrypt(struct zipaes *aes, uint8_t *bytes, size_t size);

/** Whether @code (ZIPAES_CODE_SIZE bytes) is that of all that was decrypted. Once only. */
bool zipaes_is_authentic(struct zipaes *aes, const uint8_t *code);

/** Forget the keys. @aes may be NULL. */
void zipaes_free(struct zipaes *aes);

#endif
