// SPDX-License-Identifier: MIT

/*
 * --include and --exclude: which members are wanted. The rules come from the command line, the
 * names from archives, so only workers match them.
 */

#ifndef ZIPMAP_PROTOCOL_FILTER_H
#define ZIPMAP_PROTOCOL_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct filter_rule {
	bool include;     /**< else it excludes */
	const char *glob; /**< as glob(7); not owned */
};

/** Rules in the order of the command line. */
struct filter {
	const struct filter_rule *rules; /**< not owned */
	size_t count;
};

/**
 * Whether the member called @name (NUL-terminated) is wanted. The last rule that matches decides;
 * where none does, a member is wanted unless the first rule is an --include. A glob without '/' is
 * matched against the base name, any other against the whole name; '*' matches '/' too.
 */
bool filter_wants(const struct filter *filter, const char *name);

#endif
