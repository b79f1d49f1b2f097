// SPDX-License-Identifier: MIT

#include "parent/keepentry.h"

#include "parent/keptrecord.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Kept files are for reading. */
#define KEPT_MODE 0400
#define KEPT_OPEN (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

#define MANIFEST_NEW    CACHE_MANIFEST ".new"
#define MANIFEST_SORTED CACHE_MANIFEST ".sorted"
#define MANIFEST_PLACES CACHE_MANIFEST ".places"

int keepentry_init(struct keepentry *keep, struct cache *cache, const struct rundir *rundir)
{
	*keep = (struct keepentry){.cache = cache, .rundir = rundir};
	keep->stream = open_memstream(&keep->line, &keep->line_size);
	return keep->stream ? 0 : -1;
}

void keepentry_release(struct keepentry *keep)
{
	if (keep->stream)
		fclose(steal_pointer(&keep->stream));
	free(steal_pointer(&keep->line));
}

static int open_new(const struct keepentry *keep, const struct kept *kept, const char *name)
{
	char path[CACHE_FILE_SIZE];

	cache_file_path(&kept->key, name, path);
	return openat(
		keep->cache->fd, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static void remove_new(const struct keepentry *keep, const struct kept *kept, const char *name)
{
	char path[CACHE_FILE_SIZE];

	cache_file_path(&kept->key, name, path);
	(void)unlinkat(keep->cache->fd, path, 0); /* it may not be there */
}

/* Say once why an entry of @job's archive cannot be made. */
static void warn(struct keepentry *keep, const struct job *job)
{
	const char *reason = strerror(errno);
	char archive[PRINTABLE_MAX];
	char entry[PRINTABLE_MAX];

	if (keep->warned)
		return;
	keep->warned = true;
	diag(DIAG_WARNING, "cannot keep the files of %s in %s: %s",
		printable(job->path, strlen(job->path), archive, sizeof(archive)),
		printable(job->kept->path, strlen(job->kept->path), entry, sizeof(entry)), reason);
}

/* Begin the entry of @job's archive. */
static void begin_entry(struct keepentry *keep, const struct job *job)
{
	struct kept *kept = job->kept;
	const struct manifest_head head = {job->entries, job->behind_another};

	kept->state = KEPT_REFUSED;
	if (cache_make_entry(keep->cache, &kept->key) < 0) {
		if (errno != EEXIST) /* then somebody uses one */
			warn(keep, job);
		return;
	}
	kept->state = KEPT_MADE;
	int fd = open_new(keep, kept, MANIFEST_NEW);
	if (fd < 0 || manifest_begin(&kept->writer, fd, &head, job->path) < 0)
		kept->spoiled = true;
}

/* Find out what became of the file that is moved. 0, or -1: it is not that. */
static int look_at_moved(const struct keepentry *keep, const char *path,
	const struct record *record, struct json_file *file)
{
	struct stat status;

	if (fstatat(keep->cache->fd, path, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISREG(status.st_mode) || status.st_ino != record->inode || status.st_nlink != 1)
		return -1;
	*file = (struct json_file){cache_time_ns(&status.st_mtim), cache_time_ns(&status.st_ctim)};
	return 0;
}

/*
 * Move the file of @result into the entry. It gets the archive's time, which is long past, so that
 * whoever writes to it changes its time for sure; but for who writes through a map on a tmpfs, and
 * so nobody may. 0, or -1: it stays where it is.
 */
static int move_file(const struct keepentry *keep, const struct result *result, const char *path)
{
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT}, result->job->kept->archive.st_mtim};
	char name[MEMBER_FILE_SIZE];
	char from[RUNDIR_FILE_SIZE];

	record_file_name(result->record, name);
	rundir_file_name(result->directory, name, from);
	if (renameat(keep->rundir->fd, from, keep->cache->fd, path) < 0)
		return -1;
	(void)utimensat(keep->cache->fd, path, times, AT_SYMLINK_NOFOLLOW);
	cleanup_fd int fd = openat(keep->cache->fd, path, KEPT_OPEN);
	if (fd >= 0)
		(void)fchmod(fd, KEPT_MODE); /* if it is another file, that shows */
	return 0;
}

/*
 * Have the file of @result in the entry. 0 with its times, or -1 with errno: ESTALE if what was
 * moved is another file, or else it stays where it is.
 */
static int keep_file(
	const struct keepentry *keep, const struct result *result, struct json_file *file)
{
	const struct record *record = result->record;
	struct kept *kept = result->job->kept;
	char name[MEMBER_FILE_SIZE];
	char path[CACHE_FILE_SIZE];

	if (record->packed && kept->has_pack && kept->pack == record->pack) {
		*file = kept->pack_file;
		return 0;
	}
	keptrecord_file_name(record, name);
	cache_file_path(&kept->key, name, path);
	/* A file with several members may have been moved for another one. */
	if (move_file(keep, result, path) < 0 && (errno != ENOENT || !record->packed))
		return -1;
	if (look_at_moved(keep, path, record, file) < 0) {
		errno = ESTALE;
		return -1;
	}
	kept->has_pack = record->packed;
	kept->pack = record->pack;
	kept->pack_file = *file;
	return 0;
}

/* Write the record of a member to the manifest. */
static void write_record(
	struct keepentry *keep, const struct result *result, const struct json_file *file)
{
	const struct record *record = result->record;
	struct kept *kept = result->job->kept;
	const char *archive = result->job->path;
	char name[MEMBER_FILE_SIZE];

	keptrecord_file_name(record, name);
	rewind(keep->stream);
	if (json_print_kept(keep->stream, record, archive,
		    record->place == PLACE_FILE ? name : archive, file) < 0 ||
		fflush(keep->stream) != 0 ||
		manifest_add(&kept->writer, record->member, keep->line, keep->line_size) < 0)
		kept->spoiled = true;
}

/* Give up the manifest. */
static void abandon_manifest(const struct keepentry *keep, struct kept *kept)
{
	manifest_abandon(&kept->writer);
	remove_new(keep, kept, MANIFEST_NEW);
}

/* Make the manifest whole under @name, in order. 0, or -1: it is not there. */
static int finish_sorted(const struct keepentry *keep, struct kept *kept, const char *name)
{
	cleanup_fd int spare_fd = open_new(keep, kept, name);
	cleanup_fd int places_fd = open_new(keep, kept, MANIFEST_PLACES);
	int finished = -1;

	remove_new(keep, kept, MANIFEST_PLACES);
	if (spare_fd >= 0 && places_fd >= 0)
		finished =
			manifest_finish(&kept->writer, steal_fd(&spare_fd), steal_fd(&places_fd));
	abandon_manifest(keep, kept);
	if (finished < 0)
		remove_new(keep, kept, name);
	return finished;
}

/* The last word of an archive: its manifest gets its name, or there is none. */
static void finish_entry(const struct keepentry *keep, struct kept *kept)
{
	bool sorted = kept->writer.sorted;
	const char *name = sorted ? MANIFEST_NEW : MANIFEST_SORTED;
	char from[CACHE_FILE_SIZE];
	char to[CACHE_FILE_SIZE];
	int finished;

	if (kept->spoiled) {
		abandon_manifest(keep, kept);
		return;
	}
	finished =
		sorted ? manifest_finish(&kept->writer, -1, -1) : finish_sorted(keep, kept, name);
	cache_file_path(&kept->key, name, from);
	cache_file_path(&kept->key, CACHE_MANIFEST, to);
	if (finished < 0 || renameat(keep->cache->fd, from, keep->cache->fd, to) < 0)
		remove_new(keep, kept, name);
}

/* The file of @result is not the one that was verified: its worker may have been taken over. */
static const struct result *refuse(
	struct keepentry *keep, const struct result *result, struct result *refusal)
{
	keep->refused = *result->record;
	keep->refused.failure = (struct failure){.kind = FAILURE_CHANGED};
	*refusal = *result;
	refusal->record = &keep->refused;
	return refusal;
}

/* A member has its turn. */
static const struct result *take_member(
	struct keepentry *keep, const struct result *result, struct result *moved)
{
	const struct record *record = result->record;
	struct kept *kept = result->job->kept;
	struct json_file file = {0};

	if (record->failure.kind != FAILURE_NONE) {
		kept->spoiled = true;
		return result;
	}
	if (record->place == PLACE_FILE) {
		if (keep_file(keep, result, &file) < 0) {
			kept->spoiled = true;
			return errno == ESTALE ? refuse(keep, result, moved) : result;
		}
		*moved = *result;
		moved->directory = DIRECTORY_KEPT;
	}
	if (!kept->spoiled)
		write_record(keep, result, &file);
	return record->place == PLACE_FILE ? moved : result;
}

const struct result *keepentry_take(
	struct keepentry *keep, const struct result *result, struct result *moved)
{
	struct kept *kept = result->job->kept;

	if (!kept || kept->state == KEPT_FOUND || result->kind == RESULT_BEHIND)
		return result;
	if (kept->state == KEPT_WANTED && result->kind != RESULT_FAILED)
		begin_entry(keep, result->job);
	if (kept->state != KEPT_MADE)
		return result;
	if (result->kind == RESULT_MEMBER)
		return take_member(keep, result, moved);
	kept->spoiled = kept->spoiled || result->kind == RESULT_FAILED;
	finish_entry(keep, kept);
	return result;
}
