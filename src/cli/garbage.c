// SPDX-License-Identifier: MIT

#include "cli/garbage.h"

#include "parent/gc.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <string.h>

/* For gc_sweep(): @context counts the failures. */
static void tell_gc(void *context, const char *name, int error)
{
	int *failures = context;
	char shown[PRINTABLE_MAX];

	printable(name, strlen(name), shown, sizeof(shown));
	if (error == 0) {
		diag(DIAG_DETAIL, "removed %s", shown);
		return;
	}
	diag(DIAG_ERROR, "cannot remove all of %s: %s", shown, strerror(error));
	++*failures;
}

int garbage_collect(const char *tmpdir)
{
	char name[PRINTABLE_MAX];
	int failures = 0;

	if (gc_sweep(tmpdir, tell_gc, &failures) == 0)
		return failures;
	diag(DIAG_ERROR, "%s: %s", printable(tmpdir, strlen(tmpdir), name, sizeof(name)),
		strerror(errno));
	return -1;
}
