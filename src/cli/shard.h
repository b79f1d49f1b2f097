// SPDX-License-Identifier: MIT

/*
 * One share of the input's archives, for several processes that work on the same input: of N
 * shares, the K-th has each N-th archive from the K-th on. A list that streams can be shared out
 * like this too.
 */

#ifndef ZIPMAP_CLI_SHARD_H
#define ZIPMAP_CLI_SHARD_H

#include <stdbool.h>
#include <stdint.h>

/** The most shares. */
#define SHARD_COUNT_MAX UINT32_MAX

struct shard {
	uint64_t number; /**< from 1 to @count */
	uint64_t count;  /**< 0: all archives */
};

/** Read "K/N". 0, or -1: it is not that, and *@shard is as it was. */
int shard_parse(const char *text, struct shard *shard);

/**
 * Take the share from the environment of a task of a job array, of Slurm, Grid Engine or LSF. 0, or
 * -1 with *@problem (static), why there is none, and *@shard as it was.
 */
int shard_from_environment(struct shard *shard, const char **problem);

/** Whether the archive that is the @index-th of the input, from 0, is in the share. */
static inline bool shard_has(const struct shard *shard, uint64_t index)
{
	return shard->count == 0 || index % shard->count == shard->number - 1;
}

/** How many of the @count archives from the @index-th on are in the share. */
static inline uint64_t shard_count(const struct shard *shard, uint64_t index, uint64_t count)
{
	if (shard->count == 0)
		return count;
	uint64_t behind = index + count + shard->count - shard->number;
	uint64_t before = index + shard->count - shard->number;
	return behind / shard->count - before / shard->count;
}

#endif
