// SPDX-License-Identifier: MIT

/*
 * What a worker is told once, before any work: its settings. They go over the channel, never by
 * arguments or the environment, since a password may be among them. First comes a packet with the
 * head and the descriptor of the crash note, then the settings in as many packets as they fill.
 */

#ifndef ZIPMAP_PROTOCOL_SETTINGS_H
#define ZIPMAP_PROTOCOL_SETTINGS_H

#include "numpy/rawarray.h"
#include "protocol/decoder.h"
#include "protocol/filter.h"
#include "protocol/inplace.h"
#include "protocol/limits.h"
#include "protocol/partschoice.h"
#include "protocol/reuse.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is done with the members that are wanted. */
enum worker_task {
	TASK_UNZIP, /**< into files */
	TASK_TEST,  /**< decoded and checked, into no file */
	TASK_LIST,  /**< what the directory states of them */
	TASK_KINDS, /**< how many there are; not a task */
};

/** The sandbox's parts that a kernel may lack (worker/sandbox.h). */
#define SANDBOX_LANDLOCK 1U
#define SANDBOX_SECCOMP  2U

struct worker_settings {
	enum worker_task task;
	struct filter filter;        /**< which members are wanted */
	const char *password;        /**< a string; or NULL */
	const char *encoding;        /**< of names that do not say it, as names.h has it; or NULL */
	struct limits limits;        /**< what is refused */
	const struct raw_array *raw; /**< what members that are not .npy hold; or NULL */
	bool npy;                    /**< with a header put before them; not together with @pack */
	bool pack;                   /**< small members share a file */
	bool in_memory;           /**< files are in memory, and their descriptors are handed over */
	struct in_place in_place; /**< in archives where the work says that they may stay */
	enum decoder_choice decoder; /**< one that decoder_has() */
	enum parts_choice parts;     /**< whether several workers decode one member */
	bool full_names;    /**< say the whole names of members, not only what files are called */
	bool own_names;     /**< files get members' own names: say what that needs, and tell of
			       directory entries; with @full_names */
	struct reuse reuse; /**< ask for files that have these names; with @own_names, not @npy */
	bool sandboxed;     /**< enter the sandbox (sandbox.h) before any work */
	unsigned sandbox;   /**< with these parts of it */
	bool all_required;  /**< do no work if one of them is refused */
	bool measure;       /**< measure private memory, and say the peaks at the end */
};

/** The first packet of all. */
struct settings_head {
	uint32_t parent;     /**< the process that started the worker */
	uint32_t size_bytes; /**< of the settings, at most SETTINGS_MAX */
	bool has_directory;  /**< the worker makes files, in a directory that it was started with */
};

#define SETTINGS_HEAD_BYTES 9

/** The most bytes of settings: filters come from the command line, which has at most 6 MiB. */
#define SETTINGS_MAX ((size_t)16 * 1024 * 1024)

/** The most bytes of one packet of settings. */
#define SETTINGS_PACKET_MAX ((size_t)32 * 1024)

void settings_put_head(uint8_t bytes[SETTINGS_HEAD_BYTES], const struct settings_head *head);

/** 0, or -1 with EBADMSG if the @size bytes are no head. */
int settings_get_head(const void *bytes, size_t size, struct settings_head *head);

/**
 * Encode @settings. The caller frees the result, of *@size bytes. NULL with errno: ENOMEM, or E2BIG
 * if they are more than SETTINGS_MAX.
 */
uint8_t *settings_encode(const struct worker_settings *settings, size_t *size);

/** Settings that were decoded, and what they point to besides the bytes that they came from. */
struct settings_decoded {
	struct worker_settings settings;
	struct filter_rule *rules;
	struct raw_array raw;
};

/**
 * Decode the @size bytes at @bytes, which must outlive the result: its strings are there. 0, or -1
 * with errno: EBADMSG if they are no settings, ENOMEM. To be released after success.
 */
int settings_decode(const void *bytes, size_t size, struct settings_decoded *decoded);

void settings_release(struct settings_decoded *decoded);

#endif
