// SPDX-License-Identifier: MIT

#include "parent/keptresult.h"

#include "util/cleanup.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 0, or -1: no memory. */
static int copy_record(struct kept_result *kept, const struct record *record)
{
	struct message message = {.kind = MESSAGE_RECORD, .record = *record};
	cleanup_free uint8_t *packet = malloc(PACKET_MAX);
	struct wire_writer writer;

	if (!packet)
		return -1;
	wire_writer_init(&writer, packet, PACKET_MAX);
	int put = message_put(&writer, &message);
	assert(put == 0); /* it came as a message */
	(void)put;
	kept->record = malloc(writer.size);
	if (!kept->record)
		return -1;
	memcpy(kept->record, packet, writer.size);
	kept->record_size = writer.size;
	return 0;
}

int kept_result_copy(struct kept_result *kept, const struct result *result)
{
	const struct job *job = result->job;

	*kept = (struct kept_result){.kind = result->kind, .directory = result->directory};
	kept->job.number = job->number;
	kept->job.failure = job->failure;
	kept->job.error = job->error;
	kept->job.kept = kept_share(job->kept);
	kept->job.path = strdup(job->path);
	kept->job.message = job->message ? strdup(job->message) : NULL;
	if (kept->job.path && (kept->job.message || !job->message) &&
		(result->kind != RESULT_MEMBER || copy_record(kept, result->record) == 0))
		return 0;
	kept_result_release(kept);
	errno = ENOMEM;
	return -1;
}

void kept_result_get(const struct kept_result *kept, struct message *record, struct result *result)
{
	struct wire_reader reader;

	*result = (struct result){
		.kind = kept->kind, .job = &kept->job, .directory = kept->directory};
	if (kept->kind != RESULT_MEMBER)
		return;
	wire_reader_init(&reader, kept->record, kept->record_size);
	int got = message_get(&reader, record);
	assert(got == 1);
	(void)got;
	record->record.archive = kept->job.number; /* a message does not say it */
	result->record = &record->record;
}

void kept_result_release(struct kept_result *kept)
{
	kept_release(steal_pointer(&kept->job.kept));
	free(steal_pointer(&kept->job.path));
	free(steal_pointer(&kept->job.message));
	free(steal_pointer(&kept->record));
}
