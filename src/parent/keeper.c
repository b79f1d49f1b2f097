// SPDX-License-Identifier: MIT

#include "parent/keeper.h"

#include "parent/descend.h"
#include "parent/keptrecord.h"
#include "parent/prune.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* An archive that was changed so shortly before may change again without showing it. */
#define YOUNG_NS (INT64_C(2) * 1000000000)

/* So many bytes of records of an entry are held at once; the rest is read when it has its turn. */
#define QUEUED_MAX ((size_t)32 * 1024)

/* Records that are read in one turn. */
#define FED_MAX 64

/* Make the directories above the one that is wanted. 0, or -1 with errno. */
static int make_parents(const struct run_cache *wanted)
{
	cleanup_free char *parent = strdup(wanted->path);

	if (!parent)
		return -1;
	for (char *end = parent + strlen(parent); end > parent + 1 && end[-1] == '/';)
		*--end = '\0';
	char *slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return 0;
	*slash = '\0';
	return descend_make_all(parent, wanted->parent_mode);
}

/* 0, or -1 with errno, as cache_open(). */
static int open_cache(struct keeper *keeper, const struct run_cache *wanted, const char **why)
{
	if (cache_open(&keeper->cache, wanted->path, true, why) == 0)
		return 0;
	if (errno != ENOENT || make_parents(wanted) < 0)
		return -1;
	return cache_open(&keeper->cache, wanted->path, true, why);
}

int keeper_init(struct keeper *keeper, const struct run_settings *settings, struct budget *budget)
{
	const struct run_cache *wanted = settings->cache;
	char name[PRINTABLE_MAX];
	const char *why;

	*keeper = (struct keeper){.budget = budget, .reader.fd = -1};
	if (!wanted)
		return 0;
	printable(wanted->path, strlen(wanted->path), name, sizeof(name));
	if (open_cache(keeper, wanted, &why) < 0) {
		diag(DIAG_ERROR, "cannot keep files in %s: %s", name, why ? why : strerror(errno));
		return -1;
	}
	memcpy(keeper->cache.options, wanted->options, sizeof(keeper->cache.options));
	return 0;
}

void keeper_release(struct keeper *keeper)
{
	manifest_release(&keeper->reader);
	cache_release(&keeper->cache);
}

/* The first item that could not be removed. */
struct stuck {
	int error; /* 0: there is none */
	char name[CACHE_ENTRY_SIZE];
};

/* For prune(). */
static void note_stuck(void *context, const struct prune_item *item, int error)
{
	struct stuck *stuck = context;

	if (!error || stuck->error)
		return;
	stuck->error = error;
	memcpy(stuck->name, item->name, sizeof(stuck->name));
}

void keeper_prune(
	struct keeper *keeper, const struct run_settings *settings, const struct rundir *rundir)
{
	struct cache *cache = &keeper->cache;
	struct stuck stuck = {0};
	struct prune_sums sums;
	char name[PRINTABLE_MAX];
	char item[PRINTABLE_MAX];

	if (!cache->path || settings->cache->max_bytes == 0 || cache_lock_pruning(cache) < 0)
		return;
	/* Commands have ended, and nobody else was told of a path. */
	if (settings->commands && !settings->commands->print)
		cache_forget_marks(cache);
	cache->own_run = rundir_name(rundir);
	printable(cache->path, strlen(cache->path), name, sizeof(name));
	if (prune(cache, settings->cache->max_bytes, false, note_stuck, &stuck, &sums) < 0)
		diag(DIAG_WARNING, "cannot prune %s: %s", name, strerror(errno));
	else if (stuck.error)
		diag(DIAG_WARNING, "cannot prune %s: cannot remove all of %s%s: %s", name,
			printable(stuck.name, strlen(stuck.name), item, sizeof(item)),
			sums.failures > 1 ? ", and of others" : "", strerror(stuck.error));
	else if (sums.bytes > settings->cache->max_bytes)
		diag(DIAG_WARNING,
			"%s: kept files take %" PRIu64
			" bytes, more than --cache-max: those that are left are in use",
			name, sums.bytes);
}

/* --- entries that are there ------------------------------------------------------------------- */

/* Whether the status is that of a kept file, as its record says. */
static bool is_file(
	const struct keeper *keeper, const struct stat *status, const struct keptrecord *kept)
{
	const struct record *record = &kept->message.record;
	uint64_t size = (uint64_t)status->st_size;

	if (!S_ISREG(status->st_mode) || status->st_nlink != 1 ||
		status->st_uid != keeper->cache.owner || status->st_dev != keeper->cache.device ||
		status->st_ino != record->inode || record->offset_bytes > size ||
		cache_time_ns(&status->st_mtim) != kept->file.mtime_ns ||
		cache_time_ns(&status->st_ctim) != kept->file.ctime_ns)
		return false;
	uint64_t left = size - record->offset_bytes;
	return record->packed ? record->size_bytes <= left : record->size_bytes == left;
}

/* Whether the file of a kept record is as it was. */
static bool check_file(
	const struct keeper *keeper, const struct cache_key *key, const struct keptrecord *kept)
{
	char path[CACHE_FILE_SIZE];
	struct stat status;

	if (kept->message.record.place != PLACE_FILE)
		return true;
	cache_file_path(key, kept->name, path);
	return fstatat(keeper->cache.fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       is_file(keeper, &status, kept);
}

/* Records of an entry as they were found. */
struct found {
	struct recordqueue queue;
	uint64_t end;     /* behind the last in the queue */
	uint64_t next;    /* the lowest that the next may be of */
	uint64_t members; /* in the queue, whole, */
	uint64_t bytes;   /* and their bytes */
	uint64_t place;   /* of the line behind the last in the queue, */
	bool full;        /* where there is one */
};

/* A record is told, within the limits of the run. 0, or -1 with errno ENOMEM. */
static int queue_record(struct keeper *keeper, struct found *found, struct message *message)
{
	struct record *record = &message->record;

	if (record->place == PLACE_ARCHIVE)
		budget_allow(keeper->budget, record, &record->failure);
	else
		budget_take(keeper->budget, record, &record->failure);
	if (recordqueue_put(&found->queue, message) < 0)
		return -1;
	found->end = record->member + 1;
	found->members += record->failure.kind == FAILURE_NONE;
	found->bytes += record->failure.kind == FAILURE_NONE ? record->size_bytes : 0;
	found->place = keeper->reader.place;
	return 0;
}

/* One line of a manifest. 0, or -1 with errno: EBADMSG if the entry is void. */
static int take_line(struct keeper *keeper, const struct cache_key *key, struct found *found,
	const char *line, size_t size)
{
	struct keptrecord kept;
	int result = 0;

	if (keptrecord_read(&kept, line, size) < 0)
		return -1;
	uint64_t member = kept.message.record.member;
	if (member < found->next || member >= keeper->reader.head.entries ||
		!check_file(keeper, key, &kept)) {
		errno = EBADMSG;
		result = -1;
	} else {
		found->next = member + 1;
		found->full = found->full || found->queue.capacity > QUEUED_MAX;
		if (!found->full)
			result = queue_record(keeper, found, &kept.message);
	}
	keptrecord_release(&kept);
	return result;
}

/* Hold all of the entry against its manifest, which is open. 0, or -1 with errno. */
static int check_entry(struct keeper *keeper, const struct cache_key *key, struct found *found)
{
	const char *line;
	size_t size;
	int got;

	found->place = keeper->reader.place;
	while ((got = manifest_next(&keeper->reader, &line, &size)) == 1) {
		if (take_line(keeper, key, found, line, size) < 0)
			return -1;
	}
	if (got < 0)
		return -1;
	errno = EBADMSG;
	return manifest_is_whole(&keeper->reader) ? 0 : -1;
}

/* Look at the entry of @kept. 1: it is whole; 0: it is not there, or void; -1 with errno ENOMEM. */
static int find_entry(struct keeper *keeper, const struct kept *kept, struct found *found)
{
	const struct budget before = *keeper->budget;
	char path[CACHE_FILE_SIZE];

	cache_file_path(&kept->key, CACHE_MANIFEST, path);
	int fd = openat(
		keeper->cache.fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (manifest_open(&keeper->reader, fd) == 0 && check_entry(keeper, &kept->key, found) == 0)
		return 1;
	int error = errno;
	manifest_close(&keeper->reader);
	recordqueue_release(&found->queue);
	*keeper->budget = before;
	return error == ENOMEM ? -1 : 0;
}

/* Make a job of a whole entry. 0, or -1 with errno ENOMEM. */
static int add_job(struct keeper *keeper, struct schedule *schedule, const char *path,
	struct kept *kept, struct found *found)
{
	const struct manifest_head *head = &keeper->reader.head;
	const struct message_plan plan = {.end = head->entries,
		.entries = head->entries,
		.behind_another = head->behind_another};

	if (schedule_add(schedule, path, -1, 0, NULL) < 0)
		return -1;
	schedule_keep(schedule, kept_share(kept));
	struct unit *unit = schedule->last->units;
	/* It is nobody's. That it is planned takes no memory, since it is the only one. */
	schedule_give(schedule, unit, DIRECTORY_KEPT);
	(void)schedule_plan(schedule, unit, &plan);
	unit->results = found->queue;
	unit->next_member = found->end;
	schedule->held_bytes += unit->results.capacity;
	schedule->members += found->members;
	schedule->member_bytes += found->bytes;
	schedule_let_pop(schedule, unit);
	if (!found->full) {
		schedule_finish(schedule, unit);
		return 0;
	}
	kept->fd = steal_fd(&keeper->reader.fd);
	kept->place = found->place;
	keeper->feeding++;
	return 0;
}

/* Use the whole entry of @kept. */
static enum keeper_end use_entry(struct keeper *keeper, struct schedule *schedule, const char *path,
	struct kept *kept, struct found *found)
{
	char manifest[CACHE_FILE_SIZE];

	kept->state = KEPT_FOUND;
	cache_mark(&keeper->cache, &kept->key);
	cache_file_path(&kept->key, CACHE_MANIFEST, manifest);
	/* When it was used last. If that cannot be noted, it is only pruned sooner. */
	(void)utimensat(keeper->cache.fd, manifest, NULL, AT_SYMLINK_NOFOLLOW);
	int added = add_job(keeper, schedule, path, kept, found);
	manifest_close(&keeper->reader);
	if (added == 0)
		return KEEPER_FOUND;
	recordqueue_release(&found->queue);
	return KEEPER_NO_MEMORY;
}

static bool is_young(const struct stat *status)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	int64_t changed_ns = cache_time_ns(&now) - cache_time_ns(&status->st_ctim);
	int64_t written_ns = cache_time_ns(&now) - cache_time_ns(&status->st_mtim);
	/* Who writes sets the time of a change. That of writing may be any, also one to come. */
	return changed_ns < YOUNG_NS || (written_ns < YOUNG_NS && written_ns > -YOUNG_NS);
}

enum keeper_end keeper_look(struct keeper *keeper, struct schedule *schedule, const char *path,
	int fd, const struct stat *status, struct kept **kept)
{
	struct found found = {.full = false};

	*kept = NULL;
	if (!keeper || !keeper->cache.path || is_young(status))
		return KEEPER_NOTHING;
	struct kept *own = kept_new(&keeper->cache, status);
	if (!own)
		return KEEPER_NO_MEMORY;
	/* Somebody removes an entry, this one perhaps: that is not waited for. */
	if (cache_share(&keeper->cache, &own->key) < 0) {
		kept_release(own);
		return KEEPER_NOTHING;
	}
	int got = find_entry(keeper, own, &found);
	if (got == 0) {
		/* What is void makes room for what takes its place. If it cannot, that is said
		 * when the entry is to be made. */
		(void)cache_make_room(&keeper->cache, &own->key);
		*kept = own;
		return KEEPER_NOTHING;
	}
	enum keeper_end end =
		got < 0 ? KEEPER_NO_MEMORY : use_entry(keeper, schedule, path, own, &found);
	if (end == KEEPER_FOUND)
		close(fd);
	kept_release(own);
	return end;
}

/* --- what does not fit in memory at once ------------------------------------------------------ */

/* The first job of which a part is still to be read, if it has its turn and nothing of it waits. */
static struct job *hungry_job(const struct schedule *schedule)
{
	struct job *job = schedule->first;

	while (job && (!job->kept || job->kept->fd < 0))
		job = schedule->unordered ? job->next : NULL;
	return job && job->units->popped_member == job->units->next_member ? job : NULL;
}

/* No more of @job is read. */
static void end_job(struct keeper *keeper, struct schedule *schedule, struct job *job)
{
	close(steal_fd(&job->kept->fd));
	keeper->feeding--;
	schedule_finish(schedule, job->units);
}

/* The manifest, which was whole, is not as it was. */
static void fail_job(struct keeper *keeper, struct schedule *schedule, struct job *job)
{
	int error = errno == EBADMSG ? ESTALE : errno;

	end_job(keeper, schedule, job);
	schedule_fail(schedule, job, &(struct failure){FAILURE_READ, {(uint64_t)error, 0}});
}

/* One line of the rest of a manifest. 0, or -1 with errno. */
static int feed_line(struct keeper *keeper, struct schedule *schedule, struct unit *unit,
	const char *line, size_t size)
{
	struct keptrecord kept;
	struct record *record = &kept.message.record;

	if (keptrecord_read(&kept, line, size) < 0)
		return -1;
	int result = -1;
	errno = EBADMSG;
	if (record->member >= unit->next_member && record->member < unit->members.end) {
		if (record->place == PLACE_ARCHIVE)
			budget_allow(keeper->budget, record, &record->failure);
		else
			budget_take(keeper->budget, record, &record->failure);
		result = schedule_record(schedule, unit, &kept.message);
	}
	int error = errno;
	keptrecord_release(&kept);
	errno = error;
	return result;
}

int keeper_feed(struct keeper *keeper, struct schedule *schedule)
{
	struct job *job = keeper->feeding > 0 ? hungry_job(schedule) : NULL;
	const char *line;
	size_t size;
	int got = 1;

	if (!job)
		return 0;
	if (lseek(job->kept->fd, (off_t)job->kept->place, SEEK_SET) < 0) {
		fail_job(keeper, schedule, job);
		return 1;
	}
	manifest_resume(&keeper->reader, job->kept->fd, job->kept->place);
	for (unsigned i = 0; i < FED_MAX && got == 1; i++) {
		got = manifest_next(&keeper->reader, &line, &size);
		if (got == 1 && feed_line(keeper, schedule, job->units, line, size) < 0)
			got = -1;
	}
	job->kept->place = keeper->reader.place;
	keeper->reader.fd = -1; /* it stays with the job */
	if (got < 0 && errno == ENOMEM)
		return -1;
	if (got < 0)
		fail_job(keeper, schedule, job);
	else if (got == 0)
		end_job(keeper, schedule, job);
	return 1;
}
