// SPDX-License-Identifier: MIT

#include "cli/garbage.h"

#include "parent/gc.h"
#include "parent/manifest.h"
#include "parent/prune.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

static int collect_runs(const struct options *options)
{
	struct garbage garbage = {.options = options};
	const char *tmpdir = options->tmpdir;
	bool lists = options->action == ACTION_GC_LIST;
	char shown[PRINTABLE_MAX];

	printable(tmpdir, strlen(tmpdir), shown, sizeof(shown));
	if (gc_sweep(tmpdir, NULL, lists, tell, &garbage) < 0) {
		diag(DIAG_ERROR, "%s: %s", shown, strerror(errno));
		return -1;
	}
	diag(DIAG_DETAIL, "%s: %d %s, %d left, %d failed", shown, garbage.removed,
		lists ? "to remove" : "removed", garbage.left, garbage.failures);
	return garbage.failures;
}

/* --- kept files ------------------------------------------------------------------------------- */

struct kept_garbage {
	const struct options *options;
	const struct cache *cache;
};

/* The archive of an entry, printable, in @text. */
static void name_archive(
	const struct cache *cache, const struct prune_item *item, char text[PRINTABLE_MAX])
{
	char path[sizeof(item->name) + sizeof("/" CACHE_MANIFEST)];

	snprintf(path, sizeof(path), "%s/" CACHE_MANIFEST, item->name);
	int fd = openat(cache->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	cleanup_free char *archive = fd < 0 ? NULL : manifest_read_archive(fd);
	const char *shown = archive ? archive : "";
	printable(shown, strlen(shown), text, PRINTABLE_MAX);
}

/* A line of the list: size, last use, archive, path. */
static void list_kept(void *context, const struct prune_item *item, int error)
{
	const struct kept_garbage *garbage = context;
	const time_t seconds = (time_t)(item->used_ns / 1000000000);
	char archive[PRINTABLE_MAX] = "";
	char used[32] = "";
	const char *const states[] = {
		[PRUNE_ENTRY] = used,
		[PRUNE_UNFINISHED] = "unfinished",
		[PRUNE_RUN] = "not kept",
		[PRUNE_LIVE_RUN] = "in use",
		[PRUNE_LEFT_OVER] = "left over",
	};
	struct tm fields;

	(void)error;
	if (item->kind == PRUNE_ENTRY && localtime_r(&seconds, &fields))
		strftime(used, sizeof(used), "%Y-%m-%d %H:%M:%S", &fields);
	if (item->kind == PRUNE_ENTRY)
		name_archive(garbage->cache, item, archive);
	printf("%" PRIu64 "\t%s\t%s\t%s/%s%c", item->bytes, states[item->kind], archive,
		garbage->cache->path, item->name, garbage->options->null_output ? '\0' : '\n');
}

static void tell_pruned(void *context, const struct prune_item *item, int error)
{
	char shown[PRINTABLE_MAX];

	(void)context;
	printable(item->name, strlen(item->name), shown, sizeof(shown));
	if (error)
		diag(DIAG_ERROR, "cannot remove all of %s: %s", shown, strerror(error));
	else
		diag(DIAG_DETAIL, "removed %s", shown);
}

static int collect_kept(const struct options *options)
{
	struct cache cache;
	struct kept_garbage garbage = {options, &cache};
	struct prune_sums sums = {0};
	char shown[PRINTABLE_MAX];
	const char *why;
	int result;

	printable(options->cache, strlen(options->cache), shown, sizeof(shown));
	if (cache_open(&cache, options->cache, false, &why) < 0) {
		diag(DIAG_ERROR, "%s: %s", shown, why ? why : strerror(errno));
		return -1;
	}
	if (options->action == ACTION_GC_LIST) {
		result = prune_list(&cache, list_kept, &garbage);
	} else if (cache_lock_pruning(&cache) < 0) {
		diag(DIAG_WARNING, "%s: another process prunes it", shown);
		cache_release(&cache);
		return 0;
	} else {
		result = prune(&cache, options->cache_bytes, true, tell_pruned, NULL, &sums);
	}
	if (result < 0)
		diag(DIAG_ERROR, "%s: %s", shown, strerror(errno));
	else if (options->action == ACTION_GC)
		diag(DIAG_DETAIL,
			"%s: %" PRIu64 " removed, %" PRIu64 " left, %" PRIu64 " failed; %" PRIu64
			" bytes are kept",
			shown, sums.removed, sums.left, sums.failures, sums.bytes);
	cache_release(&cache);
	return result < 0 ? -1 : (int)sums.failures;
}

int garbage_collect(const struct options *options)
{
	return options->cache ? collect_kept(options) : collect_runs(options);
}
