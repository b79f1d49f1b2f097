// SPDX-License-Identifier: MIT

#include "parent/runfiles.h"

#include "parent/descend.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <string.h>

/* 0, or -1 with errno, as rundir_create(). */
static int make_rundir(struct rundir *rundir, const struct run_settings *settings)
{
	if (!settings->naming)
		return rundir_create(rundir, settings->tmpdir);
	if (descend_make_all(settings->tmpdir, settings->naming->directory_mode) < 0)
		return -1;
	return rundir_create_hidden(rundir, settings->tmpdir);
}

int runfiles_make(struct rundir *rundir, const struct run_settings *settings)
{
	const char *tmpdir = settings->tmpdir;
	char name[PRINTABLE_MAX];
	int made = make_rundir(rundir, settings);
	int error = errno;
	const char *distrust = rundir->distrust;

	printable(tmpdir, strlen(tmpdir), name, sizeof(name));
	if (made == 0 && !(distrust && settings->trusted_tmpdir)) {
		if (distrust)
			diag(DIAG_WARNING, "%s: %s", name, distrust);
		return 0;
	}
	/* Members that stay in place need none. Those that do not will fail, and say that. */
	if (made == 0)
		rundir_release(rundir);
	bool needed = !settings->in_place;
	diag(needed ? DIAG_ERROR : DIAG_DETAIL, "cannot make a directory in %s: %s", name,
		distrust ? distrust : strerror(error));
	return needed ? -1 : 0;
}

void runfiles_describe(
	const struct rundir *rundir, const struct run_settings *settings, unsigned workers)
{
	const char *plural = workers == 1 ? "" : "es";
	const char *path = rundir->path ? rundir->path : "no directory";
	char name[PRINTABLE_MAX];

	if (settings->no_files)
		diag(DIAG_DETAIL, "at most %u worker process%s", workers, plural);
	else if (settings->in_memory)
		diag(DIAG_DETAIL, "files stay in memory, made by at most %u worker process%s",
			workers, plural);
	else
		diag(DIAG_DETAIL, "files go to %s, by at most %u worker process%s",
			printable(path, strlen(path), name, sizeof(name)), workers, plural);
}

void runfiles_report_left(const struct rundir *rundir, struct run_stats *stats)
{
	char name[PRINTABLE_MAX];
	int error = errno;

	printable(rundir->path, strlen(rundir->path), name, sizeof(name));
	diag(DIAG_ERROR, "cannot remove all that was not printed from %s: %s", name,
		strerror(error));
	stats->failures++;
}

/*
 * Remove all files that were not announced, or all if nobody is to keep any. 0, or -1 with errno if
 * some could not be removed.
 */
static int sweep_files(struct rundir *rundir, const struct run_settings *settings,
	const struct emit *emit, const struct schedule *schedule)
{
	/* What was announced has other names with --directory, and stays. */
	if (settings->commands || settings->leased || settings->naming)
		return rundir_sweep_all(rundir);
	return emit_sweep(emit, schedule, rundir);
}

void runfiles_end(struct rundir *rundir, const struct run_settings *settings,
	const struct emit *emit, const struct schedule *schedule, bool untidy,
	struct run_stats *stats)
{
	int swept = sweep_files(rundir, settings, emit, schedule);
	int error = errno;
	int ended = rundir_end(rundir);

	if (swept < 0)
		errno = error;
	if (swept < 0 || ended < 0 || untidy)
		runfiles_report_left(rundir, stats);
	rundir_release(rundir);
}
