// SPDX-License-Identifier: MIT

#include "cli/garbage.h"

#include "parent/gc.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct garbage {
	const struct options *options;
	int removed;
	int left;
	int failures;
};

static void print_path(const struct options *options, const char *name)
{
	const char *tmpdir = options->tmpdir;
	size_t length = strlen(tmpdir);

	printf("%s%s%s%c", tmpdir, length > 0 && tmpdir[length - 1] == '/' ? "" : "/", name,
		options->null_output ? '\0' : '\n');
}

/* For gc_sweep(). */
static void tell(void *context, const char *name, enum gc_end end, int error)
{
	static const char *const reasons[] = {
		[GC_LEFT_ALIVE] = "its run is at work",
		[GC_LEFT_FILES] = "its run has ended, and files that were printed are in it",
		[GC_LEFT_OTHER] = "it is another user's, or nothing that zipmap made",
	};
	struct garbage *garbage = context;
	bool lists = garbage->options->action == ACTION_GC_LIST;
	char shown[PRINTABLE_MAX];

	printable(name, strlen(name), shown, sizeof(shown));
	switch (end) {
	case GC_GONE:
		break;
	case GC_REMOVED:
		if (lists)
			print_path(garbage->options, name);
		else
			diag(DIAG_DETAIL, "removed %s", shown);
		garbage->removed++;
		break;
	case GC_LEFT_ALIVE:
	case GC_LEFT_FILES:
	case GC_LEFT_OTHER:
		diag(DIAG_DETAIL, "left %s: %s", shown, reasons[end]);
		garbage->left++;
		break;
	case GC_FAILED:
		diag(DIAG_ERROR, "cannot %s %s: %s", lists ? "look at" : "remove all of", shown,
			strerror(error));
		garbage->failures++;
		break;
	}
}

int garbage_collect(const struct options *options)
{
	struct garbage garbage = {.options = options};
	const char *tmpdir = options->tmpdir;
	bool lists = options->action == ACTION_GC_LIST;
	char shown[PRINTABLE_MAX];

	printable(tmpdir, strlen(tmpdir), shown, sizeof(shown));
	if (gc_sweep(tmpdir, lists, tell, &garbage) < 0) {
		diag(DIAG_ERROR, "%s: %s", shown, strerror(errno));
		return -1;
	}
	diag(DIAG_DETAIL, "%s: %d %s, %d left, %d failed", shown, garbage.removed,
		lists ? "to remove" : "removed", garbage.left, garbage.failures);
	return garbage.failures;
}
