// SPDX-License-Identifier: MIT

/*
 * testdata-gen: makes the archives that tests, the demonstration and measurements work on.
 *
 * - options: the command line
 * - dataset: a directory of archives, by several processes
 * - archive: one good archive, by libzip
 * - values:  the numbers in its members
 * - broken:  the kinds of broken archives
 * - image:   an archive taken apart and put together again, for broken
 * - message: errors, on stderr
 */

#include "broken.h"
#include "dataset.h"
#include "message.h"
#include "options.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	STATUS_DONE = 0,
	STATUS_FAILED = 1,
	STATUS_MISUSED = 2,
};

/* Make a directory and those above it, as far as they are missing. 0, or -1 with errno. */
static int make_directory(const char *path)
{
	cleanup_free char *part = strdup(path);

	if (!part)
		return -1;
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -1 : 0;
}

static int write_archives(const struct options *options)
{
	if (*options->directory == '\0' || make_directory(options->directory)) {
		complain("%s: %s", options->directory,
			strerror(*options->directory ? errno : ENOENT));
		return STATUS_FAILED;
	}
	if (options->broken)
		return broken_write(options->broken, options->directory, options->suffix,
			       options->members, &options->settings)
			       ? STATUS_FAILED
			       : STATUS_DONE;

	struct dataset dataset = {
		.directory = options->directory,
		.prefix = options->prefix,
		.suffix = options->suffix,
		.first = options->first,
		.archives = options->archives,
		.members = options->members,
		.jobs = (unsigned)options->jobs,
	};
	return dataset_write(&dataset, &options->settings) ? STATUS_FAILED : STATUS_DONE;
}

/* What was printed must have gone somewhere. */
static int printed(void)
{
	if (fflush(stdout) || ferror(stdout)) {
		complain("standard output: %s", strerror(errno));
		return STATUS_FAILED;
	}
	return STATUS_DONE;
}

int main(int argc, char **argv)
{
	struct options options;

	switch (options_parse(&options, argc, argv)) {
	case ACTION_HELP:
		options_help();
		return printed();
	case ACTION_LIST_BROKEN:
		broken_list();
		return printed();
	case ACTION_MISUSED:
		return STATUS_MISUSED;
	case ACTION_WRITE:
		break;
	}
	return write_archives(&options);
}
