// SPDX-License-Identifier: MIT

#include "support.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[PATH_MAX / 2];
static int captured = -1;
static int real_stderr = -1;

void scratch_begin(void)
{
	const char *tmpdir = getenv("TMPDIR");

	snprintf(scratch, sizeof(scratch), "%s/unit.XXXXXX", tmpdir && *tmpdir ? tmpdir : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

void scratch_end(void)
{
	ck_assert_int_eq(nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

const char *scratch_path(const char *name)
{
	static char paths[16][PATH_MAX];
	static size_t next;
	char *path = paths[next++ % 16];

	snprintf(path, PATH_MAX, "%s%s%s", scratch, *name ? "/" : "", name);
	return path;
}

const char *scratch_file(const char *name, const void *bytes, size_t size)
{
	const char *path = scratch_path(name);
	FILE *file = fopen(path, "wbe");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

const char *scratch_directory(const char *name)
{
	const char *path = scratch_path(name);

	ck_assert_int_eq(mkdir(path, 0755), 0);
	return path;
}

void capture_begin(void)
{
	captured = memfd_create("stderr", MFD_CLOEXEC);
	real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_ge(captured, 0);
	ck_assert_int_ge(real_stderr, 0);
	ck_assert_int_eq(dup2(captured, STDERR_FILENO), STDERR_FILENO);
}

const char *capture_end(void)
{
	static char text[64 * 1024];

	ck_assert_int_eq(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
	ssize_t size = pread(captured, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(size, 0);
	text[size] = '\0';
	close(captured);
	close(real_stderr);
	return text;
}

uint64_t file_bytes(int fd)
{
	struct stat status;

	ck_assert_int_eq(fstat(fd, &status), 0);
	return (uint64_t)status.st_size;
}

bool is_emulated(const char *what)
{
	const char *emulator = getenv("ZIPMAP_EMULATED");

	if (emulator)
		printf("skipped: %s has no %s\n", emulator, what);
	return emulator != NULL;
}

static void refuse(int call, int error, unsigned count, const struct scmp_arg_cmp *arguments)
{
	/* To Check a case that leaves with 0 has passed. */
	if (is_emulated("seccomp")) {
		fflush(stdout);
		_exit(0);
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter ||
		seccomp_rule_add_array(
			filter, SCMP_ACT_ERRNO((uint32_t)error), call, count, arguments) < 0 ||
		seccomp_load(filter) < 0)
		_exit(254);
	seccomp_release(filter);
}

void refuse_call(int call, int error)
{
	refuse(call, error, 0, NULL);
}

void refuse_call_with(int call, int error, unsigned place, unsigned bits)
{
	const struct scmp_arg_cmp argument = {place, SCMP_CMP_MASKED_EQ, bits, bits};

	refuse(call, error, 1, &argument);
}

/* Have 128 KiB of stack for what is called after this, which a build for coverage needs. */
static __attribute__((noinline)) void grow_stack(void)
{
	volatile char stack[128 * 1024];

	for (size_t i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
}

void take_all_memory(void)
{
	const struct rlimit none = {0, 0};
	void *volatile taken;

	grow_stack(); /* it cannot grow any more then */
	if (setrlimit(RLIMIT_AS, &none) < 0)
		_exit(254);
	/* Small pieces are kept by their size, so each size is asked for. */
	for (size_t size = 1024 * 1024; size > 0; size = size > 2048 ? size / 2 : size - 8) {
		do
			taken = malloc(size);
		while (taken);
	}
}

size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

#define NOBODY 65534

bool become_unprivileged(void)
{
	if (getuid() != 0)
		return true;
	ck_assert_int_eq(chmod(scratch_path(""), 0777), 0);
	if (seteuid(NOBODY) < 0 && errno == EINVAL) {
		printf("skipped: this user namespace has no user %d\n", NOBODY);
		return false;
	}
	ck_assert_int_eq(geteuid(), NOBODY);
	if (faccessat(AT_FDCWD, scratch_path(""), W_OK | X_OK, AT_EACCESS) == 0)
		return true;
	ck_assert_int_eq(seteuid(0), 0);
	printf("skipped: no user but root can get at %s\n", scratch_path(""));
	return false;
}

void become_privileged(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
