// SPDX-License-Identifier: MIT

#include "parent/scratch.h"

#include "util/cleanup.h"

#include <stdlib.h>

void scratch_init(struct scratch *scratch, uint64_t most_bytes)
{
	*scratch = (struct scratch){.most_bytes = most_bytes};
}

void scratch_release(struct scratch *scratch)
{
	free(steal_pointer(&scratch->known));
	scratch->capacity = scratch->known_count = 0;
}

/* The finalizer of SplitMix64, a permutation. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

/* Two files of a run with one key are as unlikely as an error of the memory. Never 0. */
static uint64_t make_key(uint64_t archive, uint64_t member)
{
	uint64_t key = mix(mix(archive + 0x9e3779b97f4a7c15) + member);

	return key ? key : 1;
}

/* Where @key is, or where it would be put. */
static size_t find_place(const struct scratch *scratch, uint64_t key)
{
	size_t mask = scratch->capacity - 1;
	size_t place = (size_t)key & mask;

	while (scratch->known[place].key != 0 && scratch->known[place].key != key)
		place = (place + 1) & mask;
	return place;
}

/* What is known of the file @key, or NULL. */
static struct scratch_file *find_known(const struct scratch *scratch, uint64_t key)
{
	if (scratch->capacity == 0)
		return NULL;
	struct scratch_file *file = &scratch->known[find_place(scratch, key)];
	return file->key == key ? file : NULL;
}

/* Have a place free beside those that are taken, so that a search ends. False: there is none. */
static bool has_place(struct scratch *scratch)
{
	if (scratch->known_count >= SCRATCH_KNOWN_MAX)
		return false;
	if (scratch->known_count < scratch->capacity / 4 * 3)
		return true;
	struct scratch old = *scratch;
	size_t capacity = old.capacity ? 2 * old.capacity : 64;
	struct scratch_file *grown = calloc(capacity, sizeof(*grown));
	if (!grown)
		return false;
	scratch->known = grown;
	scratch->capacity = capacity;
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.known[i].key != 0)
			grown[find_place(scratch, old.known[i].key)] = old.known[i];
	}
	free(old.known);
	return true;
}

void scratch_put(struct scratch *scratch, uint64_t archive, uint64_t member, uint64_t bytes)
{
	uint64_t key = make_key(archive, member);
	struct scratch_file *known = find_known(scratch, key);

	if (known) {
		scratch->bytes += bytes - known->bytes;
		known->bytes = bytes;
		return;
	}
	scratch->bytes += bytes;
	scratch->count++;
	if (!has_place(scratch)) {
		scratch->other_bytes += bytes;
		scratch->other_count++;
		return;
	}
	scratch->known[find_place(scratch, key)] = (struct scratch_file){key, bytes};
	scratch->known_count++;
}

/* Take what is at @place out, and close the gap for those that were put behind it. */
static void close_gap(struct scratch *scratch, size_t place)
{
	struct scratch_file *known = scratch->known;
	size_t mask = scratch->capacity - 1;

	for (size_t next = (place + 1) & mask; known[next].key != 0; next = (next + 1) & mask) {
		size_t wanted = (size_t)known[next].key & mask;
		/* It may move if its way from where it is wanted leads over the gap. */
		if (((next - wanted) & mask) < ((next - place) & mask))
			continue;
		known[place] = known[next];
		place = next;
	}
	known[place] = (struct scratch_file){0};
	scratch->known_count--;
}

static uint64_t forget_other(struct scratch *scratch)
{
	uint64_t bytes = scratch->other_bytes / scratch->other_count--;

	scratch->other_bytes -= bytes;
	return bytes;
}

bool scratch_remove(struct scratch *scratch, uint64_t archive, uint64_t member, bool certain)
{
	uint64_t key = make_key(archive, member);
	const struct scratch_file *known = find_known(scratch, key);
	uint64_t bytes;

	if (known) {
		bytes = known->bytes;
		close_gap(scratch, (size_t)(known - scratch->known));
	} else if (certain && scratch->other_count > 0) {
		bytes = forget_other(scratch);
	} else {
		return false;
	}
	scratch->bytes -= bytes;
	scratch->count--;
	scratch->removed++;
	return true;
}

static uint64_t less(uint64_t bytes, uint64_t taken)
{
	return bytes > taken ? bytes - taken : 0;
}

bool scratch_allow(
	const struct scratch *scratch, const struct scratch_request *request, uint64_t *room_bytes)
{
	uint64_t needed = request->needed_bytes;
	uint64_t room = less(request->space_bytes, request->granted_bytes);
	uint64_t most = less(less(scratch->most_bytes, scratch->bytes), request->granted_bytes);
	bool alone = scratch->count == 0 && !request->in_hand;

	if (scratch->most_bytes > 0 && most < room)
		room = most;
	if (alone && room < needed)
		room = needed;
	*room_bytes = room;
	return alone || (room > 0 && room >= needed);
}
