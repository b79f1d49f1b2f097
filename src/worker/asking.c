// SPDX-License-Identifier: MIT

#include "worker/asking.h"

#include <assert.h>
#include <string.h>

static void ask(const struct asking *asking, const char *name, bool remove)
{
	struct message message = {
		.kind = MESSAGE_ASK, .unit = *asking->unit, .ask = {.remove = remove}};

	assert(strlen(name) < sizeof(message.ask.name));
	memcpy(message.ask.name, name, strlen(name) + 1);
	outbox_put(asking->outbox, &message);
}

static int make(void *context, const char *name)
{
	const struct asking *asking = context;

	ask(asking, name, false);
	outbox_flush(asking->outbox);
	return inbox_wait_for_file(asking->inbox);
}

/* Nothing waits for it: the parent does it before what is said later. */
static void remove_file(void *context, const char *name)
{
	ask(context, name, true);
}

struct outfile_maker asking_maker(struct asking *asking)
{
	return (struct outfile_maker){make, remove_file, asking};
}
