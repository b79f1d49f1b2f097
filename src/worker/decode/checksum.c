// SPDX-License-Identifier: MIT

#include "worker/decode/checksum.h"

#include <zlib.h>

#ifdef HAVE_ISAL

#include <isa-l.h>

uint32_t checksum_crc32(uint32_t crc32_before, const void *bytes, size_t size)
{
	/* "gzip_refl" is the reflected CRC-32 of gzip and zip. */
	return crc32_gzip_refl(crc32_before, bytes, size);
}

#define TO_STRING(token) #token
#define VERSION_STRING(major, minor, patch) \
	TO_STRING(major) "." TO_STRING(minor) "." TO_STRING(patch)

const char *checksum_library(void)
{
	return "ISA-L " VERSION_STRING(ISAL_MAJOR_VERSION, ISAL_MINOR_VERSION, ISAL_PATCH_VERSION);
}

#else

uint32_t checksum_crc32(uint32_t crc32_before, const void *bytes, size_t size)
{
	return (uint32_t)crc32_z(crc32_before, bytes, size);
}

const char *checksum_library(void)
{
	return "zlib " ZLIB_VERSION;
}

#endif

uint32_t checksum_combine(uint32_t front, uint32_t behind, uint64_t behind_bytes)
{
	return (uint32_t)crc32_combine(front, behind, (z_off_t)behind_bytes);
}
