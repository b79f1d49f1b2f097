// SPDX-License-Identifier: MIT

#include "parent/kept.h"

#include "util/cleanup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kept *kept_of_size(size_t size)
{
	struct kept *kept = calloc(1, sizeof(*kept) + size);

	if (!kept)
		return NULL;
	kept->uses = 1;
	kept->fd = -1;
	return kept;
}

struct kept *kept_new(const struct cache *cache, const struct stat *archive)
{
	size_t length = strlen(cache->path);
	const char *slash = cache->path[length - 1] == '/' ? "" : "/"; /* it may be the root */
	struct kept *kept = kept_of_size(length + 1 + CACHE_ENTRY_SIZE);

	if (!kept)
		return NULL;
	kept->state = KEPT_WANTED;
	kept->archive = *archive;
	cache_make_key(cache, archive, &kept->key);
	stpcpy(stpcpy(stpcpy(kept->path, cache->path), slash), kept->key.entry);
	return kept;
}

struct kept *kept_share(struct kept *kept)
{
	if (kept)
		kept->uses++;
	return kept;
}

size_t kept_bytes(const struct kept *kept)
{
	return kept ? sizeof(*kept) + strlen(kept->path) + 1 : 0;
}

void kept_release(struct kept *kept)
{
	if (!kept || --kept->uses > 0)
		return;
	manifest_abandon(&kept->writer);
	if (kept->fd >= 0)
		close(steal_fd(&kept->fd));
	free(kept);
}

static bool is_same_time(const struct timespec *one, const struct timespec *other)
{
	return one->tv_sec == other->tv_sec && one->tv_nsec == other->tv_nsec;
}

void kept_check_archive(struct kept *kept, int fd)
{
	const struct stat *was = &kept->archive;
	struct stat now;

	if (fstat(fd, &now) == 0 && now.st_size == was->st_size &&
		is_same_time(&now.st_mtim, &was->st_mtim) &&
		is_same_time(&now.st_ctim, &was->st_ctim))
		return;
	kept->spoiled = true;
}
