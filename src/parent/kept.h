// SPDX-License-Identifier: MIT

/*
 * What a job knows of the entry of kept files (cache.h) that its archive has, or is to have.
 */

#ifndef ZIPMAP_PARENT_KEPT_H
#define ZIPMAP_PARENT_KEPT_H

#include "parent/cache.h"
#include "parent/manifest.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/** In the place of the number of a worker directory: the file is in its archive's entry. */
#define DIRECTORY_KEPT UINT32_MAX

enum kept_state {
	KEPT_FOUND,   /**< the entry is whole, and records come from its manifest */
	KEPT_WANTED,  /**< there is none: it is to be made with the first record */
	KEPT_MADE,    /**< it is being made */
	KEPT_REFUSED, /**< it cannot be made: files stay in the run directory */
};

struct kept {
	unsigned uses;
	enum kept_state state;
	struct cache_key key;
	struct stat archive; /**< what the key was made of */
	bool spoiled;  /**< it gets no manifest: a member has failed, or the archive changes */
	bool has_pack; /**< KEPT_MADE: the file with several members that was moved last: */
	uint64_t pack;
	struct json_file pack_file;
	struct manifest_writer writer; /**< the same */
	int fd;                        /**< KEPT_FOUND: the rest of the manifest, or -1 */
	uint64_t place;                /**< where that begins */
	char path[];                   /**< of the entry, as its files are printed */
};

/** One use of it. NULL with errno ENOMEM. */
struct kept *kept_new(const struct cache *cache, const struct stat *archive);

/** The same without a key, whose path is of @size bytes, which the caller sets. */
struct kept *kept_of_size(size_t size);

/** One use more. @kept may be NULL. */
struct kept *kept_share(struct kept *kept);

/** The bytes that it takes; @kept may be NULL. */
size_t kept_bytes(const struct kept *kept);

/** End one use; with the last, it is freed. @kept may be NULL. */
void kept_release(struct kept *kept);

/** A unit of the archive @fd has been done: if it is not the same any more, it is not kept. */
void kept_check_archive(struct kept *kept, int fd);

#endif
