// SPDX-License-Identifier: MIT

#include "parent/prune.h"

#include "parent/dirents.h"
#include "parent/gc.h"
#include "parent/rundir.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* So many items that go first are found in one pass over the directory, which is 900 KiB. */
#define ITEMS_MAX 10000

#define BLOCK_BYTES 512 /* of st_blocks */

static const int DIRECTORY_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/* --- looking ---------------------------------------------------------------------------------- */

/* What is done with each item. */
struct scan {
	const struct cache *cache;
	void (*act)(void *context, const struct prune_item *item);
	void *context;
	char shard[3]; /* whose entries are looked at */
};

/* Add what @name takes to *@bytes. 1 if it is a directory, or else 0, or -1 with errno. */
static int add_one(uint64_t *bytes, int fd, const char *name)
{
	struct stat status;

	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	*bytes += (uint64_t)status.st_blocks * BLOCK_BYTES;
	return S_ISDIR(status.st_mode);
}

/* Add up what the files of a directory take. */
static int add_bytes(void *context, int fd, const char *name)
{
	return add_one(context, fd, name) < 0 ? -1 : 0;
}

/* The same, with the directories of workers. What is in others, or not to be read, is not ours. */
static int add_all_bytes(void *context, int fd, const char *name)
{
	int added = add_one(context, fd, name);

	if (added <= 0)
		return added;
	cleanup_fd int inner = openat(fd, name, DIRECTORY_FLAGS);
	if (inner >= 0)
		(void)dirents_each(inner, add_bytes, context);
	return 0;
}

/* What stands in the place of an entry and is no directory: nobody can use it. As measure(). */
static int measure_other(const struct scan *scan, struct prune_item *item)
{
	struct stat status;

	if (fstatat(scan->cache->fd, item->name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		S_ISDIR(status.st_mode))
		return -1;
	item->bytes = (uint64_t)status.st_blocks * BLOCK_BYTES;
	return 0;
}

/* What the directory item->name takes. 0, or -1 with errno: ENOENT if it has just gone. */
static int measure(
	const struct scan *scan, struct prune_item *item, bool *has_special, const char *special)
{
	struct stat status;
	cleanup_fd int fd = openat(scan->cache->fd, item->name, DIRECTORY_FLAGS);

	item->bytes = 0;
	item->used_ns = 0;
	if (fd < 0 || fstat(fd, &status) < 0 || dirents_each(fd, add_all_bytes, &item->bytes) < 0)
		return -1;
	item->bytes += (uint64_t)status.st_blocks * BLOCK_BYTES;
	*has_special = fstatat(fd, special, &status, AT_SYMLINK_NOFOLLOW) == 0;
	if (*has_special)
		item->used_ns = cache_time_ns(&status.st_mtim);
	return 0;
}

static int scan_entry(void *context, int fd, const char *name)
{
	const struct scan *scan = context;
	struct prune_item item = {.kind = PRUNE_UNFINISHED};
	struct cache_key key;
	bool whole = false;

	(void)fd;
	if (strlen(name) != CACHE_KEY_SIZE)
		return 0;
	stpcpy(stpcpy(stpcpy(item.name, scan->shard), "/"), name);
	if (!cache_read_key(item.name, &key) || (measure(scan, &item, &whole, CACHE_MANIFEST) < 0 &&
							measure_other(scan, &item) < 0))
		return 0;
	if (whole)
		item.kind = PRUNE_ENTRY;
	scan->act(scan->context, &item);
	return 0;
}

/* What the run directory @name is. False if it is nothing of ours. */
static bool judge_run(const struct cache *cache, const char *name, enum prune_kind *kind)
{
	bool own = cache->own_run && strcmp(name, cache->own_run) == 0;

	switch (own ? GC_LEFT_ALIVE : gc_judge(cache->fd, name)) {
	case GC_REMOVED:
		*kind = PRUNE_LEFT_OVER;
		return true;
	case GC_LEFT_ALIVE:
		*kind = PRUNE_LIVE_RUN;
		return true;
	case GC_LEFT_FILES:
		*kind = PRUNE_RUN;
		return true;
	case GC_GONE:
	case GC_LEFT_OTHER:
	case GC_FAILED:
		break;
	}
	return false;
}

static void scan_run(const struct scan *scan, const char *name)
{
	struct prune_item item;
	bool locked;

	stpcpy(item.name, name);
	if (judge_run(scan->cache, name, &item.kind) &&
		measure(scan, &item, &locked, RUNDIR_LOCK) == 0)
		scan->act(scan->context, &item);
}

static int scan_any(void *context, int fd, const char *name)
{
	struct scan *scan = context;

	if (rundir_name_kind(name) == RUNDIR_FINISHED)
		scan_run(scan, name);
	if (strlen(name) != 2 || strspn(name, "0123456789abcdef") != 2)
		return 0;
	cleanup_fd int shard = openat(fd, name, DIRECTORY_FLAGS);
	memcpy(scan->shard, name, sizeof(scan->shard));
	/* One that is not to be read has nothing of ours. */
	return shard < 0 ? 0 : dirents_each(shard, scan_entry, scan);
}

static int scan_all(struct scan *scan)
{
	return dirents_each(scan->cache->fd, scan_any, scan);
}

struct list {
	prune_tell *tell;
	void *context;
};

static void list_item(void *context, const struct prune_item *item)
{
	const struct list *list = context;

	list->tell(list->context, item, 0);
}

int prune_list(const struct cache *cache, prune_tell *tell, void *context)
{
	struct list list = {tell, context};
	struct scan scan = {.cache = cache, .act = list_item, .context = &list};

	return scan_all(&scan);
}

/* --- choosing --------------------------------------------------------------------------------- */

/* The items that go first, of all that were looked at: a heap with the one that goes last on top.
 */
struct choice {
	struct prune_item *items;
	size_t count;
	bool more;      /* than there is room for */
	uint64_t bytes; /* of all */
	uint64_t all;   /* how many there are */
};

/* Whether @one goes before @other. */
static int compare_items(const void *one, const void *other)
{
	const struct prune_item *a = one;
	const struct prune_item *b = other;
	bool a_entry = a->kind == PRUNE_ENTRY;
	bool b_entry = b->kind == PRUNE_ENTRY;

	if (a_entry != b_entry)
		return a_entry ? 1 : -1;
	if (a->used_ns != b->used_ns)
		return a->used_ns < b->used_ns ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void swap_items(struct prune_item *one, struct prune_item *other)
{
	struct prune_item held = *one;

	*one = *other;
	*other = held;
}

/* Let the item at @at sink to its place. */
static void sink_item(struct choice *choice, size_t at)
{
	struct prune_item *items = choice->items;

	for (;;) {
		size_t last = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
			if (child < choice->count && compare_items(&items[child], &items[last]) > 0)
				last = child;
		}
		if (last == at)
			return;
		swap_items(&items[at], &items[last]);
		at = last;
	}
}

static void lift_item(struct choice *choice, size_t at)
{
	struct prune_item *items = choice->items;

	while (at > 0 && compare_items(&items[at], &items[(at - 1) / 2]) > 0) {
		swap_items(&items[at], &items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void choose_item(void *context, const struct prune_item *item)
{
	struct choice *choice = context;

	choice->bytes += item->bytes;
	choice->all++;
	if (item->kind == PRUNE_LIVE_RUN || item->kind == PRUNE_LEFT_OVER)
		return;
	if (choice->count < ITEMS_MAX) {
		choice->items[choice->count] = *item;
		lift_item(choice, choice->count++);
		return;
	}
	choice->more = true;
	if (compare_items(item, &choice->items[0]) < 0) {
		choice->items[0] = *item;
		sink_item(choice, 0);
	}
}

/* --- removing --------------------------------------------------------------------------------- */

/* Remove an entry that nobody uses. 0, or -1 with errno: EBUSY if somebody does. */
static int remove_unused(struct cache *cache, const struct prune_item *item)
{
	struct cache_key key;

	if (!cache_read_key(item->name, &key) || cache_is_marked(cache, &key) ||
		cache_take_alone(cache, &key) < 0) {
		errno = EBUSY;
		return -1;
	}
	int removed = cache_remove_entry(cache, item->name);
	int error = errno;
	cache_share_again(cache, &key);
	if (removed == 0) {
		/* The directory of the first two digits goes if it is empty. */
		const char shard[] = {item->name[0], item->name[1], '\0'};
		(void)unlinkat(cache->fd, shard, AT_REMOVEDIR);
	}
	errno = error;
	return removed;
}

/* Remove the items of @choice as far as that is to be. Returns how many were. */
static uint64_t remove_chosen(struct cache *cache, const struct choice *choice, uint64_t max_bytes,
	bool all, prune_tell *tell, void *context, struct prune_sums *sums)
{
	uint64_t removed = 0;

	for (size_t i = 0; i < choice->count; i++) {
		const struct prune_item *item = &choice->items[i];
		bool useless = item->kind != PRUNE_ENTRY;
		if (!(max_bytes > 0 && sums->bytes > max_bytes) && !(useless && all))
			continue;
		int result = item->kind == PRUNE_RUN ? gc_remove_ended(cache->fd, item->name)
						     : remove_unused(cache, item);
		if (result < 0 && errno == EBUSY)
			continue;
		if (tell)
			tell(context, item, result < 0 ? errno : 0);
		sums->failures += result < 0;
		if (result < 0)
			continue;
		removed++;
		sums->bytes -= item->bytes;
	}
	return removed;
}

/* What killed runs have left. */
struct sweep {
	prune_tell *tell;
	void *context;
	struct prune_sums *sums;
};

/* For gc_sweep(). */
static void tell_swept(void *context, const char *name, enum gc_end end, int error)
{
	const struct sweep *sweep = context;
	struct prune_item item = {.kind = PRUNE_LEFT_OVER};

	if (end != GC_REMOVED && end != GC_FAILED)
		return;
	sweep->sums->removed += end == GC_REMOVED;
	sweep->sums->failures += end == GC_FAILED;
	stpcpy(item.name, name);
	if (sweep->tell)
		sweep->tell(sweep->context, &item, end == GC_FAILED ? error : 0);
}

int prune(struct cache *cache, uint64_t max_bytes, bool all, prune_tell *tell, void *context,
	struct prune_sums *sums)
{
	cleanup_free struct prune_item *items = calloc(ITEMS_MAX, sizeof(*items));
	struct sweep sweep = {tell, context, sums};
	uint64_t removed;
	bool more;

	*sums = (struct prune_sums){0};
	if (!items || gc_sweep(cache->path, cache->own_run, false, tell_swept, &sweep) < 0)
		return -1;
	do {
		struct choice choice = {.items = items};
		struct scan scan = {.cache = cache, .act = choose_item, .context = &choice};
		if (scan_all(&scan) < 0)
			return -1;
		qsort(items, choice.count, sizeof(*items), compare_items);
		sums->bytes = choice.bytes;
		removed = remove_chosen(cache, &choice, max_bytes, all, tell, context, sums);
		sums->removed += removed;
		sums->left = choice.all - removed;
		more = choice.more && (all || (max_bytes > 0 && sums->bytes > max_bytes));
	} while (more && removed > 0);
	return 0;
}
