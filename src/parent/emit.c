// SPDX-License-Identifier: MIT

#include "parent/emit.h"

#include "parent/keptrecord.h"
#include "parent/lookup.h"
#include "parent/memoryfiles.h"
#include "parent/naming.h"
#include "protocol/membername.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/io.h"
#include "util/printable.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A failure takes its place among the records of the sink, and has no file. */
static const struct unwritten no_file = {UINT64_MAX, UINT64_MAX};

/* Have room for one more, so that a result that is popped can always be noted. */
static int make_room(struct emit *emit)
{
	if (emit->unwritten_count < emit->unwritten_capacity)
		return 0;
	size_t capacity = emit->unwritten_capacity * 2 + 64;
	struct unwritten *grown = reallocarray(emit->unwritten, capacity, sizeof(*emit->unwritten));
	if (!grown)
		return -1;
	emit->unwritten = grown;
	emit->unwritten_capacity = capacity;
	return 0;
}

int emit_init(struct emit *emit, const struct run_settings *settings,
	const struct record_sink *sink, struct run_stats *stats)
{
	*emit = (struct emit){.sink = sink,
		.settings = settings,
		.place = settings->in_memory ? "memory" : settings->tmpdir,
		.stats = stats,
		.silent = settings->commands && !settings->commands->print};
	return make_room(emit);
}

void emit_release(struct emit *emit)
{
	free(steal_pointer(&emit->unwritten));
	emit->unwritten_count = emit->unwritten_capacity = 0;
}

size_t emit_pending(const struct emit *emit)
{
	return emit->sink->pending(emit->sink->context);
}

bool emit_has_room(const struct emit *emit)
{
	return emit_pending(emit) <= EMIT_PENDING_MAX;
}

/*
 * Note what the sink gets next, until it is written. Even if it does not get it, the member counts
 * as not announced. 0, or -1: there is no room for another.
 */
static int note_unwritten(struct emit *emit, struct unwritten noted)
{
	emit->unwritten[emit->unwritten_count++] = noted;
	return make_room(emit);
}

/* Emit a failure that stderr was told of. */
static enum emit_end emit_failure(struct emit *emit, const struct failed *failed)
{
	const struct record_sink *sink = emit->sink;

	emit->stats->failures++;
	if (!sink->put_failure)
		return EMIT_FAILURE;
	int noted = note_unwritten(emit, no_file);
	return sink->put_failure(sink->context, failed) < 0 || noted < 0 ? EMIT_NO_MEMORY
									 : EMIT_FAILURE;
}

/* Say that @record's member, or all of the archive if that is NULL, has failed. */
static enum emit_end report(struct emit *emit, const struct job *job, const struct record *record,
	const struct failure *failure)
{
	char archive[PRINTABLE_MAX];
	char member[PRINTABLE_MAX];
	char directory[PRINTABLE_MAX];
	char words[PRINTABLE_MAX + 256];

	printable(job->path, strlen(job->path), archive, sizeof(archive));
	printable(emit->place, strlen(emit->place), directory, sizeof(directory));
	failure_describe(failure, directory, words, sizeof(words));
	if (record)
		diag(DIAG_ERROR, "%s: %s: %s", archive,
			printable(record->name, record->name_size, member, sizeof(member)), words);
	else
		diag(DIAG_ERROR, "%s: %s", archive, words);
	struct failed failed = {
		.archive_path = job->path,
		.member = record ? record->name : NULL,
		.member_size = record ? record->name_size : 0,
		.error = failure_slug(failure->kind),
		.message = words,
	};
	return emit_failure(emit, &failed);
}

static void warn(const struct job *job, const struct record *record)
{
	char archive[PRINTABLE_MAX];
	char member[PRINTABLE_MAX];

	diag(DIAG_WARNING, "%s: %s: %s",
		printable(job->path, strlen(job->path), archive, sizeof(archive)),
		printable(record->name, record->name_size, member, sizeof(member)),
		record_note_words(record));
}

/* The path of a file in the run directory. NULL: no memory. */
static char *make_file_path(const struct result *result, const char *run_path)
{
	const size_t number_max = sizeof("/4294967295/") - 1;
	size_t run_size = strlen(run_path);
	char *path = malloc(run_size + number_max + MEMBER_FILE_SIZE);

	if (!path)
		return NULL;
	char *at = mempcpy(path, run_path, run_size);
	*at++ = '/';
	at += member_put_decimal(at, result->directory);
	*at++ = '/';
	record_file_name(result->record, at);
	return path;
}

/* The path of a file in the entry of its archive. NULL: no memory. */
static char *make_kept_path(const struct result *result)
{
	const char *entry = result->job->kept->path;
	char *path = malloc(strlen(entry) + 1 + MEMBER_FILE_SIZE);

	if (path)
		keptrecord_file_name(result->record, stpcpy(stpcpy(path, entry), "/"));
	return path;
}

/* NULL: no memory. */
static char *file_path(
	const struct run_settings *settings, const struct result *result, const char *run_path)
{
	if (settings->naming)
		return naming_path(settings->tmpdir, settings->naming, result);
	return result->directory == DIRECTORY_KEPT ? make_kept_path(result)
						   : make_file_path(result, run_path);
}

int emit_path(
	const struct emit *emit, const struct result *result, const char *run_path, char **path)
{
	*path = NULL;
	switch (result->record->place) {
	case PLACE_FILE:
	case PLACE_THERE:
		*path = file_path(emit->settings, result, run_path);
		break;
	case PLACE_MEMORY:
		*path = memoryfiles_path(result->record->descriptor);
		break;
	case PLACE_ARCHIVE:
		*path = strdup(result->job->path);
		break;
	case PLACE_DIRECTORY:
	case PLACE_NOWHERE:
		*path = strdup("");
		break;
	}
	if (*path)
		return 0;
	errno = ENOMEM;
	return -1;
}

/* A whole member goes to the sink. 0, or -1 with errno: it has not got it. */
static int print_member(struct emit *emit, const struct result *result, const char *run_path)
{
	const struct record_sink *sink = emit->sink;
	const struct record *record = result->record;
	cleanup_free char *path = NULL;
	int noted = note_unwritten(emit, (struct unwritten){record->archive, record->member});

	if (emit_path(emit, result, run_path, &path) < 0 ||
		sink->put(sink->context, record, result->job->path, path) < 0 || noted < 0)
		return -1;
	/* If it prints as nothing, it is written already, without a look at the descriptor. */
	return emit_pending(emit) == 0 ? emit_write(emit) : 0;
}

static enum emit_end emit_member(
	struct emit *emit, const struct result *result, const char *run_path)
{
	const struct record *record = result->record;

	if (record->failure.kind != FAILURE_NONE)
		return report(emit, result->job, record, &record->failure);
	if (!emit->silent && print_member(emit, result, run_path) < 0)
		return EMIT_NO_MEMORY;
	if (record->note != NOTE_NONE)
		warn(result->job, record);
	emit->stats->members++;
	emit->stats->unzipped_bytes += record->size_bytes;
	return EMIT_DONE;
}

static enum emit_end emit_failed(struct emit *emit, const struct job *job)
{
	if (!job->error)
		return report(emit, job, NULL, &job->failure);
	return emit_failure(emit,
		&(struct failed){
			.archive_path = job->path, .error = job->error, .message = job->message});
}

enum emit_end emit_result(struct emit *emit, const struct result *result, const char *run_path)
{
	const struct job *job = result->job;
	char name[PRINTABLE_MAX];

	switch (result->kind) {
	case RESULT_MEMBER:
		return emit_member(emit, result, run_path);
	case RESULT_FAILED:
		return emit_failed(emit, job);
	case RESULT_WHOLE:
		return EMIT_DONE;
	case RESULT_EMPTY:
	case RESULT_BEHIND:
		break;
	}
	printable(job->path, strlen(job->path), name, sizeof(name));
	if (result->kind == RESULT_EMPTY)
		diag(DIAG_WARNING, "%s: no members", name);
	else
		diag(DIAG_WARNING,
			"%s: before this archive, the file holds members of another one: they were "
			"left alone",
			name);
	return EMIT_DONE;
}

enum emit_end emit_bytes(struct emit *emit, const char *bytes, size_t size)
{
	int noted = note_unwritten(emit, no_file);

	return emit->sink->put_bytes(emit->sink->context, bytes, size) < 0 || noted < 0
		       ? EMIT_NO_MEMORY
		       : EMIT_DONE;
}

enum emit_end emit_general_failure(
	struct emit *emit, const struct failure *failure, const char *name)
{
	char words[PRINTABLE_MAX + 256];

	failure_describe(failure, name, words, sizeof(words));
	diag(DIAG_ERROR, "%s", words);
	struct failed failed = {.error = failure_slug(failure->kind), .message = words};
	return emit_failure(emit, &failed);
}

static void forget_written(struct emit *emit, uint64_t written)
{
	size_t count = (size_t)(written - emit->written);

	emit->unwritten_count -= count;
	memmove(emit->unwritten, emit->unwritten + count,
		emit->unwritten_count * sizeof(*emit->unwritten));
	emit->written = written;
}

int emit_write(struct emit *emit)
{
	uint64_t written = emit->written;
	int result = emit->sink->write(emit->sink->context, &written);
	int error = errno;

	forget_written(emit, written);
	errno = error;
	return result;
}

int emit_drain(struct emit *emit, int signal_fd)
{
	struct pollfd polls[] = {
		{.fd = signal_fd, .events = POLLIN},
		{.fd = emit->sink->poll_fd(emit->sink->context), .events = POLLOUT},
	};

	while (emit_pending(emit) > 0) {
		if (io_retry(poll(polls, 2, -1)) < 0)
			break; /* ENOMEM may stay: what was not written then is not announced */
		if (polls[0].revents) {
			errno = EINTR;
			return -1;
		}
		if (polls[1].revents && emit_write(emit) < 0)
			return -1;
	}
	return 0;
}

/* What is known of announced members. */
struct announced {
	const struct emit *emit;
	const struct schedule *schedule;
};

static bool keep_announced(void *context, uint64_t archive, uint64_t member)
{
	const struct announced *announced = context;
	const struct emit *emit = announced->emit;

	if (!lookup_was_popped(announced->schedule, archive, member))
		return false;
	for (size_t i = 0; i < emit->unwritten_count; i++) {
		if (emit->unwritten[i].archive == archive && emit->unwritten[i].member == member)
			return false;
	}
	return true;
}

int emit_sweep(const struct emit *emit, const struct schedule *schedule, struct rundir *rundir)
{
	struct announced announced = {emit, schedule};
	int error = 0;

	for (uint32_t number = 0; number < rundir->next; number++) {
		if (rundir_sweep(rundir, number, keep_announced, &announced) < 0)
			error = errno;
	}
	errno = error;
	return error ? -1 : 0;
}
