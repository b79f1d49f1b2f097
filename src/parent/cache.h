// SPDX-License-Identifier: MIT

/*
 * The directory of kept files:
 *
 *	DIR/CACHEDIR.TAG             bford.info/cachedir: for those who make backups
 *	DIR/lock                     locks, see below
 *	DIR/zipmap.XXXXXX/           run directories of runs that use it (rundir.h)
 *	DIR/<2 hex>/<key>/           an entry: the files of one archive under one set of options
 *	DIR/<2 hex>/<key>/manifest   (manifest.h) without it, the entry is unfinished
 *
 * A key is a hash of what makes the archive that one, as it is now, and of the options. It belongs
 * to one of CACHE_SLOTS slots, each a byte of DIR/lock. A run locks the slot of a key, shared with
 * others, before it looks at the entry, and until it ends: what is in use is never removed. Who
 * removes an entry locks its slot alone while it does. So a run of any number of archives has one
 * descriptor and few locks, and nobody waits for anybody. The locks are those of fcntl(2), which
 * work on file systems of networks that take flock(2) for nothing.
 */

#ifndef ZIPMAP_PARENT_CACHE_H
#define ZIPMAP_PARENT_CACHE_H

#include "protocol/membername.h"

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define CACHE_SLOTS    1024U
#define CACHE_TAG      "CACHEDIR.TAG"
#define CACHE_MANIFEST "manifest"

/** The digits of a key. */
#define CACHE_KEY_SIZE (2 * (size_t)SHA256_DIGEST_SIZE)

/** Room for "<2 hex>/<key>", and for the path of a file of such an entry, with the NUL. */
#define CACHE_ENTRY_SIZE (2 + 1 + CACHE_KEY_SIZE + 1)
#define CACHE_FILE_SIZE  (CACHE_ENTRY_SIZE + MEMBER_FILE_SIZE)

struct cache {
	char *path; /**< as the user gave it, without slashes at its end; NULL: not open */
	int fd;     /**< of the directory */
	int lock_fd;
	dev_t device;
	uid_t owner;
	uint8_t options[SHA256_DIGEST_SIZE]; /**< hash of the options that shape files */
	uint8_t locked[CACHE_SLOTS / 8];     /**< the slots that this run has locked */
	uint8_t *used;       /**< marks of the keys of entries that this run has made or used */
	const char *own_run; /**< the name of this run's directory, which stays; or NULL */
};

struct cache_key {
	char entry[CACHE_ENTRY_SIZE]; /**< "<2 hex>/<key>": the entry below the directory */
	unsigned slot;
	uint32_t mark;
};

/**
 * Open the directory @path, and make it if it is not there, unless @make is false. 0, or -1 with
 * errno; *@why says more than that in words, or is NULL. It must be this user's, and nobody else's
 * to write to.
 */
int cache_open(struct cache *cache, const char *path, bool make, const char **why);

/** Whether the directory @fd has the tag of one of kept files, whoever's it is. */
bool cache_has_tag(int fd);

/** End the locks, and free all. */
void cache_release(struct cache *cache);

/** The key of the archive whose status is @status. */
void cache_make_key(const struct cache *cache, const struct stat *status, struct cache_key *key);

/** Read a key from what an entry is called. False if @entry cannot be one. */
bool cache_read_key(const char *entry, struct cache_key *key);

/** Write the path of the file @name in the entry of @key, below the directory, to @path. */
void cache_file_path(const struct cache_key *key, const char *name, char path[CACHE_FILE_SIZE]);

/** A time of a file, in nanoseconds from 1970. */
int64_t cache_time_ns(const struct timespec *time);

/** Share the slot of @key until the run ends. 0, or -1 with errno: somebody removes an entry. */
int cache_share(struct cache *cache, const struct cache_key *key);

/**
 * Have the slot of @key alone, if nobody else has it: until cache_share_again(), entries of it may
 * be removed that this run has not marked. 0, or -1 with errno.
 */
int cache_take_alone(struct cache *cache, const struct cache_key *key);
void cache_share_again(struct cache *cache, const struct cache_key *key);

/** This run uses the entry of @key. It is not removed before the run has ended. */
void cache_mark(struct cache *cache, const struct cache_key *key);

/** Whether it may have been marked. */
bool cache_is_marked(const struct cache *cache, const struct cache_key *key);

/** This run will not use any entry any more. */
void cache_forget_marks(struct cache *cache);

/**
 * Remove what is left of an entry of @key if nobody uses it. 0, also if there is none, or -1 with
 * errno: EEXIST if somebody uses one; EISDIR if somebody has put a directory into it.
 */
int cache_make_room(struct cache *cache, const struct cache_key *key);

/** Make the entry of @key, empty, and mark it, after cache_make_room(). 0, or -1 with its errno. */
int cache_make_entry(struct cache *cache, const struct cache_key *key);

/** Remove @entry with its files, the manifest first. 0, or -1 with errno: some of it is left. */
int cache_remove_entry(const struct cache *cache, const char *entry);

/** Be the only one who prunes. 0, or -1 with errno: somebody does. It ends with cache_release(). */
int cache_lock_pruning(const struct cache *cache);

#endif
