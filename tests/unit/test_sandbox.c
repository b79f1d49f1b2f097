// SPDX-License-Identifier: MIT

/*
 * What a worker in the sandbox may do, and what it may not. A process that is built and set up as a
 * worker tries each thing; how it ended tells. Each part of the sandbox is tried alone as well:
 * what it forbids it has to forbid without the other.
 */

#include "protocol/channel.h"
#include "support.h"
#include "util/io.h"
#include "worker/sandbox.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Machines of 32 bits have another call for the same. */
#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat64
#endif

#define BOTH (SANDBOX_LANDLOCK | SANDBOX_SECCOMP)

/* How an attempt ended: 0 it came through, an errno, or -SIGSYS: it was killed for it. */
#define KILLED (-SIGSYS)

/* As a worker opens its files; whatever sandbox.h says. */
#define NEW_FILE (O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

/* As a worker makes files in memory, and seals them. */
#define MEMORY_FLAGS (MFD_CLOEXEC | MFD_ALLOW_SEALING)
#define MEMORY_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static const char *secret; /* the path of "theirs" */
static int own_fd;         /* the worker's directory, with the file "mine" in it */
static int other_fd;       /* another worker's, with the file "theirs" */
static int channel[2];
static int tcp_fd;      /* a socket that the worker has had before it entered */
static int port_fd;     /* somebody listens here, */
static int abstract_fd; /* and here, at a name of no file system */
static struct sockaddr_in port;
static struct sockaddr_un abstract_name;

static int open_directory(const char *name)
{
	int fd = open(scratch_directory(name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void listen_somewhere(void)
{
	socklen_t size = sizeof(port);

	port = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	port_fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(port_fd, (struct sockaddr *)&port, sizeof(port)), 0);
	ck_assert_int_eq(listen(port_fd, 8), 0);
	ck_assert_int_eq(getsockname(port_fd, (struct sockaddr *)&port, &size), 0);
	tcp_fd = socket(AF_INET, SOCK_STREAM, 0);

	abstract_name = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(abstract_name.sun_path + 1, sizeof(abstract_name.sun_path) - 1, "zipmap-test-%d",
		(int)getpid());
	abstract_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(
		bind(abstract_fd, (struct sockaddr *)&abstract_name, sizeof(abstract_name)), 0);
	ck_assert_int_eq(listen(abstract_fd, 8), 0);
}

static void setup(void)
{
	scratch_begin();
	own_fd = open_directory("0");
	other_fd = open_directory("1");
	scratch_file("0/mine", "1234", 4);
	secret = scratch_file("1/theirs", "1234", 4);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
	listen_somewhere();
}

static void teardown(void)
{
	close(own_fd);
	close(other_fd);
	close(channel[0]);
	close(channel[1]);
	close(tcp_fd);
	close(port_fd);
	close(abstract_fd);
	scratch_end();
}

/* Do @attempt, which returns below 0 with errno where it is refused, in a sandbox of @parts. */
static int try_with(unsigned parts, const struct sandbox_needs *needs, long (*attempt)(void))
{
	int handed = openat(own_fd, "mine", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(channel_send(channel[0], "x", 1, handed, true), 0);
	close(handed);
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		enum start_step step;
		if (sandbox_enter(parts, needs, &step) < 0)
			_exit(255);
		errno = 0;
		_exit(attempt() < 0 ? errno : 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	ck_assert_int_ne(WEXITSTATUS(status), 255);
	return WEXITSTATUS(status);
}

/* As a worker that makes files in its directory. */
static int try(unsigned parts, long (*attempt)(void))
{
	return try_with(parts,
		&(struct sandbox_needs){.channel_fd = channel[1], .directory_fd = own_fd}, attempt);
}

/* As one that makes them in memory. */
static int try_in_memory(unsigned parts, long (*attempt)(void))
{
	return try_with(parts,
		&(struct sandbox_needs){
			.channel_fd = channel[1], .directory_fd = -1, .memory_files = true},
		attempt);
}

/* --- attempts ----------------------------------------------------------------------------------
 */

static long nothing(void)
{
	return 0;
}

static long new_file(void)
{
	static char map_bytes[] = "1234";
	int fd = openat(own_fd, "new", NEW_FILE, 0600);
	struct stat status;

	if (fd < 0 || fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8) < 0 ||
		pwrite(fd, "12345678", 8, 0) != 8 || ftruncate(fd, 4) < 0 ||
		io_status(fd, &status) < 0)
		return -1;
	void *map = mmap(NULL, 4, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || memcmp(map, map_bytes, 4) != 0 || munmap(map, 4) < 0)
		return -1;
	close(fd);
	return unlinkat(own_fd, "new", 0);
}

/* As new_file(), but for how it is made and removed: it came along with a message. */
static long use_handed_file(void)
{
	int fd = -1;
	char byte;
	struct stat status;

	if (channel_receive(channel[1], &byte, 1, &fd, true) != 1 || fd < 0 ||
		fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8) < 0 || pwrite(fd, "12345678", 8, 0) != 8 ||
		ftruncate(fd, 4) < 0 || io_status(fd, &status) < 0)
		return -1;
	void *map = mmap(NULL, 4, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || memcmp(map, "1234", 4) != 0 || munmap(map, 4) < 0)
		return -1;
	return close(fd);
}

static int new_memory_file(void)
{
	int fd = memfd_create("new", MEMORY_FLAGS | 8 /* NOEXEC_SEAL */);

	return fd < 0 && errno == EINVAL ? memfd_create("new", MEMORY_FLAGS) : fd;
}

/* As new_file(), in memory, sealed and handed over. */
static long use_memory_file(void)
{
	int fd = new_memory_file();
	struct stat status;

	if (fd < 0 || pwrite(fd, "12345678", 8, 0) != 8 || ftruncate(fd, 4) < 0 ||
		io_status(fd, &status) < 0)
		return -1;
	void *map = mmap(NULL, 4, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || memcmp(map, "1234", 4) != 0 || munmap(map, 4) < 0 ||
		fcntl(fd, F_ADD_SEALS, MEMORY_SEALS) < 0 ||
		channel_send(channel[1], "x", 1, fd, true) < 0)
		return -1;
	return close(fd);
}

/* What is sealed stays so. */
static long write_sealed_file(void)
{
	int fd = new_memory_file();

	if (fd < 0 || fcntl(fd, F_ADD_SEALS, MEMORY_SEALS) < 0)
		return 0;
	return pwrite(fd, "1", 1, 0);
}
static long new_executable_memory(void)
{
	return memfd_create("new", MFD_CLOEXEC | 16 /* EXEC */);
}
static long new_inherited_memory(void)
{
	return memfd_create("new", MFD_ALLOW_SEALING);
}
static long seal_for_future_alone(void)
{
	return fcntl(new_memory_file(), F_ADD_SEALS, 16 /* FUTURE_WRITE */);
}
static long seal_stderr(void)
{
	return fcntl(STDERR_FILENO, F_ADD_SEALS, MEMORY_SEALS);
}
static long set_flags(void)
{
	return fcntl(channel[1], F_SETFL, O_NONBLOCK);
}
static long remove_own(void)
{
	return unlinkat(own_fd, "mine", 0);
}

static long memory(void)
{
	for (size_t size = 1; size < (size_t)64 << 20; size *= 4) {
		char *block = malloc(size);
		if (!block)
			return -1;
		memset(block, 1, size);
		char *grown = realloc(block, 2 * size);
		if (!grown)
			return -1;
		free(grown);
	}
	return 0;
}

static int compare_bytes(const void *left, const void *right)
{
	return *(const unsigned char *)left - *(const unsigned char *)right;
}

static long sort(void)
{
	size_t size = (size_t)1 << 20; /* more than qsort(3) sorts on the stack */
	char *bytes = calloc(1, size);

	if (!bytes)
		return -1;
	qsort(bytes, size, 1, compare_bytes);
	free(bytes);
	return 0;
}

static long message(void)
{
	struct iovec part = {"x", 1};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	return sendmsg(channel[1], &header, MSG_NOSIGNAL);
}

static long last_words(void)
{
	abort();
}

static long open_absolute(void)
{
	return open("/etc/passwd", O_RDONLY);
}
static long open_secret(void)
{
	return open(secret, O_RDONLY);
}
static long write_secret(void)
{
	return open(secret, O_WRONLY);
}
static long truncate_secret(void)
{
	return truncate(secret, 0);
}
static long open_up(void)
{
	return openat(own_fd, "../1/theirs", O_RDWR);
}
static long open_memory(void)
{
	return open("/proc/self/mem", O_RDWR);
}
static long open_own_again(void)
{
	return openat(own_fd, "mine", O_RDWR);
}
static long list_own(void)
{
	return openat(own_fd, ".", O_RDONLY | O_DIRECTORY);
}
static long new_elsewhere(void)
{
	return openat(other_fd, "new", NEW_FILE, 0600);
}
static long new_above(void)
{
	return openat(own_fd, "../new", NEW_FILE, 0600);
}
static long unlink_theirs(void)
{
	return unlinkat(other_fd, "theirs", 0);
}
static long unlink_above(void)
{
	return unlinkat(own_fd, "../1/theirs", 0);
}
static long remove_directory(void)
{
	return unlinkat(own_fd, "../1", AT_REMOVEDIR);
}
static long make_a_directory(void)
{
	return mkdirat(own_fd, "new", 0700);
}
static long make_symlink(void)
{
	return symlinkat("/etc/passwd", own_fd, "new");
}
static long make_fifo(void)
{
	return mknodat(own_fd, "new", S_IFIFO | 0600, 0);
}
static long link_in(void)
{
	return linkat(other_fd, "theirs", own_fd, "new", 0);
}
static long rename_out(void)
{
	return renameat(own_fd, "mine", other_fd, "new");
}
static long change_mode(void)
{
	return fchmodat(other_fd, "theirs", 0777, 0);
}

static long make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long make_pair(void)
{
	int pair[2];
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static long bind_port(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return bind(tcp_fd, (struct sockaddr *)&any, sizeof(any));
}
static long connect_port(void)
{
	return connect(tcp_fd, (struct sockaddr *)&port, sizeof(port));
}
static long connect_abstract(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return connect(fd, (struct sockaddr *)&abstract_name, sizeof(abstract_name));
}
static long truncate_theirs(void)
{
	int fd = openat(other_fd, "theirs", O_WRONLY | O_TRUNC);
	return fd < 0 ? -1 : ftruncate(fd, 0);
}
static long lock_file(void)
{
	return flock(own_fd, LOCK_EX | LOCK_NB);
}
static long share_memory(void)
{
	return memfd_create("new", 0);
}
static long watch_files(void)
{
	return inotify_init1(0);
}
static long load_filter(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}
static long enter_other_namespace(void)
{
	return setns(own_fd, 0);
}
static long move_parent(void)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	return sched_setaffinity(getppid(), sizeof(cpus), &cpus);
}

static long execute(void)
{
	char *arguments[] = {"true", NULL};
	return execve("/bin/true", arguments, NULL);
}
static long start_process(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	return child;
}
static long trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static long signal_parent(void)
{
	return kill(getppid(), 0);
}
static long signal_parent_thread(void)
{
	return syscall(SYS_tgkill, 1, 1, 0);
}
static long read_parent(void)
{
	char byte;
	struct iovec local = {&byte, 1};
	struct iovec remote = {&own_fd, 1};
	return process_vm_readv(getppid(), &local, 1, &remote, 1, 0);
}

static long map_code(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return map == MAP_FAILED ? -1 : 0;
}
static long make_code(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mprotect(map, 4096, PROT_READ | PROT_EXEC);
}
static long control_device(void)
{
	int size;
	return ioctl(own_fd, FIONREAD, &size);
}
static long change_user(void)
{
	return setuid(12345);
}
static long mount_something(void)
{
	return mount("none", "/", "tmpfs", 0, NULL);
}
static long leave_root(void)
{
	return chroot("/");
}
static long new_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}
static long set_up_ring(void)
{
	struct io_uring_params parameters = {0};
	return syscall(SYS_io_uring_setup, 4, &parameters);
}
static long raise_limit(void)
{
	struct rlimit limits = {1024, 1024};
	return setrlimit(RLIMIT_NOFILE, &limits);
}
static long write_stdout(void)
{
	return write(STDOUT_FILENO, "", 0);
}
static long move_descriptor(void)
{
	return dup2(own_fd, 20);
}

/* Names are only looked at by their lengths and by whether they are there. */
static long look_at_path(void)
{
	struct stat status;
	return syscall(SYS_newfstatat, AT_FDCWD, "/etc/shadow", &status, AT_EMPTY_PATH);
}
static long look_at_path_anew(void)
{
	struct statx status;
	return statx(AT_FDCWD, "/etc/shadow", AT_EMPTY_PATH, STATX_SIZE, &status);
}
/* With O_PATH all other flags but two are ignored, and nothing is made. */
static long open_a_path(void)
{
	return openat(own_fd, "../1/theirs", NEW_FILE | O_PATH, 0600);
}
static long open_up_as_path(void)
{
	return openat(own_fd, "../..", NEW_FILE | O_PATH | O_DIRECTORY, 0600);
}
static long new_set_user_id(void)
{
	return openat(own_fd, "new", NEW_FILE, 04755);
}
static long new_unnamed(void)
{
	return openat(own_fd, ".", NEW_FILE | O_TMPFILE, 0600);
}

/* A descriptor is 32 bits of a register. What is above them must not deceive the filter. */
#define HIGH_BITS 0x100000000L

static long write_stderr_at(void)
{
	return syscall(SYS_pwrite64, STDERR_FILENO, "", 0, 0);
}
static long write_stderr_at_high(void)
{
	return syscall(SYS_pwrite64, STDERR_FILENO | HIGH_BITS, "", 0, 0);
}
static long write_nowhere_at(void)
{
	return syscall(SYS_pwrite64, -1, "", 0, 0);
}
static long cut_stdin(void)
{
	return syscall(SYS_ftruncate, STDIN_FILENO, 0);
}
static long cut_stderr(void)
{
	return syscall(SYS_ftruncate, STDERR_FILENO, 0);
}
static long fill_stderr(void)
{
	return syscall(SYS_fallocate, STDERR_FILENO, FALLOC_FL_KEEP_SIZE, 0, 1);
}

static long map_new(int protection, int flags)
{
	void *map = mmap(NULL, 4096, protection, flags, -1, 0);
	return map == MAP_FAILED ? -1 : 0;
}
static long share_anonymous_memory(void)
{
	return map_new(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
}
/* It counts as stack, which RLIMIT_DATA leaves out. */
static long map_what_grows(void)
{
	return map_new(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN);
}
static long map_locked(void)
{
	return map_new(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED);
}
static long write_by_map(void)
{
	int fd = openat(own_fd, "new", NEW_FILE, 0600);
	void *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? -1 : 0;
}
static long advise(void)
{
	void *map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return madvise(map, 4096, MADV_MERGEABLE);
}
static long move_memory_to_place(void)
{
	char *map = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *moved = mremap(map, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, map + 4096);
	return moved == MAP_FAILED ? -1 : 0;
}

static long too_much_stack(void)
{
	struct rlimit limits = {(rlim_t)16 << 20, (rlim_t)16 << 20};
	/* Without privileges a hard limit cannot be raised; with them it must have been given up.
	 */
	return setrlimit(RLIMIT_STACK, &limits);
}
/* Root is to be refused what any other user is. */
static long open_what_nobody_may(void)
{
	return openat(other_fd, "closed", O_RDONLY);
}
static long keep_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, sets) < 0)
		return 0;
	errno = EPERM;
	return memcmp(sets, none, sizeof(sets)) == 0 ? -1 : 0;
}
static long keep_bound(void)
{
	/* Who is not root has the bound that they were given. */
	errno = EPERM;
	return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 0 ? 0 : -1;
}

static long too_many_descriptors(void)
{
	int fd = own_fd;
	for (int i = 0; i < 100 && fd >= 0; i++)
		fd = fcntl(own_fd, F_DUPFD_CLOEXEC, 0);
	return fd;
}
static long too_much_memory(void)
{
	size_t size = (size_t)5 << 30;
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0) == MAP_FAILED
		       ? -1
		       : 0;
}

/* --- what must hold ----------------------------------------------------------------------------
 */

struct attempt {
	const char *name;
	long (*attempt)(void);
	int by_seccomp;  /* how it ends where there is seccomp alone */
	int by_landlock; /* ... where there is Landlock alone; 0: that is not Landlock's matter */
	int since;       /* from this version of it on */
};

#define ATTEMPT(name, ...) ATTEMPT_SINCE(name, 1, __VA_ARGS__)
#define ATTEMPT_SINCE(name, version, ...)         \
	{                                         \
#name, name, __VA_ARGS__, version \
	}

static const struct attempt forbidden[] = {
	ATTEMPT(open_absolute, EACCES, EACCES),
	ATTEMPT(open_secret, EACCES, EACCES),
	ATTEMPT(write_secret, EACCES, EACCES),
	ATTEMPT_SINCE(truncate_secret, 3, KILLED, EACCES),
	ATTEMPT(open_up, EACCES, EACCES),
	ATTEMPT(open_memory, EACCES, EACCES),
	ATTEMPT(open_own_again, EACCES, 0),
	ATTEMPT(list_own, EACCES, EACCES),
	ATTEMPT(new_elsewhere, EACCES, EACCES),
	ATTEMPT(new_above, EACCES, EACCES),
	ATTEMPT(unlink_theirs, KILLED, EACCES),
	ATTEMPT(unlink_above, KILLED, EACCES),
	ATTEMPT(remove_directory, KILLED, EACCES),
	ATTEMPT(make_a_directory, KILLED, EACCES),
	ATTEMPT(make_symlink, KILLED, EACCES),
	ATTEMPT(make_fifo, KILLED, EACCES),
	ATTEMPT(link_in, KILLED, EXDEV),
	ATTEMPT_SINCE(rename_out, 2, KILLED, EACCES), /* before, EXDEV */
	ATTEMPT(change_mode, KILLED, 0),
	ATTEMPT(make_socket, KILLED, 0),
	ATTEMPT(make_pair, KILLED, 0),
	ATTEMPT_SINCE(bind_port, 4, KILLED, EACCES),
	ATTEMPT_SINCE(connect_port, 4, KILLED, EACCES),
	ATTEMPT_SINCE(connect_abstract, 6, KILLED, EPERM),
	ATTEMPT(truncate_theirs, EACCES, EACCES),
	ATTEMPT(lock_file, KILLED, 0),
	ATTEMPT(share_memory, KILLED, 0),
	ATTEMPT(watch_files, KILLED, 0),
	ATTEMPT(load_filter, KILLED, 0),
	ATTEMPT(enter_other_namespace, KILLED, 0),
	ATTEMPT(move_parent, KILLED, 0),
	ATTEMPT(execute, KILLED, EACCES),
	ATTEMPT(start_process, KILLED, 0),
	ATTEMPT(trace, KILLED, 0),
	ATTEMPT_SINCE(signal_parent, 6, KILLED, EPERM),
	ATTEMPT(signal_parent_thread, KILLED, 0),
	ATTEMPT(read_parent, KILLED, 0),
	ATTEMPT(map_code, KILLED, 0),
	ATTEMPT(make_code, KILLED, 0),
	ATTEMPT(control_device, KILLED, 0),
	ATTEMPT(change_user, KILLED, 0),
	ATTEMPT(mount_something, KILLED, 0),
	ATTEMPT(leave_root, KILLED, 0),
	ATTEMPT(new_namespace, KILLED, 0),
	ATTEMPT(set_up_ring, KILLED, 0),
	ATTEMPT(raise_limit, KILLED, 0),
	ATTEMPT(write_stdout, KILLED, 0),
	ATTEMPT(move_descriptor, KILLED, 0),
	ATTEMPT(look_at_path, KILLED, 0),
	ATTEMPT(look_at_path_anew, KILLED, 0),
	ATTEMPT(open_a_path, EACCES, 0),
	ATTEMPT(open_up_as_path, EACCES, 0),
	ATTEMPT(new_set_user_id, EACCES, 0),
	ATTEMPT(new_unnamed, EACCES, 0),
	ATTEMPT(write_stderr_at, KILLED, 0),
	ATTEMPT(write_stderr_at_high, KILLED, 0),
	ATTEMPT(write_nowhere_at, KILLED, 0),
	ATTEMPT(cut_stdin, KILLED, 0),
	ATTEMPT(cut_stderr, KILLED, 0),
	ATTEMPT(fill_stderr, KILLED, 0),
	ATTEMPT(share_anonymous_memory, KILLED, 0),
	ATTEMPT(map_what_grows, KILLED, 0),
	ATTEMPT(map_locked, KILLED, 0),
	ATTEMPT(write_by_map, KILLED, 0),
	ATTEMPT(advise, KILLED, 0),
	ATTEMPT(move_memory_to_place, KILLED, 0),
};

enum { FORBIDDEN = sizeof(forbidden) / sizeof(forbidden[0]) };

static const struct attempt allowed[] = {
	ATTEMPT(nothing, 0, 0),
	ATTEMPT(new_file, EACCES, 0), /* it is handed one */
	ATTEMPT(use_handed_file, 0, 0),
	ATTEMPT(memory, 0, 0),
	ATTEMPT(sort, 0, 0),
	ATTEMPT(message, 0, 0),
	ATTEMPT(last_words, -SIGABRT, -SIGABRT),
};

enum { ALLOWED = sizeof(allowed) / sizeof(allowed[0]) };

static int landlock_version(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* The parts to try, or 0 where this build or kernel does not have them all. */
static bool has(unsigned parts)
{
	return (sandbox_parts() & sandbox_available() & parts) == parts;
}

START_TEST(what_a_worker_needs_is_allowed)
{
	const struct attempt *attempt = &allowed[_i];

	for (unsigned parts = 0; parts <= BOTH; parts++)
		if (has(parts)) {
			bool takes_paths = sandbox_takes_paths(parts);
			int expected = takes_paths ? attempt->by_seccomp : attempt->by_landlock;
			ck_assert_msg(try(parts, attempt->attempt) == expected, "%s with %u",
				attempt->name, parts);
			ck_assert(takes_paths == (parts == SANDBOX_SECCOMP));
		}
}
END_TEST

START_TEST(what_it_does_not_need_is_refused)
{
	const struct attempt *attempt = &forbidden[_i];

	if (!has(BOTH))
		return;
	int ended = try(BOTH, attempt->attempt);
	ck_assert_msg(ended == KILLED || ended == EACCES, "%s ended with %d", attempt->name, ended);
}
END_TEST

START_TEST(a_worker_whose_files_are_in_memory_makes_seals_and_hands_over_those)
{
	for (unsigned parts = 0; parts <= BOTH; parts++) {
		if (!has(parts))
			continue;
		ck_assert_int_eq(try_in_memory(parts, use_memory_file), 0);
		ck_assert_int_eq(try_in_memory(parts, write_sealed_file), EPERM);
		ck_assert_int_eq(try_in_memory(parts, memory), 0);
		ck_assert_int_eq(try_in_memory(parts, message), 0);
	}
}
END_TEST

START_TEST(a_worker_whose_files_are_in_memory_makes_none_elsewhere)
{
	if (has(SANDBOX_LANDLOCK))
		ck_assert_int_eq(try_in_memory(SANDBOX_LANDLOCK, new_file), EACCES);
	if (has(SANDBOX_LANDLOCK))
		ck_assert_int_eq(try_in_memory(SANDBOX_LANDLOCK, remove_own), EACCES);
	if (!has(SANDBOX_SECCOMP))
		return;
	ck_assert_int_eq(try_in_memory(SANDBOX_SECCOMP, new_file), EACCES);
	ck_assert_int_eq(try_in_memory(SANDBOX_SECCOMP, remove_own), KILLED);
	ck_assert_int_eq(try_in_memory(SANDBOX_SECCOMP, new_executable_memory), KILLED);
	ck_assert_int_eq(try_in_memory(SANDBOX_SECCOMP, new_inherited_memory), KILLED);
	ck_assert_int_eq(try_in_memory(SANDBOX_SECCOMP, seal_for_future_alone), KILLED);
	ck_assert_int_eq(try_in_memory(SANDBOX_SECCOMP, seal_stderr), KILLED);
	ck_assert_int_eq(try_in_memory(SANDBOX_SECCOMP, set_flags), KILLED);
}
END_TEST

START_TEST(a_worker_whose_files_are_in_a_directory_makes_none_in_memory)
{
	if (has(SANDBOX_SECCOMP))
		ck_assert_int_eq(try(SANDBOX_SECCOMP, use_memory_file), KILLED);
}
END_TEST

START_TEST(what_it_does_not_need_is_refused_if_its_files_are_in_memory)
{
	const struct attempt *attempt = &forbidden[_i];

	if (!has(BOTH))
		return;
	int ended = try_in_memory(BOTH, attempt->attempt);
	ck_assert_msg(ended == KILLED || ended == EACCES, "%s ended with %d", attempt->name, ended);
}
END_TEST

START_TEST(seccomp_alone_refuses_what_is_its_own)
{
	const struct attempt *attempt = &forbidden[_i];

	if (!has(SANDBOX_SECCOMP) || attempt->by_seccomp == 0)
		return;
	int ended = try(SANDBOX_SECCOMP, attempt->attempt);
	ck_assert_msg(ended == attempt->by_seccomp, "%s ended with %d", attempt->name, ended);
}
END_TEST

START_TEST(landlock_alone_refuses_what_is_its_own)
{
	const struct attempt *attempt = &forbidden[_i];

	if (!has(SANDBOX_LANDLOCK) || attempt->by_landlock == 0 ||
		attempt->since > landlock_version())
		return;
	int ended = try(SANDBOX_LANDLOCK, attempt->attempt);
	ck_assert_msg(ended == attempt->by_landlock, "%s ended with %d", attempt->name, ended);
}
END_TEST

/*
 * Up to version 7, which adds flags for the audit log and no right, the sandbox knows all rights
 * that there are: the kernel refuses a ruleset with the next one of each kind. A newer kernel than
 * that is no fault of the sandbox's, but should be looked into.
 */
START_TEST(no_right_that_the_kernel_has_is_left_out)
{
	const uint64_t next[][3] = {
		{UINT64_C(1) << 16, 0, 0}, {0, UINT64_C(1) << 2, 0}, {0, 0, UINT64_C(1) << 2}};

	if (landlock_version() < 1)
		return;
	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
		long fd = syscall(SYS_landlock_create_ruleset, next[i], sizeof(next[i]), 0);
		if (fd >= 0 && landlock_version() > 7) {
			printf("Landlock %d has rights that the sandbox does not know\n",
				landlock_version());
			close((int)fd);
			continue;
		}
		ck_assert_int_lt(fd, 0);
	}
}
END_TEST

START_TEST(limits_hold_by_themselves)
{
	ck_assert_int_eq(try(0, too_many_descriptors), EMFILE);
	if (!(sandbox_parts() & SANDBOX_SECCOMP)) /* under sanitizers */
		return;
	/* What is asked for is more than 32 bits can say. */
	if (sizeof(size_t) == 8 && !is_emulated("limit of memory"))
		ck_assert_int_eq(try(0, too_much_memory), ENOMEM);
}
END_TEST

START_TEST(root_has_no_capability_and_no_limit_can_be_raised)
{
	const unsigned tried[] = {0, SANDBOX_LANDLOCK};

	if (sandbox_parts() == 0)
		return; /* where lines are counted */
	bool has_limit = !is_emulated("limit of the stack");
	scratch_file("1/closed", "", 0);
	ck_assert_int_eq(fchmodat(other_fd, "closed", 0, 0), 0);
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		if (!has(tried[i]))
			continue;
		ck_assert_int_eq(try(tried[i], keep_capability), EPERM);
		ck_assert_int_eq(try(tried[i], keep_bound), EPERM);
		if (has_limit)
			ck_assert_int_eq(try(tried[i], too_much_stack), EPERM);
		ck_assert_int_eq(try(tried[i], open_what_nobody_may), EACCES);
	}
}
END_TEST

/* After @prepare with @call and @error, entering @parts fails at the step @expected with @error. */
static void expect_step(unsigned parts, void (*prepare)(int call, int error), int call, int error,
	enum start_step expected)
{
	int pair[2];
	int said[2] = {-1, -1};

	ck_assert_int_eq(pipe(pair), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct sandbox_needs needs = {.channel_fd = channel[1], .directory_fd = own_fd};
		enum start_step step = START_NONE;
		prepare(call, error);
		int result = sandbox_enter(parts, &needs, &step);
		int words[2] = {result < 0 ? (int)step : 0, errno};
		_exit(write(pair[1], words, sizeof(words)) == sizeof(words) ? 0 : 1);
	}
	close(pair[1]);
	ck_assert_int_eq(read(pair[0], said, sizeof(said)), sizeof(said));
	close(pair[0]);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert_int_eq(said[0], (int)expected);
	ck_assert_int_eq(said[1], error);
}

/* With @call answered by @error. */
static void expect_refused(unsigned parts, int call, int error, enum start_step expected)
{
	expect_step(parts, refuse_call, call, error, expected);
}

static void take_memory(int call, int error)
{
	(void)call;
	(void)error;
	take_all_memory();
}

START_TEST(a_filter_without_memory_is_none_and_that_is_told)
{
#ifdef __SANITIZE_ADDRESS__
	(void)take_memory; /* the sanitizer itself needs some */
#else
	if (has(SANDBOX_SECCOMP))
		expect_step(SANDBOX_SECCOMP, take_memory, 0, ENOMEM, START_SECCOMP);
#endif
}
END_TEST

START_TEST(a_step_that_is_refused_is_told_with_its_reason)
{
	const int errors[] = {ENOSYS, EPERM, EINVAL};
	int error = errors[_i];

	if (is_emulated("seccomp"))
		return;
	expect_refused(0, SCMP_SYS(prctl), error, START_NO_PRIVILEGES);
	expect_refused(0, SCMP_SYS(prlimit64), error, START_LIMITS);
	if (sandbox_parts() != 0)
		expect_refused(0, SCMP_SYS(capset), error, START_CAPABILITIES);
	if (has(SANDBOX_LANDLOCK)) {
		expect_refused(
			SANDBOX_LANDLOCK, SYS_landlock_create_ruleset, error, START_LANDLOCK);
		expect_refused(SANDBOX_LANDLOCK, SYS_landlock_add_rule, error, START_LANDLOCK);
		expect_refused(SANDBOX_LANDLOCK, SYS_landlock_restrict_self, error, START_LANDLOCK);
	}
}
END_TEST

START_TEST(parts_are_named)
{
	char text[64];

	sandbox_describe(BOTH, text, sizeof(text));
	ck_assert_str_eq(text, "Landlock and seccomp");
	sandbox_describe(SANDBOX_SECCOMP, text, sizeof(text));
	ck_assert_str_eq(text, "seccomp");
	sandbox_describe(0, text, sizeof(text));
	ck_assert_str_eq(text, "none");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tests = tcase_create("sandbox");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, what_a_worker_needs_is_allowed, 0, ALLOWED);
	tcase_add_loop_test(tests, what_it_does_not_need_is_refused, 0, FORBIDDEN);
	tcase_add_loop_test(
		tests, what_it_does_not_need_is_refused_if_its_files_are_in_memory, 0, FORBIDDEN);
	tcase_add_test(tests, a_worker_whose_files_are_in_memory_makes_seals_and_hands_over_those);
	tcase_add_test(tests, a_worker_whose_files_are_in_memory_makes_none_elsewhere);
	tcase_add_test(tests, a_worker_whose_files_are_in_a_directory_makes_none_in_memory);
	tcase_add_loop_test(tests, seccomp_alone_refuses_what_is_its_own, 0, FORBIDDEN);
	tcase_add_loop_test(tests, landlock_alone_refuses_what_is_its_own, 0, FORBIDDEN);
	tcase_add_test(tests, no_right_that_the_kernel_has_is_left_out);
	tcase_add_test(tests, limits_hold_by_themselves);
	tcase_add_test(tests, root_has_no_capability_and_no_limit_can_be_raised);
	tcase_add_test(tests, a_filter_without_memory_is_none_and_that_is_told);
	tcase_add_loop_test(tests, a_step_that_is_refused_is_told_with_its_reason, 0, 3);
	tcase_add_test(tests, parts_are_named);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
