// SPDX-License-Identifier: MIT

/*
 * A zipmap whose workers can be taken over. It is linked with this file in the place of
 * worker/worker.c, which it includes: a worker does its work as the real one does, in its sandbox,
 * until it is handed an archive that begins with the words of a hostile one. From then on it does
 * what that says (hostile.h).
 */

#include "hostile.h"
#include "protocol/channel.h"
#include "util/io.h"

#include <string.h>
#include <sys/stat.h>

static ssize_t attack_receive(int channel_fd, void *packet, size_t capacity, int *fd, bool wait);

#define worker_main     honest_main
#define channel_receive attack_receive
#include "worker/worker.c"
#undef worker_main
#undef channel_receive

_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress);

/* The last units that were given. Some of them are done. */
enum { UNITS_KEPT = 4 };

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

/* As channel_receive(), for the worker. It does not return with a hostile archive. */
static ssize_t attack_receive(int channel_fd, void *packet, size_t capacity, int *fd, bool wait)
{
	ssize_t size = channel_receive(channel_fd, packet, capacity, fd, wait);
	struct wire_reader reader;
	struct message message;
	char kind[32];
	uint64_t seed;

	if (size <= 0)
		return size;
	wire_reader_init(&reader, packet, (size_t)size);
	if (message_get(&reader, &message) != 1 || message.kind != MESSAGE_WORK)
		return size;
	keep_unit(&message, *fd);
	if (*fd < 0 || !hostile_is_archive(*fd, kind, &seed))
		return size;
	note_unit(message.unit);
	hostile_play(&loot, kind, seed, units, unit_count);
}

_Noreturn void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress)
{
	loot = (struct loot){channel_fd, directory_fd, progress};
	honest_main(context, channel_fd, directory_fd, progress);
}
