// SPDX-License-Identifier: MIT

#include "cli/inputs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many archives of other shares are passed over until signals and workers are heard again. */
#define TURNS_MAX 1000

int inputs_open(struct inputs *inputs, const struct options *options)
{
	*inputs = (struct inputs){.options = options};
	directory_init(&inputs->walk, options->recursive, &inputs->complaint);
	spool_init(&inputs->spool, STDIN_FILENO, options->tmpdir, &inputs->complaint);
	inputs->list.fd = -1;
	if (!options->files_from)
		return 0;
	if (pathlist_open(&inputs->list, options->files_from, options->null_input ? '\0' : '\n') ==
		0)
		return 0;
	complain(&inputs->complaint, options->files_from, "cannot-open", "%s", strerror(errno));
	return -1;
}

void inputs_close(struct inputs *inputs)
{
	directory_release(&inputs->walk);
	spool_release(&inputs->spool);
	pathlist_close(&inputs->list);
	inputs->state = INPUTS_END;
}

/** Take @path, an operand or an entry of the list: an archive, or a directory to enter. */
static enum source_status take_path(
	struct inputs *inputs, const char *path, struct source_item *item)
{
	struct stat status;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
		if (directory_begin(&inputs->walk, path) == SOURCE_FAILED)
			return SOURCE_FAILED;
		inputs->state = INPUTS_DIRECTORY;
		return SOURCE_WAIT;
	}
	*item = (struct source_item){.path = path, .fd = -1};
	return SOURCE_ARCHIVE;
}

/** The next entry of the list. */
static enum source_status next_in_list(struct inputs *inputs, const char **path)
{
	struct complaint *complaint = &inputs->complaint;
	const char *list = inputs->options->files_from;
	uint64_t line = 0;
	enum pathlist_status status = pathlist_next(&inputs->list, path, &line);

	switch (status) {
	case PATHLIST_PATH:
		return SOURCE_ARCHIVE;
	case PATHLIST_AGAIN:
		return SOURCE_AGAIN;
	case PATHLIST_WAIT:
		return SOURCE_WAIT;
	case PATHLIST_TOO_LONG:
		complain(complaint, list, "bad-line", "line %" PRIu64 " is longer than any path",
			line);
		return SOURCE_FAILED;
	case PATHLIST_NUL:
		complain(complaint, list, "bad-line",
			"line %" PRIu64 " contains a NUL; does this list need --null?", line);
		return SOURCE_FAILED;
	case PATHLIST_ERROR:
		complain(complaint, list, "read-error", "%s", strerror(errno));
		return SOURCE_FAILED;
	case PATHLIST_END:
		break;
	}
	return SOURCE_END;
}

/** The next operand, or after the last one the next entry of the list. */
static enum source_status next_path(struct inputs *inputs, struct source_item *item)
{
	const struct options *options = inputs->options;
	const char *path = NULL;

	if (inputs->next_operand < options->operand_count) {
		path = options->operands[inputs->next_operand++];
		if (strcmp(path, "-") == 0) {
			inputs->state = INPUTS_SPOOL;
			return SOURCE_WAIT;
		}
		return take_path(inputs, path, item);
	}
	if (!options->files_from)
		return SOURCE_END;
	enum source_status status = next_in_list(inputs, &path);
	return status == SOURCE_ARCHIVE ? take_path(inputs, path, item) : status;
}

static enum source_status find_next(struct inputs *inputs, struct source_item *item)
{
	enum source_status status;

	for (;;) {
		*item = (struct source_item){.fd = -1};
		switch (inputs->state) {
		case INPUTS_NEXT:
			status = next_path(inputs, item);
			/* A directory or standard input was begun. Go on with it. */
			if (status == SOURCE_WAIT && inputs->state != INPUTS_NEXT)
				continue;
			if (status == SOURCE_END)
				inputs->state = INPUTS_END;
			return status;
		case INPUTS_DIRECTORY:
			status = directory_next(&inputs->walk, &item->path);
			if (status != SOURCE_END)
				return status;
			directory_release(&inputs->walk);
			inputs->state = INPUTS_NEXT;
			continue;
		case INPUTS_SPOOL:
			item->path = "-";
			if (!shard_has(&inputs->options->shard, inputs->index)) {
				/* Nothing is read of what is not unzipped here. */
				inputs->state = INPUTS_NEXT;
				return SOURCE_ARCHIVE;
			}
			status = spool_step(&inputs->spool, &item->fd);
			if (status != SOURCE_WAIT)
				inputs->state = INPUTS_NEXT;
			return status;
		case INPUTS_END:
			return SOURCE_END;
		}
	}
}

/* The next archive of the share, or what else there is. */
static enum source_status find_own(struct inputs *inputs, struct source_item *item)
{
	for (int turns = 0; turns < TURNS_MAX; turns++) {
		enum source_status status = find_next(inputs, item);
		if (status != SOURCE_ARCHIVE)
			return status;
		if (shard_has(&inputs->options->shard, inputs->index++)) {
			item->passed_over = inputs->passed_over;
			inputs->passed_over = 0;
			return status;
		}
		inputs->passed_over++;
	}
	return SOURCE_AGAIN;
}

static enum source_status next(void *context, struct source_item *item)
{
	struct inputs *inputs = context;
	enum source_status status = find_own(inputs, item);

	if (status == SOURCE_FAILED) {
		item->path = inputs->complaint.path;
		item->error = inputs->complaint.error;
		item->message = inputs->complaint.message;
	}
	return status;
}

static int poll_fd(void *context)
{
	const struct inputs *inputs = context;

	return inputs->state == INPUTS_SPOOL ? inputs->spool.in : inputs->list.fd;
}

/** Note where the operands begin that are no directories. */
static void look_for_directories(struct inputs *inputs)
{
	const struct options *options = inputs->options;
	size_t from = options->operand_count;
	struct stat status;

	while (from > inputs->next_operand &&
		(stat(options->operands[from - 1], &status) < 0 || !S_ISDIR(status.st_mode)))
		from--;
	inputs->archives_from = from;
}

static uint64_t ahead(void *context, bool *all)
{
	struct inputs *inputs = context;
	const struct options *options = inputs->options;
	bool known = true;

	if (inputs->archives_from == 0)
		look_for_directories(inputs);
	uint64_t archives = options->operand_count - inputs->next_operand;
	if (inputs->state == INPUTS_DIRECTORY)
		archives += directory_ahead(&inputs->walk, &known);
	*all = known && inputs->next_operand >= inputs->archives_from &&
	       (!options->files_from || inputs->state == INPUTS_END);
	return shard_count(&options->shard, inputs->index, archives);
}

struct archive_source inputs_source(struct inputs *inputs)
{
	return (struct archive_source){
		.next = next, .poll_fd = poll_fd, .ahead = ahead, .context = inputs};
}
