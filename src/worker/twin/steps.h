// SPDX-License-Identifier: MIT

/*
 * The steps that the loops of the twin decoder are made of: each decodes one entry of a
 * table. For loops.c and markers.c only.
 *
 * What is mispredicted for one stream throws away what was begun of both, and so what step is best
 * depends on how often there are matches. literal_step() branches on whether there is one: that is
 * for blocks where it is rare. match_step() does without branches that depend on the data, and
 * takes twice as long. plain_step() takes literals and, without a branch, leaves all else to a
 * blend_step().
 */

#ifndef ZIPMAP_WORKER_TWIN_STEPS_H
#define ZIPMAP_WORKER_TWIN_STEPS_H

#include "worker/twin/lane.h"

/* --- matches ---------------------------------------------------------------------------------- */

INLINE bool refuse(struct twin *twin)
{
	twin->state = TWIN_BAD;
	return false;
}

/*
 * Complete a distance from its @entry, and take its bits off. False: it is none. @scale: the bits
 * are kept so much higher.
 */
INLINE bool take_distance(
	struct lane *lane, struct twin *twin, uint32_t entry, unsigned scale, size_t *distance)
{
	if (unlikely(entry & (TWIN_LONGER | TWIN_INVALID))) {
		if (entry & TWIN_INVALID)
			return refuse(twin);
		use(lane, TWIN_DISTANCE_BITS);
		entry = twin->distance_table[(entry >> 16) +
					     _bzhi_u64(lane->bits >> scale, entry >> 8 & 31)];
		if (entry & TWIN_INVALID)
			return refuse(twin);
	}
	uint64_t used = _bzhi_u64(lane->bits >> scale, entry & 0xff);
	use(lane, entry);
	*distance = (entry >> 16) + (used >> (entry >> 8 & TWIN_BITS_MASK));
	return true;
}

INLINE uint32_t look_up_distance(const struct lane *lane, const struct twin *twin, unsigned scale)
{
	return twin->distance_table[lane->bits >> scale & ((1U << TWIN_DISTANCE_BITS) - 1)];
}

INLINE bool reaches_too_far(const struct lane *lane, const struct twin *twin, size_t distance)
{
	return unlikely(distance > (size_t)(lane->out - twin->oldest));
}

/* The distance of a match of @length bytes, and those bytes. */
INLINE bool take_match(struct lane *lane, struct twin *twin, size_t length, unsigned scale)
{
	size_t distance;

	if (!take_distance(lane, twin, look_up_distance(lane, twin, scale), scale, &distance))
		return false;
	if (reaches_too_far(lane, twin, distance))
		return refuse(twin);
	put_short(lane->out, distance, length);
	lane->out += length;
	return true;
}

/* A special entry's length without its extra bits, or the place that it leads to. */
INLINE uint32_t special_value(uint32_t entry, unsigned scale)
{
	return scale == SCALE ? entry >> TWIN_OTHER_VALUE & 0x1ff : entry >> 16 & 0x7fff;
}

/*
 * What an entry of the table does not hold: long codes, long lengths, the end of the block. Its
 * bits are still to be taken off. False if it is over.
 */
INLINE bool take_special(struct lane *lane, struct twin *twin, uint32_t entry, unsigned scale)
{
	const unsigned shift = scale == SCALE ? TWIN_OTHER_BITS : 0;

	use(lane, entry >> shift);
	refill(lane);
	if (entry & TWIN_LONGER) {
		size_t start = special_value(entry, scale);
		if (scale == SCALE)
			start += 1U << TWIN_LITERAL_BITS;
		entry = twin->literal_table[start +
					    _bzhi_u64(lane->bits >> scale, entry >> 8 & 31)];
		use(lane, entry & TWIN_SPECIAL_BIT ? entry >> shift : entry);
	}
	if (!(entry & TWIN_SPECIAL_BIT)) {
		*lane->out++ = (uint8_t)(entry >> 8);
		refill(lane);
		return true;
	}
	if (entry & TWIN_BLOCK_END) {
		twin->state = twin->last_block ? TWIN_END : TWIN_BLOCK;
		return false;
	}
	if (entry & TWIN_INVALID)
		return refuse(twin);
	uint32_t extra = entry >> 8 & 31;
	size_t length = special_value(entry, scale) + _bzhi_u64(lane->bits >> scale, extra);
	use(lane, extra);
	bool more = take_match(lane, twin, length, scale);
	refill(lane);
	return more;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* What TWIN_OVERRUN and TWIN_IN_SLACK (twin.h) are derived from. */
static_assert(TWIN_ENTRY_LITERALS_MAX + TWIN_ENTRY_LENGTH_MAX <= TWIN_MATCH_MAX &&
		      1 + TWIN_OTHER_ENTRY_LENGTH_MAX <= TWIN_MATCH_MAX,
	"no entry puts out more than the longest match has");
static_assert(sizeof(((struct lane *)0)->bits) == TWIN_REFILL_BYTES, "a refill is of one word");
static_assert(
	sizeof(__m256i) <= TWIN_COPY_AHEAD, "a copy goes beyond its end by one vector at most");

/*
 * One entry if literals prevail; what is not of literals alone leaves as many bits as a refill.
 * They are enough for four entries and to look up the next one: that is done before the refill, so
 * that the chain from entry to entry does not wait for it.
 */
INLINE bool literal_step(struct lane *lane, struct twin *twin)
{
	uint32_t entry = lane->next;
	bool more;

	use(lane, entry);
	if (likely(entry <= TWIN_LITERALS_TOP)) {
		put_literals(lane, entry);
		lane->next = look_up_scaled(lane, twin);
		return true;
	}
	if (entry & TWIN_SPECIAL_BIT) {
		more = take_special(lane, twin, entry, SCALE);
	} else {
		use(lane, entry >> TWIN_OTHER_BITS);
		*lane->out = (uint8_t)(entry >> 8);
		lane->out += entry >> TWIN_OTHER_VALUE & 1;
		refill(lane);
		more = take_match(lane, twin, entry >> 24, SCALE);
		refill(lane);
	}
	lane->next = look_up_scaled(lane, twin);
	return more;
}

/* Entries of distances without any bits of input, for entries that have no match. */
static const uint32_t no_distance = 0;
static const uint32_t far_distance = 2048U << 16;

static_assert(2048 <= TWIN_WINDOW, "what is that far back can be read");

/*
 * The length of the match in @entry, and in its place *@distance, unless there is no match: then
 * that of @dummy. By a conditional move; C makes it a branch.
 */
INLINE size_t take_length(uint32_t entry, const uint32_t *dummy, uint32_t *distance)
{
	size_t length = entry;

	__asm__("shr $24, %k0\n\tcmove %2, %1"
		: "+r"(length), "+r"(*distance)
		: "m"(*dummy)
		: "cc");
	return length;
}

/* What matches are like: on what a branch is hardly ever mispredicted. */
enum match_kind {
	MATCH_CHECKED,     /* their distances may reach too far; those of the others cannot */
	MATCH_SHORT,       /* few are longer than 16 bytes, or reach into themselves */
	MATCH_OVERLAPPING, /* many reach into themselves, few are longer than 16 bytes */
	MATCH_LONG,        /* many are longer; few are from less than 16 bytes back */
};

/*
 * One entry if matches are frequent: literals, and then the distance is looked up and 16 bytes
 * are copied in any case, or 32. The next entry is looked up before the refill, with what is left
 * of 56 bits after an entry and a distance of 28 bits at most: a fifth faster than after it. If
 * there is no match the distance is a harmless one: 0 if it has to be checked, since that never
 * reaches too far; else one that is not among what was just written. A load of that would have to
 * wait for the store, which costs a quarter on 16-bit data.
 */
INLINE bool match_step(struct lane *lane, struct twin *twin, enum match_kind kind)
{
	bool checked = kind == MATCH_CHECKED;
	uint32_t entry = lane->next;

	if (unlikely((uint8_t)entry >= TWIN_SPECIAL)) {
		bool more = take_special(lane, twin, entry, 0);
		lane->next = look_up(lane, twin, 0);
		return more;
	}
	use(lane, entry);
	uint32_t distance_entry = look_up_distance(lane, twin, 0);
	put_literals(lane, entry);
	size_t length = take_length(entry, checked ? &no_distance : &far_distance, &distance_entry);
	size_t distance;
	if (!take_distance(lane, twin, distance_entry, 0, &distance))
		return false;
	if (checked && reaches_too_far(lane, twin, distance))
		return refuse(twin);
	lane->next = look_up(lane, twin, 0);
	refill(lane);
	if (kind == MATCH_OVERLAPPING)
		put_overlapping(lane->out, distance, length);
	else if (kind == MATCH_LONG)
		put_long(lane->out, distance, length);
	else
		put_short(lane->out, distance, length);
	lane->out += length;
	return true;
}

/*
 * One entry if it is of literals alone; else nothing, since to this all others have no bits. After
 * a refill there are bits for four of them, and to look up the next entry.
 */
INLINE void plain_step(struct lane *lane, const struct twin *twin)
{
	uint32_t entry = lane->next;

	use(lane, entry);
	put_literals(lane, entry);
	lane->next = look_up_scaled(lane, twin);
}

/* One entry of any kind, as match_step(), but if literals prevail. */
INLINE bool blend_step(struct lane *lane, struct twin *twin)
{
	uint32_t entry = lane->next;

	if (unlikely(entry & TWIN_SPECIAL_BIT)) {
		bool more = take_special(lane, twin, entry, SCALE);
		lane->next = look_up_scaled(lane, twin);
		return more;
	}
	size_t length = entry;
	uint32_t used = entry >> TWIN_OTHER_BITS;

	__asm__("shr $24, %k0\n\tcmove %2, %1" : "+&r"(length), "+r"(used) : "r"(entry) : "cc");
	use(lane, used);
	uint32_t distance_entry = look_up_distance(lane, twin, SCALE);
	uint32_t bytes = entry >> 8;
	memcpy(lane->out, &bytes, sizeof(bytes));
	lane->out += used >> 6 & 3;
	__asm__("test %k1, %k1\n\tcmove %2, %0"
		: "+r"(distance_entry)
		: "r"(length), "m"(far_distance)
		: "cc");
	size_t distance;
	if (!take_distance(lane, twin, distance_entry, SCALE, &distance))
		return false;
	lane->next = look_up_scaled(lane, twin);
	refill(lane);
	put_short(lane->out, distance, length);
	lane->out += length;
	return true;
}

#endif
