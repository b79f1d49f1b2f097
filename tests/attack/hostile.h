// SPDX-License-Identifier: MIT

/*
 * What a worker does once a hostile archive has taken it over.
 */

#ifndef ZIPMAP_ATTACK_HOSTILE_H
#define ZIPMAP_ATTACK_HOSTILE_H

#include "protocol/crashnote.h"
#include "protocol/message.h"

#include <stdbool.h>
#include <stdint.h>

/** What the worker has, and may use as it likes. */
struct loot {
	int channel_fd;
	int directory_fd; /**< or -1 */
	struct worker_progress *progress;
	bool in_memory; /**< files are made there, and handed over */
};

/** The most units that a worker has, done ones included. */
#define HOSTILE_UNITS_MAX 16

/** A unit that the worker was given. */
struct loot_unit {
	uint64_t id;
	struct message_work work;
	uint64_t size_bytes; /**< of its archive, or 0: not known */
};

/**
 * Whether the file begins with the words of a hostile archive, "ATTACK KIND SEED\n". They go to
 * @kind (32 bytes) and *@seed.
 */
bool hostile_is_archive(int fd, char *kind, uint64_t *seed);

/**
 * Play foul as @kind says, at random by @seed, with the @count units that were given so far. Says
 * on stderr what it can have harmed. Ends the process.
 */
_Noreturn void hostile_play(const struct loot *loot, const char *kind, uint64_t seed,
	const struct loot_unit *units, unsigned count);

#endif
