// SPDX-License-Identifier: MIT

#include "parent/cache.h"

#include "parent/dirents.h"
#include "parent/manifest.h"
#include "parent/tmpdir.h"
#include "util/cleanup.h"
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_NAME "lock"

/* Behind the slots: who prunes. */
#define PRUNING CACHE_SLOTS

/* As many marks: of 20,000 entries, one in 26 finds the mark of another one, and then is not
 * removed where it could be. */
#define MARKS (UINT32_C(1) << 19)

static const char tag[] =
	"Signature: 8a477f597d28d172789f06886806bc55\n"
	"# This directory holds files that zipmap --cache keeps. It may be removed at any time.\n"
	"# For what this file is, see https://bford.info/cachedir/\n";

/* --- locks ------------------------------------------------------------------------------------ */

/* Lock the byte @place of the lock file by @type, or end that. 0, or -1 with errno. */
static int lock_byte(int fd, short type, unsigned place)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
	int locked = fcntl(fd, F_OFD_SETLK, &lock);

	/* A kernel without those: the other ones, which end too if we close the file. */
	return locked < 0 && errno == EINVAL ? fcntl(fd, F_SETLK, &lock) : locked;
}

static bool has_slot(const struct cache *cache, unsigned slot)
{
	return cache->locked[slot / 8] >> slot % 8 & 1;
}

int cache_share(struct cache *cache, const struct cache_key *key)
{
	if (has_slot(cache, key->slot))
		return 0;
	if (lock_byte(cache->lock_fd, F_RDLCK, key->slot) < 0)
		return -1;
	cache->locked[key->slot / 8] |= (uint8_t)(1U << key->slot % 8);
	return 0;
}

int cache_take_alone(struct cache *cache, const struct cache_key *key)
{
	return lock_byte(cache->lock_fd, F_WRLCK, key->slot);
}

void cache_share_again(struct cache *cache, const struct cache_key *key)
{
	/* Neither can be refused: we have the lock. */
	(void)lock_byte(cache->lock_fd, has_slot(cache, key->slot) ? F_RDLCK : F_UNLCK, key->slot);
}

int cache_lock_pruning(const struct cache *cache)
{
	return lock_byte(cache->lock_fd, F_WRLCK, PRUNING);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void set_key(struct cache_key *key, const uint8_t hash[SHA256_DIGEST_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *at = key->entry;

	*at++ = digits[hash[0] >> 4];
	*at++ = digits[hash[0] & 15];
	*at++ = '/';
	for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
		*at++ = digits[hash[i] >> 4];
		*at++ = digits[hash[i] & 15];
	}
	*at = '\0';
	key->slot = ((unsigned)hash[0] << 8 | hash[1]) % CACHE_SLOTS;
	key->mark = ((uint32_t)hash[2] << 16 | (uint32_t)hash[3] << 8 | hash[4]) % MARKS;
}

void cache_make_key(const struct cache *cache, const struct stat *status, struct cache_key *key)
{
	const uint64_t numbers[] = {
		MANIFEST_VERSION,
		status->st_dev,
		status->st_ino,
		(uint64_t)status->st_size,
		(uint64_t)status->st_mtim.tv_sec,
		(uint64_t)status->st_mtim.tv_nsec,
		(uint64_t)status->st_ctim.tv_sec,
		(uint64_t)status->st_ctim.tv_nsec,
	};
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx sum;

	sha256_init(&sum);
	sha256_update(&sum, sizeof(numbers), (const uint8_t *)numbers);
	sha256_update(&sum, sizeof(cache->options), cache->options);
	sha256_digest(&sum, sizeof(hash), hash);
	set_key(key, hash);
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool cache_read_key(const char *entry, struct cache_key *key)
{
	uint8_t hash[SHA256_DIGEST_SIZE];

	if (strlen(entry) != CACHE_ENTRY_SIZE - 1)
		return false;
	for (size_t i = 0; i < sizeof(hash); i++) {
		int high = hex_value(entry[3 + 2 * i]);
		int low = hex_value(entry[4 + 2 * i]);
		if (high < 0 || low < 0)
			return false;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	set_key(key, hash);
	return strcmp(key->entry, entry) == 0;
}

void cache_file_path(const struct cache_key *key, const char *name, char path[CACHE_FILE_SIZE])
{
	stpcpy(stpcpy(stpcpy(path, key->entry), "/"), name);
}

int64_t cache_time_ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

void cache_mark(struct cache *cache, const struct cache_key *key)
{
	cache->used[key->mark / 8] |= (uint8_t)(1U << key->mark % 8);
}

bool cache_is_marked(const struct cache *cache, const struct cache_key *key)
{
	return cache->used[key->mark / 8] >> key->mark % 8 & 1;
}

void cache_forget_marks(struct cache *cache)
{
	memset(cache->used, 0, MARKS / 8);
}

/* --- entries ---------------------------------------------------------------------------------- */

static int remove_file(void *context, int fd, const char *name)
{
	(void)context;
	return dirents_remove(fd, name, 0);
}

int cache_remove_entry(const struct cache *cache, const char *entry)
{
	cleanup_fd int fd =
		openat(cache->fd, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) /* a link or a file in its place */
		return dirents_remove(cache->fd, entry, 0);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	/* Without its manifest it is unfinished, should we be killed before all is gone. */
	if (dirents_remove(fd, CACHE_MANIFEST, 0) < 0 || dirents_each(fd, remove_file, NULL) < 0)
		return -1;
	return dirents_remove(cache->fd, entry, AT_REMOVEDIR);
}

/* Make the two directories of an entry. 0, or -1 with errno. */
static int make_directories(const struct cache *cache, const char *entry)
{
	const char shard[] = {entry[0], entry[1], '\0'};

	if (mkdirat(cache->fd, entry, 0700) == 0)
		return 0;
	if (errno != ENOENT || (mkdirat(cache->fd, shard, 0700) < 0 && errno != EEXIST))
		return -1;
	return mkdirat(cache->fd, entry, 0700);
}

int cache_make_room(struct cache *cache, const struct cache_key *key)
{
	if (faccessat(cache->fd, key->entry, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (cache_is_marked(cache, key) || cache_take_alone(cache, key) < 0) {
		errno = EEXIST;
		return -1;
	}
	int removed = cache_remove_entry(cache, key->entry);
	int error = errno;
	cache_share_again(cache, key);
	errno = error;
	return removed;
}

int cache_make_entry(struct cache *cache, const struct cache_key *key)
{
	if (cache_make_room(cache, key) < 0)
		return -1;
	int made = make_directories(cache, key->entry);
	if (made == 0)
		cache_mark(cache, key);
	return made;
}

/* --- the directory ---------------------------------------------------------------------------- */

static int find_entry(void *context, int fd, const char *name)
{
	(void)fd;
	(void)name;
	*(bool *)context = true;
	return 0;
}

static bool tag_is_there(int fd)
{
	struct stat status;

	return fstatat(fd, CACHE_TAG, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

bool cache_has_tag(int fd)
{
	char text[sizeof(tag) - 1];
	cleanup_fd int opened =
		openat(fd, CACHE_TAG, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	return opened >= 0 &&
	       io_pread_full(opened, text, sizeof(text), 0) == (ssize_t)sizeof(text) &&
	       memcmp(text, tag, sizeof(text)) == 0;
}

/* Mark an empty directory as a cache. 0, or -1 with errno. */
static int make_tag(int fd)
{
	cleanup_fd int made =
		openat(fd, CACHE_TAG, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (made < 0)
		return errno == EEXIST ? 0 : -1;
	return io_write_full(made, tag, sizeof(tag) - 1);
}

/* Whether the directory is a cache, or may become one. 0, or -1 with errno and *@why. */
static int check_content(int fd, bool make, const char **why)
{
	bool found = false;

	if (tag_is_there(fd))
		return 0;
	if (dirents_each(fd, find_entry, &found) < 0)
		return -1;
	/* Another run may just have marked it. */
	if (found && tag_is_there(fd))
		return 0;
	if (!found && make)
		return make_tag(fd);
	*why = make ? "it is not empty, and not a directory of kept files (it has no "
		      "CACHEDIR.TAG)"
		    : "it is not a directory of kept files (it has no CACHEDIR.TAG)";
	errno = EINVAL;
	return -1;
}

/* Whether others could change what is kept. 0, or -1 with errno and *@why. */
static int check_owner(struct cache *cache, const char **why)
{
	struct stat status;

	if (fstat(cache->fd, &status) < 0)
		return -1;
	cache->device = status.st_dev;
	cache->owner = status.st_uid;
	if (status.st_uid != geteuid())
		*why = "it belongs to another user";
	else if (status.st_mode & (S_IWGRP | S_IWOTH))
		*why = "others may write there";
	else
		return 0;
	errno = EPERM;
	return -1;
}

/* Open the lock file, and try a lock. 0, or -1 with errno and *@why. */
static int open_locks(struct cache *cache, const char **why)
{
	cache->lock_fd = openat(
		cache->fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (cache->lock_fd < 0)
		return -1;
	if (lock_byte(cache->lock_fd, F_RDLCK, PRUNING + 1) == 0)
		return 0;
	*why = "its file system has no locks (fcntl), without which no file can be kept";
	return -1;
}

static int open_directory(struct cache *cache, const char *path, bool make, const char **why)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	cache->path = strndup(path, length);
	if (!cache->path) /* then there is nothing to release */
		return -1;
	cache->used = calloc(MARKS / 8, 1);
	if (!cache->used)
		return -1;
	if (make && mkdir(cache->path, 0700) < 0 && errno != EEXIST)
		return -1;
	cleanup_fd int fd = tmpdir_open(cache->path, why);
	if (fd < 0)
		return -1;
	*why = NULL; /* what is asked for here is more */
	cache->fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return cache->fd < 0 ? -1 : 0;
}

int cache_open(struct cache *cache, const char *path, bool make, const char **why)
{
	*cache = (struct cache){.fd = -1, .lock_fd = -1};
	*why = NULL;
	if (open_directory(cache, path, make, why) == 0 && check_owner(cache, why) == 0 &&
		check_content(cache->fd, make, why) == 0 && open_locks(cache, why) == 0)
		return 0;
	int error = errno;
	cache_release(cache);
	errno = error;
	return -1;
}

void cache_release(struct cache *cache)
{
	if (!cache->path)
		return;
	if (cache->lock_fd >= 0)
		close(steal_fd(&cache->lock_fd));
	if (cache->fd >= 0)
		close(steal_fd(&cache->fd));
	free(steal_pointer(&cache->path));
	free(steal_pointer(&cache->used));
}
