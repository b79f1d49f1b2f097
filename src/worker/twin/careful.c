// SPDX-License-Identifier: MIT

/*
 * A stream of the twin decoder step by step: headers, stored blocks, and the symbols near the end
 * of the input, where the loops could read too far. No bit is taken before it is needed, so that
 * the stream can stop for input anywhere and, at its end, has read no byte too many. The checks and
 * their order are zlib's: both refuse a stream at the same symbol.
 */

#include "worker/twin/tables.h"
#include "worker/twin/twin.h"

#include <string.h>

/* --- bits ------------------------------------------------------------------------------------- */

static uint64_t load64(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value)); /* x86-64: the first byte lowest, as bits are read */
	return value;
}

/* Have @count bits (at most 48). False: the input has not so many. */
static bool need(struct twin *twin, unsigned count)
{
	while (twin->bit_count < count) {
		if (twin->in == twin->in_end)
			return false;
		twin->bits |= (uint64_t)*twin->in++ << twin->bit_count;
		twin->bit_count += 8;
	}
	return true;
}

/*
 * As need(), but take as many bits as fit if that is possible at once. They are given back
 * before anything but headers is read.
 */
static bool need_ahead(struct twin *twin, unsigned count)
{
	if (twin->bit_count >= count)
		return true;
	if (twin->in_end - twin->in < 8)
		return need(twin, count);
	twin->bits |= load64(twin->in) << twin->bit_count;
	twin->in += (63 - twin->bit_count) >> 3;
	twin->bit_count |= 56;
	twin->bits &= (UINT64_C(1) << twin->bit_count) - 1;
	return true;
}

static unsigned peek(const struct twin *twin, unsigned skip, unsigned count)
{
	return (unsigned)(twin->bits >> skip) & ((1U << count) - 1);
}

static void drop(struct twin *twin, unsigned count)
{
	twin->bits >>= count;
	twin->bit_count -= count;
}

static unsigned take(struct twin *twin, unsigned count)
{
	unsigned value = peek(twin, 0, count);

	drop(twin, count);
	return value;
}

/* --- headers ---------------------------------------------------------------------------------- */

static enum decode_status refuse(struct twin *twin)
{
	twin->state = TWIN_BAD;
	return DECODE_BAD_DATA;
}

static enum decode_status go_on(struct twin *twin, enum twin_state state)
{
	twin->state = state;
	return DECODE_PAUSED;
}

static enum decode_status end_block(struct twin *twin)
{
	return go_on(twin, twin->last_block ? TWIN_END : TWIN_BLOCK);
}

/* RFC 1951, 3.2.3. */
static enum decode_status block_header(struct twin *twin)
{
	if (!need(twin, 3))
		return DECODE_NEED_INPUT;
	twin->last_block = take(twin, 1);
	switch (take(twin, 2)) {
	case 0:
		drop(twin, twin->bit_count & 7);
		return go_on(twin, TWIN_STORED_SIZE);
	case 1:
		twin_build_fixed_tables(twin);
		return go_on(twin, TWIN_SYMBOLS);
	case 2:
		return go_on(twin, TWIN_COUNTS);
	default:
		return refuse(twin);
	}
}

/* RFC 1951, 3.2.4. */
static enum decode_status stored_size(struct twin *twin)
{
	if (!need(twin, 32))
		return DECODE_NEED_INPUT;
	unsigned size = take(twin, 16);
	unsigned complement = take(twin, 16);
	if (size != (~complement & 0xffff))
		return refuse(twin);
	twin->stored_left = size;
	return go_on(twin, TWIN_STORED);
}

static enum decode_status stored(struct twin *twin)
{
	size_t size = twin->stored_left;
	size_t in_size = (size_t)(twin->in_end - twin->in);
	size_t room = twin->out < twin->out_end ? (size_t)(twin->out_end - twin->out) : 0;

	if (size == 0)
		return end_block(twin);
	size = size < in_size ? size : in_size;
	size = size < room ? size : room;
	if (size == 0)
		return room == 0 ? DECODE_NEED_OUTPUT : DECODE_NEED_INPUT;
	memcpy(twin->out, twin->in, size);
	twin->in += size;
	twin->out += size;
	twin->stored_left -= (uint32_t)size;
	return DECODE_PAUSED;
}

/* RFC 1951, 3.2.7: HLIT, HDIST and HCLEN. */
static enum decode_status counts(struct twin *twin)
{
	if (!need_ahead(twin, 14))
		return DECODE_NEED_INPUT;
	twin->literal_count = (uint16_t)(take(twin, 5) + 257);
	twin->distance_count = (uint16_t)(take(twin, 5) + 1);
	twin->length_code_count = (uint16_t)(take(twin, 4) + 4);
	if (twin->literal_count > TWIN_LITERALS_MAX || twin->distance_count > TWIN_DISTANCES_MAX)
		return refuse(twin);
	memset(twin->lengths, 0, 19);
	twin->lengths_read = 0;
	return go_on(twin, TWIN_CODE_LENGTHS);
}

static enum decode_status code_lengths(struct twin *twin)
{
	static const uint8_t order[19] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

	while (twin->lengths_read < twin->length_code_count) {
		if (!need_ahead(twin, 3))
			return DECODE_NEED_INPUT;
		twin->lengths[order[twin->lengths_read++]] = (uint8_t)take(twin, 3);
	}
	if (!twin_build_length_table(twin))
		return refuse(twin);
	twin->lengths_read = 0;
	return go_on(twin, TWIN_LENGTHS);
}

/* A symbol of the code of code lengths, not yet dropped, with @extra bits behind it. */
static bool need_length_symbol(struct twin *twin, unsigned *symbol, unsigned *bits)
{
	for (;;) {
		unsigned entry = twin->length_table[peek(twin, 0, 7)];
		*bits = entry & 7;
		*symbol = entry >> 3;
		if (*bits <= twin->bit_count)
			return true;
		if (!need_ahead(twin, twin->bit_count + 1))
			return false;
	}
}

static enum decode_status lengths(struct twin *twin)
{
	static const uint8_t repeat_base[3] = {3, 3, 11};
	static const uint8_t repeat_extra[3] = {2, 3, 7};
	unsigned total = twin->literal_count + twin->distance_count;

	while (twin->lengths_read < total) {
		unsigned symbol;
		unsigned bits;
		if (!need_length_symbol(twin, &symbol, &bits))
			return DECODE_NEED_INPUT;
		if (symbol < 16) {
			drop(twin, bits);
			twin->lengths[twin->lengths_read++] = (uint8_t)symbol;
			continue;
		}
		unsigned extra = repeat_extra[symbol - 16];
		if (!need_ahead(twin, bits + extra))
			return DECODE_NEED_INPUT;
		drop(twin, bits);
		unsigned repeat = repeat_base[symbol - 16] + take(twin, extra);
		unsigned at = twin->lengths_read;
		if ((symbol == 16 && at == 0) || at + repeat > total)
			return refuse(twin);
		memset(twin->lengths + at, symbol == 16 ? twin->lengths[at - 1] : 0, repeat);
		twin->lengths_read = (uint16_t)(at + repeat);
	}
	twin_give_back(twin);
	/* A block that cannot end is refused, as zlib does. */
	if (twin->lengths[TWIN_END_OF_BLOCK] == 0 || !twin_build_tables(twin))
		return refuse(twin);
	return go_on(twin, TWIN_SYMBOLS);
}

/* --- symbols ---------------------------------------------------------------------------------- */

enum found { FOUND, MISSING, NO_SUCH_CODE };

/*
 * Decode a symbol of @code after @skip bits, bit by bit: codes of one length are consecutive
 * numbers, the first of them twice the number that follows the last one of the length before
 * (RFC 1951, 3.2.2). *@bits: how many it has.
 */
static enum found find_symbol(struct twin *twin, const struct twin_code *code, unsigned skip,
	unsigned *symbol, unsigned *bits)
{
	unsigned longest = code->longest ? code->longest : 1;
	unsigned number = 0; /* the bits read */
	unsigned first = 0;  /* the first code of this length */
	unsigned index = 0;  /* of that code's symbol */

	for (unsigned length = 1; length <= longest; length++) {
		if (!need(twin, skip + length))
			return MISSING;
		number = number << 1 | peek(twin, skip + length - 1, 1);
		unsigned count = code->count[length];
		if (number - first < count) {
			*symbol = code->symbols[index + number - first];
			*bits = length;
			return FOUND;
		}
		index += count;
		first = (first + count) << 1;
	}
	return NO_SUCH_CODE;
}

/* Put out @length bytes from @distance back, which may be among those bytes themselves. */
static void copy_match(struct twin *twin, unsigned length, unsigned distance)
{
	for (; length > 0; length--, twin->out++)
		*twin->out = *(twin->out - distance);
}

static enum decode_status missing_or_bad(struct twin *twin, enum found found)
{
	return found == MISSING ? DECODE_NEED_INPUT : refuse(twin);
}

/*
 * The match that begins with the length @symbol, whose code has @used bits. They are used up only
 * once all of the match is there. RFC 1951, 3.2.5.
 */
static enum decode_status match(struct twin *twin, unsigned symbol, unsigned used)
{
	symbol -= TWIN_END_OF_BLOCK + 1;
	if (symbol >= sizeof(twin_length_extra))
		return refuse(twin);
	unsigned extra = twin_length_extra[symbol];
	if (!need(twin, used + extra))
		return DECODE_NEED_INPUT;
	unsigned length = twin_length_base[symbol] + peek(twin, used, extra);
	used += extra;

	unsigned bits;
	enum found found = find_symbol(twin, &twin->distance_code, used, &symbol, &bits);
	if (found != FOUND)
		return missing_or_bad(twin, found);
	used += bits;
	if (symbol >= sizeof(twin_distance_extra))
		return refuse(twin);
	extra = twin_distance_extra[symbol];
	if (!need(twin, used + extra))
		return DECODE_NEED_INPUT;
	unsigned distance = twin_distance_base[symbol] + peek(twin, used, extra);
	if (distance > (size_t)(twin->out - twin->oldest))
		return refuse(twin);
	drop(twin, used + extra);
	copy_match(twin, length, distance);
	return DECODE_PAUSED;
}

/* Symbols until something else has to be done, or a loop can take over. */
static enum decode_status symbols(struct twin *twin)
{
	do {
		unsigned symbol;
		unsigned bits;
		enum found found = find_symbol(twin, &twin->literal_code, 0, &symbol, &bits);
		if (found != FOUND)
			return missing_or_bad(twin, found);
		if (symbol == TWIN_END_OF_BLOCK) {
			drop(twin, bits);
			return end_block(twin);
		}
		if (twin->out >= twin->out_end)
			return DECODE_NEED_OUTPUT;
		if (symbol < TWIN_END_OF_BLOCK) {
			drop(twin, bits);
			*twin->out++ = (uint8_t)symbol;
			continue;
		}
		enum decode_status status = match(twin, symbol, bits);
		if (status != DECODE_PAUSED)
			return status;
	} while (!twin_is_fast(twin));
	return DECODE_PAUSED;
}

enum decode_status twin_careful(struct twin *twin)
{
	switch (twin->state) {
	case TWIN_BLOCK:
		return block_header(twin);
	case TWIN_STORED_SIZE:
		return stored_size(twin);
	case TWIN_STORED:
		return stored(twin);
	case TWIN_COUNTS:
		return counts(twin);
	case TWIN_CODE_LENGTHS:
		return code_lengths(twin);
	case TWIN_LENGTHS:
		return lengths(twin);
	case TWIN_SYMBOLS:
		return symbols(twin);
	case TWIN_END:
		return DECODE_END;
	case TWIN_BAD:
		break;
	}
	return DECODE_BAD_DATA;
}
