// SPDX-License-Identifier: MIT

#include "hostile.h"

#include "protocol/channel.h"
#include "protocol/membername.h"
#include "protocol/memoryfile.h"
#include "protocol/newfile.h"
#include "util/io.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What an entry of the central directory takes at least: APPNOTE 4.3.12. */
#define ENTRY_BYTES_MIN 46

/* What the contents of all files begin with that are not what an archive holds. */
#define FORGED "FORGED"

enum { UNITS_MAX = HOSTILE_UNITS_MAX, FILES_MAX = 16, NAME_OFFSETS = 1024 };

/* Where we are with a unit, as the parent has to believe. */
struct play_unit {
	struct loot_unit given;
	bool planned;
	uint64_t next;
	uint64_t end;
};

struct play {
	struct loot loot;
	bool is_fair;   /* nothing is said about other archives */
	uint64_t state; /* of the random numbers */
	struct play_unit units[UNITS_MAX];
	unsigned unit_count;
	int files[FILES_MAX]; /* that were made, and kept open */
	char names[FILES_MAX][MEMBER_FILE_SIZE];
	unsigned file_count;
	struct channel_fds handed; /* to go along with the packet */
	unsigned words;            /* times that some were said to the user */
	struct wire_writer packet;
	uint8_t bytes[PACKET_MAX];
	char name[MEMBER_NAME_MAX + NAME_OFFSETS]; /* any bytes; a name begins anywhere in it */
};

/* --- chance ----------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t draw(struct play *play)
{
	uint64_t z = play->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned below(struct play *play, unsigned limit)
{
	return (unsigned)(draw(play) % limit);
}

/* Once in @times. */
static bool chance(struct play *play, unsigned times)
{
	return below(play, times) == 0;
}

/* A number that somebody may not have thought of. */
static uint64_t odd_number(struct play *play)
{
	switch (below(play, 6)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX - below(play, 3);
	case 2:
		return UINT64_C(1) << below(play, 64);
	case 3:
		return draw(play);
	default:
		return below(play, 1000);
	}
}

/* --- what is true ------------------------------------------------------------------------------
 */

static void confess(const char *what, uint64_t number)
{
	char text[64];
	int size = snprintf(text, sizeof(text), "%s: %" PRIu64 "\n", what, number);

	(void)!write(STDERR_FILENO, text, (size_t)size);
}

/* Of whose members nothing that is said means anything. Once: there is room for a few words. */
static void confess_unit(const struct message_work *work)
{
	static bool confessed[64];

	if (!confessed[work->archive % 64])
		confess("it has", work->archive);
	confessed[work->archive % 64] = true;
}

/* In whose directory no file means anything. */
static void confess_directory(int fd)
{
	struct stat status = {0};

	if (fd >= 0 && io_status(fd, &status) < 0)
		_exit(EXIT_FAILURE);
	confess("taken over", status.st_ino);
}

/* --- what is said ----------------------------------------------------------------------------- */

static void send_packet(struct play *play)
{
	if (play->packet.size > 0 && channel_send_fds(play->loot.channel_fd, play->bytes,
					     play->packet.size, &play->handed, true) < 0)
		_exit(EXIT_FAILURE); /* the parent has had enough */
	play->handed.count = 0;      /* they are kept open, as our files */
	wire_writer_init(&play->packet, play->bytes, sizeof(play->bytes));
}

static void say(struct play *play, const struct message *message)
{
	if (message_put(&play->packet, message) == 0)
		return;
	send_packet(play);
	(void)message_put(&play->packet, message);
}

/* A file that we were handed. Its name is no matter of ours any more. */
static void keep_file(struct play *play, int fd)
{
	if (fd >= 0 && play->file_count < FILES_MAX) {
		play->names[play->file_count][0] = '\0';
		play->files[play->file_count++] = fd;
	} else if (fd >= 0) {
		close(fd);
	}
}

/* The parent has no more to do: leave as a worker should, or nearly. */
static _Noreturn void leave(struct play *play)
{
	struct message message = {.kind = MESSAGE_MEMORY};

	message.memory = (struct message_memory){odd_number(play), odd_number(play)};
	for (unsigned times = below(play, 3); times > 0; times--)
		say(play, &message);
	send_packet(play);
	_exit((int)below(play, 2));
}

static void take_unit(struct play *play, const struct message *message)
{
	confess_unit(&message->work);
	if (play->unit_count == UNITS_MAX)
		return;
	play->units[play->unit_count++] = (struct play_unit){
		.given = {.id = message->unit, .work = message->work},
		.next = message->work.members.first,
		.end = message->work.members.end,
	};
}

/* Take what there is to do; wait for it if there is nothing. */
static void look(struct play *play)
{
	uint8_t bytes[WORK_PACKET_MAX];
	struct channel_fds fds;
	struct wire_reader reader;
	struct message message;
	bool wait = play->unit_count == 0;

	if (wait)
		send_packet(play);
	ssize_t size = channel_receive_fds(play->loot.channel_fd, bytes, sizeof(bytes), &fds, wait);
	if (size == 0)
		leave(play);
	if (size < 0)
		return;
	wire_reader_init(&reader, bytes, (size_t)size);
	while (message_get(&reader, &message) == 1) {
		if (message.kind == MESSAGE_WORK)
			take_unit(play, &message);
	}
	/* An archive, which cannot be changed, or a file. */
	for (unsigned i = 0; i < fds.count; i++)
		keep_file(play, fds.fds[i]);
}

/* A unit to play with; NULL if there is none. */
static struct play_unit *pick_unit(struct play *play)
{
	return play->unit_count > 0 ? &play->units[below(play, play->unit_count)] : NULL;
}

static void say_plan(struct play *play, struct play_unit *unit)
{
	const struct message_work *work = &unit->given.work;
	uint64_t most = unit->given.size_bytes / ENTRY_BYTES_MIN;
	uint64_t entries = work->entries ? work->entries : 1 + below(play, 2000);

	/* As many as there can be, or not more than that. */
	if (!work->entries && most > 0 && (most < entries || chance(play, 2)))
		entries = most;
	uint64_t end = work->members.end != UNIT_END_OPEN ? work->members.end : entries;
	if (work->members.end == UNIT_END_OPEN && entries > work->members.first && chance(play, 2))
		end = work->members.first + 1 + draw(play) % (entries - work->members.first);
	struct message message = {.kind = MESSAGE_PLAN, .unit = unit->given.id};
	message.plan = (struct message_plan){.end = end,
		.entries = entries,
		.pairable = chance(play, 2),
		.behind_another = chance(play, 9)};
	if (chance(play, 30)) {
		/* There is no room, it says. */
		message.plan.end = work->members.first;
		message.plan.room = chance(play, 2) ? UINT64_MAX : odd_number(play);
	}
	if (chance(play, 50))
		message.plan.entries = odd_number(play);
	if (chance(play, 50))
		message.plan.end = odd_number(play);
	if (chance(play, 2))
		message.plan.next_place = odd_number(play);
	if (play->loot.in_memory && !chance(play, 30))
		message.plan.room = work->room; /* as many files as there may be */
	unit->planned = true;
	unit->end = end;
	say(play, &message);
}

static void say_done(struct play *play, struct play_unit *unit)
{
	struct message message = {.kind = MESSAGE_DONE, .unit = unit->given.id};
	size_t behind = (size_t)(play->units + play->unit_count - (unit + 1));

	if (chance(play, 5))
		message.done.failure = (struct failure){
			(enum failure_kind)below(play, FAILURE_KINDS), {odd_number(play)}};
	say(play, &message);
	memmove(unit, unit + 1, behind * sizeof(*unit));
	play->unit_count--;
}

/*
 * A unit of which a member can be said, as far as the parent must believe it: most of the time it
 * is planned before, and what comes behind its end is that it is done. NULL: there is none now.
 */
static struct play_unit *pick_open_unit(struct play *play)
{
	struct play_unit *unit = pick_unit(play);

	if (!unit || chance(play, 200))
		return unit;
	if (!unit->planned)
		say_plan(play, unit);
	if (unit->next < unit->end)
		return unit;
	say_done(play, unit);
	return NULL;
}

static void plan(struct play *play)
{
	struct play_unit *unit = pick_unit(play);

	if (unit && (!unit->planned || chance(play, 100)))
		say_plan(play, unit);
}

static void done(struct play *play)
{
	struct play_unit *unit = pick_unit(play);

	if (unit)
		say_done(play, unit);
}

/* Make a file of this name, forged, and keep it open. Its inode; 0: it cannot be made. */
static uint64_t make_file(struct play *play, const char *name, uint64_t size_bytes)
{
	struct stat status;

	if (play->loot.directory_fd < 0 || play->file_count == FILES_MAX)
		return 0;
	int fd = openat(play->loot.directory_fd, name, NEW_FILE_FLAGS, NEW_FILE_MODE);
	if (fd < 0)
		return 0;
	size_t size = size_bytes < strlen(FORGED) ? (size_t)size_bytes : strlen(FORGED);
	if (pwrite(fd, FORGED, size, 0) < 0 ||
		(size_bytes < (UINT64_C(1) << 40) && ftruncate(fd, (off_t)size_bytes) < 0) ||
		io_status(fd, &status) < 0) {
		close(fd);
		return 0;
	}
	snprintf(play->names[play->file_count], sizeof(play->names[0]), "%s", name);
	play->files[play->file_count++] = fd;
	return status.st_ino;
}

/*
 * Make a file in memory, forged, and keep it open. It is sealed, or nearly. -1: there is none.
 */
static int make_memory_file(struct play *play, uint64_t size_bytes)
{
	if (play->file_count == FILES_MAX || size_bytes > (UINT64_C(1) << 30))
		return -1;
	if (play->file_count > 0 && chance(play, 20))
		return play->files[below(play, play->file_count)]; /* any other, archives too */
	int fd = memfd_create("forged", MEMORY_FILE_FLAGS);
	size_t size = size_bytes < strlen(FORGED) ? (size_t)size_bytes : strlen(FORGED);
	if (fd < 0)
		return -1;
	(void)!pwrite(fd, FORGED, size, 0);
	(void)!ftruncate(
		fd, (off_t)size_bytes + chance(play, 30) - (size_bytes > 0 && chance(play, 30)));
	if (!chance(play, 15))
		(void)fcntl(fd, F_ADD_SEALS, MEMORY_FILE_SEALS);
	play->names[play->file_count][0] = '\0';
	play->files[play->file_count++] = fd;
	return fd;
}

/* Have the file of @said go along with what is said next; or nearly. */
static void hand_over(struct play *play, struct record *said)
{
	struct stat status = {0};
	int fd = chance(play, 40) ? -1
				  : make_memory_file(play, said->size_bytes + said->offset_bytes);

	if (fd < 0 || io_status(fd, &status) < 0)
		return;
	said->inode = status.st_ino;
	/* Alone, so that it belongs to this record. */
	send_packet(play);
	play->handed.fds[play->handed.count++] = fd;
	if (chance(play, 60))
		play->handed.fds[play->handed.count++] = fd;
}

static uint16_t name_size(struct play *play)
{
	return (uint16_t)(chance(play, 20) ? below(play, MEMBER_NAME_MAX) : below(play, 60));
}

/* A type and a shape for the record, which fit its size if they are to. */
static void say_array(struct play *play, struct message *message)
{
	struct record *record = &message->record;
	struct array *array = &message->array;
	static char type[ARRAY_DTYPE_MAX];

	memset(type, 'x', sizeof(type));
	memcpy(type, play->name, 8);
	*array = (struct array){
		.dtype = type,
		.dtype_size = chance(play, 4) ? 1 + below(play, sizeof(type)) : 1 + below(play, 9),
		.fortran_order = chance(play, 2),
		.dimensions = (uint8_t)below(play, 4),
		.item_bytes = 1,
		.shape = {1, 1, 1, record->size_bytes},
	};
	if (chance(play, 2)) {
		array->dimensions = 1;
		array->shape[0] = record->size_bytes;
	}
	if (chance(play, 9))
		array->item_bytes = odd_number(play);
	record->array = array;
}

static void say_listed(struct play *play, struct record *record)
{
	record->listed = true;
	record->time = odd_number(play);
	record->method = (uint16_t)odd_number(play);
	record->encrypted = chance(play, 2);
	record->compressed_bytes = odd_number(play);
}

/* A record of the next member, or nearly; whole, and with a file that is there, or nearly. */
static void record(struct play *play)
{
	struct play_unit *unit = pick_open_unit(play);
	struct message message = {.kind = MESSAGE_RECORD};
	struct record *said = &message.record;
	char file[MEMBER_FILE_SIZE];

	if (!unit)
		return;
	message.unit = chance(play, 100) ? odd_number(play) : unit->given.id;
	said->archive = unit->given.work.archive;
	said->member = unit->next + (chance(play, 8) ? below(play, 3) : 0);
	said->name = play->name + below(play, 1000);
	said->name_size = name_size(play);
	said->place = play->loot.directory_fd < 0 ? PLACE_NOWHERE
		      : chance(play, 20)          ? (enum record_place)below(play, 3)
						  : PLACE_FILE;
	said->size_bytes = chance(play, 9) ? odd_number(play) : below(play, 5000);
	said->crc32 = (uint32_t)draw(play);
	said->offset_bytes = chance(play, 12) ? odd_number(play) : 0;
	said->packed = chance(play, 5);
	said->pack = chance(play, 3) ? said->member : unit->given.work.members.first;
	said->npy_header = !said->packed && chance(play, 9);
	said->unchecked = said->place == PLACE_ARCHIVE && chance(play, 2);
	said->note = chance(play, 9) ? (enum record_note)below(play, NOTE_KINDS) : NOTE_NONE;
	if (chance(play, 9)) {
		said->base = play->name + below(play, 100);
		said->base_size = (uint16_t)below(play, MEMBER_BASE_MAX + 2);
	}
	if (said->place == PLACE_NOWHERE && chance(play, 2))
		say_listed(play, said);
	if (chance(play, 5))
		say_array(play, &message);
	if (play->loot.in_memory && !chance(play, 60)) {
		said->place = PLACE_MEMORY;
		said->packed = chance(play, 60);
		said->npy_header = false;
		said->base = NULL;
		said->base_size = 0;
		said->offset_bytes = 0;
		said->listed = false;
		hand_over(play, said);
	} else if (said->place == PLACE_FILE && !chance(play, 6)) {
		record_file_name(said, file);
		said->inode = make_file(play, file, said->size_bytes + said->offset_bytes);
	}
	if (chance(play, play->loot.in_memory ? 60 : 12))
		said->inode = odd_number(play);
	unit->next = said->member + 1;
	say(play, &message);
}

/* Failures are the cheapest things to say. */
static void failure(struct play *play)
{
	struct play_unit *unit = pick_open_unit(play);
	struct message message = {.kind = MESSAGE_RECORD};

	if (!unit)
		return;
	message.unit = unit->given.id;
	message.record.member = unit->next++;
	message.record.name = play->name;
	message.record.name_size = name_size(play);
	message.record.failure.kind =
		chance(play, 20) ? (enum failure_kind)(1 + below(play, FAILURE_KINDS - 1))
				 : FAILURE_BAD_DATA;
	message.record.failure.numbers[0] = odd_number(play);
	message.record.failure.numbers[1] = odd_number(play);
	say(play, &message);
}

/* Failures with long names, and nothing else: as much as can be said, as fast as it can be. */
static void flood(struct play *play)
{
	struct play_unit *unit = pick_open_unit(play);
	struct message message = {.kind = MESSAGE_RECORD};

	if (!unit)
		return;
	message.unit = unit->given.id;
	message.record.member = unit->next++;
	message.record.name = play->name;
	message.record.name_size = 20000;
	message.record.failure.kind = FAILURE_BAD_DATA;
	say(play, &message);
}

/*
 * Ask for files, or for their removal: of a member, or of what is none. The answers lie unread, or
 * are taken and kept as files of our own.
 */
static void ask(struct play *play)
{
	struct play_unit *unit = pick_open_unit(play);
	struct message message = {.kind = MESSAGE_ASK};
	char *name = message.ask.name;

	if (!unit)
		return;
	message.unit = unit->given.id;
	message.ask.remove = chance(play, 4);
	if (chance(play, 20))
		snprintf(name, sizeof(message.ask.name), "%s",
			chance(play, 2) ? "../lock" : "/tmp/x");
	else if (chance(play, 9))
		member_pack_name(unit->given.work.archive, unit->next + below(play, 2), name);
	else
		member_file_name(unit->given.work.archive, unit->next, play->name, 40, name);
	say(play, &message);
}

/* Look for the file of a member, which this run may not do, or for that of none. */
static void look_for(struct play *play)
{
	struct play_unit *unit = pick_open_unit(play);
	struct message message = {.kind = MESSAGE_LOOK};
	struct record *said = &message.record;

	if (!unit)
		return;
	message.unit = unit->given.id;
	said->member = chance(play, 9) ? odd_number(play) : unit->next + below(play, 20);
	said->place = PLACE_THERE;
	said->own_name = true;
	said->size_bytes = odd_number(play);
	said->time = odd_number(play);
	said->name = play->name + below(play, 1000);
	said->name_size = name_size(play);
	say(play, &message);
}

/* What is not to be said now, or never by a worker. */
static void other(struct play *play)
{
	const enum message_kind kinds[] = {MESSAGE_WORK, MESSAGE_MEMORY, MESSAGE_START};
	struct message message = {.kind = kinds[below(play, 3)], .unit = odd_number(play)};

	if (chance(play, 4)) {
		look_for(play);
		return;
	}
	if (message.kind == MESSAGE_WORK)
		message.work.kind = UNIT_MEMBERS;
	if (message.kind == MESSAGE_START && chance(play, 2))
		message.start = (struct message_start){
			.step = (enum start_step)(1 + below(play, START_STEPS - 1)),
			.error = 1 + below(play, 100)};
	say(play, &message);
}

/* --- what is not said in words ---------------------------------------------------------------- */

static void spoil(struct play *play)
{
	if (play->packet.size > 0)
		play->bytes[draw(play) % play->packet.size] ^= (uint8_t)(1U << below(play, 8));
	send_packet(play);
}

static void noise(struct play *play)
{
	size_t size = below(play, chance(play, 9) ? PACKET_MAX + 64 : 64);
	uint8_t *bytes = calloc(1, PACKET_MAX + 64);

	for (size_t i = 0; bytes && i < size; i++)
		bytes[i] = (uint8_t)draw(play);
	if (!bytes || channel_send(play->loot.channel_fd, bytes, size, -1, true) < 0)
		_exit(EXIT_FAILURE);
	free(bytes);
}

/* A packet with a descriptor, which no worker has to send. */
static void descriptor(struct play *play)
{
	int fd = play->file_count > 0 ? play->files[0] : play->loot.channel_fd;

	if (play->packet.size == 0 ||
		channel_send(play->loot.channel_fd, play->bytes, play->packet.size, fd, true) < 0)
		return;
	wire_writer_init(&play->packet, play->bytes, sizeof(play->bytes));
}

static void scribble_note(struct play *play)
{
	struct progress_lane *lane = &play->loot.progress->lanes[below(play, PROGRESS_LANES)];
	const struct play_unit *unit = pick_unit(play);

	lane->unit = unit && chance(play, 2) ? unit->given.id : odd_number(play);
	lane->member = unit && chance(play, 2) ? unit->next : odd_number(play);
	lane->name_size = chance(play, 2) ? below(play, PROGRESS_NAME_MAX + 1) : odd_number(play);
	memcpy(lane->name, play->name + below(play, 100), PROGRESS_NAME_MAX);
}

/* Words for the user, which try to do more to a terminal than to be read. */
static void words(struct play *play)
{
	static const char evil[] = "\033]0;title\007\033[2J\r/forged/path\n\x9b"
				   "31m\xc2\x9b"
				   "2J\n";

	/* What is confessed later has to have room. */
	if (play->words++ > 10)
		return;
	(void)!write(STDERR_FILENO, evil, sizeof(evil) - below(play, 4));
	(void)!write(STDERR_FILENO, play->name, below(play, 300));
	(void)!write(STDERR_FILENO, "\n", 1);
}

/* A file that is never announced, or of a name that another one should have. */
static void junk(struct play *play)
{
	char name[64];

	if (chance(play, 3))
		snprintf(name, sizeof(name), "%u.%u-m%u.bin", below(play, 4), below(play, 4),
			below(play, 4));
	else
		snprintf(name, sizeof(name), "junk %u\033\n", below(play, 1000));
	(void)make_file(play, name, below(play, 100000));
}

/* Change a file that is announced, or will be. */
static void rewrite(struct play *play)
{
	if (play->file_count == 0)
		return;
	unsigned number = below(play, play->file_count);
	int fd = play->files[number];
	switch (below(play, 4)) {
	case 0:
		(void)!ftruncate(fd, 0);
		return;
	case 1:
		(void)!ftruncate(fd, 1 << 20);
		return;
	case 2:
		(void)!pwrite(fd, FORGED, strlen(FORGED), (off_t)below(play, 100));
		return;
	default:
		if (play->loot.in_memory)
			return;
		(void)!unlinkat(play->loot.directory_fd, play->names[number], 0);
		if (chance(play, 2))
			(void)make_file(play, play->names[number], below(play, 5000));
	}
}

static void forget_files(struct play *play)
{
	send_packet(play); /* some may go along with it */
	while (play->file_count > 0)
		close(play->files[--play->file_count]);
}

static void wait_a_little(struct play *play)
{
	struct pollfd none = {-1, 0, 0};

	send_packet(play);
	(void)!poll(&none, 1, (int)below(play, 5));
}

static void stop(struct play *play)
{
	send_packet(play);
	raise(SIGSTOP);
}

static _Noreturn void die(struct play *play)
{
	const int signals[] = {SIGKILL, SIGVTALRM, SIGABRT, SIGSEGV, SIGTERM};

	send_packet(play);
	if (chance(play, 2))
		_exit((int)below(play, 256));
	raise(signals[below(play, 5)]);
	_exit(EXIT_FAILURE);
}

/* --- kinds of foul play ----------------------------------------------------------------------- */

enum act {
	ACT_LOOK,
	ACT_PLAN,
	ACT_RECORD,
	ACT_FAILURE,
	ACT_DONE,
	ACT_ASK,
	ACT_SEND,
	ACT_OTHER,
	ACT_SPOIL,
	ACT_NOISE,
	ACT_DESCRIPTOR,
	ACT_NOTE,
	ACT_WORDS,
	ACT_JUNK,
	ACT_REWRITE,
	ACT_FORGET,
	ACT_WAIT,
	ACT_FLOOD,
	ACT_STOP,
	ACT_DIE,
	ACTS,
};

static void (*const acts[ACTS])(struct play *) = {
	[ACT_LOOK] = look,
	[ACT_PLAN] = plan,
	[ACT_RECORD] = record,
	[ACT_FAILURE] = failure,
	[ACT_DONE] = done,
	[ACT_ASK] = ask,
	[ACT_SEND] = send_packet,
	[ACT_OTHER] = other,
	[ACT_SPOIL] = spoil,
	[ACT_NOISE] = noise,
	[ACT_DESCRIPTOR] = descriptor,
	[ACT_NOTE] = scribble_note,
	[ACT_WORDS] = words,
	[ACT_JUNK] = junk,
	[ACT_REWRITE] = rewrite,
	[ACT_FORGET] = forget_files,
	[ACT_WAIT] = wait_a_little,
	[ACT_FLOOD] = flood,
	[ACT_STOP] = stop,
	[ACT_DIE] = die,
};

/* How often a worker does what. */
struct kind {
	const char *name;
	unsigned acts;
	uint8_t weights[ACTS];
};

/* That of most: a worker that speaks as it should, but of what is not so. */
#define SPEAKS                                                                                     \
	[ACT_LOOK] = 60, [ACT_PLAN] = 10, [ACT_RECORD] = 120, [ACT_FAILURE] = 20, [ACT_DONE] = 10, \
	[ACT_SEND] = 40

static const struct kind kinds[] = {
	{"lies", 3000, {SPEAKS, [ACT_FORGET] = 8, [ACT_OTHER] = 1, [ACT_SPOIL] = 1}},
	{"asks", 1000, {SPEAKS, [ACT_ASK] = 200, [ACT_REWRITE] = 9}},
	{"claims", 3000, {SPEAKS, [ACT_FORGET] = 8}},
	{"noise", 200,
		{SPEAKS, [ACT_SPOIL] = 10, [ACT_NOISE] = 10, [ACT_OTHER] = 10,
			[ACT_DESCRIPTOR] = 5}},
	{"floods", 1000, {[ACT_FLOOD] = 1}},
	{"keeps", 1000,
		{SPEAKS, [ACT_FORGET] = 1, [ACT_REWRITE] = 60, [ACT_DESCRIPTOR] = 1,
			[ACT_WAIT] = 9}},
	{"scribbles", 1000,
		{SPEAKS, [ACT_NOTE] = 60, [ACT_WORDS] = 20, [ACT_JUNK] = 60, [ACT_DIE] = 1}},
	{"dies", 300, {SPEAKS, [ACT_NOTE] = 10, [ACT_DIE] = 10}},
	{"stalls", 300, {SPEAKS, [ACT_STOP] = 5}},
	{"hands", 2000, {SPEAKS, [ACT_FORGET] = 12, [ACT_REWRITE] = 20, [ACT_WAIT] = 3}},
	{"mixture", 2000, {SPEAKS, [ACT_FORGET] = 8}},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static unsigned sum(const struct kind *kind)
{
	unsigned total = 0;

	for (int act = 0; act < ACTS; act++)
		total += kind->weights[act];
	return total;
}

static enum act pick_act(struct play *play, const struct kind *kind, unsigned total)
{
	unsigned left = below(play, total);
	int act = 0;

	while (left >= kind->weights[act])
		left -= kind->weights[act++];
	return (enum act)act;
}

bool hostile_is_archive(int fd, char *kind, uint64_t *seed)
{
	char text[64] = {0};

	return pread(fd, text, sizeof(text) - 1, 0) > 0 &&
	       sscanf(text, "ATTACK %31s %" SCNu64 "\n", kind, seed) == 2;
}

/* The weights of a mixture are by chance. */
static void mix(struct play *play, struct kind *kind)
{
	for (int act = 0; act < ACTS; act++) {
		if (act != ACT_STOP && act != ACT_DIE && act != ACT_FLOOD && chance(play, 3))
			kind->weights[act] = (uint8_t)(1 + below(play, 60));
	}
	kind->weights[ACT_DIE] = (uint8_t)below(play, 2);
}

_Noreturn void hostile_play(const struct loot *loot, const char *name, uint64_t seed,
	const struct loot_unit *units, unsigned count)
{
	static struct play play;
	static struct kind kind;

	confess_directory(loot->directory_fd);
	for (unsigned i = 0; i < count; i++)
		confess_unit(&units[i].work);
	for (int i = 0; i < KINDS; i++) {
		if (strcmp(kinds[i].name, name) == 0)
			kind = kinds[i];
	}
	if (!kind.name)
		_exit(EXIT_FAILURE);
	play.loot = *loot;
	play.state = seed;
	for (size_t i = 0; i < sizeof(play.name); i++)
		play.name[i] = (char)draw(&play);
	if (strcmp(name, "mixture") == 0)
		mix(&play, &kind);
	wire_writer_init(&play.packet, play.bytes, sizeof(play.bytes));
	for (unsigned i = 0; i < count; i++) {
		const struct unit_members *members = &units[i].work.members;
		play.units[play.unit_count++] =
			(struct play_unit){units[i], false, members->first, members->end};
	}
	unsigned total = sum(&kind);
	for (unsigned i = 0; i < kind.acts; i++)
		acts[pick_act(&play, &kind, total)](&play);
	die(&play);
}
