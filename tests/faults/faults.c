// SPDX-License-Identifier: MIT

/*
 * For LD_PRELOAD, in tests only: counts the calls of functions that can fail, and makes a chosen
 * one fail. What is counted are the functions of libc that zipmap and its libraries call, by all
 * the names that they go under.
 *
 * FAULTS_TABLE=FILE   a file of at least TABLE_BYTES zeros, which is mapped by parent and workers
 *                     alike: it becomes a struct table
 * FAULTS=WHO:FUNCTION:N[+]:HOW
 *                     the N-th call (with +: and all after it) of FUNCTION by WHO (parent,
 *                     workers) fails. HOW: an errno, or `short` for half of what was asked for,
 *                     or `end` for nothing of it, or `kill` for SIGKILL in place of the call
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
#define FUNCTIONS(F)                                                                            \
	F(malloc)                                                                               \
	F(open) F(openat) F(opendir) F(fdopendir) F(readdir) F(getdents64) F(fopen)             \
	F(close) F(close_range) F(dup2) F(fcntl) F(lseek)                                       \
	F(read) F(pread) F(write) F(pwrite) F(ftruncate)                                        \
	F(fstat) F(fstatat) F(stat) F(lstat) F(fchmod)                                          \
	F(mkdir) F(mkdirat) F(readlinkat) F(mkostemp) F(unlinkat) F(unlink) F(rmdir) F(renameat)            \
	F(linkat) F(utimensat) F(futimens)                                                      \
	F(mmap) F(munmap)                                                                       \
	F(socketpair) F(shutdown) F(sendmsg) F(recvmsg) F(poll)                                 \
	F(fork) F(clone) F(execve) F(waitpid) F(getrlimit) F(setrlimit)                         \
	F(memfd_create) F(posix_fallocate) F(fallocate) F(getsockopt)                           \
	F(signalfd) F(sigprocmask) F(sigaction) F(prctl) F(syscall)
/* clang-format on */

#define AS_ENUM(name) F_##name,
#define AS_NAME(name) #name,
enum function { FUNCTIONS(AS_ENUM) FUNCTION_COUNT };
static const char *const names[] = {FUNCTIONS(AS_NAME)};

enum who { PARENT, WORKERS, WHO_COUNT };

/* What the table holds. */
struct row {
	char name[24];
	_Atomic uint32_t calls[WHO_COUNT];
};
struct table {
	_Atomic uint32_t injected; /* calls that were made to fail */
	uint32_t rows;
	struct row row[FUNCTION_COUNT];
};

#define TABLE_BYTES 4096
_Static_assert(sizeof(struct table) <= TABLE_BYTES, "the table is larger than its file");

enum { HOW_SHORT = -1, HOW_END = -2, HOW_KILL = -3 };

static const struct {
	const char *word;
	int how;
} words[] = {{"short", HOW_SHORT}, {"end", HOW_END}, {"kill", HOW_KILL}};

/* The fault that is to be. */
static struct {
	enum function function; /* FUNCTION_COUNT: none */
	enum who who;
	uint32_t from, to;
	int how;
} fault = {.function = FUNCTION_COUNT};

static struct table *table;

/* Workers are executed anew, with an argument, or forked; until then they have our memory. */
#define WORKER_ARGUMENT "--internal-worker"
static enum who self = PARENT;
static pid_t self_pid;

static enum who who_am_i(void)
{
	return getpid() == self_pid ? self : WORKERS;
}

/* Where the code of libseccomp is. */
static struct {
	uintptr_t begin, end;
} libseccomp;

/* dl_iterate_phdr(3) */
static int find_libseccomp(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	if (!strstr(info->dlpi_name, "/libseccomp.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_X))
			continue;
		libseccomp.begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		libseccomp.end = libseccomp.begin + info->dlpi_phdr[i].p_memsz;
	}
	return 1;
}

static void read_fault(const char *text)
{
	char who[16];
	char name[24];
	char how[16];
	char plus = 0;
	unsigned from;

	if (sscanf(text, "%15[^:]:%23[^:]:%u%c", who, name, &from, &plus) != 4)
		abort();
	snprintf(how, sizeof(how), "%s", strrchr(text, ':') + 1);
	fault.who = strcmp(who, "workers") == 0 ? WORKERS : PARENT;
	fault.from = from;
	fault.to = plus == '+' ? UINT32_MAX : from;
	fault.how = atoi(how);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, how) == 0)
			fault.how = words[i].how;
	for (int i = 0; i < FUNCTION_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			fault.function = (enum function)i;
	if (fault.function == FUNCTION_COUNT || fault.how == 0)
		abort();
}

/* The system's own calls, so that setting up is not counted. */
__attribute__((constructor)) static void set_up(int argc, char **argv)
{
	const char *path = getenv("FAULTS_TABLE");
	const char *text = getenv("FAULTS");

	if (!path)
		return;
	self_pid = getpid();
	self = argc == 2 && strcmp(argv[1], WORKER_ARGUMENT) == 0 ? WORKERS : PARENT;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct table *mapped = mmap(NULL, TABLE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (fd < 0 || mapped == MAP_FAILED)
		abort();
	mapped->rows = FUNCTION_COUNT;
	for (int i = 0; i < FUNCTION_COUNT; i++)
		snprintf(mapped->row[i].name, sizeof(mapped->row[i].name), "%s", names[i]);
	if (text)
		read_fault(text);
	dl_iterate_phdr(find_libseccomp, NULL);
	table = mapped; /* from here on calls count */
}

/* Count a call. 0, or how it is to fail. */
static int count(enum function function)
{
	if (!table)
		return 0;
	enum who who = who_am_i();
	uint32_t number = atomic_fetch_add(&table->row[function].calls[who], 1) + 1;
	if (function != fault.function || who != fault.who || number < fault.from ||
		number > fault.to)
		return 0;
	atomic_fetch_add(&table->injected, 1);
	if (fault.how == HOW_KILL)
		raise(SIGKILL);
	return fault.how;
}

/* Whether the call is to fail, with errno set. */
static bool fails(enum function function)
{
	int how = count(function);

	if (how > 0)
		errno = how;
	return how > 0;
}

/* As fails(), for a call that moves *@size bytes, which may become fewer. */
static bool fails_sized(enum function function, size_t *size)
{
	int how = count(function);

	if (how > 0)
		errno = how;
	if (how == HOW_SHORT && *size > 1)
		*size /= 2;
	if (how == HOW_END)
		*size = 0;
	return how > 0;
}

/* The function that this one stands before. */
#define REAL(type, name) \
	static type;     \
	if (!real)       \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

/* A function that gives @failed where it fails. */
#define WRAP(result, name, function, failed, parameters, arguments) \
	result name parameters;                                     \
	result name parameters                                      \
	{                                                           \
		REAL(result(*real) parameters, name);               \
		if (fails(F_##function))                            \
			return failed;                              \
		return real arguments;                              \
	}

/* One that moves @size bytes. */
#define WRAP_SIZED(name, function, parameters, arguments) \
	ssize_t name parameters;                          \
	ssize_t name parameters                           \
	{                                                 \
		REAL(ssize_t(*real) parameters, name);    \
		if (fails_sized(F_##function, &size))     \
			return -1;                        \
		return real arguments;                    \
	}

/* One that opens, and has a mode where it may create. */
#define WRAP_OPEN(name, function, parameters, arguments, with_mode) \
	int name parameters;                                        \
	int name parameters                                         \
	{                                                           \
		REAL(int(*real) parameters, name);                  \
		if (fails(F_##function))                            \
			return -1;                                  \
		if (!(flags & (O_CREAT | __O_TMPFILE)))             \
			return real arguments;                      \
		va_list rest;                                       \
		va_start(rest, flags);                              \
		mode_t mode = va_arg(rest, mode_t);                 \
		va_end(rest);                                       \
		return real with_mode;                              \
	}

WRAP_OPEN(open, open, (const char *path, int flags, ...), (path, flags), (path, flags, mode))
WRAP_OPEN(open64, open, (const char *path, int flags, ...), (path, flags), (path, flags, mode))
WRAP(int, __open_2, open, -1, (const char *path, int flags), (path, flags))
WRAP(int, __open64_2, open, -1, (const char *path, int flags), (path, flags))
WRAP_OPEN(openat, openat, (int at, const char *path, int flags, ...), (at, path, flags),
	(at, path, flags, mode))
WRAP_OPEN(openat64, openat, (int at, const char *path, int flags, ...), (at, path, flags),
	(at, path, flags, mode))
WRAP(int, __openat_2, openat, -1, (int at, const char *path, int flags), (at, path, flags))
WRAP(int, __openat64_2, openat, -1, (int at, const char *path, int flags), (at, path, flags))

WRAP(DIR *, opendir, opendir, NULL, (const char *path), (path))
WRAP(DIR *, fdopendir, fdopendir, NULL, (int fd), (fd))
WRAP(struct dirent *, readdir, readdir, NULL, (DIR * dir), (dir))
WRAP(struct dirent64 *, readdir64, readdir, NULL, (DIR * dir), (dir))
WRAP(ssize_t, getdents64, getdents64, -1, (int fd, void *block, size_t size), (fd, block, size))
WRAP(FILE *, fopen, fopen, NULL, (const char *path, const char *mode), (path, mode))
WRAP(FILE *, fopen64, fopen, NULL, (const char *path, const char *mode), (path, mode))

/* Whatever close(2) says, the descriptor is closed. */
int close(int fd)
{
	REAL(int (*real)(int), close);
	int result = real(fd);
	return fails(F_close) ? -1 : result;
}

int closedir(DIR *dir)
{
	REAL(int (*real)(DIR *), closedir);
	int result = real(dir);
	return fails(F_close) ? -1 : result;
}

WRAP(int, close_range, close_range, -1, (unsigned first, unsigned last, int flags),
	(first, last, flags))
WRAP(int, dup2, dup2, -1, (int from, int to), (from, to))
WRAP(off_t, lseek, lseek, -1, (int fd, off_t at, int from), (fd, at, from))
WRAP(off64_t, lseek64, lseek, -1, (int fd, off64_t at, int from), (fd, at, from))

WRAP_SIZED(read, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
WRAP_SIZED(
	__read_chk, read, (int fd, void *bytes, size_t size, size_t most), (fd, bytes, size, most))
WRAP_SIZED(pread, pread, (int fd, void *bytes, size_t size, off_t at), (fd, bytes, size, at))
WRAP_SIZED(pread64, pread, (int fd, void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
WRAP_SIZED(__pread64_chk, pread, (int fd, void *bytes, size_t size, off64_t at, size_t most),
	(fd, bytes, size, at, most))
WRAP_SIZED(write, write, (int fd, const void *bytes, size_t size), (fd, bytes, size))
WRAP_SIZED(
	pwrite, pwrite, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
WRAP_SIZED(pwrite64, pwrite, (int fd, const void *bytes, size_t size, off64_t at),
	(fd, bytes, size, at))

WRAP(int, ftruncate, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(int, ftruncate64, ftruncate, -1, (int fd, off64_t size), (fd, size))
WRAP(int, fstat, fstat, -1, (int fd, struct stat *status), (fd, status))
WRAP(int, fstat64, fstat, -1, (int fd, struct stat64 *status), (fd, status))
WRAP(int, fstatat, fstatat, -1, (int at, const char *path, struct stat *status, int flags),
	(at, path, status, flags))
WRAP(int, fstatat64, fstatat, -1, (int at, const char *path, struct stat64 *status, int flags),
	(at, path, status, flags))
WRAP(int, stat, stat, -1, (const char *path, struct stat *status), (path, status))
WRAP(int, stat64, stat, -1, (const char *path, struct stat64 *status), (path, status))
WRAP(int, lstat, lstat, -1, (const char *path, struct stat *status), (path, status))
WRAP(int, lstat64, lstat, -1, (const char *path, struct stat64 *status), (path, status))

WRAP(int, fchmod, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WRAP(int, mkdir, mkdir, -1, (const char *path, mode_t mode), (path, mode))
WRAP(int, mkdirat, mkdirat, -1, (int at, const char *path, mode_t mode), (at, path, mode))
WRAP(ssize_t, readlinkat, readlinkat, -1, (int fd, const char *path, char *text, size_t size),
	(fd, path, text, size))
WRAP(int, mkostemp, mkostemp, -1, (char *path, int flags), (path, flags))
WRAP(int, mkostemp64, mkostemp, -1, (char *path, int flags), (path, flags))
WRAP(int, unlinkat, unlinkat, -1, (int at, const char *path, int flags), (at, path, flags))
WRAP(int, unlink, unlink, -1, (const char *path), (path))
WRAP(int, rmdir, rmdir, -1, (const char *path), (path))
WRAP(int, renameat, renameat, -1, (int from, const char *old, int to, const char *path),
	(from, old, to, path))
WRAP(int, renameat2, renameat, -1,
	(int from, const char *old, int to, const char *path, unsigned flags),
	(from, old, to, path, flags))

WRAP(int, linkat, linkat, -1, (int from, const char *old, int to, const char *path, int flags),
	(from, old, to, path, flags))
WRAP(int, utimensat, utimensat, -1,
	(int at, const char *path, const struct timespec times[2], int flags),
	(at, path, times, flags))
WRAP(int, futimens, futimens, -1, (int fd, const struct timespec times[2]), (fd, times))

WRAP(void *, mmap, mmap, MAP_FAILED,
	(void *at, size_t size, int rights, int flags, int fd, off_t from),
	(at, size, rights, flags, fd, from))
WRAP(void *, mmap64, mmap, MAP_FAILED,
	(void *at, size_t size, int rights, int flags, int fd, off64_t from),
	(at, size, rights, flags, fd, from))
WRAP(int, munmap, munmap, -1, (void *at, size_t size), (at, size))

WRAP(int, socketpair, socketpair, -1, (int domain, int type, int protocol, int fds[2]),
	(domain, type, protocol, fds))
WRAP(int, shutdown, shutdown, -1, (int fd, int how), (fd, how))
WRAP(ssize_t, sendmsg, sendmsg, -1, (int fd, const struct msghdr *message, int flags),
	(fd, message, flags))
WRAP(ssize_t, recvmsg, recvmsg, -1, (int fd, struct msghdr *message, int flags),
	(fd, message, flags))
WRAP(int, poll, poll, -1, (struct pollfd * fds, nfds_t size, int timeout), (fds, size, timeout))
WRAP(int, __poll_chk, poll, -1, (struct pollfd * fds, nfds_t size, int timeout, size_t most),
	(fds, size, timeout, most))

pid_t fork(void)
{
	REAL(pid_t(*real)(void), fork);
	if (fails(F_fork))
		return -1;
	return real();
}

int clone(int (*function)(void *), void *stack, int flags, void *context, ...)
{
	REAL(int (*real)(int (*)(void *), void *, int, void *, ...), clone);
	return fails(F_clone) ? -1 : real(function, stack, flags, context);
}

WRAP(int, execve, execve, -1, (const char *path, char *const arguments[], char *const variables[]),
	(path, arguments, variables))
WRAP(int, memfd_create, memfd_create, -1, (const char *name, unsigned flags), (name, flags))
WRAP(int, getsockopt, getsockopt, -1,
	(int fd, int level, int name, void *restrict value, socklen_t *restrict size),
	(fd, level, name, value, size))

WRAP(int, fallocate, fallocate, -1, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size))
WRAP(int, fallocate64, fallocate, -1, (int fd, int mode, off64_t at, off64_t size),
	(fd, mode, at, size))

/* They return the error. */
WRAP(int, posix_fallocate, posix_fallocate, errno, (int fd, off_t at, off_t size), (fd, at, size))
WRAP(int, posix_fallocate64, posix_fallocate, errno, (int fd, off64_t at, off64_t size),
	(fd, at, size))

WRAP(pid_t, waitpid, waitpid, -1, (pid_t pid, int *status, int flags), (pid, status, flags))
WRAP(int, getrlimit, getrlimit, -1, (__rlimit_resource_t which, struct rlimit *limit),
	(which, limit))
WRAP(int, getrlimit64, getrlimit, -1, (__rlimit_resource_t which, struct rlimit64 *limit),
	(which, limit))
WRAP(int, setrlimit, setrlimit, -1, (__rlimit_resource_t which, const struct rlimit *limit),
	(which, limit))
WRAP(int, setrlimit64, setrlimit, -1, (__rlimit_resource_t which, const struct rlimit64 *limit),
	(which, limit))
WRAP(int, signalfd, signalfd, -1, (int fd, const sigset_t *mask, int flags), (fd, mask, flags))
WRAP(int, sigprocmask, sigprocmask, -1, (int how, const sigset_t *mask, sigset_t *old),
	(how, mask, old))
WRAP(int, sigaction, sigaction, -1,
	(int number, const struct sigaction *action, struct sigaction *old), (number, action, old))

WRAP(sighandler_t, signal, sigaction, SIG_ERR, (int number, sighandler_t handler),
	(number, handler))

/* Two whose arguments depend on the first: the most that there are are passed on. */
#define WRAP_VARIADIC(result, name, function, first)                                  \
	result name(first a, ...);                                                    \
	result name(first a, ...)                                                     \
	{                                                                             \
		REAL(result (*real)(first, ...), name);                               \
		long rest[6];                                                         \
		va_list list;                                                         \
		va_start(list, a);                                                    \
		for (int i = 0; i < 6; i++)                                           \
			rest[i] = va_arg(list, long);                                 \
		va_end(list);                                                         \
		if (fails(F_##function))                                              \
			return -1;                                                    \
		return real(a, rest[0], rest[1], rest[2], rest[3], rest[4], rest[5]); \
	}

WRAP_VARIADIC(long, syscall, syscall, long)
WRAP_VARIADIC(int, prctl, prctl, int)

/* fcntl(fd, command, argument) */
#define WRAP_FCNTL(name)                                \
	int name(int fd, int command, ...)              \
	{                                               \
		REAL(int (*real)(int, int, ...), name); \
		va_list rest;                           \
		va_start(rest, command);                \
		void *argument = va_arg(rest, void *);  \
		va_end(rest);                           \
		if (fails(F_fcntl))                     \
			return -1;                      \
		return real(fd, command, argument);     \
	}

int fcntl64(int fd, int command, ...);
WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

/*
 * Memory. libc's own functions (strdup, asprintf, reallocarray, open_memstream ...) come here, too.
 * The allocator is not looked up: looking up may allocate.
 */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t members, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/*
 * libseccomp does not survive it where an allocation fails, so the sandbox makes sure before that
 * there is enough; that none fails there is what is promised here, too.
 */
static bool allocation_fails(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	return !(at >= libseccomp.begin && at < libseccomp.end) && fails(F_malloc);
}

#define ALLOCATION_FAILS() allocation_fails(__builtin_return_address(0))

void *malloc(size_t size)
{
	return ALLOCATION_FAILS() ? NULL : __libc_malloc(size);
}

void *calloc(size_t members, size_t size)
{
	return ALLOCATION_FAILS() ? NULL : __libc_calloc(members, size);
}

void *realloc(void *block, size_t size)
{
	return ALLOCATION_FAILS() ? NULL : __libc_realloc(block, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return ALLOCATION_FAILS() ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	if (ALLOCATION_FAILS())
		return ENOMEM;
	*block = __libc_memalign(alignment, size);
	return *block ? 0 : ENOMEM;
}
