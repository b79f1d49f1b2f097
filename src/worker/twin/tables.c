// SPDX-License-Identifier: MIT

#include "worker/twin/tables.h"

#include "worker/twin/codes.h"
#include "worker/twin/entries.h"
#include "worker/twin/literals.h"

#include <assert.h>
#include <string.h>

const uint16_t twin_length_base[29] = {3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35,
	43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
const uint8_t twin_length_extra[29] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
const uint16_t twin_distance_base[30] = {1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
	257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
const uint8_t twin_distance_extra[30] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8,
	9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

/* The first symbols of distances above 4 bytes, and above 32. */
#define FIRST_APART 4
#define FIRST_FAR   10

static uint32_t distance_entry(unsigned symbol)
{
	if (symbol >= sizeof(twin_distance_extra))
		return TWIN_INVALID;
	return (uint32_t)twin_distance_base[symbol] << 16 | twin_distance_extra[symbol];
}

static void build_distances(struct twin *twin, const uint8_t *lengths)
{
	const struct twin_code *code = &twin->distance_code;
	uint32_t *table = twin->distance_table;
	const uint32_t bit = 0x101; /* it is used, and it is one of the code's */
	struct twin_reversed reversed;
	uint32_t entries[TWIN_FIXED_DISTANCES] = {0};
	unsigned index = 0;

	twin_make_codes(code, &reversed);
	twin->near_share = 0;
	twin->overlap_share = 0;
	for (unsigned i = 0; i < reversed.count; i++) {
		unsigned symbol = code->symbols[i];
		entries[i] = distance_entry(symbol);
		int share = 1 << (TWIN_CODE_BITS - lengths[symbol]);
		if (symbol < FIRST_APART)
			twin->overlap_share += share;
		if (symbol < FIRST_FAR)
			twin->near_share += share;
	}
	/* What has no code: zlib says so after one bit. */
	table[0] = TWIN_INVALID | 1;
	for (unsigned bits = 1; bits <= TWIN_DISTANCE_BITS; bits++) {
		twin_double_table(table, bits);
		for (unsigned n = code->count[bits]; n > 0; n--, index++)
			table[reversed.bits[index]] = entries[index] + bits * bit;
	}
	struct twin_long_codes what = {
		.table_bits = TWIN_DISTANCE_BITS,
		.table_max = TWIN_DISTANCE_TABLE,
		.longer = TWIN_LONGER | TWIN_DISTANCE_BITS,
		.start_shift = 16,
		.bit = bit,
		.entries = entries,
		.lengths = lengths,
	};
	twin_put_long_codes(table, code, &reversed, index, &what);
}

bool twin_build_tables(struct twin *twin)
{
	const uint8_t *distance_lengths = twin->lengths + twin->literal_count;

	twin->fixed_tables = false;
	if (!twin_sort_symbols(&twin->literal_code, twin->lengths, twin->literal_count) ||
		!twin_sort_symbols(&twin->distance_code, distance_lengths, twin->distance_count))
		return false;
	twin_build_literals(twin);
	build_distances(twin, distance_lengths);
	return true;
}

void twin_build_fixed_tables(struct twin *twin)
{
	uint8_t *lengths = twin->lengths;

	if (twin->fixed_tables)
		return;
	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	memset(lengths + TWIN_FIXED_LITERALS, 5, TWIN_FIXED_DISTANCES);
	twin->literal_count = TWIN_FIXED_LITERALS;
	twin->distance_count = TWIN_FIXED_DISTANCES;
	twin->fixed_tables = twin_build_tables(twin);
	assert(twin->fixed_tables);
}

bool twin_build_length_table(struct twin *twin)
{
	struct twin_code code;
	struct twin_reversed reversed;

	if (!twin_sort_symbols(&code, twin->lengths, 19))
		return false;
	if (code.longest == 0) {
		memset(twin->length_table, 1, sizeof(twin->length_table));
		return true;
	}
	if (code.longest == 1 && code.count[1] == 1)
		return false; /* this one must be complete */
	twin_make_codes(&code, &reversed);
	for (unsigned i = 0; i < reversed.count; i++) {
		unsigned symbol = code.symbols[i];
		unsigned length = twin->lengths[symbol];
		for (unsigned at = reversed.bits[i]; at < 1 << 7; at += 1U << length)
			twin->length_table[at] = (uint8_t)(symbol << 3 | length);
	}
	return true;
}
