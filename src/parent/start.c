// SPDX-License-Identifier: MIT

#include "parent/start.h"

#include "protocol/channel.h"
#include "protocol/firstword.h"
#include "protocol/settings.h"
#include "util/closefrom.h"
#include "util/diag.h"
#include "util/io.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* The numbers of a worker's descriptors. */
enum { CHANNEL = 3, DIRECTORY, FIRST_UNUSED };

/*
 * What a worker keeps of the environment: what the dynamic linker and iconv(3) need to find their
 * files, and what sanitizers, counters of lines and the tests' faults are told by.
 */
static const char *const kept[] = {
	"LD_PRELOAD",
	"LD_LIBRARY_PATH",
	"GCONV_PATH",
	"ASAN_OPTIONS",
	"UBSAN_OPTIONS",
	"LSAN_OPTIONS",
	"MSAN_OPTIONS",
	"TSAN_OPTIONS",
	"GCOV_PREFIX",
	"GCOV_PREFIX_STRIP",
	"LLVM_PROFILE_FILE",
	"FAULTS",
	"FAULTS_TABLE",
};

enum { KEPT = sizeof(kept) / sizeof(kept[0]) };

static bool is_kept(const char *variable)
{
	for (size_t i = 0; i < KEPT; i++) {
		size_t length = strlen(kept[i]);
		if (strncmp(variable, kept[i], length) == 0 && variable[length] == '=')
			return true;
	}
	return false;
}

int starter_init(struct starter *starter, const struct worker_entry *entry)
{
	size_t count = 0;

	*starter = (struct starter){.entry = entry};
	if (!entry->settings)
		return 0;
	/* A variable can be there twice; then the first one counts, as for getenv(3). */
	starter->environment = calloc(KEPT + 1, sizeof(*starter->environment));
	if (!starter->environment)
		return -1;
	for (char **variable = environ; *variable && count < KEPT; variable++) {
		if (is_kept(*variable))
			starter->environment[count++] = *variable;
	}
	return 0;
}

void starter_release(struct starter *starter)
{
	free(starter->environment);
	starter->environment = NULL;
}

/* The process in the making, which has the parent's memory while it is made anew. */
struct making {
	const struct start *start;
	char *const *arguments;
	char *const *environment;
	enum start_step step; /* that failed, for the reason in @error */
	int error;
};

/*
 * In the new process: /dev/null for the standard streams, but for stderr, which is the note if that
 * can be; the channel and the directory at their numbers. What is left above is closed later. It
 * runs on a stack that sanitizers know nothing of.
 */
__attribute__((no_sanitize("address"))) static enum start_step arrange(const struct start *start)
{
	/* First above all numbers that are given new meaning, then down to them. */
	int directory = start->directory_fd < 0
				? -1
				: fcntl(start->directory_fd, F_DUPFD_CLOEXEC, FIRST_UNUSED);
	if (directory >= 0)
		close(start->directory_fd); /* there may be no other number left */
	int channel = fcntl(start->channel_fd, F_DUPFD_CLOEXEC, FIRST_UNUSED);

	if (channel < 0 || (start->directory_fd >= 0 && directory < 0))
		return START_DESCRIPTORS;
	/* It takes the place of standard input, so that no number is needed that may not be free.
	 */
	close(STDIN_FILENO);
	if (open("/dev/null", O_RDWR) != STDIN_FILENO)
		return START_NULL;
	int words = start->note->fixed ? start->note->fd : STDIN_FILENO;
	if (dup2(STDIN_FILENO, STDOUT_FILENO) < 0 || dup2(words, STDERR_FILENO) < 0 ||
		dup2(channel, CHANNEL) < 0 || (directory >= 0 && dup2(directory, DIRECTORY) < 0))
		return START_DESCRIPTORS;
	return START_NONE;
}

/* clone(2) */
__attribute__((no_sanitize("address"))) static int make_anew(void *context)
{
	struct making *making = context;

	making->step = arrange(making->start);
	if (making->step == START_NONE) {
		execve("/proc/self/exe", making->arguments, making->environment);
		making->step = START_EXEC;
	}
	making->error = errno;
	return EXIT_FAILURE;
}

/*
 * Make a process from this program's file. It shares our memory until then, and we wait, so that no
 * page is copied and its failure is known at once. -1 with errno and *@step.
 */
static pid_t spawn(const struct starter *starter, const struct start *start, enum start_step *step)
{
	/* Room for the dynamic linker, which may have to look a function up. */
	static _Alignas(16) char stack[64 * 1024];
	char name[] = "zipmap";
	char argument[64];
	char *arguments[] = {name, argument, NULL};
	struct making making = {
		.start = start, .arguments = arguments, .environment = starter->environment};

	assert(strlen(starter->entry->argument) < sizeof(argument));
	memcpy(argument, starter->entry->argument, strlen(starter->entry->argument) + 1);
	pid_t pid =
		clone(make_anew, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &making);
	if (pid < 0) {
		*step = START_CLONE;
		return -1;
	}
	if (making.step == START_NONE)
		return pid;
	io_wait(pid, NULL);
	*step = making.step;
	errno = making.error;
	return -1;
}

/* In a process that was forked. */
static _Noreturn void become_worker(
	const struct worker_entry *entry, const struct start *start, pid_t parent)
{
	bool files = start->directory_fd >= 0;
	enum start_step step = START_DEATH_SIGNAL;

	/* Should the parent have died before this took effect, nobody would be told. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) {
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		step = arrange(start);
		if (step == START_NONE && close_from(files ? FIRST_UNUSED : DIRECTORY) < 0)
			step = START_CLOSE;
	}
	if (step != START_NONE && entry->settings)
		firstword_fail(step < START_CLOSE ? start->channel_fd : CHANNEL, step);
	if (step != START_NONE)
		_exit(EXIT_FAILURE);
	entry->main(entry->context, CHANNEL, files ? DIRECTORY : -1, start->note->page);
	_exit(EXIT_FAILURE); /* not reached */
}

static pid_t fork_worker(
	const struct worker_entry *entry, const struct start *start, enum start_step *step)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	*step = START_FORK;
	if (pid == 0)
		become_worker(entry, start, parent);
	return pid;
}

pid_t starter_start(struct starter *starter, const struct start *start, enum start_step *step)
{
	const struct worker_entry *entry = starter->entry;

	if (!starter->environment)
		return fork_worker(entry, start, step);
	pid_t pid = spawn(starter, start, step);
	/* Where memory or processes are short, a fork would fare no better. */
	if (pid > 0 || *step != START_EXEC || entry->fork == FORK_REFUSED)
		return pid;
	diag(entry->fork == FORK_WARNED ? DIAG_WARNING : DIAG_DETAIL,
		"the sandbox of the workers lacks processes of their own making: %s: %s",
		start_step_words(*step), strerror(errno));
	starter_release(starter);
	return fork_worker(entry, start, step);
}

static int send_packet(int channel_fd, const uint8_t *bytes, size_t size, int fd, uint64_t *packets,
	uint64_t *total)
{
	if (channel_send(channel_fd, bytes, size, fd, true) < 0)
		return -1;
	++*packets;
	*total += size;
	return 0;
}

int starter_tell(const struct starter *starter, int channel_fd, const struct start *start,
	uint64_t *packets, uint64_t *bytes)
{
	const struct timeval patience = {.tv_sec = 10};
	const struct worker_entry *entry = starter->entry;
	struct settings_head head = {
		.parent = (uint32_t)getpid(),
		.size_bytes = (uint32_t)entry->settings_bytes,
		.has_directory = start->directory_fd >= 0,
	};
	uint8_t first[SETTINGS_HEAD_BYTES];

	if (!starter->environment)
		return 0;
	/* Many filters may be more than a channel holds: then they wait until the worker reads. */
	if (entry->settings_bytes > SETTINGS_PACKET_MAX &&
		setsockopt(channel_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return -1;
	settings_put_head(first, &head);
	if (send_packet(channel_fd, first, sizeof(first), start->note->fd, packets, bytes) < 0)
		return -1;
	for (size_t at = 0, size; at < entry->settings_bytes; at += size) {
		size = entry->settings_bytes - at;
		if (size > SETTINGS_PACKET_MAX)
			size = SETTINGS_PACKET_MAX;
		if (send_packet(channel_fd, entry->settings + at, size, -1, packets, bytes) < 0)
			return -1;
	}
	return 0;
}
