// SPDX-License-Identifier: MIT

/*
 * The sandbox of a worker. Whoever takes a worker over by a hostile archive is left with its
 * memory, its channel, its own directory and the archives that it was handed: no other file, no
 * network, no other process, no new program.
 *
 * It has three parts, each of which holds without the others: resource limits, and no capabilities
 * even for root; Landlock (landlock(7)), by which the kernel judges what a path leads to; seccomp
 * (seccomp(2)), by which it judges which system calls there are at all.
 */

#ifndef ZIPMAP_WORKER_SANDBOX_H
#define ZIPMAP_WORKER_SANDBOX_H

#include "protocol/settings.h"
#include "protocol/startstep.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Which parts a worker of this build is to have: all, but under sanitizers, which open files and
 * map memory as they like, no seccomp, and where lines are counted, none.
 */
unsigned sandbox_parts(void);

/**
 * Which of the parts the running kernel has, the process staying as it is. A build of 32 bits has
 * no seccomp.
 */
unsigned sandbox_available(void);

/** The names of @parts to @text (@size bytes): "Landlock and seccomp", "none". */
void sandbox_describe(unsigned parts, char *text, size_t size);

/**
 * Whether a worker in @parts may name no path, but has to be handed its files: seccomp alone would
 * not see where a path leads to.
 */
bool sandbox_takes_paths(unsigned parts);

/** What a worker needs. */
struct sandbox_needs {
	int channel_fd;      /**< messages, and archives with them */
	int directory_fd;    /**< files are made and removed here; -1: nowhere */
	bool memory_files;   /**< files are made in memory, and handed over by the channel */
	uint64_t file_bytes; /**< no file is to be larger; 0: no limit */
};

/**
 * Enter the resource limits and @parts, for good, and give up all capabilities. To be called before
 * the first byte of an archive is looked at. 0, or -1 with errno and the step that failed in
 * *@step: then nothing may be read. It may be called again with fewer parts.
 */
int sandbox_enter(unsigned parts, const struct sandbox_needs *needs, enum start_step *step);

#endif
