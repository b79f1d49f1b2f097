// SPDX-License-Identifier: MIT

#include "values.h"

#include "util/cleanup.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Signals come in this many shapes; column n has shape n % SHAPES. */
#define SHAPES 16
/* Each shape is the sum of this many sines. */
#define SINES 3
/* The sine table: one turn, in units of 1/SINE_ONE. */
#define SINE_BITS 10
#define SINE_ONE  (1 << 14)
/* The longest field of text: "-32768.000,". */
#define FIELD_MAX  16
#define BLOCK_SIZE 8192

/* A sine's phase counts in units of 2^-32 turns, so that it wraps by itself. */
struct sine {
	uint32_t start, step;
	int32_t amplitude;
};

struct values {
	enum values_kind kind;
	uint64_t columns;
	uint64_t key;
	/* The next number to be made: its index in the stream, its row and its column. */
	uint64_t index, row, column;
	struct sine shapes[SHAPES][SINES];
	int16_t sine_table[(1 << SINE_BITS) + 1];
	/* Whole numbers that are made and not yet read: block[block_start..block_end). */
	size_t block_start, block_end;
	uint8_t block[BLOCK_SIZE];
};

/* The mixing step of the SplitMix64 generator: a bijection whose output passes for random even on
 * consecutive inputs, so that number n of a stream needs no number before it. */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t random_at(uint64_t key, uint64_t index)
{
	return mix(key + (index + 1) * 0x9e3779b97f4a7c15u);
}

uint64_t values_key(uint64_t seed, uint64_t archive, uint64_t member)
{
	return random_at(random_at(random_at(0, seed), archive), member);
}

unsigned values_width(enum values_kind kind)
{
	switch (kind) {
	case VALUES_RANDOM:
	case VALUES_SENSOR:
	case VALUES_ZEROS:
		return 4;
	case VALUES_INT16:
		return 2;
	case VALUES_CSV:
		return 0;
	}
	assert(false);
	return 0;
}

/* Periods of some 1,000 to 65,000 rows; the slower a sine, the larger. */
static void shapes_init(struct values *values)
{
	int32_t loudness = values->kind == VALUES_INT16 ? 12 : 1;
	int turn = 1 << SINE_BITS;

	for (int i = 0; i <= turn; i++)
		values->sine_table[i] = (int16_t)lround(sin(2 * M_PI * i / turn) * (SINE_ONE - 1));

	for (uint64_t shape = 0; shape < SHAPES; shape++) {
		for (unsigned k = 0; k < SINES; k++) {
			uint64_t random = random_at(~values->key, shape * SINES + k);
			struct sine *sine = &values->shapes[shape][k];
			uint32_t slowest_step = UINT32_C(1) << (16 + 2 * k);

			sine->start = (uint32_t)random;
			sine->step = slowest_step + (uint32_t)(random >> 32) % (slowest_step * 3);
			sine->amplitude = loudness * (1024 >> (2 * k));
		}
	}
}

struct values *values_new(enum values_kind kind, uint64_t columns, uint64_t key)
{
	struct values *values = calloc(1, sizeof(*values));

	assert(columns > 0);
	if (!values)
		return NULL;
	values->kind = kind;
	values->columns = columns;
	values->key = key;
	if (kind == VALUES_SENSOR || kind == VALUES_INT16 || kind == VALUES_CSV)
		shapes_init(values);
	return values;
}

void values_free(struct values *values)
{
	free(values);
}

/* The sine of a phase, in units of 1/SINE_ONE; whole numbers only, so that no rounding mode or
 * compiler changes a bit of it. */
static int32_t sine_of(const struct values *values, uint32_t phase)
{
	uint32_t place = phase >> (32 - SINE_BITS);
	int32_t fraction = (int32_t)((phase << SINE_BITS) >> 18);
	int32_t from = values->sine_table[place], to = values->sine_table[place + 1];

	return from + (to - from) * fraction / SINE_ONE;
}

/* The signal at the stream's place, which moves on by one. */
static int32_t next_level(struct values *values, int32_t noise_steps)
{
	const struct sine *sines = values->shapes[values->column % SHAPES];
	uint64_t noise = random_at(values->key, values->index) >> 32;
	int32_t level = 0;

	for (unsigned k = 0; k < SINES; k++) {
		uint32_t phase = sines[k].start + (uint32_t)(values->row * sines[k].step);
		level += sines[k].amplitude * sine_of(values, phase) / SINE_ONE;
	}
	level += (int32_t)(noise * (uint32_t)noise_steps >> 32) - noise_steps / 2;

	values->index++;
	if (++values->column == values->columns) {
		values->column = 0;
		values->row++;
	}
	return level;
}

static void put_float(uint8_t *place, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	bits = htole32(bits);
	memcpy(place, &bits, sizeof(bits));
}

/* Two numbers come from each random word; index counts words here. */
static void make_random(struct values *values)
{
	for (size_t at = 0; at < BLOCK_SIZE; at += 8) {
		uint64_t random = random_at(values->key, values->index++);

		put_float(values->block + at, (float)(uint32_t)(random >> 40) * 0x1p-24f);
		put_float(values->block + at + 4, (float)((uint32_t)random & 0xffffff) * 0x1p-24f);
	}
	values->block_end = BLOCK_SIZE;
}

static void make_sensor(struct values *values)
{
	for (size_t at = 0; at < BLOCK_SIZE; at += 4)
		put_float(values->block + at, 20 + (float)next_level(values, 4) / 256);
	values->block_end = BLOCK_SIZE;
}

static void make_int16(struct values *values)
{
	for (size_t at = 0; at < BLOCK_SIZE; at += 2) {
		uint16_t bits = htole16((uint16_t)next_level(values, 64));
		memcpy(values->block + at, &bits, sizeof(bits));
	}
	values->block_end = BLOCK_SIZE;
}

static void make_zeros(struct values *values)
{
	values->block_end = BLOCK_SIZE; /* calloc made it zeros, and nothing else writes there */
}

/* A number of thousandths as text. */
static uint8_t *put_decimal(uint8_t *place, int32_t thousandths)
{
	uint32_t left = thousandths < 0 ? 0 - (uint32_t)thousandths : (uint32_t)thousandths;
	uint8_t digits[FIELD_MAX] = {0};
	unsigned count = 0;

	if (thousandths < 0)
		*place++ = '-';
	for (; count < 4 || left > 0; left /= 10) {
		digits[count++] = (uint8_t)('0' + left % 10);
		if (count == 3)
			digits[count++] = '.';
	}
	while (count > 0)
		*place++ = digits[--count];
	return place;
}

/* Fill the block with fields up to number @end of the stream. */
static void make_csv(struct values *values, uint64_t end)
{
	uint8_t *place = values->block;

	while (place + FIELD_MAX <= values->block + BLOCK_SIZE && values->index < end) {
		bool last = values->column + 1 == values->columns;
		int32_t level = next_level(values, 4);

		place = put_decimal(place, 20000 + level * 1000 / 256);
		*place++ = last ? '\n' : ',';
	}
	values->block_end = (size_t)(place - values->block);
}

static void make_block(struct values *values)
{
	values->block_start = 0;
	switch (values->kind) {
	case VALUES_RANDOM:
		make_random(values);
		break;
	case VALUES_SENSOR:
		make_sensor(values);
		break;
	case VALUES_INT16:
		make_int16(values);
		break;
	case VALUES_ZEROS:
		make_zeros(values);
		break;
	case VALUES_CSV:
		make_csv(values, UINT64_MAX);
		break;
	}
}

void values_read(struct values *values, void *buffer, size_t size)
{
	uint8_t *to = buffer;

	while (size > 0) {
		if (values->block_start == values->block_end)
			make_block(values);

		size_t piece = values->block_end - values->block_start;
		if (piece > size)
			piece = size;
		memcpy(to, values->block + values->block_start, piece);
		values->block_start += piece;
		to += piece;
		size -= piece;
	}
}

int values_measure(
	enum values_kind kind, uint64_t columns, uint64_t key, uint64_t count, uint64_t *size_bytes)
{
	if (kind != VALUES_CSV) {
		if (__builtin_mul_overflow(count, values_width(kind), size_bytes) ||
			*size_bytes > INT64_MAX) {
			errno = EOVERFLOW;
			return -1;
		}
		return 0;
	}

	cleanup_free struct values *values = values_new(kind, columns, key);
	if (!values)
		return -1;
	*size_bytes = 0;
	while (values->index < count) {
		make_csv(values, count);
		*size_bytes += values->block_end;
	}
	return 0;
}
