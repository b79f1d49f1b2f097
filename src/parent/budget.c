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

int budget_allow(const struct budget *budget, const struct record *record, struct failure *failure)
{
	uint64_t most = budget->limits.member_bytes;

	if (most == 0 || record->size_bytes <= most)
		return 0;
	*failure = (struct failure){FAILURE_MEMBER_LIMIT, {record->size_bytes, most}};
	return -1;
}

int budget_take(struct budget *budget, const struct record *record, struct failure *failure)
{
	uint64_t size = record->size_bytes;

	if (budget_allow(budget, record, failure) < 0)
		return -1;
	if (size > budget_left(budget)) {
		*failure =
			(struct failure){FAILURE_TOTAL_LIMIT, {size, budget->limits.total_bytes}};
		return -1;
	}
	budget->taken_bytes += size;
	return 0;
}
