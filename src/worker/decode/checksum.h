// SPDX-License-Identifier: MIT

/*
 * The CRC-32 of what is unzipped, by ISA-L, or by zlib if zipmap is built without it.
 */

#ifndef ZIPMAP_WORKER_DECODE_CHECKSUM_H
#define ZIPMAP_WORKER_DECODE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/** The CRC-32 (APPNOTE 4.4.7) of bytes whose beginning has @crc32 (0 for none) and @bytes. */
uint32_t checksum_crc32(uint32_t crc32, const void *bytes, size_t size);

/** The library, for --version. Static. */
const char *checksum_library(void);

/**
 * The CRC-32 of bytes and others behind them, @behind_bytes of them, from the CRC-32 of each. It
 * takes as long for few as for many.
 */
uint32_t checksum_combine(uint32_t front, uint32_t behind, uint64_t behind_bytes);

#endif
