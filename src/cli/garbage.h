// SPDX-License-Identifier: MIT

/*
 * --gc: what runs left behind is removed, or only listed, and what is done is said. With --cache
 * kept files are pruned, or listed.
 */

#ifndef ZIPMAP_CLI_GARBAGE_H
#define ZIPMAP_CLI_GARBAGE_H

#include "cli/options.h"

/**
 * Remove what runs left behind in the directory for files, or prune that of kept files; with
 * ACTION_GC_LIST only print the paths of that. Returns how much of it could not be removed, or -1
 * if the directory cannot be read; both are said.
 */
int garbage_collect(const struct options *options);

#endif
