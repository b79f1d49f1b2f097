// SPDX-License-Identifier: MIT

/*
 * A zipmap whose workers can be taken over. It is linked with this file in the place of
 * worker/worker.c, which it includes: a worker does its work as the real one does, in its sandbox,
 * until it is handed an archive that begins with the words of a hostile one. From then on it does
 * what that says (hostile.h).
 */

#include "hostile.h"
#include "util/io.h"
#include "worker/inbox.h"

#include <string.h>
#include <sys/stat.h>

static int attack_take(struct inbox *inbox, struct message *message, int *fd);

#define worker_main honest_main
#define inbox_take  attack_take
#include "worker/worker.c"
#undef worker_main
#undef inbox_take

_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress);

/* The last units that were given. Some of them are done. */
enum { UNITS_KEPT = HOSTILE_UNITS_MAX };

static struct loot loot;
static struct loot_unit units[UNITS_KEPT];
static unsigned unit_count;

static void keep_unit(const struct message *message, int archive_fd)
{
	struct stat status;

	if (unit_count == UNITS_KEPT)
		memmove(units, units + 1, (--unit_count) * sizeof(units[0]));
	units[unit_count] = (struct loot_unit){.id = message->unit, .work = message->work};
	if (archive_fd >= 0 && io_status(archive_fd, &status) == 0)
		units[unit_count].size_bytes = (uint64_t)status.st_size;
	unit_count++;
}

/* Say in the crash note which unit is begun, as the worker does that is about to open its archive.
 */
static void note_unit(uint64_t unit)
{
	struct progress_lane *lanes = loot.progress->lanes;
	struct progress_lane *lane = &lanes[lanes[0].unit != PROGRESS_NONE];

	lane->unit = unit;
	lane->member = PROGRESS_NONE;
}

/* As inbox_take(), for the worker. It does not return with a hostile archive. */
static int attack_take(struct inbox *inbox, struct message *message, int *fd)
{
	char kind[32];
	uint64_t seed;
	int result = inbox_take(inbox, message, fd);

	if (result < 0)
		return result;
	keep_unit(message, *fd);
	if (*fd < 0 || !hostile_is_archive(*fd, kind, &seed))
		return result;
	note_unit(message->unit);
	struct loot_unit own = units[unit_count - 1];
	while (!inbox_is_empty(inbox)) {
		if (inbox_take(inbox, message, fd) == 0)
			keep_unit(message, *fd);
	}
	hostile_play(&loot, kind, seed ^ own.id << 32, units, unit_count);
}

_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress)
{
	const struct worker_settings *settings = context;

	loot = (struct loot){channel_fd, directory_fd, progress, settings->in_memory};
	honest_main(context, channel_fd, directory_fd, progress);
}
