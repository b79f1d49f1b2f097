// SPDX-License-Identifier: MIT

#include "parent/pool.h"

#include "protocol/channel.h"
#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

int pool_share_descriptors(unsigned jobs, unsigned *workers, size_t *archives)
{
	const rlim_t least = 16; /* for one worker, one archive, and nothing to spare */
	const rlim_t rest = 32;  /* a file that is looked at, and whatever libraries open */
	const rlim_t for_worker = 2;
	rlim_t wanted = rest + (for_worker + WORKER_QUEUE_MAX) * jobs;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = limit.rlim_max = 256;
	if (limit.rlim_cur < wanted) {
		rlim_t before = limit.rlim_cur;
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = before;
	}
	rlim_t free_fds = limit.rlim_cur > rest ? limit.rlim_cur - rest : 0;
	rlim_t most = free_fds / (for_worker + 1); /* each has an archive, too */
	if (most > jobs)
		most = jobs;
	*workers = most > 0 ? (unsigned)most : 1;
	*archives = free_fds > for_worker * most ? free_fds - for_worker * most : 1;
	errno = EMFILE;
	return limit.rlim_cur < least ? -1 : 0;
}

int pool_init(struct pool *pool, unsigned size, const struct worker_entry *entry,
	struct rundir *rundir, struct run_stats *stats)
{
	*pool = (struct pool){.entry = entry, .rundir = rundir, .stats = stats, .size = size};
	pool->workers = calloc(size, sizeof(*pool->workers));
	pool->packet = malloc(PACKET_MAX);
	if (pool->workers && pool->packet)
		return 0;
	pool_release(pool);
	errno = ENOMEM;
	return -1;
}

/* Have @fd as number @target, whatever was there; what it was before is closed by the caller. */
static void move_fd(int fd, int target)
{
	if (dup2(fd, target) < 0)
		_exit(EXIT_FAILURE);
}

/*
 * In the new process: keep the channel, the directory and stderr (for an assert's last words), and
 * nothing else that the parent has open, neither the user's stdout, whose reader waits for its
 * end, nor other workers' channels and directories.
 */
static _Noreturn void become_worker(
	const struct pool *pool, const struct worker *worker, int channel_fd, pid_t parent)
{
	enum { CHANNEL = 3, DIRECTORY, FIRST_UNUSED };

	/* Should the parent have died before this took effect, nobody would be told. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_FAILURE);
	/* First above all numbers that are given new meaning, then down to them. */
	int channel = fcntl(channel_fd, F_DUPFD, FIRST_UNUSED);
	bool files = worker->directory_fd >= 0;
	int directory = files ? fcntl(worker->directory_fd, F_DUPFD, FIRST_UNUSED) : channel;
	int null = open("/dev/null", O_RDWR);
	if (channel < 0 || directory < 0 || null < 0)
		_exit(EXIT_FAILURE);
	move_fd(null, STDIN_FILENO);
	move_fd(null, STDOUT_FILENO);
	move_fd(channel, CHANNEL);
	if (files)
		move_fd(directory, DIRECTORY);
	if (close_range(files ? FIRST_UNUSED : DIRECTORY, ~0U, 0) < 0)
		_exit(EXIT_FAILURE);
	for (unsigned i = 0; i < pool->size; i++) {
		struct worker *other = &pool->workers[i];
		if (other != worker && other->progress)
			munmap(other->progress, sizeof(*other->progress));
	}
	pool->entry->main(pool->entry->context, CHANNEL, files ? DIRECTORY : -1, worker->progress);
	_exit(EXIT_FAILURE); /* not reached */
}

static struct worker *free_place(struct pool *pool)
{
	for (unsigned i = 0; i < pool->size; i++) {
		if (pool->workers[i].pid == 0)
			return &pool->workers[i];
	}
	return NULL;
}

/* Give back what a place holds besides the process. */
static void clear_place(struct worker *worker)
{
	if (worker->channel_fd >= 0)
		close(worker->channel_fd);
	if (worker->directory_fd >= 0)
		close(worker->directory_fd);
	if (worker->progress)
		munmap(worker->progress, sizeof(*worker->progress));
	*worker = (struct worker){.channel_fd = -1, .directory_fd = -1};
}

struct worker *pool_start(struct pool *pool)
{
	struct worker *worker = free_place(pool);
	int channel[2] = {-1, -1};
	struct stat status;

	assert(worker);
	*worker = (struct worker){.channel_fd = -1, .directory_fd = -1, .archive = PROGRESS_NONE};
	if (pool->rundir) {
		worker->directory_fd = rundir_add(pool->rundir, &worker->directory);
		if (worker->directory_fd < 0 || fstat(worker->directory_fd, &status) < 0)
			goto fail;
		worker->device = status.st_dev;
		worker->owner = status.st_uid;
	}
	void *page = mmap(NULL, sizeof(*worker->progress), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		goto fail;
	worker->progress = page;
	for (int i = 0; i < PROGRESS_LANES; i++) {
		atomic_store(&worker->progress->lanes[i].unit, PROGRESS_NONE);
		atomic_store(&worker->progress->lanes[i].member, PROGRESS_NONE);
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		goto fail;
	worker->channel_fd = channel[0];

	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		become_worker(pool, worker, channel[1], parent);
	int error = errno;
	close(channel[1]);
	if (pid < 0) {
		errno = error;
		goto fail;
	}
	worker->pid = pid;
	pool->live++;
	pool->stats->workers++;
	return worker;
fail:
	error = errno;
	if (worker->directory_fd >= 0)
		rundir_drop(pool->rundir, worker->directory);
	clear_place(worker);
	errno = error;
	return NULL;
}

int pool_send(
	struct pool *pool, struct worker *worker, const struct message *message, int archive_fd)
{
	uint8_t bytes[WORK_BYTES_MAX];
	struct wire_writer packet;

	assert(message->kind == MESSAGE_WORK && message->work.has_archive == (archive_fd >= 0));
	wire_writer_init(&packet, bytes, sizeof(bytes));
	int put = message_put(&packet, message);
	assert(put == 0);
	(void)put;
	if (channel_send(worker->channel_fd, bytes, packet.size, archive_fd, false) < 0)
		return -1;
	worker->archive = message->work.archive;
	pool->stats->sent_messages++;
	pool->stats->sent_bytes += packet.size;
	return 0;
}

int pool_receive(struct pool *pool, struct worker *worker, struct wire_reader *reader)
{
	ssize_t size = channel_receive(worker->channel_fd, pool->packet, PACKET_MAX, NULL, false);

	if (size < 0 && errno == EAGAIN)
		return 0;
	if (size == 0)
		errno = ECONNRESET;
	if (size <= 0)
		return -1;
	pool->stats->received_messages++;
	pool->stats->received_bytes += (uint64_t)size;
	wire_reader_init(reader, pool->packet, (size_t)size);
	return 1;
}

void pool_drop_unit(struct worker *worker, struct in_hand *hand)
{
	const struct in_hand *end = worker->queue + worker->queued--;

	memmove(hand, hand + 1, (size_t)(end - (hand + 1)) * sizeof(*hand));
}

void pool_note_memory(struct pool *pool, struct worker *worker, const struct message_memory *memory)
{
	struct run_stats *stats = pool->stats;

	if (memory->private_bytes > stats->worker_private_peak_bytes)
		stats->worker_private_peak_bytes = memory->private_bytes;
	if (memory->shared_bytes > stats->worker_shared_peak_bytes)
		stats->worker_shared_peak_bytes = memory->shared_bytes;
	worker->has_left = true;
}

int pool_bury(struct pool *pool, struct worker *worker)
{
	int status = 0;

	kill(worker->pid, SIGKILL);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	clear_place(worker);
	pool->live--;
	return status;
}

void pool_end_channels(struct pool *pool)
{
	for (unsigned i = 0; i < pool->size; i++) {
		if (pool->workers[i].pid != 0)
			shutdown(pool->workers[i].channel_fd, SHUT_WR);
	}
}

void pool_release(struct pool *pool)
{
	for (unsigned i = 0; pool->workers && i < pool->size; i++) {
		if (pool->workers[i].pid != 0)
			pool_bury(pool, &pool->workers[i]);
	}
	free(steal_pointer(&pool->workers));
	free(steal_pointer(&pool->packet));
}
