// SPDX-License-Identifier: MIT

#include "parent/pool.h"

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/io.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

/*
 * Share out what archives and files in memory may have together: archives as many as can be queued,
 * but not more than half. They are open for a while only.
 */
static void share_files(rlim_t both, unsigned workers, struct pool_share *share)
{
	rlim_t archives = (1 + WORKER_QUEUE_MAX) * (rlim_t)workers;

	if (archives > both / 2)
		archives = both / 2;
	share->archives = archives > 0 ? (size_t)archives : 1;
	share->files = both > archives ? (size_t)(both - archives) : 1;
}

int pool_share_descriptors(
	unsigned jobs, unsigned commands, bool in_memory, struct pool_share *share)
{
	const rlim_t least = 16; /* for one worker, one archive, and nothing to spare */
	const rlim_t rest = 32;  /* a file that is looked at, and whatever libraries open */
	const rlim_t for_worker = 2;
	const rlim_t for_command = 4; /* two pipes, and files for what memory does not hold */
	rlim_t wanted = rest + (for_worker + WORKER_QUEUE_MAX) * jobs + for_command * commands;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = limit.rlim_max = 256;
	if (in_memory && wanted < limit.rlim_max)
		wanted = limit.rlim_max;
	if (limit.rlim_cur < wanted) {
		rlim_t before = limit.rlim_cur;
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			limit.rlim_cur = before;
	}
	rlim_t free_fds = limit.rlim_cur > rest ? limit.rlim_cur - rest : 0;
	rlim_t most_commands = free_fds / 2 / for_command;
	if (most_commands > commands)
		most_commands = commands;
	free_fds -= for_command * most_commands;
	rlim_t most = free_fds / (for_worker + 1); /* each has an archive, too */
	if (most > jobs)
		most = jobs;
	share->commands = most_commands > 0 ? (unsigned)most_commands : 1;
	share->workers = most > 0 ? (unsigned)most : 1;
	free_fds = free_fds > for_worker * most ? free_fds - for_worker * most : 1;
	share->archives = (size_t)free_fds;
	share->files = 0;
	if (in_memory)
		share_files(free_fds, share->workers, share);
	errno = EMFILE;
	return limit.rlim_cur < least ? -1 : 0;
}

int pool_init(struct pool *pool, unsigned size, const struct worker_entry *entry,
	struct rundir *rundir, struct run_stats *stats)
{
	*pool = (struct pool){.rundir = rundir, .stats = stats, .size = size};
	pool->workers = calloc(size, sizeof(*pool->workers));
	pool->packet = malloc(PACKET_MAX);
	if (starter_init(&pool->starter, entry) == 0 && pool->workers && pool->packet)
		return 0;
	pool_release(pool);
	errno = ENOMEM;
	return -1;
}

void pool_set_memory(struct pool *pool, struct memoryfiles *memory)
{
	pool->memory = memory;
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
	channel_fds_close(&worker->fds);
	note_release(worker->progress);
	*worker = (struct worker){.channel_fd = -1, .directory_fd = -1};
}

/* The worker's directory, its note and its channel, whose other end goes to @start. */
static int equip(struct pool *pool, struct worker *worker, struct start *start, struct note *note,
	enum start_step *step)
{
	int channel[2];
	struct stat status;

	*step = START_NONE;
	if (pool->rundir && pool->rundir->path) {
		worker->directory_fd = rundir_add(pool->rundir, &worker->directory);
		if (worker->directory_fd < 0 || fstat(worker->directory_fd, &status) < 0)
			return -1;
		worker->device = status.st_dev;
		worker->owner = status.st_uid;
		start->directory_fd = worker->directory_fd;
	}
	*step = START_NOTE;
	if (note_make(note, pool->rundir ? pool->rundir->fd : -1) < 0)
		return -1;
	worker->progress = note->page;
	*step = START_CHANNEL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
		return -1;
	worker->channel_fd = channel[0];
	start->channel_fd = channel[1];
	return 0;
}

/* As equip(), and then the process. */
static int start_in(struct pool *pool, struct worker *worker, struct start *start,
	struct note *note, enum start_step *step)
{
	if (equip(pool, worker, start, note, step) < 0)
		return -1;
	worker->pid = starter_start(&pool->starter, start, step);
	if (worker->pid < 0) {
		worker->pid = 0;
		return -1;
	}
	/* Workers that are forked later are not to have it. */
	*step = START_NOTE;
	if (madvise(note->page, CRASHNOTE_BYTES, MADV_DONTFORK) < 0)
		return -1;
	/* A worker that is dead already will show as such. */
	*step = START_SETTINGS;
	if (starter_tell(&pool->starter, worker->channel_fd, start, &pool->stats->sent_messages,
		    &pool->stats->sent_bytes) < 0 &&
		errno != EPIPE && errno != ECONNRESET)
		return -1;
	return 0;
}

/* Kill the process of a place, if there is one, and wait for it. Its wait(2) status. */
static int end_process(const struct worker *worker)
{
	int status = 0;

	if (worker->pid == 0)
		return 0;
	kill(worker->pid, SIGKILL);
	io_wait(worker->pid, &status);
	return status;
}

struct worker *pool_start(struct pool *pool, struct failure *failure)
{
	struct worker *worker = free_place(pool);
	struct note note = {.fd = -1};
	struct start start = {.channel_fd = -1, .directory_fd = -1, .note = &note};
	enum start_step step;

	assert(worker);
	*worker = (struct worker){.channel_fd = -1, .directory_fd = -1, .archive = PROGRESS_NONE};
	worker->memory = pool->memory;
	worker->is_ready = !pool->starter.entry->settings;
	int result = start_in(pool, worker, &start, &note, &step);
	int error = errno;
	if (note.fd >= 0)
		close(note.fd);
	if (start.channel_fd >= 0)
		close(start.channel_fd);
	if (result == 0) {
		pool->live++;
		pool->stats->workers++;
		return worker;
	}
	end_process(worker);
	if (worker->directory_fd >= 0)
		rundir_drop(pool->rundir, worker->directory);
	clear_place(worker);
	*failure = (struct failure){FAILURE_NO_WORKER, {(uint64_t)error, step}};
	errno = error;
	return NULL;
}

bool pool_failed_to_start(const struct worker *worker, int status, struct failure *failure)
{
	if (worker->is_ready)
		return false;
	*failure = worker->start_failure;
	if (failure->kind != FAILURE_NONE)
		return true;
	/* Any other signal than that of a filter around us can have come from anywhere. */
	*failure = (struct failure){FAILURE_NOT_READY, {(uint64_t)status, 0}};
	return WIFEXITED(status) || WTERMSIG(status) == SIGSYS;
}

static_assert(WORK_UNITS_MAX <= CHANNEL_FDS_MAX, "each unit may bring an archive");

void parcel_init(struct parcel *parcel, const struct worker *worker)
{
	parcel->archive = worker->archive;
	parcel->fds.count = 0;
	wire_writer_init(&parcel->packet, parcel->bytes, sizeof(parcel->bytes));
}

void parcel_put(struct parcel *parcel, const struct message *message, int archive_fd)
{
	assert(message->kind == MESSAGE_WORK && message->work.has_archive == (archive_fd >= 0));
	int put = message_put(&parcel->packet, message);
	assert(put == 0);
	(void)put;
	if (archive_fd >= 0)
		parcel->fds.fds[parcel->fds.count++] = archive_fd;
	parcel->archive = message->work.archive;
}

int pool_send_packet(struct pool *pool, const struct worker *worker,
	const struct wire_writer *packet, const struct channel_fds *fds)
{
	if (channel_send_fds(worker->channel_fd, packet->data, packet->size, fds, false) < 0)
		return -1;
	pool->stats->sent_messages++;
	pool->stats->sent_bytes += packet->size;
	return 0;
}

int pool_send(struct pool *pool, struct worker *worker, const struct parcel *parcel)
{
	if (pool_send_packet(pool, worker, &parcel->packet, &parcel->fds) < 0)
		return -1;
	worker->archive = parcel->archive;
	return 0;
}

int pool_tell(struct pool *pool, const struct worker *worker, const struct message *message, int fd)
{
	const struct channel_fds fds = {.fds = {fd}, .count = fd >= 0};
	uint8_t bytes[WORK_BYTES_MAX];
	struct wire_writer packet;

	wire_writer_init(&packet, bytes, sizeof(bytes));
	int put = message_put(&packet, message);
	assert(put == 0);
	(void)put;
	return pool_send_packet(pool, worker, &packet, &fds);
}

/* The part of the sandbox that @word says is refused. */
static void warn_of_lack(struct pool *pool, const struct message_start *word)
{
	unsigned bit = 1U << word->step;

	if (!(pool->lacking & bit))
		diag(DIAG_WARNING,
			"the sandbox of the workers lacks what this kernel refuses: %s: %s",
			start_step_part(word->step), strerror((int)word->error));
	pool->lacking |= bit;
}

/*
 * @worker asks for files, each of which is an answer with a descriptor: see to it that it cannot
 * leave many of them lying on their way, but as many as it looks for ahead for two units. If this
 * fails, the usual bound holds.
 */
static void bound_answers(const struct worker *worker)
{
	const int bytes = 24 * 1024;

	(void)setsockopt(worker->channel_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void begin_to_hand_out(struct pool *pool, struct worker *worker)
{
	worker->asks = true;
	if (!pool->hands_out)
		diag(DIAG_DETAIL, "without Landlock workers name no paths: "
				  "their files are made for them and handed out");
	pool->hands_out = true;
}

/*
 * Take a worker's first word, if the packet is one. 1 if it was, 0 if it is something else; -1 with
 * errno if nothing more is to be expected of the worker.
 */
static int take_first_word(struct pool *pool, struct worker *worker, struct wire_reader packet)
{
	struct message message;

	if (worker->is_ready)
		return 0;
	if (message_get(&packet, &message) != 1 || packet.left != 0 ||
		message.kind != MESSAGE_START) {
		errno = EBADMSG;
		return -1;
	}
	const struct message_start *word = &message.start;
	if (word->step == START_NONE) {
		worker->is_ready = true;
		if (word->asks)
			begin_to_hand_out(pool, worker);
		if (word->asks || pool->looks)
			bound_answers(worker);
		return 1;
	}
	if (word->goes_on) {
		warn_of_lack(pool, word);
		return 1;
	}
	worker->start_failure = (struct failure){FAILURE_NO_WORKER, {word->error, word->step}};
	errno = ECHILD;
	return -1;
}

int pool_receive(struct pool *pool, struct worker *worker, struct wire_reader *reader)
{
	ssize_t size = channel_receive_fds(worker->channel_fd, pool->packet, PACKET_MAX,
		worker->memory ? &worker->fds : NULL, false);

	if (size < 0 && errno == EAGAIN)
		return 0;
	if (size == 0)
		errno = ECONNRESET;
	if (size <= 0)
		return -1;
	worker->spoke = true;
	pool->stats->received_messages++;
	pool->stats->received_bytes += (uint64_t)size;
	wire_reader_init(reader, pool->packet, (size_t)size);
	switch (take_first_word(pool, worker, *reader)) {
	case 0:
		return 1;
	case 1:
		return 0;
	default:
		return -1;
	}
}

void pool_drop_unit(struct worker *worker, struct in_hand *hand)
{
	const struct in_hand *end = worker->queue + worker->queued--;

	memmove(hand, hand + 1, (size_t)(end - (hand + 1)) * sizeof(*hand));
}

void pool_retire(struct worker *worker, bool ask)
{
	worker->retired = true;
	/* Both fail only if it is dead, which will show. */
	if (ask)
		(void)shutdown(worker->channel_fd, SHUT_WR);
	else
		(void)kill(worker->pid, SIGKILL);
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
	int status = end_process(worker);

	note_show_words(worker->progress);
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
	starter_release(&pool->starter);
}
