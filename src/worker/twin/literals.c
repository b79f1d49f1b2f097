// SPDX-License-Identifier: MIT

#include "worker/twin/literals.h"

#include "worker/twin/codes.h"
#include "worker/twin/entries.h"

#include <assert.h>

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

/* If literals prevail: a literal that a length follows. */
#define BEFORE_LENGTH(literal) ((uint32_t)(literal) << 8 | 1U << TWIN_OTHER_VALUE)

struct builder {
	uint32_t *table;
	const struct twin_code *code;
	bool frequent; /* matches: else literals prevail */
	uint32_t bit;  /* what each bit adds to an entry that is not of literals alone */
	uint32_t mark; /* of a special entry, and where its value is */
	unsigned value_shift;
	struct twin_reversed reversed;
	/* Of the codes of each length: the index of the first, and how many of them are literals,
	 * which come first. */
	unsigned first[TWIN_CODE_BITS + 1];
	unsigned literals[TWIN_CODE_BITS + 1];
	uint32_t entries[TWIN_FIXED_LITERALS]; /* of single symbols in order, less their bits */
	unsigned length_start[WORD_STARTS];
	struct word lengths[LENGTH_WORDS_MAX]; /* with their extra bits */
	unsigned pair_start[WORD_STARTS];
	struct word pairs[PAIR_WORDS_MAX]; /* of literals */
};

/* The symbol of the first length above 16 bytes: 17 and 18. */
#define FIRST_LONG 268

/* The place of a symbol among those of lengths. */
static unsigned length_of(unsigned symbol)
{
	return symbol - (TWIN_END_OF_BLOCK + 1);
}

/* Whether the length @symbol, with a code of @bits, fits into the table with its extra bits. */
static bool fits(const struct builder *builder, unsigned symbol, unsigned bits)
{
	unsigned most = builder->frequent ? TWIN_ENTRY_LENGTH_MAX : TWIN_OTHER_ENTRY_LENGTH_MAX;
	unsigned length = length_of(symbol);

	if (symbol <= TWIN_END_OF_BLOCK || length >= sizeof(twin_length_extra))
		return false;
	unsigned extra = twin_length_extra[length];
	return bits + extra <= TWIN_LITERAL_BITS &&
	       twin_length_base[length] + (1U << extra) - 1 <= most;
}

static uint32_t special_entry(const struct builder *builder, unsigned symbol)
{
	unsigned length = length_of(symbol);

	if (symbol == TWIN_END_OF_BLOCK)
		return builder->mark | TWIN_BLOCK_END;
	if (length >= sizeof(twin_length_extra))
		return builder->mark | TWIN_INVALID;
	return builder->mark | (uint32_t)twin_length_base[length] << builder->value_shift |
	       (uint32_t)twin_length_extra[length] << 8;
}

/* Look through the symbols in their order: what their entries are. */
static void make_entries(struct builder *builder)
{
	const struct twin_code *code = builder->code;
	unsigned index = 0;

	for (unsigned bits = 1; bits <= TWIN_CODE_BITS; bits++) {
		unsigned end = index + code->count[bits];
		builder->first[bits] = index;
		for (; index < end && code->symbols[index] < TWIN_END_OF_BLOCK; index++)
			builder->entries[index] = FIRST(code->symbols[index]);
		builder->literals[bits] = index - builder->first[bits];
		for (; index < end; index++)
			builder->entries[index] = special_entry(builder, code->symbols[index]);
	}
}

/* How likely matches are, and long ones among them. */
static void survey(struct twin *twin)
{
	unsigned lengths = 0; /* their share of all codes, in units of 2^-15 */
	unsigned long_ones = 0;

	for (unsigned symbol = TWIN_END_OF_BLOCK + 1; symbol < twin->literal_count; symbol++) {
		unsigned share = (1U << TWIN_CODE_BITS) >> twin->lengths[symbol];
		if (twin->lengths[symbol] == 0)
			continue;
		lengths += share;
		if (symbol >= FIRST_LONG)
			long_ones += share;
	}
	/* At these shares two of the loops are equally fast. */
	twin->matches = lengths < (4 << TWIN_CODE_BITS) / 100    ? TWIN_SELDOM
			: lengths < (15 << TWIN_CODE_BITS) / 100 ? TWIN_SOMETIMES
								 : TWIN_OFTEN;
	twin->long_share = lengths == 0 ? 0 : (int)((long_ones << TWIN_CODE_BITS) / lengths);
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
			if (!fits(builder, code->symbols[index], bits))
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
					LENGTH(length + extra) + total * builder->bit};
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
		uint32_t entry = builder->entries[index];
		/* A length that fits has a place for each value of its extra bits, instead. */
		if (entry & TWIN_SPECIAL_BIT && fits(builder, builder->code->symbols[index], bits))
			continue;
		builder->table[codes[index]] =
			entry + bits * (entry & TWIN_SPECIAL_BIT ? builder->bit : 1);
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

	if (builder->length_start[bits] == builder->length_start[bits + 1])
		return;
	for (; index < end; index++) {
		uint32_t entry = builder->frequent ? builder->entries[index]
						   : BEFORE_LENGTH(builder->code->symbols[index]);
		struct word literal = {
			builder->reversed.bits[index], entry + first_bits * builder->bit};
		put_behind(builder, &literal, 1, first_bits, bits);
	}
}

/* The literal table, bit by bit. */
static void put_words(struct builder *builder)
{
	unsigned *pair_start = builder->pair_start;
	unsigned pairs = 0;

	builder->table[0] = builder->mark | TWIN_INVALID | builder->bit;
	for (unsigned bits = 1; bits <= TWIN_LITERAL_BITS; bits++) {
		twin_double_table(builder->table, bits);
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
		for (unsigned pair = 2; builder->frequent && pair < bits; pair++)
			put_behind(builder, &builder->pairs[pair_start[pair]],
				pair_start[pair + 1] - pair_start[pair], pair, bits - pair);
	}
}

void twin_build_literals(struct twin *twin)
{
	struct builder builder;

	survey(twin);
	builder.table = twin->literal_table;
	builder.code = &twin->literal_code;
	builder.frequent = twin->matches == TWIN_OFTEN;
	builder.bit = builder.frequent ? 1 : 1U << TWIN_OTHER_BITS;
	builder.mark = TWIN_SPECIAL_BIT | (builder.frequent ? TWIN_SPECIAL : 0);
	builder.value_shift = builder.frequent ? 16 : TWIN_OTHER_VALUE;
	twin_make_codes(builder.code, &builder.reversed);
	make_entries(&builder);
	make_length_words(&builder);
	put_words(&builder);
	unsigned longer = 0;
	for (unsigned bits = 1; bits <= TWIN_LITERAL_BITS; bits++)
		longer += builder.code->count[bits];
	struct twin_long_codes what = {
		.table_bits = TWIN_LITERAL_BITS,
		.table_max = TWIN_LITERAL_TABLE,
		.longer = builder.mark | TWIN_LONGER | TWIN_LITERAL_BITS * builder.bit,
		.start_shift = builder.value_shift,
		.start_base = builder.frequent ? 0 : 1U << TWIN_LITERAL_BITS,
		.bit = 1,
		.special_bit = builder.bit,
		.entries = builder.entries,
		.lengths = twin->lengths,
	};
	twin_put_long_codes(builder.table, builder.code, &builder.reversed, longer, &what);
}
