// SPDX-License-Identifier: MIT

/*
 * What the parent is given from outside: settings, where archives come from (a source), where
 * records go (a sink), and where to leave its figures. The parent knows neither the command line
 * nor the inside of an archive.
 */

#ifndef ZIPMAP_PARENT_INTERFACE_H
#define ZIPMAP_PARENT_INTERFACE_H

#include "parent/template.h"
#include "protocol/limits.h"
#include "protocol/record.h"
#include "protocol/reuse.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/** What a source answers. */
enum source_status {
	SOURCE_ARCHIVE, /**< an archive to unzip: @path is set, and perhaps @fd */
	SOURCE_FAILED,  /**< an input is no archive, which stderr was told: count it as failed */
	SOURCE_WAIT,    /**< nothing now; ask again when poll_fd() is readable */
	SOURCE_AGAIN,   /**< nothing so far: ask again once other events have been dealt with */
	SOURCE_END,     /**< nothing will come any more */
};

/** One archive from a source. */
struct source_item {
	/** The name as the user gave it, NUL-terminated. Owned by the source, valid until the next
	 * call of next(). */
	const char *path;
	/** How many archives of the input before this one are not to be unzipped here, but count in
	 * the numbers of archives. */
	uint64_t passed_over;
	/** The archive, already open (standard input), or -1: the parent opens @path. The receiver
	 * closes it. */
	int fd;
	/** SOURCE_FAILED: what is wrong with @path: a fixed word for scripts, static, and what
	 * stderr was told, which the source owns as it does @path. */
	const char *error;
	const char *message;
};

/** Where archives come from, one after the other: a stream, never a list in memory. */
struct archive_source {
	enum source_status (*next)(void *context, struct source_item *item);
	/** The descriptor to wait for (POLLIN) after SOURCE_WAIT. */
	int (*poll_fd)(void *context);
	/** How many archives next() is known to give yet. *@all: no other will come. May be NULL.
	 */
	uint64_t (*ahead)(void *context, bool *all);
	void *context;
};

/** What has failed: a member, all of an archive, or an input that is no archive. */
struct failed {
	const char *archive_path; /**< as the user gave it; NULL: not one archive */
	const char *member;       /**< the member's name, of @member_size bytes; NULL: all of it */
	uint16_t member_size;
	const char *error;   /**< a fixed word for scripts: failure_slug() */
	const char *message; /**< what stderr says of it, without the names */
};

/**
 * Where records go. put() only buffers; the parent writes when the descriptor can take it, so that
 * a slow reader never keeps it from a signal or from its workers.
 */
struct record_sink {
	/** Buffer a whole member's record. @path is the file that it is in, which may be
	 * @archive_path, or "" if there are no files. 0, or -1 with errno (ENOMEM). */
	int (*put)(void *context, const struct record *record, const char *archive_path,
		const char *path);
	/** Buffer what has failed, in its turn among the members; it counts as a record. NULL: the
	 * sink takes whole members only. 0, or -1 with errno (ENOMEM). */
	int (*put_failure)(void *context, const struct failed *failed);
	/** Buffer what a command has printed, which counts as a record. 0, or -1 with errno. */
	int (*put_bytes)(void *context, const char *bytes, size_t size);
	/** Bytes that are buffered and not yet written. */
	size_t (*pending)(void *context);
	/** The descriptor to wait for (POLLOUT) while pending() is not 0. */
	int (*poll_fd)(void *context);
	/**
	 * Write what the descriptor takes without blocking (it polled POLLOUT). 0, or -1 with errno
	 * (EPIPE, ENOSPC, ...). Either way *@written is how many records, of all that were put
	 * since the start, have been written to their last byte.
	 */
	int (*write)(void *context, uint64_t *written);
	/** Let whoever reads see the end. Nothing is written from then on. 0, or -1 with errno. */
	int (*end)(void *context);
	void *context;
};

/** Where a run is. */
struct run_progress {
	uint64_t elapsed_ns;
	uint64_t archives_done;  /**< nothing of them is left to be done by workers */
	uint64_t archives_known; /**< those, and all others that are known */
	double archives_share;   /**< those, and what is done of others, as parts of 1; less, as
				  long as there are commands to run for members of theirs */
	bool all_known;          /**< no other archive will come */
	uint64_t members;        /**< whole ones */
	uint64_t bytes;          /**< and theirs */
	uint64_t failures;       /**< that stderr was told of */
	bool has_commands;       /**< there are commands of the user's: */
	unsigned commands_running;
	uint64_t commands_ended;
};

/** Who shows where a run is. */
struct run_display {
	/** @asked: the user has asked for it (USR1). Else it is time, by the figures below. */
	void (*show)(void *context, const struct run_progress *progress, bool asked);
	/** The work is over: there is nothing more to show, unless the user asks. */
	void (*end)(void *context);
	void *context;
	unsigned first_ms; /**< when it is shown first, */
	unsigned every_ms; /**< and how often after that; 0: only if the user asks */
};

/** What is done with files instead of leaving them to whoever reads the list. */
struct run_commands {
	const struct template *templates; /**< run one after the other */
	size_t count;
	bool batch;               /**< for all files at once, not for each */
	bool print;               /**< records are printed, too */
	char *const *environment; /**< what zipmap itself was started with: environ(7), */
	mode_t mask;              /**< umask(2), */
	struct rlimit files;      /**< RLIMIT_NOFILE, */
	sigset_t blocked;         /**< and with which signals blocked */
};

/** How files get the members' own names, below the directory that they are made in. */
struct run_naming {
	bool flat;             /**< without a directory for each archive: there is only one */
	bool overwrite;        /**< files that are there are replaced, but none of this run's */
	struct reuse reuse;    /**< files that are there and fit are announced */
	mode_t file_mode;      /**< of files, */
	mode_t directory_mode; /**< and of directories that are made */
};

/** Where files are kept for later runs. */
struct run_cache {
	const char *path;    /**< the directory, which is made if it is not there */
	uint8_t options[32]; /**< a hash of all that shapes the files of an archive */
	mode_t parent_mode;  /**< of directories above it, which are made too */
	uint64_t max_bytes;  /**< what is kept is pruned to so many at the end; 0: it is not */
};

struct run_settings {
	unsigned jobs;        /**< most worker processes at a time, at least 1 */
	struct limits limits; /**< what workers refuse is not taken from them either */
	bool no_files;        /**< workers make none: no run directory, records without paths */
	bool in_memory;   /**< they are in memory, sealed, as long as this process keeps them: with
			       @commands or @leased */
	bool in_place;    /**< members may stay in archives that have paths */
	bool pack;        /**< members may share a file */
	bool npy;         /**< a .npy header may be put before members */
	bool lists;       /**< records are those of a listing */
	bool unordered;   /**< hand records to the sink as they come, not in input order */
	bool fail_fast;   /**< stop at the first failure */
	unsigned look_ms; /**< how often silent workers are looked for; 0: silence.h */
	unsigned archives_per_worker; /**< after so many a worker is replaced; 0: never. 1: what it
					   has made is printed once it is gone */
	bool undivided;               /**< no worker helps with a member that another one has */
	bool measure;                 /**< measure private memory while running (for run_stats) */
	const char *tmpdir;           /**< where the run directory is made */
	const struct run_naming *naming; /**< files get the members' own names below it; or NULL */
	bool trusted_tmpdir;             /**< not where others could harm what is made there */
	const struct run_cache *cache; /**< or NULL; never with @no_files, @in_memory or @leased */
	const struct run_commands *commands; /**< or NULL */
	const struct run_display *display;   /**< or NULL */
	bool leased;                         /**< files live until @lease_fd ends, and no longer */
	int lease_fd;
};

/** Figures of a run. Memory is in bytes; what it means is said in memory.h. */
struct run_stats {
	uint64_t archives;       /**< given to workers */
	uint64_t members;        /**< printed */
	uint64_t failures;       /**< archives and members that failed */
	uint64_t unzipped_bytes; /**< of the members printed */
	uint64_t elapsed_ns;     /**< wall time */
	uint64_t workers;        /**< worker processes started */
	uint64_t received_bytes; /**< messages from workers */
	uint64_t sent_bytes;     /**< messages to workers */
	uint64_t received_messages;
	uint64_t sent_messages;
	uint64_t parent_private_peak_bytes;
	uint64_t parent_shared_peak_bytes;
	uint64_t worker_private_peak_bytes; /**< of the worker with the largest */
	uint64_t worker_shared_peak_bytes;
};

/** How a run ended. */
enum run_end {
	RUN_COMPLETE,    /**< all input was dealt with; see run_stats.failures */
	RUN_STOPPED,     /**< --fail-fast ended it, or a failure that leaves no way on */
	RUN_SIGNALED,    /**< INT, TERM or HUP ended it */
	RUN_OUTPUT_LOST, /**< the sink's descriptor failed */
	RUN_LEASE_ENDED, /**< the lease ended before all was printed */
	RUN_NO_COMMAND,  /**< the command cannot be started */
	RUN_NOT_STARTED, /**< no run directory or no worker; already reported */
};

#endif
