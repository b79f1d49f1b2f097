// SPDX-License-Identifier: MIT

#include "parent/announce.h"

#include "protocol/membername.h"
#include "util/cleanup.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Note what the sink has got, until it is written. */
static int note_unwritten(struct run *run, uint64_t archive, uint64_t member)
{
	if (run->unwritten_count == run->unwritten_capacity) {
		size_t capacity = run->unwritten_capacity * 2 + 64;
		struct unwritten *grown =
			reallocarray(run->unwritten, capacity, sizeof(*run->unwritten));
		if (!grown)
			return -1;
		run->unwritten = grown;
		run->unwritten_capacity = capacity;
	}
	run->unwritten[run->unwritten_count++] = (struct unwritten){archive, member};
	return 0;
}

void announce_failure(struct run *run, const struct failed *failed)
{
	/* It takes its place among the records of the sink, and has no file. */
	if (run->sink->put_failure &&
		(note_unwritten(run, UINT64_MAX, UINT64_MAX) < 0 ||
			run->sink->put_failure(run->sink->context, failed) < 0))
		run_out_of_memory(run);
	run_count_failure(run);
}

static void report(struct run *run, const char *path, const struct record *record,
	const struct failure *failure)
{
	char archive[PRINTABLE_MAX];
	char member[PRINTABLE_MAX];
	char directory[PRINTABLE_MAX];
	char words[PRINTABLE_MAX + 256];

	printable(path, strlen(path), archive, sizeof(archive));
	printable(
		run->settings->tmpdir, strlen(run->settings->tmpdir), directory, sizeof(directory));
	failure_describe(failure, directory, words, sizeof(words));
	if (record)
		diag(DIAG_ERROR, "%s: %s: %s", archive,
			printable(record->name, record->name_size, member, sizeof(member)), words);
	else
		diag(DIAG_ERROR, "%s: %s", archive, words);
	struct failed failed = {
		.archive_path = path,
		.member = record ? record->name : NULL,
		.member_size = record ? record->name_size : 0,
		.error = failure_slug(failure->kind),
		.message = words,
	};
	announce_failure(run, &failed);
}

static void warn(const char *path, const struct record *record)
{
	char archive[PRINTABLE_MAX];
	char member[PRINTABLE_MAX];

	diag(DIAG_WARNING, "%s: %s: %s", printable(path, strlen(path), archive, sizeof(archive)),
		printable(record->name, record->name_size, member, sizeof(member)),
		record_note_words(record));
}

/* schedule_listener: a member's turn has come. */
static bool on_record(
	void *context, const struct job *job, const struct record *record, uint32_t directory)
{
	struct run *run = context;
	char file[MEMBER_FILE_SIZE];
	cleanup_free char *made = NULL;
	const char *path = record->place == PLACE_ARCHIVE ? job->path : "";

	if (run->stop)
		return false; /* it is not told any more, so its file will be removed */
	if (record->failure.kind != FAILURE_NONE) {
		report(run, job->path, record, &record->failure);
		return !run->stop;
	}
	record_file_name(record, file);
	if (record->place == PLACE_FILE &&
		asprintf(&made, "%s/%" PRIu32 "/%s", run->rundir.path, directory, file) < 0) {
		made = NULL;
		run_out_of_memory(run);
		return false;
	}
	if (note_unwritten(run, record->archive, record->member) < 0 ||
		run->sink->put(run->sink->context, record, job->path, made ? made : path) < 0) {
		run_out_of_memory(run);
		return false;
	}
	if (announce_pending(run) == 0)
		announce_write(run); /* it prints as nothing, and has been written already */
	if (record->note != NOTE_NONE)
		warn(job->path, record);
	run->stats->members++;
	run->stats->unzipped_bytes += record->size_bytes;
	return true;
}

static bool on_failed(void *context, const struct job *job)
{
	struct run *run = context;

	if (job->error)
		announce_failure(run, &(struct failed){.archive_path = job->path,
					      .error = job->error,
					      .message = job->message});
	else
		report(run, job->path, NULL, &job->failure);
	return !run->stop;
}

static bool on_empty(void *context, const struct job *job)
{
	char name[PRINTABLE_MAX];

	(void)context;
	printable(job->path, strlen(job->path), name, sizeof(name));
	diag(DIAG_WARNING, "%s: no members", name);
	return true;
}

/* schedule_listener: what was told is yet to be written. */
static bool is_full(void *context)
{
	return announce_pending(context) > ANNOUNCE_PENDING_MAX;
}

struct schedule_listener announce_listener(struct run *run)
{
	return (struct schedule_listener){on_record, on_failed, on_empty, is_full, run};
}

static void forget_written(struct run *run, uint64_t written)
{
	size_t count = (size_t)(written - run->written);

	run->unwritten_count -= count;
	memmove(run->unwritten, run->unwritten + count,
		run->unwritten_count * sizeof(*run->unwritten));
	run->written = written;
}

size_t announce_pending(const struct run *run)
{
	return run->sink->pending(run->sink->context);
}

void announce_write(struct run *run)
{
	uint64_t written = run->written;
	int result = run->sink->write(run->sink->context, &written);
	int error = errno;

	forget_written(run, written);
	if (result < 0)
		run_stop(run, RUN_OUTPUT_LOST, error);
}

void announce_drain(struct run *run)
{
	struct pollfd polls[] = {
		{.fd = run->signals.fd, .events = POLLIN},
		{.fd = run->sink->poll_fd(run->sink->context), .events = POLLOUT},
	};

	while (run->end == RUN_STOPPED && announce_pending(run) > 0) {
		if (poll(polls, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			break; /* ENOMEM may stay: what was not written then is not announced */
		}
		int signal = polls[0].revents ? signals_pending(&run->signals) : 0;
		run->stop = false; /* so that another reason can take the place of this one */
		if (signal)
			run_stop(run, RUN_SIGNALED, signal);
		else if (polls[1].revents)
			announce_write(run);
		run->stop = true;
	}
}

static bool keep_announced(void *context, uint64_t archive, uint64_t member)
{
	const struct run *run = context;

	if (!schedule_was_told(&run->schedule, archive, member))
		return false;
	for (size_t i = 0; i < run->unwritten_count; i++) {
		if (run->unwritten[i].archive == archive && run->unwritten[i].member == member)
			return false;
	}
	return true;
}

void announce_sweep(struct run *run)
{
	for (uint32_t number = 0; number < run->rundir.next; number++) {
		if (rundir_sweep(&run->rundir, number, keep_announced, run) < 0)
			run_not_tidied(run);
	}
}
