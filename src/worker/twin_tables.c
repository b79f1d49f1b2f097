// SPDX-License-Identifier: MIT

#include "worker/twin_tables.h"

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

/* --- canonical codes -------------------------------------------------------------------------- */

/* Codes as they appear in the input: the first bit of the code lowest. */
struct reversed {
	unsigned count;
	uint16_t bits[TWIN_FIXED_LITERALS];
};

/*
 * Put the symbols in the order of their codes, RFC 1951, 3.2.2. False where zlib refuses the
 * lengths: more codes than there is room for, or fewer, but for a single one of one bit, or none.
 */
static bool sort_symbols(struct twin_code *code, const uint8_t *lengths, unsigned count)
{
	uint16_t counts[TWIN_CODE_BITS + 1] = {0};
	uint16_t next[TWIN_CODE_BITS + 1];
	unsigned room = 1; /* codes that are free at the length in hand */
	unsigned longest = 0;
	unsigned used = 0;

	for (unsigned symbol = 0; symbol < count; symbol++)
		counts[lengths[symbol]]++;
	for (unsigned length = 1; length <= TWIN_CODE_BITS; length++) {
		room <<= 1;
		if (counts[length] > room)
			return false;
		room -= counts[length];
		if (counts[length] > 0)
			longest = length;
		next[length] = (uint16_t)used;
		used += counts[length];
	}
	if (room > 0 && longest > 1)
		return false;
	memcpy(code->count, counts, sizeof(counts));
	/* Symbols without a code go behind all others, where they harm nothing. */
	next[0] = (uint16_t)used;
	for (unsigned symbol = 0; symbol < count; symbol++)
		code->symbols[next[lengths[symbol]]++] = (uint16_t)symbol;
	code->longest = (uint16_t)longest;
	return true;
}

static uint16_t reverse16(uint16_t value)
{
	unsigned v = value;

	v = (v & 0x5555) << 1 | (v >> 1 & 0x5555);
	v = (v & 0x3333) << 2 | (v >> 2 & 0x3333);
	v = (v & 0x0f0f) << 4 | (v >> 4 & 0x0f0f);
	return (uint16_t)(v << 8 | v >> 8);
}

/*
 * The codes of the symbols in their order. Codes at the left of 16 bits simply go on by what one of
 * that length stands for; reversed, they are at the right.
 */
TWIN_CPU static void make_codes(const struct twin_code *code, struct reversed *reversed)
{
	unsigned next = 0;
	unsigned made = 0;

	memset(reversed->bits, 0, sizeof(reversed->bits));
	for (unsigned length = 1; length <= code->longest; length++) {
		for (unsigned n = code->count[length]; n > 0; n--) {
			reversed->bits[made++] = (uint16_t)next;
			next += 1U << (16 - length);
		}
	}
	reversed->count = made;
	for (unsigned i = 0; i < TWIN_FIXED_LITERALS;
		i++) /* all, so that it is done with vectors */
		reversed->bits[i] = reverse16(reversed->bits[i]);
}

/* --- tables ----------------------------------------------------------------------------------- */

/*
 * A table of n bits is that of n - 1 bits twice: the last bit makes no difference to what is
 * decided by those before it. So tables are made bit by bit: doubled, and then what takes just so
 * many bits is put in its places. No place is written more than once a bit.
 */
static void double_table(uint32_t *table, unsigned bits)
{
	size_t half = (size_t)1 << (bits - 1);

	memcpy(table + half, table, half * sizeof(*table));
}

/* What a code that is too long for the table has in it. */
struct long_codes {
	unsigned table_bits;
	unsigned table_max;      /* entries, with those behind */
	uint32_t mark;           /* of an entry that leads behind the table */
	uint32_t bit;            /* what each bit of a code adds to an entry */
	const uint32_t *entries; /* of the symbols in their order, without that */
	const uint8_t *lengths;  /* by symbol */
};

/* Put codes that are longer than the table in tables behind it: one for each beginning. */
static void put_long_codes(uint32_t *table, const struct twin_code *code,
	const struct reversed *reversed, unsigned index, const struct long_codes *what)
{
	unsigned table_size = 1U << what->table_bits;
	unsigned start = table_size;

	while (index < reversed->count) {
		unsigned beginning = reversed->bits[index] & (table_size - 1);
		unsigned end = index;
		/* They follow each other, and so the last one is the longest. */
		while (end < reversed->count &&
			(reversed->bits[end] & (table_size - 1)) == beginning)
			end++;
		unsigned bits = what->lengths[code->symbols[end - 1]] - what->table_bits;
		assert(start + (1U << bits) <= what->table_max);
		table[beginning] = what->mark | TWIN_LONGER | what->table_bits | bits << 8 |
				   (uint32_t)start << 16;
		for (; index < end; index++) {
			unsigned length = what->lengths[code->symbols[index]] - what->table_bits;
			uint32_t entry = what->entries[index] + length * what->bit;
			unsigned at = (unsigned)reversed->bits[index] >> what->table_bits;
			for (; at < 1U << bits; at += 1U << length)
				table[start + at] = entry;
		}
		start += 1U << bits;
	}
}

/* --- distances -------------------------------------------------------------------------------- */

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
	struct reversed reversed;
	uint32_t entries[TWIN_FIXED_DISTANCES] = {0};
	unsigned index = 0;

	make_codes(code, &reversed);
	for (unsigned i = 0; i < reversed.count; i++)
		entries[i] = distance_entry(code->symbols[i]);
	/* What has no code: zlib says so after one bit. */
	table[0] = TWIN_INVALID | 1;
	for (unsigned bits = 1; bits <= TWIN_DISTANCE_BITS; bits++) {
		double_table(table, bits);
		for (unsigned n = code->count[bits]; n > 0; n--, index++)
			table[reversed.bits[index]] = entries[index] + bits * bit;
	}
	struct long_codes what = {
		.table_bits = TWIN_DISTANCE_BITS,
		.table_max = TWIN_DISTANCE_TABLE,
		.bit = bit,
		.entries = entries,
		.lengths = lengths,
	};
	put_long_codes(table, code, &reversed, index, &what);
}

/* --- literals and lengths --------------------------------------------------------------------- */

/* Some bits of input and the entry that they lead to. */
struct word {
	uint32_t bits;
	uint32_t entry;
};

/* Words in the order of how many bits they have: those of n bits are from start[n] to start[n + 1].
 */
#define WORD_STARTS (TWIN_LITERAL_BITS + 2)

/* There are 256 lengths from 3 to 258, and no more pairs than places in the table (Kraft). */
#define LENGTH_WORDS_MAX 256
#define PAIR_WORDS_MAX   (1 << TWIN_LITERAL_BITS)

/* An entry is the sum of what its parts are worth: a literal in the first place or in the second,
 * a length, and the bits of them all. */
#define ONE_LITERAL     0x40U
#define FIRST(literal)  ((uint32_t)(literal) << 8 | ONE_LITERAL)
#define SECOND(literal) ((uint32_t)(literal) << 16 | ONE_LITERAL)
#define LENGTH(length)  ((uint32_t)(length) << 24)

struct builder {
	uint32_t *table;
	const struct twin_code *code;
	struct reversed reversed;
	unsigned
		first[TWIN_CODE_BITS + 1]; /* of the codes of each length: the index of the first */
	unsigned literals[TWIN_CODE_BITS + 1]; /* how many of them are literals, which come first */
	uint32_t entries[TWIN_FIXED_LITERALS]; /* of single symbols, in their order, less their bits
						*/
	unsigned length_start[WORD_STARTS];
	struct word lengths[LENGTH_WORDS_MAX]; /* with their extra bits */
	unsigned pair_start[WORD_STARTS];
	struct word pairs[PAIR_WORDS_MAX]; /* of literals */
};

/* The place of a symbol among those of lengths. */
static unsigned length_of(unsigned symbol)
{
	return symbol - (TWIN_END_OF_BLOCK + 1);
}

/* Whether the length @symbol, with a code of @bits, fits into the table with its extra bits. */
static bool fits(unsigned symbol, unsigned bits)
{
	unsigned length = length_of(symbol);

	if (symbol <= TWIN_END_OF_BLOCK || length >= sizeof(twin_length_extra))
		return false;
	unsigned extra = twin_length_extra[length];
	return bits + extra <= TWIN_LITERAL_BITS &&
	       twin_length_base[length] + (1U << extra) - 1 <= TWIN_ENTRY_LENGTH_MAX;
}

static uint32_t special_entry(unsigned symbol)
{
	unsigned length = length_of(symbol);

	if (symbol == TWIN_END_OF_BLOCK)
		return TWIN_SPECIAL_MARK | TWIN_BLOCK_END;
	if (length >= sizeof(twin_length_extra))
		return TWIN_SPECIAL_MARK | TWIN_INVALID;
	return TWIN_SPECIAL_MARK | (uint32_t)twin_length_base[length] << 16 |
	       (uint32_t)twin_length_extra[length] << 8;
}

/*
 * Look through the symbols in their order: what their entries are, and how much of all codes is
 * those of lengths, in units of 2^-15.
 */
static unsigned survey(struct builder *builder)
{
	const struct twin_code *code = builder->code;
	unsigned index = 0;
	unsigned matches = 0;

	for (unsigned bits = 1; bits <= TWIN_CODE_BITS; bits++) {
		unsigned end = index + code->count[bits];
		builder->first[bits] = index;
		for (; index < end && code->symbols[index] < TWIN_END_OF_BLOCK; index++)
			builder->entries[index] = FIRST(code->symbols[index]);
		builder->literals[bits] = index - builder->first[bits];
		for (; index < end; index++) {
			builder->entries[index] = special_entry(code->symbols[index]);
			if (code->symbols[index] > TWIN_END_OF_BLOCK)
				matches += 1U << (TWIN_CODE_BITS - bits);
		}
	}
	return matches;
}

/* Make a word of each length that fits, for each value of its extra bits. */
static void make_length_words(struct builder *builder)
{
	const struct twin_code *code = builder->code;
	struct {
		unsigned bits, total, index;
	} fitting[sizeof(twin_length_extra)];
	unsigned found = 0;
	unsigned made = 0;

	for (unsigned bits = 1; bits <= TWIN_LITERAL_BITS; bits++) {
		unsigned index = builder->first[bits] + builder->literals[bits];
		unsigned end = builder->first[bits] + code->count[bits];
		for (; index < end; index++) {
			if (!fits(code->symbols[index], bits))
				continue;
			unsigned extra = twin_length_extra[length_of(code->symbols[index])];
			fitting[found].bits = bits;
			fitting[found].total = bits + extra;
			fitting[found++].index = index;
		}
	}
	for (unsigned total = 1; total <= TWIN_LITERAL_BITS; total++) {
		builder->length_start[total] = made;
		for (unsigned i = 0; i < found; i++) {
			if (fitting[i].total != total)
				continue;
			unsigned bits = fitting[i].bits;
			unsigned length =
				twin_length_base[length_of(code->symbols[fitting[i].index])];
			for (unsigned extra = 0; extra < 1U << (total - bits); extra++)
				builder->lengths[made++] = (struct word){
					builder->reversed.bits[fitting[i].index] | extra << bits,
					LENGTH(length + extra) + total};
		}
	}
	builder->length_start[TWIN_LITERAL_BITS + 1] = made;
}

/* Put the single symbols whose codes have @bits bits. */
static void put_singles(struct builder *builder, unsigned bits)
{
	const uint16_t *codes = builder->reversed.bits;
	unsigned index = builder->first[bits];
	unsigned end = index + builder->code->count[bits];

	for (; index < end; index++) {
		/* A length that fits has a place for each value of its extra bits, instead. */
		if (builder->entries[index] & 0x80000000U &&
			fits(builder->code->symbols[index], bits))
			continue;
		builder->table[codes[index]] = builder->entries[index] + bits;
	}
}

/* Put each length word of @bits bits behind each of @count words. */
static void put_behind(struct builder *builder, const struct word *words, unsigned count,
	unsigned word_bits, unsigned bits)
{
	const struct word *length = &builder->lengths[builder->length_start[bits]];
	const struct word *end = &builder->lengths[builder->length_start[bits + 1]];
	uint32_t *table = builder->table;

	for (; length < end; length++) {
		for (unsigned i = 0; i < count; i++)
			table[words[i].bits | length->bits << word_bits] =
				words[i].entry + length->entry;
	}
}

/* Put the pairs of a literal with @first_bits bits and another one with @second_bits. */
TWIN_CPU static unsigned put_pairs(
	struct builder *builder, unsigned first_bits, unsigned second_bits, unsigned made)
{
	const uint16_t *codes = builder->reversed.bits;
	unsigned first = builder->first[first_bits];
	unsigned first_end = first + builder->literals[first_bits];
	unsigned second = builder->first[second_bits];
	unsigned second_end = second + builder->literals[second_bits];

	for (; first < first_end; first++) {
		uint32_t entry = builder->entries[first] + ONE_LITERAL + first_bits + second_bits;
		for (unsigned i = second; i < second_end; i++) {
			struct word pair = {
				.bits = codes[first] | (uint32_t)codes[i] << first_bits,
				.entry = entry + ((builder->entries[i] & 0xff00) << 8),
			};
			builder->table[pair.bits] = pair.entry;
			builder->pairs[made++] = pair;
		}
	}
	return made;
}

/* Put lengths behind single literals of @first_bits bits. */
static void put_behind_literals(struct builder *builder, unsigned first_bits, unsigned bits)
{
	unsigned index = builder->first[first_bits];
	unsigned end = index + builder->literals[first_bits];

	for (; index < end; index++) {
		struct word literal = {
			builder->reversed.bits[index], builder->entries[index] + first_bits};
		put_behind(builder, &literal, 1, first_bits, bits);
	}
}

/* The literal table, bit by bit. */
static void put_words(struct builder *builder)
{
	unsigned *pair_start = builder->pair_start;
	unsigned pairs = 0;

	builder->table[0] = TWIN_SPECIAL_MARK | TWIN_INVALID | 1;
	for (unsigned bits = 1; bits <= TWIN_LITERAL_BITS; bits++) {
		double_table(builder->table, bits);
		put_singles(builder, bits);
		struct word nothing = {0, 0};
		put_behind(builder, &nothing, 1, 0, bits);
		pair_start[bits] = pairs;
		for (unsigned first = 1; first < bits; first++) {
			if (builder->literals[first] == 0)
				continue;
			pairs = put_pairs(builder, first, bits - first, pairs);
			put_behind_literals(builder, first, bits - first);
		}
		pair_start[bits + 1] = pairs;
		for (unsigned pair = 2; pair < bits; pair++)
			put_behind(builder, &builder->pairs[pair_start[pair]],
				pair_start[pair + 1] - pair_start[pair], pair, bits - pair);
	}
}

static void build_literals(struct twin *twin)
{
	struct builder builder;

	builder.table = twin->literal_table;
	builder.code = &twin->literal_code;
	make_codes(builder.code, &builder.reversed);
	unsigned matches = survey(&builder);
	/* Where two of the loops are equally fast. */
	twin->matches = matches < (4 << TWIN_CODE_BITS) / 100    ? TWIN_SELDOM
			: matches < (15 << TWIN_CODE_BITS) / 100 ? TWIN_SOMETIMES
								 : TWIN_OFTEN;
	make_length_words(&builder);
	put_words(&builder);
	unsigned longer = 0;
	for (unsigned bits = 1; bits <= TWIN_LITERAL_BITS; bits++)
		longer += builder.code->count[bits];
	struct long_codes what = {
		.table_bits = TWIN_LITERAL_BITS,
		.table_max = TWIN_LITERAL_TABLE,
		.mark = TWIN_SPECIAL_MARK,
		.bit = 1,
		.entries = builder.entries,
		.lengths = twin->lengths,
	};
	put_long_codes(builder.table, builder.code, &builder.reversed, longer, &what);
}

/* --- blocks ----------------------------------------------------------------------------------- */

bool twin_build_tables(struct twin *twin)
{
	const uint8_t *distance_lengths = twin->lengths + twin->literal_count;

	twin->fixed_tables = false;
	if (!sort_symbols(&twin->literal_code, twin->lengths, twin->literal_count) ||
		!sort_symbols(&twin->distance_code, distance_lengths, twin->distance_count))
		return false;
	build_literals(twin);
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
	struct reversed reversed;

	if (!sort_symbols(&code, twin->lengths, 19))
		return false;
	if (code.longest == 0) {
		memset(twin->length_table, 1, sizeof(twin->length_table));
		return true;
	}
	if (code.longest == 1 && code.count[1] == 1)
		return false; /* this one must be complete */
	make_codes(&code, &reversed);
	for (unsigned i = 0; i < reversed.count; i++) {
		unsigned symbol = code.symbols[i];
		unsigned length = twin->lengths[symbol];
		for (unsigned at = reversed.bits[i]; at < 1 << 7; at += 1U << length)
			twin->length_table[at] = (uint8_t)(symbol << 3 | length);
	}
	return true;
}
