// SPDX-License-Identifier: MIT

/*
 * What members hold: endless streams of numbers, in rows of some columns. A stream is a function of
 * its kind, columns and key alone: neither the process that makes it nor the sizes of the pieces in
 * which it is read change a byte. Numbers are little-endian.
 */

#ifndef ZIPMAP_TESTDATA_GEN_VALUES_H
#define ZIPMAP_TESTDATA_GEN_VALUES_H

#include <stddef.h>
#include <stdint.h>

enum values_kind {
	VALUES_RANDOM, /**< float32, uniform in [0, 1), 24 random bits each */
	VALUES_SENSOR, /**< float32: slow sines and a little noise, in steps of 1/256 */
	VALUES_INT16,  /**< int16: a louder signal with more noise */
	VALUES_ZEROS,  /**< float32 zeros */
	VALUES_CSV,    /**< text: the sensor values with three decimals, commas and newlines */
};

struct values;

/** The key of one member's stream: well mixed, so that neighbours have nothing in common. */
uint64_t values_key(uint64_t seed, uint64_t archive, uint64_t member);

/** Bytes of one number; 0 where that varies (CSV). */
unsigned values_width(enum values_kind kind);

/** A stream at its start. @columns at least 1. NULL without memory; free it with values_free(). */
struct values *values_new(enum values_kind kind, uint64_t columns, uint64_t key);

void values_free(struct values *values);

/** The next @size bytes of the stream. */
void values_read(struct values *values, void *buffer, size_t size);

/**
 * The bytes that @count numbers of the stream take, found by making them where the width varies.
 * 0, or -1 with errno: ENOMEM, or EOVERFLOW where it is more than an int64_t holds.
 */
int values_measure(enum values_kind kind, uint64_t columns, uint64_t key, uint64_t count,
	uint64_t *size_bytes);

#endif
