// SPDX-License-Identifier: MIT

#include "worker/container/zipaes.h"

#include "util/cleanup.h"

#include <nettle/aes.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/memxor.h>
#include <nettle/pbkdf2.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_MAX = 32,
	VERIFICATION = 2,
	ITERATIONS = 1000,
	STREAM = 4096, /* bytes of the key stream that are made at a time */
};

struct zipaes {
	union {
		struct aes128_ctx aes128;
		struct aes192_ctx aes192;
		struct aes256_ctx aes256;
	} key;
	unsigned bits;
	struct hmac_sha1_ctx code;
	uint64_t counter;
	size_t used; /* of the stream */
	uint8_t stream[STREAM];
};

size_t zipaes_header_size(unsigned bits)
{
	return bits / 16 + VERIFICATION; /* the salt is half as long as the key */
}

static void set_key(struct zipaes *aes, const uint8_t *key)
{
	switch (aes->bits) {
	case 128:
		aes128_set_encrypt_key(&aes->key.aes128, key);
		break;
	case 192:
		aes192_set_encrypt_key(&aes->key.aes192, key);
		break;
	default:
		aes256_set_encrypt_key(&aes->key.aes256, key);
		break;
	}
}

struct zipaes *zipaes_new(
	unsigned bits, const char *password, size_t size, const uint8_t *header, bool *wrong)
{
	struct zipaes *aes = calloc(1, sizeof(*aes));
	size_t key_size = bits / 8;
	size_t salt_size = key_size / 2;
	uint8_t keys[2 * KEY_MAX + VERIFICATION]; /* for the data, for the code, verification */

	*wrong = false;
	if (!aes)
		return NULL;
	pbkdf2_hmac_sha1(size, (const uint8_t *)password, ITERATIONS, salt_size, header,
		2 * key_size + VERIFICATION, keys);
	aes->bits = bits;
	aes->used = STREAM;
	set_key(aes, keys);
	hmac_sha1_set_key(&aes->code, key_size, keys + key_size);
	*wrong = !memeql_sec(keys + 2 * key_size, header + salt_size, VERIFICATION);
	explicit_bzero(keys, sizeof(keys));
	if (!*wrong)
		return aes;
	zipaes_free(aes);
	return NULL;
}

/* The counter of the format counts from 1, its first byte is the lowest: no library's mode. */
static void make_stream(struct zipaes *aes)
{
	uint8_t *stream = aes->stream;

	memset(stream, 0, STREAM);
	for (size_t at = 0; at < STREAM; at += AES_BLOCK_SIZE) {
		uint64_t counter = ++aes->counter;
		for (size_t i = 0; i < sizeof(counter); i++)
			stream[at + i] = (uint8_t)(counter >> 8 * i);
	}
	switch (aes->bits) {
	case 128:
		aes128_encrypt(&aes->key.aes128, STREAM, stream, stream);
		break;
	case 192:
		aes192_encrypt(&aes->key.aes192, STREAM, stream, stream);
		break;
	default:
		aes256_encrypt(&aes->key.aes256, STREAM, stream, stream);
		break;
	}
	aes->used = 0;
}

void zipaes_decrypt(struct zipaes *aes, uint8_t *bytes, size_t size)
{
	hmac_sha1_update(&aes->code, size, bytes);
	while (size > 0) {
		if (aes->used == STREAM)
			make_stream(aes);
		size_t piece = STREAM - aes->used < size ? STREAM - aes->used : size;
		memxor(bytes, aes->stream + aes->used, piece);
		aes->used += piece;
		bytes += piece;
		size -= piece;
	}
}

bool zipaes_is_authentic(struct zipaes *aes, const uint8_t *code)
{
	uint8_t found[ZIPAES_CODE_SIZE];

	hmac_sha1_digest(&aes->code, ZIPAES_CODE_SIZE, found);
	return memeql_sec(found, code, ZIPAES_CODE_SIZE);
}

void zipaes_free(struct zipaes *aes)
{
	if (!aes)
		return;
	explicit_bzero(aes, sizeof(*aes));
	free(aes);
}
