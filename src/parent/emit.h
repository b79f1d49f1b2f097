// SPDX-License-Identifier: MIT

/*
 * Results that have their turn: a whole member goes to the sink, what has failed to stderr and to a
 * sink that takes failures. What the sink has written out is announced; the files of everything
 * else can still be removed.
 */

#ifndef ZIPMAP_PARENT_EMIT_H
#define ZIPMAP_PARENT_EMIT_H

#include "parent/interface.h"
#include "parent/rundir.h"
#include "parent/schedule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Bytes of output that may wait for a slow reader. While more do, no result is popped, workers are
 * not heard and the source is not asked.
 */
#define EMIT_PENDING_MAX ((size_t)32 * 1024)

/** A record that the sink has, of which it is not known yet whether it was written. */
struct unwritten {
	uint64_t archive;
	uint64_t member;
};

struct emit {
	const struct record_sink *sink;
	const struct run_settings *settings;
	const char *place; /**< where files go: failures name it; of the settings */
	struct run_stats *stats;
	struct unwritten *unwritten; /**< in the order of the sink; there is room for one more */
	size_t unwritten_count;
	size_t unwritten_capacity;
	uint64_t written; /**< records, in all */
	bool silent;      /**< whole members are counted and not printed */
};

/** @settings as of the run; @stats counts members and failures. 0, or -1 with errno ENOMEM. */
int emit_init(struct emit *emit, const struct run_settings *settings,
	const struct record_sink *sink, struct run_stats *stats);

void emit_release(struct emit *emit);

/** Whether another result may be emitted now. */
bool emit_has_room(const struct emit *emit);

/** Bytes of output that wait for the sink's descriptor. */
size_t emit_pending(const struct emit *emit);

enum emit_end {
	EMIT_DONE,      /**< a whole member, or a warning */
	EMIT_FAILURE,   /**< a failure, which is counted */
	EMIT_NO_MEMORY, /**< the sink has not got it */
};

/** Emit @result, just popped; its file is below the run directory @run_path, NULL: without files.
 */
enum emit_end emit_result(struct emit *emit, const struct result *result, const char *run_path);

/**
 * The path of the file that the member of @result is in, which the caller frees; "" if there is
 * none. 0, or -1 with errno ENOMEM.
 */
int emit_path(
	const struct emit *emit, const struct result *result, const char *run_path, char **path);

/** Emit what a command has printed. EMIT_DONE or EMIT_NO_MEMORY. */
enum emit_end emit_bytes(struct emit *emit, const char *bytes, size_t size);

/**
 * Emit @failure, which is of no one archive; @name is what failure_describe() may name.
 * EMIT_FAILURE or EMIT_NO_MEMORY.
 */
enum emit_end emit_general_failure(
	struct emit *emit, const struct failure *failure, const char *name);

/** The sink's descriptor takes something: write. 0, or -1 with errno: it is lost. */
int emit_write(struct emit *emit);

/**
 * Write out all that is pending. 0, also if it cannot be waited for; -1 with errno: EINTR, there is
 * a signal (@signal_fd is readable); else the sink's descriptor is lost.
 */
int emit_drain(struct emit *emit, int signal_fd);

/**
 * Remove all files that were not announced; nobody may make any more. Takes no memory. 0, or -1
 * with errno, if some could not be removed.
 */
int emit_sweep(const struct emit *emit, const struct schedule *schedule, struct rundir *rundir);

#endif
