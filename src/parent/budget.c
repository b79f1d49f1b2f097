// SPDX-License-Identifier: MIT

#include "parent/budget.h"

void budget_init(struct budget *budget, const struct limits *limits)
{
	*budget = (struct budget){.limits = *limits};
}

uint64_t budget_left(const struct budget *budget)
{
	uint64_t total = budget->limits.total_bytes;

	return total > 0 ? total - budget->taken_bytes : UINT64_MAX;
}

struct failure budget_allow(const struct budget *budget, const struct record *record)
{
	uint64_t most = budget->limits.member_bytes;

	if (most > 0 && record->size_bytes > most)
		return (struct failure){FAILURE_MEMBER_LIMIT, {record->size_bytes, most}};
	return (struct failure){.kind = FAILURE_NONE};
}

struct failure budget_take(struct budget *budget, const struct record *record)
{
	uint64_t size = record->size_bytes;
	struct failure failure = budget_allow(budget, record);

	if (failure.kind != FAILURE_NONE)
		return failure;
	if (size > budget_left(budget))
		return (struct failure){FAILURE_TOTAL_LIMIT, {size, budget->limits.total_bytes}};
	budget->taken_bytes += size;
	return (struct failure){.kind = FAILURE_NONE};
}
