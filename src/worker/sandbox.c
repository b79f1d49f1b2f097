// SPDX-License-Identifier: MIT

/*
 * Who is trusted with what.
 *
 * The user and the kernel are trusted. An archive is not: it may be made so that it takes over the
 * worker that reads it, by a fault of ours or of a decoder's library. From then on that worker is
 * the attacker's: all that it says, and all that it shares, is an attacker's word.
 *
 * - The parent trusts no worker. It reads nothing of an archive, takes each message for a claim
 *   (parent/protocol), looks at each file itself (parent/verify), and shows names and words only
 *   after they are made printable.
 * - A worker trusts the parent, by which it was started, and no other worker, which it never meets:
 *   they share no descriptor but archives, which are open for reading only.
 * - A worker is trusted with the archives that it was given: their bytes, and what is said of their
 *   members. So an archive can harm others that the same worker has got. --tasks-per-worker=1 gives
 *   each worker one.
 * - Other users of the machine are trusted with nothing. They may play foul in the directory where
 *   that of the run is made (parent/tmpdir, parent/rundir).
 *
 * What a worker could do with the kernel's help is taken from it here, before it gets its first
 * archive. Landlock judges paths, and seccomp calls. Where Landlock is lacking, seccomp cannot see
 * where a path leads, and so a worker gets no call that takes one: it is handed its files
 * (worker/asking, parent/handout). test_sandbox.c tries what is forbidden with each part alone and
 * with both.
 */

#include "worker/sandbox.h"

#include "protocol/memoryfile.h"
#include "protocol/newfile.h"
#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Descriptors of a worker: an archive, two files, and those that queue with work. */
#define DESCRIPTORS_MAX 64

/*
 * Private memory: to sort the places of ten million members, which an archive must be made for,
 * takes 640 MB, and a decoder's window at most 128 MiB. What is mapped of a file does not count,
 * however large it is: so this bounds what costs memory, which a bound of the address space would
 * not.
 */
#define DATA_MAX ((rlim_t)4 << 30)

/* The stack grows by itself, and is no such data. */
#define STACK_MAX ((rlim_t)8 << 20)

/* The kernel has a bit for each in 64. */
enum { CAPABILITIES_MAX = 64 };

/* Rights that newer versions of Landlock have, whatever the header here knows. */
enum {
	FS_RIGHTS_1 = 13,  /* from EXECUTE to MAKE_SYM */
	FS_REFER = 13,     /* version 2 */
	FS_TRUNCATE = 14,  /* version 3 */
	NET_RIGHTS = 2,    /* version 4: bind and connect TCP */
	FS_IOCTL_DEV = 15, /* version 5 */
	SCOPES = 2,        /* version 6: abstract sockets and signals */
};

/* struct landlock_ruleset_attr as of version 6. What a version does not know has to be zero. */
struct ruleset {
	uint64_t handled_fs;
	uint64_t handled_net;
	uint64_t scoped;
};

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What counts lines opens its files when the process ends. */
#ifdef COVERAGE
#define COUNTED 1
#else
#define COUNTED 0
#endif

unsigned sandbox_parts(void)
{
	if (COUNTED)
		return 0;
	return SANITIZED ? SANDBOX_LANDLOCK : SANDBOX_LANDLOCK | SANDBOX_SECCOMP;
}

static int landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

unsigned sandbox_available(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;
	unsigned parts = 0;

	if (landlock_version() >= 1)
		parts |= SANDBOX_LANDLOCK;
	/* 32-bit machines have other calls for the same, which the filter does not name. */
	if (sizeof(long) == 8 && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		parts |= SANDBOX_SECCOMP;
	return parts;
}

void sandbox_describe(unsigned parts, char *text, size_t size)
{
	bool both = (parts & SANDBOX_LANDLOCK) && (parts & SANDBOX_SECCOMP);

	snprintf(text, size, "%s%s%s%s", parts & SANDBOX_LANDLOCK ? "Landlock" : "",
		both ? " and " : "", parts & SANDBOX_SECCOMP ? "seccomp" : "",
		parts == 0 ? "none" : "");
}

bool sandbox_takes_paths(unsigned parts)
{
	return (parts & SANDBOX_SECCOMP) && !(parts & SANDBOX_LANDLOCK);
}

/* Lower a limit; one that is lower already stays. */
static int limit(__rlimit_resource_t resource, rlim_t most)
{
	struct rlimit limits;

	if (getrlimit(resource, &limits) < 0)
		return -1;
	if (limits.rlim_max > most)
		limits.rlim_max = most;
	if (limits.rlim_cur > limits.rlim_max)
		limits.rlim_cur = limits.rlim_max;
	return setrlimit(resource, &limits);
}

/*
 * Files in memory may be on their way to the parent, as many as that may have. The kernel lets a
 * process send another one only while all of this user's are no more than its own limit is.
 */
static int limit_descriptors(const struct sandbox_needs *needs)
{
	return needs->memory_files ? 0 : limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
}

static int enter_limits(const struct sandbox_needs *needs)
{
	if (needs->file_bytes > 0 && limit(RLIMIT_FSIZE, needs->file_bytes) < 0)
		return -1;
	/* A core file would hold what was in the archives, and lie about where nobody looks. */
	if (limit(RLIMIT_CORE, 0) < 0 || limit_descriptors(needs) < 0 ||
		limit(RLIMIT_STACK, STACK_MAX) < 0)
		return -1;
	return SANITIZED ? 0 : limit(RLIMIT_DATA, DATA_MAX);
}

/*
 * Give up all capabilities, which root has, and in a container others may have: capabilities(7). A
 * worker uses none. What it makes is in a directory of its own.
 */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	/* Lines are counted in files that may be another user's. */
	if (COUNTED)
		return 0;
	/* The bound matters to a program that is executed. This fails at once if we are not root,
	 * and behind the last one that the kernel has. */
	for (unsigned long number = 0; number < CAPABILITIES_MAX; number++) {
		if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0)
			break;
	}
	/* Those that are inherited, and that are ambient, go with these. */
	return (int)syscall(SYS_capset, &header, none);
}

/*
 * Deny all that this kernel can deny, and allow in the worker's own directory what a file takes
 * that is made, written, mapped for reading, cut off, and removed if it does not become whole.
 * Descriptors that are open already are not touched by it.
 */
static int enter_landlock(int directory_fd)
{
	int version = landlock_version();
	struct ruleset ruleset = {.handled_fs = (UINT64_C(1) << FS_RIGHTS_1) - 1};
	struct landlock_path_beneath_attr own = {
		.allowed_access = LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_WRITE_FILE |
				  LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE,
		.parent_fd = directory_fd,
	};

	if (version >= 2)
		ruleset.handled_fs |= UINT64_C(1) << FS_REFER;
	if (version >= 3) {
		ruleset.handled_fs |= UINT64_C(1) << FS_TRUNCATE;
		own.allowed_access |= UINT64_C(1) << FS_TRUNCATE;
	}
	if (version >= 4)
		ruleset.handled_net = (UINT64_C(1) << NET_RIGHTS) - 1;
	if (version >= 5)
		ruleset.handled_fs |= UINT64_C(1) << FS_IOCTL_DEV;
	if (version >= 6)
		ruleset.scoped = (UINT64_C(1) << SCOPES) - 1;
	cleanup_fd int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return -1;
	if (directory_fd >= 0 &&
		syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &own, 0) < 0)
		return -1;
	return (int)syscall(SYS_landlock_restrict_self, fd, 0);
}

/* A system call that is allowed if its arguments meet all of the conditions. */
struct rule {
	int number;
	unsigned conditions;
	struct scmp_arg_cmp condition[3];
};

#define IS(argument, value) SCMP_CMP(argument, SCMP_CMP_EQ, (scmp_datum_t)(value), 0)
#define HAS(argument, mask, value) \
	SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value))
/* No other bits than these, of all 64: the kernel looks at 32, but a mask is to leave out none. */
#define WITHIN(argument, bits) HAS(argument, ~(scmp_datum_t)(bits), 0)

#define COUNT(...) (sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp))
#define ANY(name)                      \
	{                              \
		SCMP_SYS(name), 0, {}, \
	}
#define IF(name, ...)                                              \
	{                                                          \
		SCMP_SYS(name), COUNT(__VA_ARGS__), {__VA_ARGS__}, \
	}

/*
 * On the descriptors from 4 to 63: what changes a file is for neither the standard streams nor the
 * channel. A rule cannot hold an argument against two bounds, so there is one for each power of
 * two.
 */
#define ON_FILES(name)                                                                \
	IF(name, HAS(0, ~(scmp_datum_t)3, 4)), IF(name, HAS(0, ~(scmp_datum_t)7, 8)), \
		IF(name, HAS(0, ~(scmp_datum_t)15, 16)), IF(name, HAS(0, ~(scmp_datum_t)31, 32))

/* The same if two other arguments meet these conditions. */
#define ON_FILES_IF(name, ...)                                        \
	IF(name, HAS(0, ~(scmp_datum_t)3, 4), __VA_ARGS__),           \
		IF(name, HAS(0, ~(scmp_datum_t)7, 8), __VA_ARGS__),   \
		IF(name, HAS(0, ~(scmp_datum_t)15, 16), __VA_ARGS__), \
		IF(name, HAS(0, ~(scmp_datum_t)31, 32), __VA_ARGS__)

static_assert(DESCRIPTORS_MAX == 64, "ON_FILES ends there");

/* open(2) as the kernel sees it: some C libraries add a flag that means nothing on 64 bits. */
#define KERNEL_LARGEFILE ((scmp_datum_t)0100000)

/* Add @rules, @count of them. 0, or a negative errno, as all of the following. */
static int allow(scmp_filter_ctx filter, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rules[i].number,
			rules[i].conditions, rules[i].condition);
		if (result < 0)
			return result;
	}
	return 0;
}

/*
 * All that a worker calls, all that malloc(3) may call, and the way out. Memory is private or a
 * file that is read, is counted by RLIMIT_DATA, which leaves out what grows down, and is never made
 * executable. Any other openat() that makes nothing fails rather than kills: libraries look for
 * message catalogues and the like when something has gone wrong, and go on where there are none.
 */
static int add_common_rules(scmp_filter_ctx filter, const struct sandbox_needs *needs)
{
	const int channel = needs->channel_fd;
	const int directory = needs->directory_fd;
	const int often[] = {SCMP_SYS(openat), SCMP_SYS(pwrite64)};
	const struct rule rules[] = {
		IF(recvmsg, IS(0, channel)),
		IF(sendmsg, IS(0, channel)),
		IF(poll, IS(1, 1)),
		IF(ppoll, IS(1, 1)),

		ON_FILES(pwrite64),
		ON_FILES(ftruncate),
		ON_FILES(fallocate),
		ANY(pread64),
		ANY(fstat), /* newfstatat(2) takes a path, which a filter cannot read */
		IF(fstatfs, IS(0, directory)),
		ANY(close),

		IF(mmap, WITHIN(2, PROT_READ | PROT_WRITE),
			HAS(3, ~(scmp_datum_t)(MAP_ANONYMOUS | MAP_NORESERVE), MAP_PRIVATE)),
		IF(mmap, IS(2, PROT_READ), IS(3, MAP_SHARED)),
		IF(mprotect, WITHIN(2, PROT_READ | PROT_WRITE)),
		ANY(munmap),
		IF(mremap, IS(3, MREMAP_MAYMOVE)),
		IF(madvise, IS(2, MADV_DONTNEED)),
		IF(madvise, IS(2, MADV_HUGEPAGE)), /* buffer_new_huge() */
		ANY(brk),
		ANY(futex),
		ANY(getrandom),
		ANY(sysinfo), /* qsort(3): how much memory there is */
		ANY(clock_gettime),
		ANY(restart_syscall),

		/* An assert's last words, and abort(3). */
		IF(write, IS(0, STDERR_FILENO)),
		IF(writev, IS(0, STDERR_FILENO)),
		ANY(getpid),
		ANY(gettid),
		IF(tgkill, IS(0, getpid())),
		ANY(rt_sigaction),
		ANY(rt_sigprocmask),
		ANY(rt_sigreturn),
		ANY(exit),
		ANY(exit_group),
	};

	/* These are called for each member. The filter looks for them first. */
	for (size_t i = 0; i < sizeof(often) / sizeof(often[0]); i++) {
		int result = seccomp_syscall_priority(filter, often[i], UINT8_MAX);
		if (result < 0)
			return result;
	}
	return allow(filter, rules, sizeof(rules) / sizeof(rules[0]));
}

/* Files in memory are made in one way, and sealed for good. */
static int add_rules_of_memory_files(scmp_filter_ctx filter)
{
	const struct rule rules[] = {
		IF(memfd_create, IS(1, MEMORY_FILE_FLAGS)),
		IF(memfd_create, IS(1, MEMORY_FILE_FLAGS | MEMORY_FILE_NOEXEC)),
		ON_FILES_IF(fcntl, IS(1, F_ADD_SEALS), IS(2, MEMORY_FILE_SEALS)),
	};

	return allow(filter, rules, sizeof(rules) / sizeof(rules[0]));
}

/* No path means anything. */
static int add_rules_without_paths(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 0);
}

/* Where a path leads to is Landlock's matter. */
static int add_rules_of_paths(scmp_filter_ctx filter, int directory)
{
	const struct rule rules[] = {
		/* The one way in which a worker opens anything. O_PATH would ignore the others. */
		IF(openat, IS(0, directory), HAS(2, ~KERNEL_LARGEFILE, NEW_FILE_FLAGS),
			IS(3, NEW_FILE_MODE)),
		IF(unlinkat, IS(0, directory), IS(2, 0)),
	};
	int result = allow(filter, rules, sizeof(rules) / sizeof(rules[0]));

	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
			SCMP_CMP(0, SCMP_CMP_NE, (scmp_datum_t)directory, 0));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
			SCMP_CMP(2, SCMP_CMP_MASKED_EQ, O_CREAT, 0));
	return result;
}

/*
 * libseccomp (2.5) does not survive it where malloc(3) gives nothing: it was seen
 * to loop for ever, to free twice, and to lose a rule and say nothing. So more than it takes, which
 * is some 50 KiB, is asked for before and freed again: what lies below a block that is in use is
 * not given back to the kernel.
 */
enum { LIBSECCOMP_BYTES = 96 * 1024 };

static int enter_seccomp(unsigned parts, const struct sandbox_needs *needs)
{
	cleanup_free void *reserve = malloc(LIBSECCOMP_BYTES);
	cleanup_free void *lid = malloc(1);

	if (!reserve || !lid) {
		errno = ENOMEM;
		return -1;
	}
	free(steal_pointer(&reserve));
	/* Whether the call is there at all: libseccomp does not say why it could not load a filter.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno != EFAULT)
		return -1;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter) {
		errno = ENOMEM;
		return -1;
	}
	int result = add_common_rules(filter, needs);
	if (result == 0 && needs->memory_files)
		result = add_rules_of_memory_files(filter);
	if (result == 0)
		result = sandbox_takes_paths(parts) || needs->memory_files
				 ? add_rules_without_paths(filter)
				 : add_rules_of_paths(filter, needs->directory_fd);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	errno = -result;
	return result < 0 ? -1 : 0;
}

int sandbox_enter(unsigned parts, const struct sandbox_needs *needs, enum start_step *step)
{
	/* Without it neither part can be entered by who is not root; with it, no set-uid helps. */
	*step = START_NO_PRIVILEGES;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	*step = START_LIMITS;
	if (enter_limits(needs) < 0)
		return -1;
	*step = START_CAPABILITIES;
	if (drop_capabilities() < 0)
		return -1;
	*step = START_LANDLOCK;
	if ((parts & SANDBOX_LANDLOCK) && enter_landlock(needs->directory_fd) < 0)
		return -1;
	/* Last: it takes away what the others need. */
	*step = START_SECCOMP;
	if ((parts & SANDBOX_SECCOMP) && enter_seccomp(parts, needs) < 0)
		return -1;
	return 0;
}
