// SPDX-License-Identifier: MIT

#include "worker/twin/markers.h"

#include "worker/twin/steps.h"

/* A lane whose output is values; lane.out is not used. */
struct marker_lane {
	struct lane lane;
	uint16_t *out;
};

/* --- output ----------------------------------------------------------------------------------- */

/* Put two values, which are up to two literals of an entry. */
INLINE void put_literal_values(struct marker_lane *marker, uint32_t entry)
{
	uint32_t values = (entry >> 8 & 0xff) | (entry & 0xff0000);

	memcpy(marker->out, &values, sizeof(values));
	marker->out += entry >> 6 & 3;
}

INLINE void copy_16_values(uint16_t *out, const uint16_t *from)
{
	_mm256_storeu_si256(
		(__m256i *)(void *)out, _mm256_loadu_si256((const __m256i *)(const void *)from));
}

/* Put a match that is long or reaches into itself. Up to 15 values more are written. */
TWIN_CPU static __attribute__((noinline)) void put_long_values(
	uint16_t *out, size_t distance, size_t length)
{
	const uint16_t *end = out + length;

	if (distance == 1) {
		__m256i values = _mm256_set1_epi16((short)out[-1]);
		for (; out < end; out += 16)
			_mm256_storeu_si256((__m256i *)(void *)out, values);
		return;
	}
	/* What is copied repeats itself, so that it can be copied from twice as far back. */
	for (; distance < 16 && out < end; distance *= 2) {
		copy_16_values(out, out - distance);
		out += distance;
	}
	for (; out < end; out += 16)
		copy_16_values(out, out - distance);
}

/* Most matches are of so many values at most and do not reach into themselves. */
INLINE void put_values(struct marker_lane *marker, size_t distance, size_t length, unsigned most)
{
	for (unsigned i = 0; i < most; i += 16)
		copy_16_values(marker->out + i, marker->out - distance + i);
	if (unlikely(length > most) || unlikely(length > distance))
		put_long_values(marker->out, distance, length);
	marker->out += length;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* The distance of a match of @length, and its values: no distance reaches too far here. */
INLINE bool take_values(
	struct marker_lane *marker, struct twin *twin, size_t length, unsigned scale)
{
	struct lane *lane = &marker->lane;
	size_t distance;

	if (!take_distance(lane, twin, look_up_distance(lane, twin, scale), scale, &distance))
		return false;
	put_values(marker, distance, length, 16);
	return true;
}

/* As take_special(). */
INLINE bool take_special_values(
	struct marker_lane *marker, struct twin *twin, uint32_t entry, unsigned scale)
{
	const unsigned shift = scale == SCALE ? TWIN_OTHER_BITS : 0;
	struct lane *lane = &marker->lane;

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
		*marker->out++ = (uint8_t)(entry >> 8);
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
	bool more = take_values(marker, twin, length, scale);
	refill(lane);
	return more;
}

/* As literal_step(). */
INLINE bool literal_values_step(struct marker_lane *marker, struct twin *twin)
{
	struct lane *lane = &marker->lane;
	uint32_t entry = lane->next;
	bool more;

	if (likely(entry <= TWIN_LITERALS_TOP)) {
		use(lane, entry);
		put_literal_values(marker, entry);
		lane->next = look_up_scaled(lane, twin);
		return true;
	}
	if (entry & TWIN_SPECIAL_BIT) {
		more = take_special_values(marker, twin, entry, SCALE);
	} else {
		use(lane, entry >> TWIN_OTHER_BITS);
		*marker->out = (uint8_t)(entry >> 8);
		marker->out += entry >> TWIN_OTHER_VALUE & 1;
		refill(lane);
		more = take_values(marker, twin, entry >> 24, SCALE);
		refill(lane);
	}
	lane->next = look_up_scaled(lane, twin);
	return more;
}

/* For an entry without a match: no bits, and not among what was just written, nor 4 KiB away. */
static const uint32_t apart_distance = 1031U << 16;

/* As match_step(). */
INLINE bool match_values_step(struct marker_lane *marker, struct twin *twin, unsigned most)
{
	struct lane *lane = &marker->lane;
	uint32_t entry = lane->next;

	if (unlikely((uint8_t)entry >= TWIN_SPECIAL)) {
		bool more = take_special_values(marker, twin, entry, 0);
		lane->next = look_up(lane, twin, 0);
		return more;
	}
	use(lane, entry);
	uint32_t distance_entry = look_up_distance(lane, twin, 0);
	put_literal_values(marker, entry);
	size_t length = take_length(entry, &apart_distance, &distance_entry);
	size_t distance;
	if (!take_distance(lane, twin, distance_entry, 0, &distance))
		return false;
	lane->next = look_up(lane, twin, 0);
	refill(lane);
	put_values(marker, distance, length, most);
	return true;
}

/* --- loops ------------------------------------------------------------------------------------ */

INLINE struct marker_lane load_markers(const struct twin *twin, const struct twin_values *values)
{
	return (struct marker_lane){load(twin), values->out};
}

INLINE void save_markers(
	const struct marker_lane *marker, struct twin *twin, struct twin_values *values)
{
	save(&marker->lane, twin);
	values->out = marker->out;
}

INLINE bool has_marker_round(
	const struct marker_lane *marker, const struct twin *twin, const struct twin_values *values)
{
	return marker->lane.in <= twin->in_fast_end && marker->out < values->end;
}

/* Have 56 bits, and the first entry. */
INLINE void begin_literals(struct marker_lane *marker, const struct twin *twin)
{
	begin_scaled(&marker->lane);
	refill(&marker->lane);
	marker->lane.next = look_up_scaled(&marker->lane, twin);
}

INLINE void begin_matches(struct marker_lane *marker, const struct twin *twin)
{
	refill(&marker->lane);
	marker->lane.next = look_up(&marker->lane, twin, 0);
}

TWIN_CPU static __attribute__((noinline)) void literal_one(
	struct twin *twin, struct twin_values *values)
{
	struct marker_lane a = load_markers(twin, values);

	begin_literals(&a, twin);
	do {
		refill(&a.lane);
		if (!literal_values_step(&a, twin) || !literal_values_step(&a, twin) ||
			!literal_values_step(&a, twin) || !literal_values_step(&a, twin))
			break;
	} while (has_marker_round(&a, twin, values));
	end_scaled(&a.lane);
	save_markers(&a, twin, values);
}

TWIN_CPU static __attribute__((noinline)) void literal_two(struct twin *restrict first,
	struct twin_values *first_values, struct twin *restrict second,
	struct twin_values *second_values)
{
	struct marker_lane a = load_markers(first, first_values);
	struct marker_lane b = load_markers(second, second_values);

	begin_literals(&a, first);
	begin_literals(&b, second);
	do {
		refill(&a.lane);
		refill(&b.lane);
		if (!literal_values_step(&a, first) || !literal_values_step(&b, second) ||
			!literal_values_step(&a, first) || !literal_values_step(&b, second) ||
			!literal_values_step(&a, first) || !literal_values_step(&b, second) ||
			!literal_values_step(&a, first) || !literal_values_step(&b, second))
			break;
	} while (has_marker_round(&a, first, first_values) &&
		 has_marker_round(&b, second, second_values));
	end_scaled(&a.lane);
	end_scaled(&b.lane);
	save_markers(&a, first, first_values);
	save_markers(&b, second, second_values);
}

INLINE void match_one(struct twin *twin, struct twin_values *values, unsigned most)
{
	struct marker_lane a = load_markers(twin, values);

	begin_matches(&a, twin);
	do {
		if (!match_values_step(&a, twin, most) || !match_values_step(&a, twin, most))
			break;
	} while (has_marker_round(&a, twin, values));
	save_markers(&a, twin, values);
}

INLINE void match_two(struct twin *restrict first, struct twin_values *first_values,
	struct twin *restrict second, struct twin_values *second_values, unsigned most)
{
	struct marker_lane a = load_markers(first, first_values);
	struct marker_lane b = load_markers(second, second_values);

	begin_matches(&a, first);
	begin_matches(&b, second);
	do {
		if (!match_values_step(&a, first, most) || !match_values_step(&b, second, most) ||
			!match_values_step(&a, first, most) || !match_values_step(&b, second, most))
			break;
	} while (has_marker_round(&a, first, first_values) &&
		 has_marker_round(&b, second, second_values));
	save_markers(&a, first, first_values);
	save_markers(&b, second, second_values);
}

TWIN_CPU static __attribute__((noinline)) void match_one_short(
	struct twin *twin, struct twin_values *values)
{
	match_one(twin, values, 16);
}

TWIN_CPU static __attribute__((noinline)) void match_one_long(
	struct twin *twin, struct twin_values *values)
{
	match_one(twin, values, 32);
}

TWIN_CPU static __attribute__((noinline)) void match_two_short(struct twin *restrict first,
	struct twin_values *first_values, struct twin *restrict second,
	struct twin_values *second_values)
{
	match_two(first, first_values, second, second_values, 16);
}

TWIN_CPU static __attribute__((noinline)) void match_two_long(struct twin *restrict first,
	struct twin_values *first_values, struct twin *restrict second,
	struct twin_values *second_values)
{
	match_two(first, first_values, second, second_values, 32);
}

/* How much is likely to be gained by copying more at once. */
static int long_gain(const struct twin *twin)
{
	return 2 * twin->long_share - twin->near_share - (1 << (TWIN_CODE_BITS - 4));
}

void twin_loop_markers(struct twin *twin, struct twin_values *values)
{
	if (twin->matches != TWIN_OFTEN)
		literal_one(twin, values);
	else if (long_gain(twin) > 0)
		match_one_long(twin, values);
	else
		match_one_short(twin, values);
}

void twin_loop_two_markers(struct twin *first, struct twin_values *first_values,
	struct twin *second, struct twin_values *second_values)
{
	bool often = first->matches == TWIN_OFTEN;

	if (often != (second->matches == TWIN_OFTEN)) {
		twin_loop_markers(first, first_values);
		twin_loop_markers(second, second_values);
	} else if (!often) {
		literal_two(first, first_values, second, second_values);
	} else if (long_gain(first) + long_gain(second) > 0) {
		match_two_long(first, first_values, second, second_values);
	} else {
		match_two_short(first, first_values, second, second_values);
	}
}

/* --- values ----------------------------------------------------------------------------------- */

TWIN_CPU size_t twin_count_clean(const uint16_t *end, size_t size)
{
	const __m256i high = _mm256_set1_epi16((short)0xff00);
	size_t most = size < TWIN_MARKER_WINDOW ? size : TWIN_MARKER_WINDOW;
	size_t clean = 0;

	for (; clean + 16 <= most; clean += 16) {
		const uint16_t *at = end - clean - 16;
		__m256i values = _mm256_loadu_si256((const __m256i *)(const void *)at);
		if (!_mm256_testz_si256(values, high))
			break;
	}
	while (clean < most && end[-1 - (ptrdiff_t)clean] < TWIN_MARKER)
		clean++;
	return clean;
}

void twin_make_marker_table(uint8_t *table, const uint8_t *window)
{
	for (unsigned byte = 0; byte < TWIN_MARKER; byte++)
		table[byte] = (uint8_t)byte;
	memcpy(table + TWIN_MARKER, window, TWIN_MARKER_WINDOW);
}

/* Of 32 values, the low halves. Which ones are markers, as the bits of *@markers. */
INLINE __m256i low_halves(const uint16_t *values, uint32_t *markers)
{
	const __m256i low = _mm256_set1_epi16(0xff);
	const __m256i *from = (const __m256i *)(const void *)values;
	__m256i first = _mm256_loadu_si256(from);
	__m256i second = _mm256_loadu_si256(from + 1);
	__m256i first_bytes = _mm256_and_si256(first, low);
	__m256i second_bytes = _mm256_and_si256(second, low);
	__m256i same = _mm256_packs_epi16(
		_mm256_cmpeq_epi16(first, first_bytes), _mm256_cmpeq_epi16(second, second_bytes));

	/* Packing takes turns with the halves of the two. */
	*markers = ~(uint32_t)_mm256_movemask_epi8(_mm256_permute4x64_epi64(same, 0xd8));
	return _mm256_permute4x64_epi64(_mm256_packus_epi16(first_bytes, second_bytes), 0xd8);
}

/* There are few markers in most data, but hardly ever 32 values without any. */
TWIN_CPU void twin_resolve_markers(
	uint8_t *bytes, const uint16_t *values, size_t size, const uint8_t *table)
{
	size_t i = 0;

	for (; i + 32 <= size; i += 32) {
		uint32_t markers;
		_mm256_storeu_si256(
			(__m256i *)(void *)(bytes + i), low_halves(values + i, &markers));
		if (_mm_popcnt_u32(markers) > 16) {
			for (size_t j = i; j < i + 32; j++)
				bytes[j] = table[values[j]];
			continue;
		}
		for (; markers != 0; markers = _blsr_u32(markers)) {
			size_t j = i + _tzcnt_u32(markers);
			bytes[j] = table[values[j]];
		}
	}
	for (; i < size; i++)
		bytes[i] = table[values[i]];
}
