// SPDX-License-Identifier: MIT

#include "dataset.h"

#include "message.h"
#include "util/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Above what a compressor allocates for a member. */
#define KEPT_MEMORY (32 << 20)

/* What the processes share: the next archive to be made, counted from 0. One that fails puts it to
 * the end, so that the others stop. */
struct shared {
	_Atomic uint64_t next;
};

/* 0, or -1 and a message was printed. */
static int write_one(
	const struct dataset *dataset, const struct member_settings *settings, uint64_t number)
{
	cleanup_free char *stem = NULL;
	cleanup_free char *path = NULL;

	if (asprintf(&stem, "%s%" PRIu64, dataset->prefix, number) < 0) {
		stem = NULL;
		complain("%s", strerror(ENOMEM));
		return -1;
	}
	if (asprintf(&path, "%s/%s%s", dataset->directory, stem, dataset->suffix) < 0) {
		path = NULL;
		complain("%s", strerror(ENOMEM));
		return -1;
	}

	struct archive_plan plan = {
		.path = path,
		.stem = stem,
		.number = number,
		.members = dataset->members,
		.encrypted_member = ALL_MEMBERS,
	};
	zip_error_t error;

	zip_error_init(&error);
	int result = archive_write(&plan, settings, &error);
	if (result)
		complain("%s: %s", path, zip_error_strerror(&error));
	zip_error_fini(&error);
	return result;
}

/* Make archives until there are none left. The exit status of the process. */
static int work(const struct dataset *dataset, const struct member_settings *settings,
	struct shared *shared)
{
	for (;;) {
		uint64_t index = atomic_fetch_add(&shared->next, 1);

		if (index >= dataset->archives)
			return 0;
		if (write_one(dataset, settings, dataset->first + index)) {
			atomic_store(&shared->next, dataset->archives);
			return 1;
		}
	}
}

/* Wait for all children. 0, or -1 when one of them failed. */
static int reap(void)
{
	int result = 0;
	int status;

	for (;;) {
		pid_t pid = wait(&status);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return result;
		if (WIFSIGNALED(status))
			complain("a process died: %s", strsignal(WTERMSIG(status)));
		if (status != 0)
			result = -1;
	}
}

int dataset_write(const struct dataset *dataset, const struct member_settings *settings)
{
	pid_t parent = getpid();
	int result = 0;

	/* A compressor's memory that went back to the kernel after each member would be cleared
	 * again for the next: half of the time that small archives take. */
	mallopt(M_MMAP_THRESHOLD, KEPT_MEMORY);
	mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);

	struct shared *shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED) {
		complain("%s", strerror(errno));
		return -1;
	}
	for (uint64_t i = 1; i < dataset->jobs && i < dataset->archives; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			complain("cannot start a process: %s", strerror(errno));
			result = -1;
			atomic_store(&shared->next, dataset->archives);
			break;
		}
		if (pid == 0) {
			if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
				_exit(1);
			_exit(getppid() == parent ? work(dataset, settings, shared) : 1);
		}
	}
	/* This process is one of those that work. */
	if (work(dataset, settings, shared))
		result = -1;
	if (reap())
		result = -1;
	munmap(shared, sizeof(*shared));
	return result;
}
