// SPDX-License-Identifier: MIT

#include "parent/parts.h"

#include "parent/helpers.h"
#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void parts_init(struct parts *parts, struct schedule *schedule)
{
	*parts = (struct parts){.schedule = schedule};
}

/* --- who has what ----------------------------------------------------------------------------- */

static bool is_given(const struct slot *slot)
{
	return slot->state == SLOT_GIVEN || slot->state == SLOT_TAILED ||
	       slot->state == SLOT_DROPPED;
}

static void forget(struct parts *parts, int i)
{
	struct share *share = steal_pointer(&parts->shares[i]);

	if (share && share->tails_fd >= 0)
		close(share->tails_fd);
	free(share);
}

/* Forget shares without an owner that nobody helps with any more. */
static void forget_ended(struct parts *parts)
{
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++) {
		struct share *share = parts->shares[i];
		bool used = share && share->owner;
		for (int j = 0; share && j < PART_HELPERS_MAX; j++)
			used = used || is_given(&share->slots[j]);
		if (!used)
			forget(parts, i);
	}
}

void parts_release(struct parts *parts)
{
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++)
		forget(parts, i);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* A worker that does not take what it waits for would wait for ever: its end shows in the poll. */
static void tell(struct pool *pool, struct worker *worker, uint64_t unit,
	const struct message_part *part, int fd)
{
	struct message message = {.kind = MESSAGE_PART, .unit = unit, .part = *part};

	if (worker->pid != 0 && pool_tell(pool, worker, &message, fd) < 0)
		kill(worker->pid, SIGKILL);
}

static void tell_owner_with(struct pool *pool, const struct share *share, const struct slot *slot,
	const struct message_part *part, int fd)
{
	struct message_part told = *part;

	told.helper = (uint32_t)(slot - share->slots);
	if (share->owner)
		tell(pool, share->owner, share->unit, &told, fd);
}

static void tell_owner(struct pool *pool, const struct share *share, const struct slot *slot,
	const struct message_part *part)
{
	tell_owner_with(pool, share, slot, part, -1);
}

static void drop(struct pool *pool, struct slot *slot)
{
	if (slot->state == SLOT_GIVEN) {
		slot->state = SLOT_DROPPED;
		tell(pool, slot->worker, slot->unit.id, &(struct message_part){.step = PART_DROP},
			-1);
	} else if (slot->state == SLOT_TAILED) {
		slot->state = SLOT_DROPPED; /* it is about to end anyway */
	} else if (slot->state == SLOT_ASKED) {
		slot->state = SLOT_FREE;
	}
}

static void end_share(struct parts *parts, struct pool *pool, struct share *share)
{
	share->owner->shares = false;
	share->owner = NULL;
	for (int i = 0; i < PART_HELPERS_MAX; i++)
		drop(pool, &share->slots[i]);
	forget_ended(parts);
}

void parts_end(struct parts *parts, struct pool *pool, const struct unit *unit, uint64_t member)
{
	struct share *share = share_of(parts, unit->id);

	if (share && member >= share->member)
		end_share(parts, pool, share);
}

void parts_lose(struct parts *parts, struct pool *pool, const struct worker *worker)
{
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++) {
		struct share *share = parts->shares[i];
		for (int j = 0; share && j < PART_HELPERS_MAX; j++) {
			struct slot *slot = &share->slots[j];
			if (!is_given(slot) || slot->worker != worker)
				continue;
			slot->state = SLOT_FREE;
			share->exhausted = true; /* who knows what it died of */
			tell_owner(pool, share, slot, &(struct message_part){.step = PART_LOST});
		}
		if (share && share->owner == worker)
			end_share(parts, pool, share);
	}
	forget_ended(parts);
}

/* --- asking ----------------------------------------------------------------------------------- */

/* If there is no file, what is in front of stretches goes to one in memory. -1: it has that. */
static int new_tails(struct share *share)
{
	if (share->file[0] != '\0' || share->tails_fd >= 0)
		return -1;
	share->tails_fd = memfd_create("zipmap", MFD_CLOEXEC);
	return share->tails_fd;
}

static bool ask(struct pool *pool, struct share *share)
{
	for (int i = 0; i < PART_HELPERS_MAX; i++) {
		struct slot *slot = &share->slots[i];
		if (slot->state != SLOT_FREE)
			continue;
		slot->state = SLOT_ASKED;
		share->owner->shares = true;
		/* Without one, the owner has nothing to share. */
		tell_owner_with(pool, share, slot, &(struct message_part){.step = PART_ASK},
			new_tails(share));
		return true;
	}
	return false;
}

void parts_ask(struct parts *parts, struct pool *pool, unsigned most_workers)
{
	int unused = helpers_count(parts, pool);

	helpers_start(parts, pool, most_workers);
	for (int i = 0; i < PARTS_MEMBERS_MAX && unused > 0; i++) {
		struct share *share = parts->shares[i];
		while (unused > 0 && share && share_wants_help(share) && ask(pool, share))
			unused--;
	}
}

bool parts_could_ask(const struct parts *parts)
{
	for (int i = 0; i < PARTS_MEMBERS_MAX; i++) {
		const struct share *share = parts->shares[i];
		for (int j = 0; share && j < PART_HELPERS_MAX; j++) {
			if (share->slots[j].state == SLOT_TAILED && !share->exhausted)
				return true;
		}
	}
	return false;
}

/* --- what an owner says ----------------------------------------------------------------------- */

/* Whether @part names the file of that member: the name begins with the numbers. */
static bool is_file_of(const struct message_part *part, const struct job *job)
{
	char numbers[64];
	int size = snprintf(numbers, sizeof(numbers), "%llu.%llu-", (unsigned long long)job->number,
		(unsigned long long)part->member);

	return part->name_size > size && part->name_size < MEMBER_FILE_SIZE &&
	       memcmp(part->name, numbers, (size_t)size) == 0 &&
	       !memchr(part->name, '/', part->name_size) &&
	       !memchr(part->name, '\0', part->name_size);
}

/* A member that cannot be taken is not divided. */
static int take_offer(struct parts *parts, struct pool *pool, struct worker *worker,
	const struct unit *unit, const struct message_part *part)
{
	struct share **place = NULL;
	const struct job *job = unit->job;

	parts_end(parts, pool, unit, UINT64_MAX);
	for (int i = PARTS_MEMBERS_MAX; i-- > 0;) {
		if (!parts->shares[i])
			place = &parts->shares[i];
	}
	if (!place || (part->name_size > 0 && !is_file_of(part, job)) ||
		part->place > job->size_bytes || part->bytes > job->size_bytes - part->place)
		return 0;
	*place = calloc(1, sizeof(**place));
	if (!*place) {
		errno = ENOMEM;
		return -1;
	}
	**place = (struct share){
		.owner = worker,
		.unit = unit->id,
		.job = job,
		.member = part->member,
		.data_place = part->place,
		.compressed_bytes = part->bytes,
		.size_bytes = part->end,
		.tails_fd = -1,
	};
	if (part->name_size > 0)
		memcpy((*place)->file, part->name, part->name_size);
	return 0;
}

/* Give a stretch to a worker that has nothing. */
static void give(struct parts *parts, struct pool *pool, struct share *share, struct slot *slot,
	const struct message_part *part)
{
	struct worker *worker = helpers_find(parts, pool);

	slot->state = SLOT_FREE;
	struct message message = {
		.kind = MESSAGE_WORK,
		.unit = parts->schedule->next_unit,
		.work = {.archive = share->job->number,
			.has_archive = true,
			.kind = UNIT_PART,
			.part = {share->data_place, share->compressed_bytes, part->place, part->end,
				share->file[0] == '\0'}},
	};
	if (!worker || pool_tell(pool, worker, &message, share->job->fd) < 0) {
		tell_owner(pool, share, slot, &(struct message_part){.step = PART_LOST});
		return;
	}
	slot->state = SLOT_GIVEN;
	slot->worker = worker;
	slot->unit = (struct unit){
		.id = parts->schedule->next_unit++,
		.state = UNIT_PLANNED,
		.kind = UNIT_PART,
		.exclusive = true,
	};
	worker->queue[worker->queued++] = (struct in_hand){.unit = &slot->unit};
}

/* It is a helper's turn to write. */
static void give_turn(
	struct pool *pool, struct share *share, struct slot *slot, const struct message_part *part)
{
	struct message_part turn = {.step = PART_TURN, .place = part->place};
	bool has_file = share->file[0] != '\0';
	cleanup_fd int opened =
		has_file ? openat(share->owner->directory_fd, share->file,
				   O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
			 : -1;
	int fd = has_file ? opened : share->tails_fd;

	if (fd >= 0) {
		tell(pool, slot->worker, slot->unit.id, &turn, fd);
		return;
	}
	/* Its owner has removed it, or something else is there now. */
	drop(pool, slot);
	tell_owner(pool, share, slot, &(struct message_part){.step = PART_LOST});
}

static int hear_owner(struct parts *parts, struct pool *pool, struct worker *worker,
	const struct unit *unit, const struct message_part *part)
{
	struct share *share = share_of(parts, unit->id);

	if (part->step == PART_OFFER)
		return take_offer(parts, pool, worker, unit, part);
	if (!share)
		return 0;
	struct slot *slot = &share->slots[part->helper];
	switch (part->step) {
	case PART_STRETCH:
		if (slot->state == SLOT_ASKED)
			give(parts, pool, share, slot, part);
		break;
	case PART_NONE:
		if (slot->state == SLOT_ASKED)
			slot->state = SLOT_FREE;
		share->exhausted = true;
		break;
	case PART_TURN:
		if (slot->state == SLOT_GIVEN)
			give_turn(pool, share, slot, part);
		break;
	default: /* PART_DROP */
		if (slot->state == SLOT_GIVEN)
			drop(pool, slot);
		break;
	}
	return 0;
}

/* --- what a helper says ----------------------------------------------------------------------- */

static void hear_helper(struct parts *parts, struct pool *pool, struct worker *worker,
	struct in_hand *hand, const struct message_part *part)
{
	struct share *share;
	struct slot *slot = share_find_slot(parts, hand->unit, &share);
	bool dropped = slot->state == SLOT_DROPPED;

	if (part->step == PART_LOST || part->step == PART_WRITTEN) {
		slot->state = SLOT_FREE;
		pool_drop_unit(worker, hand);
		/* The owner hears of the end even if it had it dropped: its number is free now. */
		dropped = false;
	}
	if (part->step == PART_TAILED && slot->state == SLOT_GIVEN)
		slot->state = SLOT_TAILED;
	if (!dropped)
		tell_owner(pool, share, slot, part);
	forget_ended(parts);
}

int parts_hear(struct parts *parts, struct pool *pool, struct worker *worker, struct in_hand *hand,
	const struct message_part *part)
{
	if (hand->unit->kind == UNIT_PART) {
		hear_helper(parts, pool, worker, hand, part);
		return 0;
	}
	return hear_owner(parts, pool, worker, hand->unit, part);
}
