// SPDX-License-Identifier: MIT

#include "parent/execbatch.h"

#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int execbatch_init(struct execbatch *execbatch, const struct exec_settings *settings,
	const struct signals *signals, const char *longest_path, bool keeps_records)
{
	const struct spawn_start start = {.mask = settings->mask,
		.files = settings->files,
		.blocked = settings->blocked,
		.signals = signals,
		.null_fd = -1};

	*execbatch = (struct execbatch){.templates = settings->templates,
		.template_count = settings->template_count,
		.longest_path = longest_path,
		.keeps_records = keeps_records};
	gather_init(&execbatch->records);
	if (commands_init(&execbatch->commands, &start, settings->directory) < 0 ||
		environment_init(&execbatch->environment, settings->environment) < 0)
		return -1;
	execbatch->batches = calloc(settings->template_count, sizeof(*execbatch->batches));
	if (!execbatch->batches)
		return -1;
	char *const *environment = environment_with(&execbatch->environment, NULL);
	for (size_t i = 0; i < settings->template_count; i++)
		batch_init(&execbatch->batches[i], &settings->templates[i], environment);
	return 0;
}

static void clear_batches(struct execbatch *execbatch)
{
	for (size_t i = 0; execbatch->batches && i < execbatch->template_count; i++)
		batch_clear(&execbatch->batches[i]);
	execbatch->full = false;
}

void execbatch_release(struct execbatch *execbatch)
{
	clear_batches(execbatch);
	free(steal_pointer(&execbatch->batches));
	free(steal_pointer(&execbatch->files));
	gather_release(&execbatch->records, &execbatch->commands.place);
	commands_release(&execbatch->commands);
	environment_release(&execbatch->environment);
}

bool execbatch_is_running(const struct execbatch *execbatch)
{
	return execbatch->command != NULL;
}

bool execbatch_has_room(const struct execbatch *execbatch)
{
	/* What is gathered is the running batch's until its last command has started. */
	return !execbatch->full &&
	       (!execbatch->command || execbatch->step == execbatch->template_count);
}

static int add_file(struct execbatch *execbatch, const struct record *record)
{
	if (execbatch->file_count == execbatch->file_capacity) {
		size_t capacity = 2 * execbatch->file_capacity + 64;
		struct batch_file *grown =
			reallocarray(execbatch->files, capacity, sizeof(*execbatch->files));
		if (!grown)
			return -1;
		execbatch->files = grown;
		execbatch->file_capacity = capacity;
	}
	execbatch->files[execbatch->file_count++] =
		record->place == PLACE_MEMORY
			? (struct batch_file){0, record->descriptor}
			: (struct batch_file){record->archive, record->member};
	return 0;
}

/* What stands before a record: sizes of what follows it. */
struct record_head {
	size_t path_size;
	size_t entry_size; /* 0: the file is not in an entry of kept files */
	size_t record_size;
	uint64_t archive;
	uint32_t directory;
};

static int put_record(struct execbatch *execbatch, const struct result *result)
{
	struct gather_place *place = &execbatch->commands.place;
	struct kept_result kept;

	if (kept_result_copy(&kept, result) < 0)
		return -1;
	const char *entry = kept.job.kept ? kept.job.kept->path : "";
	const struct record_head head = {strlen(kept.job.path) + 1,
		kept.job.kept ? strlen(entry) + 1 : 0, kept.record_size, kept.job.number,
		kept.directory};
	int put = gather_put(&execbatch->records, place, &head, sizeof(head));
	if (put == 0)
		put = gather_put(&execbatch->records, place, kept.job.path, head.path_size);
	if (put == 0)
		put = gather_put(&execbatch->records, place, entry, head.entry_size);
	if (put == 0)
		put = gather_put(&execbatch->records, place, kept.record, head.record_size);
	int error = errno;
	kept_result_release(&kept);
	errno = error;
	return put;
}

int execbatch_add(struct execbatch *execbatch, const struct result *result, const char *path)
{
	for (size_t i = 0; i < execbatch->template_count; i++) {
		if (batch_add(&execbatch->batches[i], path) < 0)
			return -1;
		if (!batch_fits(&execbatch->batches[i], execbatch->longest_path))
			execbatch->full = true;
	}
	if (execbatch->keeps_records && put_record(execbatch, result) < 0)
		return -1;
	return add_file(execbatch, result->record);
}

void execbatch_finish(struct execbatch *execbatch)
{
	execbatch->finished = true;
}

bool execbatch_close(struct execbatch *execbatch)
{
	if (execbatch->command || execbatch->file_count == 0 || execbatch->full)
		return false;
	execbatch->full = true;
	return true;
}

bool execbatch_is_due(const struct execbatch *execbatch)
{
	return !execbatch->command && execbatch->file_count > 0 &&
	       (execbatch->full || execbatch->finished);
}

/* Start the next command of the batch. */
static int start_step(struct execbatch *execbatch)
{
	cleanup_free char **words = batch_words(&execbatch->batches[execbatch->step]);

	if (!words)
		return -1;
	if (execbatch->command)
		commands_forget(&execbatch->commands, steal_pointer(&execbatch->command));
	execbatch->command = commands_start(&execbatch->commands, words,
		environment_with(&execbatch->environment, NULL), false);
	if (!execbatch->command)
		return -1;
	if (++execbatch->step == execbatch->template_count)
		clear_batches(execbatch);
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	const struct batch_file *left = a;
	const struct batch_file *right = b;

	if (left->archive != right->archive)
		return left->archive < right->archive ? -1 : 1;
	if (left->member != right->member)
		return left->member < right->member ? -1 : 1;
	return 0;
}

int execbatch_start(struct execbatch *execbatch)
{
	execbatch->step = 0;
	execbatch->running_files = execbatch->file_count;
	execbatch->running_records = execbatch->keeps_records ? execbatch->file_count : 0;
	qsort(execbatch->files, execbatch->running_files, sizeof(*execbatch->files), compare_files);
	return start_step(execbatch);
}

void execbatch_reap(struct execbatch *execbatch)
{
	commands_reap(&execbatch->commands);
}

int execbatch_step(struct execbatch *execbatch)
{
	const struct command *command = execbatch->command;

	if (command && command_has_ended(command) && command->status == 0 &&
		execbatch->step < execbatch->template_count)
		return start_step(execbatch);
	return 0;
}

bool execbatch_has_ended(const struct execbatch *execbatch, int *status)
{
	if (!execbatch->command || !command_has_ended(execbatch->command))
		return false;
	*status = execbatch->command->status;
	return true;
}

bool execbatch_used(const struct execbatch *execbatch, uint64_t archive, uint64_t member)
{
	const struct batch_file file = {archive, member};

	return execbatch->running_files > 0 &&
	       bsearch(&file, execbatch->files, execbatch->running_files, sizeof(file),
		       compare_files) != NULL;
}

/* Take exactly @size bytes of the records. 0, or -1 with errno. */
static int take_all(struct execbatch *execbatch, void *bytes, size_t size)
{
	char *at = bytes;

	while (size > 0) {
		ssize_t got =
			gather_take(&execbatch->records, &execbatch->commands.place, at, size);
		if (got < 0)
			return -1;
		at += got;
		size -= (size_t)got;
	}
	return 0;
}

int execbatch_take(struct execbatch *execbatch, struct kept_result *kept)
{
	struct record_head head;

	*kept = (struct kept_result){.kind = RESULT_MEMBER};
	if (execbatch->running_records == 0)
		return 0;
	execbatch->running_records--;
	if (take_all(execbatch, &head, sizeof(head)) < 0)
		return -1;
	kept->directory = head.directory;
	kept->job.number = head.archive;
	kept->record_size = head.record_size;
	kept->job.path = malloc(head.path_size);
	kept->record = malloc(head.record_size);
	kept->job.kept = head.entry_size > 0 ? kept_of_size(head.entry_size) : NULL;
	if (kept->job.path && kept->record && (kept->job.kept || head.entry_size == 0) &&
		take_all(execbatch, kept->job.path, head.path_size) == 0 &&
		take_all(execbatch, kept->job.kept ? kept->job.kept->path : NULL,
			head.entry_size) == 0 &&
		take_all(execbatch, kept->record, head.record_size) == 0)
		return 1;
	int error = errno;
	kept_result_release(kept);
	errno = error;
	return -1;
}

void execbatch_conclude(struct execbatch *execbatch)
{
	struct kept_result kept;

	while (execbatch_take(execbatch, &kept) > 0)
		kept_result_release(&kept);
	if (execbatch->step < execbatch->template_count)
		clear_batches(execbatch); /* a command before the last one has failed */
	commands_forget(&execbatch->commands, steal_pointer(&execbatch->command));
	execbatch->file_count -= execbatch->running_files;
	memmove(execbatch->files, execbatch->files + execbatch->running_files,
		execbatch->file_count * sizeof(*execbatch->files));
	execbatch->running_files = 0;
}

bool execbatch_is_idle(const struct execbatch *execbatch)
{
	return !execbatch->command && execbatch->file_count == 0;
}

void execbatch_signal(struct execbatch *execbatch, int number)
{
	execbatch->step = execbatch->template_count;
	commands_signal(&execbatch->commands, number);
}
