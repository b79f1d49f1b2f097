// SPDX-License-Identifier: MIT

#include "parent/spawn.h"

#include "util/io.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Have @fd as standard stream @number. */
static int set_stream(int fd, int number)
{
	return fd < 0 || dup2(fd, number) >= 0 ? 0 : -1;
}

/*
 * In the new process, which has our memory until it is another program: nothing is changed here but
 * what the kernel keeps for each process. All descriptors of ours close by themselves (O_CLOEXEC);
 * those that our caller has given us are the command's too. Returns only with errno.
 */
static void become(const struct spawn_start *start, char *const *words, char *const *environment,
	int output_fd, int error_fd, pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		return;
	if (getppid() != parent) {
		errno = ESRCH; /* it was killed before that took effect */
		return;
	}
	if (setpgid(0, 0) < 0 || set_stream(start->null_fd, STDIN_FILENO) < 0 ||
		set_stream(output_fd, STDOUT_FILENO) < 0 || set_stream(error_fd, STDERR_FILENO) < 0)
		return;
	umask(start->mask);
	if (setrlimit(RLIMIT_NOFILE, &start->files) < 0 || signals_restore(start->signals) < 0 ||
		sigprocmask(SIG_SETMASK, &start->blocked, NULL) < 0)
		return;
	execvpe(words[0], words, environment);
}

pid_t spawn(const struct spawn_start *start, char *const *words, char *const *environment,
	int output_fd, int error_fd)
{
	volatile int error = 0;
	pid_t parent = getpid();
	/*
	 * Not fork(2): a command is started for each member, and to copy our page tables takes
	 * longer than to start it. We go on once it is another program, or has said why it is none.
	 */
	pid_t pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)

	if (pid == 0) {
		// NOLINTNEXTLINE(clang-analyzer-unix.Vfork): it makes system calls alone
		become(start, words, environment, output_fd, error_fd, parent);
		error = errno;
		_exit(EXIT_FAILURE);
	}
	if (pid < 0 || error == 0)
		return pid;
	io_wait(pid, NULL);
	errno = error;
	return -1;
}
