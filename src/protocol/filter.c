// SPDX-License-Identifier: MIT

#include "protocol/filter.h"

#include <fnmatch.h>
#include <string.h>

static bool rule_matches(const struct filter_rule *rule, const char *name, const char *base)
{
	const char *subject = strchr(rule->glob, '/') ? name : base;

	return fnmatch(rule->glob, subject, 0) == 0;
}

bool filter_wants(const struct filter *filter, const char *name)
{
	if (filter->count == 0)
		return true;

	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	for (size_t i = filter->count; i-- > 0;) {
		if (rule_matches(&filter->rules[i], name, base))
			return filter->rules[i].include;
	}
	return !filter->rules[0].include;
}
