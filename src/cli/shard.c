// SPDX-License-Identifier: MIT

#include "cli/shard.h"

#include <errno.h>
#include <stdlib.h>

/*
 * The variables by which an engine tells a task of an array its number, and the numbers of all:
 * from the first to the last one, by the step.
 */
static const struct engine {
	const char *task;
	const char *first; /* NULL: 1 */
	const char *last;
	const char *count; /* NULL: as the others say */
	const char *step;
} engines[] = {
	/* sbatch(1), "Output environment variables" */
	{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
		"SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_STEP"},
	/* qsub(1) of Grid Engine; "undefined" in a job that is no array */
	{"SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", NULL, "SGE_TASK_STEPSIZE"},
	/* LSF; 0 in a job that is no array */
	{"LSB_JOBINDEX", NULL, "LSB_JOBINDEX_END", NULL, "LSB_JOBINDEX_STEP"},
};

/* A whole number that @end follows. */
static bool parse_number(const char *text, char end, uint64_t *number, const char **rest)
{
	char *after;

	if (*text < '0' || *text > '9')
		return false; /* strtoull() would take white space and a sign */
	errno = 0;
	*number = strtoull(text, &after, 10);
	*rest = after + 1;
	return errno == 0 && *after == end && *number <= SHARD_COUNT_MAX;
}

int shard_parse(const char *text, struct shard *shard)
{
	uint64_t number;
	uint64_t count;

	if (!parse_number(text, '/', &number, &text) || !parse_number(text, '\0', &count, &text) ||
		number < 1 || number > count)
		return -1;
	*shard = (struct shard){number, count};
	return 0;
}

/* The number in the variable @name. False: it has none. */
static bool get_number(const char *name, uint64_t *number)
{
	const char *value = name ? getenv(name) : NULL;
	const char *rest;

	return value && parse_number(value, '\0', number, &rest);
}

/* As shard_from_environment(), for a task that has number @task of @engine. */
static int share_of(
	const struct engine *engine, uint64_t task, struct shard *shard, const char **problem)
{
	uint64_t first = 1;
	uint64_t step = 1;
	uint64_t last;
	uint64_t count;

	if ((engine->first && !get_number(engine->first, &first)) ||
		(get_number(engine->step, &step) && step == 0)) {
		*problem = "the environment does not say which tasks the array has";
		return -1;
	}
	bool has_last = get_number(engine->last, &last);
	bool has_count = get_number(engine->count, &count);
	if (!has_last && !has_count) {
		*problem = "the environment does not say how many tasks the array has";
		return -1;
	}
	if (!has_count)
		count = last >= first ? (last - first) / step + 1 : 0;
	/* In an array such as 1,4,5 a number does not say which in turn its task is. */
	if (task < first || (task - first) % step != 0 || (task - first) / step >= count ||
		(has_last && (last < first || (last - first) / step + 1 != count))) {
		*problem = "the tasks of the array are not numbered in even steps; give K/N";
		return -1;
	}
	*shard = (struct shard){(task - first) / step + 1, count};
	return 0;
}

int shard_from_environment(struct shard *shard, const char **problem)
{
	uint64_t task;

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		bool has = get_number(engines[i].task, &task);
		if (has && (engines[i].first || task > 0))
			return share_of(&engines[i], task, shard, problem);
	}
	if (get_number("PBS_ARRAY_INDEX", &task) || get_number("PBS_ARRAYID", &task))
		*problem = "PBS does not tell how many tasks an array has; give K/N";
	else
		*problem = "this is no task of a job array: SLURM_ARRAY_TASK_ID is not set";
	return -1;
}
