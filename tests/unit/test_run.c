// SPDX-License-Identifier: MIT

/*
 * Whole runs, with workers that this file makes: they speak the protocol and write real files, and
 * break the rules where a test tells them to. What they do in an archive is in the table `scene`,
 * which they inherit; what must be known between processes is in `shared`.
 */

#include "parent/run.h"

#include "protocol/channel.h"
#include "protocol/crashnote.h"
#include "protocol/membername.h"
#include "protocol/message.h"
#include "support.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARCHIVES_MAX 400
#define RECORDS_MAX  4096

/** What a worker does wrong, at the member scene.bad_member where nothing else is said. */
enum deed {
	GOOD,
	GARBAGE,          /* bytes that are no message */
	LATE_GARBAGE,     /* the same, once the others have no more to say */
	UNKNOWN_TAG,      /* a message of a kind that there is not */
	CUT_MESSAGE,      /* a message that ends too early */
	EMPTY_PACKET,     /* a packet of no bytes */
	TOO_LARGE,        /* a packet that is larger than any may be */
	DESCRIPTOR,       /* a packet with a descriptor */
	OTHER_ARCHIVE,    /* a record for the archive after this */
	OTHER_MEMBER,     /* a record outside of the unit */
	BACKWARDS,        /* the record of a member that had one */
	WORK_BACK,        /* a message that only the parent sends */
	MEMORY_EARLY,     /* the last words before the end */
	TWO_PLANS,        /* a second plan that differs */
	SAME_PLAN,        /* the same plan a second time */
	LIE_BACKWARDS,    /* a record that is untrue, of a member that had one */
	OUR_WORDS,        /* a failure that only the parent can know of */
	OUR_LAST_WORDS,   /* the same, for the whole archive */
	DONE_TOO_OFTEN,   /* the end of the unit twice, and so before its members */
	DIE,              /* killed */
	DIE_IN_PAIR,      /* killed, but only where it has another unit in hand */
	DIE_UNHEARD,      /* the same, with all that it would have said unsaid */
	EXIT,             /* exits with status 3 */
	SAY_AND_DIE,      /* killed after the record */
	CLOSE,            /* closes the channel and lives on */
	NO_FILE,          /* a record without a file */
	SIZE_LIE,         /* a file that is not as large as said */
	INODE_LIE,        /* another file than said */
	HARD_LINK,        /* a file with two links */
	SYMBOLIC_LINK,    /* no file but a link to one */
	FIFO,             /* no file but a FIFO */
	DIRECTORY,        /* no file but a directory */
	SOCKET,           /* no file but a socket */
	DEVICE,           /* no file but a device; only root makes one */
	OTHER_OWNER,      /* another's file; the same */
	SHRINK,           /* a file that is cut to nothing once it is announced */
	RESTLESS,         /* files that are cut and drawn out all the time */
	SLASHES,          /* a name with slashes in the record */
	LONG_NAME,        /* a name as long as can be in the record */
	MEMBER_FAILS,     /* an honest failure */
	ARCHIVE_FAILS,    /* an honest failure of the archive, before any plan */
	DIE_FIRST,        /* killed before the plan, always */
	DIE_FIRST_ONCE,   /* the same, the first time only */
	DIE_LAST,         /* killed after the last record, always */
	DIE_LAST_ONCE,    /* the same, the first time only */
	DONE_FIRST,       /* the end of the unit without a plan */
	RECORD_FIRST,     /* a record without a plan */
	PACK,             /* all members of a unit in one file, which is as it should be */
	PACK_ONE_LIE,     /* the same, but the bad member is said to end behind the file */
	PACK_ALL_LIE,     /* all of them are */
	PACK_INODE_LIE,   /* another file than said */
	PACK_LIE_AND_DIE, /* all are said to end behind the file, and then it is killed */
	PACK_NO_FILE,     /* none */
	PACK_LINK,        /* a symbolic link to one */
	PACK_SHRINK,      /* a file that is cut to nothing once the first member is announced */
	PACK_BACKWARDS,   /* members of a second pack, and of the first again */
	PACK_OUTSIDE,     /* a pack that begins before the unit */
	PACK_AHEAD,       /* a pack that begins behind its member */
	STAYS,            /* a member said to be in its archive, which is as it should be */
	STAYS_BEHIND,     /* the same, but it would begin behind the archive's end */
	STAYS_BEYOND,     /* the same, but it would end there */
	STAYS_AROUND,     /* the same, but its end would be more than a number can have */
	SIGNAL_PARENT,    /* sends SIGTERM to the parent and goes on */
	SIGNAL_AND_WAIT,  /* sends SIGTERM to the parent and sleeps */
	WAIT_FOR_DEATH,   /* waits until another worker is dead, then is killed */
	WAIT_FOR_OTHERS,  /* waits until the others can do no more */
};

static struct scene {
	unsigned archives;
	uint64_t members;  /* of each archive */
	uint64_t per_unit; /* members of a unit */
	uint64_t bad_member;
	enum deed deeds[ARCHIVES_MAX];
	bool large;  /* the archives are not queued ahead as small ones are */
	bool gains;  /* workers say that they gain from a second unit */
	int wait_ms; /* so long they wait for it, and then do both in turn */
	bool die_at_start;
	bool ignore_the_end;
	struct run_settings settings;
	size_t sink_takes;    /* records until the sink fails */
	int sink_error;       /* with this */
	bool source_waits;    /* for what was printed, before each archive but the first */
	bool source_opens;    /* the archives: they have no paths */
	bool source_stumbles; /* answers SOURCE_WAIT every other time, although it has more */
	unsigned corpses_to_wait_for; /* so often the parent hears nothing until a worker is dead */
} scene;

static struct shared {
	_Atomic unsigned starts;
	_Atomic unsigned attempts[ARCHIVES_MAX];
	_Atomic unsigned pairs;    /* times that two units were done in turn */
	_Atomic unsigned finished; /* archives that were done whole */
	_Atomic unsigned asked;    /* calls of the source */
	_Atomic unsigned informed; /* units that were said to be of an archive of so many members */
	_Atomic int dead;          /* process that has broken off */
} * shared;

/** One record that the sink has got. */
struct printed {
	uint64_t archive, member, size_bytes, offset_bytes;
	char *path;
};

static struct printed printed[RECORDS_MAX];
static size_t printed_count;
static size_t written_count;
static int null_fd = -1;
static int wake[2] = {-1, -1};
static unsigned given;
static unsigned source_calls;
static const char *messages;
static struct run_stats stats;
static int number;
static size_t descriptors_before;

/* --- the worker ----------------------------------------------------------------------------------
 */

struct self {
	uint64_t unit;
	int channel_fd, directory_fd;
	struct worker_progress *progress;
	unsigned lane;
	bool paired; /* there is another lane */
};

static _Noreturn void die(void)
{
	raise(SIGKILL);
	_exit(99);
}

static void say_bytes(const struct self *self, const void *bytes, size_t size)
{
	if (channel_send(self->channel_fd, bytes, size, -1, true) < 0)
		_exit(98);
}

static void say(const struct self *self, const struct message *message)
{
	static uint8_t bytes[PACKET_MAX];
	struct wire_writer packet;

	wire_writer_init(&packet, bytes, sizeof(bytes));
	if (message_put(&packet, message) < 0)
		_exit(97);
	say_bytes(self, bytes, packet.size);
}

static void member_name(uint64_t member, char name[32])
{
	snprintf(name, 32, "m%" PRIu64 ".dat", member);
}

/** What is in the file of a member: every fifth has no bytes. */
static size_t member_bytes(uint64_t archive, uint64_t member, char bytes[64])
{
	if (member % 5 == 4)
		return 0;
	return (size_t)snprintf(bytes, 64, "archive %" PRIu64 " member %" PRIu64, archive, member);
}

/** Make the file of a member, and its record. */
static struct record write_member(
	const struct self *self, uint64_t archive, uint64_t member, char name[32])
{
	char file[MEMBER_FILE_SIZE];
	char bytes[64];
	struct stat status;
	size_t size = member_bytes(archive, member, bytes);

	member_name(member, name);
	member_file_name(archive, member, name, strlen(name), file);
	int fd = openat(self->directory_fd, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fstat(fd, &status) < 0)
		_exit(96);
	close(fd);
	return (struct record){.archive = archive,
		.member = member,
		.size_bytes = size,
		.inode = status.st_ino,
		.name = name,
		.name_size = (uint16_t)strlen(name)};
}

/** Put something else where a member's file should be; @record is made to fit it. */
static void replace_file(const struct self *self, struct record *record, enum deed deed)
{
	char file[MEMBER_FILE_SIZE];
	char target[MEMBER_FILE_SIZE + 2];
	struct stat status;
	int result = 0;

	member_file_name(record->archive, record->member, record->name, record->name_size, file);
	snprintf(target, sizeof(target), "%s-2", file);
	if (deed == HARD_LINK) {
		result = linkat(self->directory_fd, file, self->directory_fd, target, 0);
		unlinkat(self->directory_fd, file, 0);
		result |= linkat(self->directory_fd, target, self->directory_fd, file, 0);
	} else if (deed == SYMBOLIC_LINK) {
		unlinkat(self->directory_fd, file, 0);
		result = symlinkat("/dev/zero", self->directory_fd, file);
	} else if (deed == OTHER_OWNER) {
		result = fchownat(self->directory_fd, file, 1, (gid_t)-1, 0);
	} else {
		unlinkat(self->directory_fd, file, 0);
		if (deed == SOCKET)
			result = mknodat(self->directory_fd, file, S_IFSOCK | 0600, 0);
		if (deed == DEVICE) /* /dev/zero */
			result = mknodat(self->directory_fd, file, S_IFCHR | 0600, makedev(1, 5));
		if (deed == FIFO)
			result = mkfifoat(self->directory_fd, file, 0600);
		if (deed == DIRECTORY)
			result = mkdirat(self->directory_fd, file, 0700);
	}
	if (result != 0)
		_exit(95);
	if (deed != NO_FILE &&
		fstatat(self->directory_fd, file, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		record->inode = status.st_ino;
		record->size_bytes = (uint64_t)status.st_size;
	}
}

/** Wait for something that will come; not for ever, lest a test hang. */
static void wait_until(bool (*has_come)(void))
{
	for (int i = 0; i < 20000 && !has_come(); i++)
		poll(NULL, 0, 1);
}

static bool another_is_dead(void)
{
	int pid = atomic_load(&shared->dead);

	return pid != 0 && kill(pid, 0) < 0;
}

/** Wait until all has been done that is done without us: nothing has changed for half a second. */
static void wait_for_standstill(void)
{
	unsigned before = 0;

	for (int i = 0, still = 0; i < 20000 && still < 500; i++, still++) {
		unsigned now = atomic_load(&shared->finished) + atomic_load(&shared->asked);
		if (now != before)
			still = 0;
		before = now;
		poll(NULL, 0, 1);
	}
}

static void say_kind(const struct self *self, enum message_kind kind, uint64_t archive)
{
	struct message message = {.kind = kind};

	if (kind == MESSAGE_WORK) {
		message.unit = self->unit;
		message.work = (struct message_work){.archive = archive, .kind = UNIT_MEMBERS};
	}
	say(self, &message);
}

/** Break the rules in the middle of a unit. True where the member's record is said all the same. */
static bool misbehave(const struct self *self, const struct message_work *work,
	struct record *record, enum deed deed)
{
	static char large[PACKET_MAX + 1];
	static char long_name[MEMBER_NAME_MAX];
	struct message message = {.kind = MESSAGE_RECORD, .unit = self->unit};
	char name[32];

	switch (deed) {
	case LATE_GARBAGE:
		wait_for_standstill();
		replace_file(self, record, NO_FILE);
		atomic_store(&shared->dead, getpid());
		say_bytes(self, "garbage", 7);
		return false;
	case GARBAGE:
		say_bytes(self, "\x03garbage\xff\xff\xff", 11);
		return false;
	case UNKNOWN_TAG:
		say_bytes(self, "\x2a\0\0\0\0", 5);
		return false;
	case CUT_MESSAGE:
		say_bytes(self, "\x03\x40\0\0\0\1", 6);
		return false;
	case EMPTY_PACKET:
		say_bytes(self, "", 0);
		return false;
	case TOO_LARGE:
		say_bytes(self, large, sizeof(large));
		return false;
	case DESCRIPTOR:
		channel_send(self->channel_fd, "\3", 1, self->directory_fd, true);
		return false;
	case OTHER_ARCHIVE:
		message.record = *record;
		message.unit++;
		say(self, &message);
		return false;
	case OTHER_MEMBER:
		message.record = write_member(self, record->archive, scene.members + 7, name);
		say(self, &message);
		return false;
	case BACKWARDS:
		message.record = *record;
		message.record.member--;
		say(self, &message);
		return false;
	case WORK_BACK:
		say_kind(self, MESSAGE_WORK, record->archive);
		return false;
	case MEMORY_EARLY:
		say_kind(self, MESSAGE_MEMORY, 0);
		return false;
	case TWO_PLANS:
		message.kind = MESSAGE_PLAN;
		message.plan = (struct message_plan){
			.end = work->members.first + 1, .entries = scene.members};
		say(self, &message);
		return false;
	case SAME_PLAN:
		message.kind = MESSAGE_PLAN;
		message.plan =
			(struct message_plan){.end = scene.members, .entries = scene.members};
		say(self, &message);
		return false;
	case LIE_BACKWARDS:
		message.record = *record;
		message.record.member--;
		message.record.name = "m1.dat";
		message.record.inode++;
		say(self, &message);
		return false;
	case OUR_WORDS:
		message.record = *record;
		message.record.failure.kind = FAILURE_WORKER_DIED;
		say(self, &message);
		return false;
	case OUR_LAST_WORDS:
		message.kind = MESSAGE_DONE;
		message.done = (struct message_done){{FAILURE_OPEN, {EACCES, 0}}};
		say(self, &message);
		return false;
	case DONE_TOO_OFTEN:
		message.kind = MESSAGE_DONE;
		message.unit++;
		message.done = (struct message_done){{0}};
		say(self, &message);
		return false;
	case DIE:
		atomic_store(&shared->dead, getpid());
		die();
	case DIE_IN_PAIR:
		if (self->paired)
			die();
		return true;
	case EXIT:
		_exit(3);
	case WAIT_FOR_DEATH:
		wait_until(another_is_dead);
		die();
	case WAIT_FOR_OTHERS:
		wait_for_standstill();
		return true;
	case CLOSE:
		close(self->channel_fd);
		pause();
		return false;
	case SIZE_LIE:
		record->size_bytes += 1000000;
		return true;
	case INODE_LIE:
		record->inode++;
		return true;
	case STAYS:
	case STAYS_BEHIND:
	case STAYS_BEYOND:
	case STAYS_AROUND:
		replace_file(self, record, NO_FILE);
		record->place = PLACE_ARCHIVE;
		record->offset_bytes = deed == STAYS_BEHIND   ? 2
				       : deed == STAYS_AROUND ? UINT64_MAX
							      : 0;
		record->size_bytes = deed == STAYS_BEHIND ? 0 : deed == STAYS ? 1 : 2;
		if (deed == STAYS && scene.settings.in_place && !scene.source_opens)
			return true;
		message.record = *record;
		say(self, &message);
		return false;
	case NO_FILE:
	case HARD_LINK:
	case SYMBOLIC_LINK:
	case FIFO:
	case DIRECTORY:
	case SOCKET:
	case DEVICE:
	case OTHER_OWNER:
		replace_file(self, record, deed);
		return true;
	case SLASHES:
		record->name = "../../../m2.dat";
		record->name_size = 15;
		return true;
	case LONG_NAME:
		memset(long_name, 'x', sizeof(long_name));
		memcpy(long_name + sizeof(long_name) - 7, "/m2.dat", 7);
		record->name = long_name;
		record->name_size = sizeof(long_name);
		return true;
	case MEMBER_FAILS:
		record->failure = (struct failure){FAILURE_CRC_MISMATCH, {1, 2}};
		replace_file(self, record, NO_FILE);
		return true;
	case SIGNAL_PARENT:
		kill(getppid(), SIGTERM);
		return true;
	case SIGNAL_AND_WAIT:
		kill(getppid(), SIGTERM);
		pause();
		return false;
	default:
		return true;
	}
}

static void note_progress(const struct self *self, uint64_t member)
{
	struct progress_lane *lane = &self->progress->lanes[self->lane];
	char name[32];

	member_name(member, name);
	memcpy(lane->name, name, strlen(name));
	atomic_store(&lane->name_size, strlen(name));
	atomic_store(&lane->member, member);
}

/** As a worker does whose plan and records wait to travel together. */
static _Noreturn void die_unheard(const struct self *self, const struct message_work *work)
{
	char name[32];

	for (uint64_t member = work->members.first; member <= scene.bad_member; member++) {
		note_progress(self, member);
		write_member(self, work->archive, member, name);
	}
	die();
}

/** Cut the file of @record to nothing. */
static void shrink(const struct self *self, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	int fd = openat(self->directory_fd, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0)
		_exit(88);
	close(fd);
}

/** A thread: cut the files of members to nothing and draw them out again, without end. */
static void *be_restless(void *context)
{
	const struct self *self = context;
	char bytes[64];
	char name[32];
	char file[MEMBER_FILE_SIZE];

	for (uint64_t member = 0;; member = (member + 1) % scene.members) {
		member_name(member, name);
		member_file_name(1, member, name, strlen(name), file);
		int fd = openat(self->directory_fd, file, O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		for (int i = 0; i < 20; i++) {
			if (ftruncate(fd, 0) < 0 ||
				ftruncate(fd, (off_t)member_bytes(1, member, bytes)) < 0)
				_exit(87);
		}
		close(fd);
	}
	return NULL;
}

/** Put all members of a unit into one file, each at a multiple of 64 bytes, then say so. */
static void do_pack(const struct self *self, const struct message_work *work, uint64_t end)
{
	enum deed deed = scene.deeds[work->archive];
	struct message message = {.kind = MESSAGE_RECORD, .unit = self->unit};
	struct record *record = &message.record;
	char file[MEMBER_FILE_SIZE];
	char bytes[64];
	struct stat status;

	member_pack_name(work->archive, work->members.first, file);
	int fd = openat(self->directory_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &status) < 0)
		_exit(86);
	for (uint64_t member = work->members.first; member < end; member++) {
		size_t size = member_bytes(work->archive, member, bytes);
		if (pwrite(fd, bytes, size, (off_t)(member - work->members.first) * 64) !=
			(ssize_t)size)
			_exit(85);
	}
	if (deed == PACK_NO_FILE || deed == PACK_LINK)
		unlinkat(self->directory_fd, file, 0);
	if (deed == PACK_LINK && symlinkat("/dev/zero", self->directory_fd, file) < 0)
		_exit(84);
	for (uint64_t member = work->members.first; member < end; member++) {
		bool bad = member == scene.bad_member;
		note_progress(self, member);
		*record = (struct record){.archive = work->archive,
			.member = member,
			.packed = true,
			.pack = work->members.first,
			.offset_bytes = (member - work->members.first) * 64,
			.size_bytes = member_bytes(work->archive, member, bytes),
			.inode = status.st_ino + (deed == PACK_INODE_LIE)};
		if (deed == PACK_ALL_LIE || deed == PACK_LIE_AND_DIE ||
			(bad && deed == PACK_ONE_LIE))
			record->size_bytes = (uint64_t)64 * scene.members;
		if (bad && deed == PACK_OUTSIDE)
			record->pack--;
		if (bad && deed == PACK_AHEAD)
			record->pack = member + 1;
		if (deed == PACK_BACKWARDS && member == scene.bad_member - 1)
			record->pack = member; /* there is none */
		say(self, &message);
		if (deed == PACK_SHRINK && member == work->members.first)
			shrink(self, record);
		if (bad && deed == PACK_LIE_AND_DIE)
			die();
		if (bad && (deed == PACK_OUTSIDE || deed == PACK_AHEAD || deed == PACK_BACKWARDS))
			pause(); /* the parent ends it */
	}
	close(fd);
}

static void do_member(const struct self *self, const struct message_work *work, uint64_t member)
{
	enum deed deed = scene.deeds[work->archive];
	struct message message = {.kind = MESSAGE_RECORD, .unit = self->unit};
	char name[32];

	note_progress(self, member);
	message.record = write_member(self, work->archive, member, name);
	bool bad = member == scene.bad_member;
	if (bad && !misbehave(self, work, &message.record, deed)) {
		pause(); /* the parent ends it */
		_exit(93);
	}
	say(self, &message);
	if (bad && deed == SHRINK)
		shrink(self, &message.record);
	if (bad && deed == SAY_AND_DIE)
		die();
}

static uint64_t unit_end(const struct message_work *work)
{
	uint64_t left = scene.members - work->members.first;

	if (work->members.end != UNIT_END_OPEN)
		return work->members.end;
	return work->members.first + (left < scene.per_unit ? left : scene.per_unit);
}

static void do_work(const struct self *self, const struct message_work *work)
{
	enum deed deed = scene.deeds[work->archive];
	unsigned attempt = atomic_fetch_add(&shared->attempts[work->archive], 1);
	struct message plan = {.kind = MESSAGE_PLAN, .unit = self->unit};
	struct message done = {.kind = MESSAGE_DONE, .unit = self->unit};

	atomic_store(&self->progress->lanes[0].unit, self->unit);
	if (deed == DIE_FIRST || (deed == DIE_FIRST_ONCE && attempt == 0))
		die();
	if (deed == ARCHIVE_FAILS)
		done.done.failure.kind = FAILURE_NOT_A_ZIP;
	if (deed == DONE_FIRST || deed == ARCHIVE_FAILS) {
		say(self, &done);
		return;
	}
	if (deed == DIE_UNHEARD && work->members.first <= scene.bad_member &&
		(work->members.end == UNIT_END_OPEN || scene.bad_member < work->members.end))
		die_unheard(self, work);
	uint64_t end = unit_end(work);
	plan.plan = (struct message_plan){.end = end, .entries = scene.members};
	if (deed != RECORD_FIRST)
		say(self, &plan);
	pthread_t thread;
	if (deed == RESTLESS && pthread_create(&thread, NULL, be_restless, (void *)self) != 0)
		_exit(83);
	if (deed >= PACK && deed <= PACK_AHEAD)
		do_pack(self, work, end);
	else
		for (uint64_t member = work->members.first; member < end; member++)
			do_member(self, work, member);
	atomic_store(&self->progress->lanes[0].member, PROGRESS_NONE);
	atomic_store(&self->progress->lanes[0].unit, PROGRESS_NONE);
	if (deed == DIE_LAST || (deed == DIE_LAST_ONCE && attempt == 0))
		die();
	if (end == scene.members)
		atomic_fetch_add(&shared->finished, 1);
	say(self, &done);
}

/** The next unit, or false: the channel has ended, or nothing has come for @wait_ms. */
static bool take_work(struct self *self, struct message_work *work, int wait_ms)
{
	static uint64_t open_archive = UINT64_MAX;
	struct pollfd channel = {.fd = self->channel_fd, .events = POLLIN};
	struct wire_reader reader;
	struct message message;
	char bytes[256];
	int fd = -1;

	if (poll(&channel, 1, wait_ms) <= 0)
		return false;
	ssize_t size = channel_receive(self->channel_fd, bytes, sizeof(bytes), &fd, true);
	if (size <= 0)
		return false;
	wire_reader_init(&reader, bytes, (size_t)size);
	if (message_get(&reader, &message) != 1 || message.kind != MESSAGE_WORK)
		_exit(91);
	/* A descriptor comes exactly where it is not the archive that came last. */
	if ((fd >= 0) != message.work.has_archive ||
		(fd >= 0) != (open_archive != message.work.archive))
		_exit(90);
	if (message.work.entries == scene.members)
		shared->informed++;
	open_archive = message.work.archive;
	if (fd >= 0) {
		char text[16] = {0};
		if (pread(fd, text, sizeof(text) - 1, 0) <= 0 ||
			strtoull(text, NULL, 10) != open_archive)
			_exit(89); /* it is another archive's */
		close(fd);
	}
	self->unit = message.unit;
	*work = message.work;
	return true;
}

/** As a worker that gains from two units: do @first in turn with what comes beside it. */
static void do_two(struct self *self, const struct message_work *first)
{
	struct self lanes[2] = {*self, *self};
	struct message_work works[2] = {*first};
	uint64_t at[2], end[2];
	unsigned count = 0;

	lanes[1].lane = 1;
	do {
		struct message plan = {.kind = MESSAGE_PLAN, .unit = self->unit};
		lanes[count].unit = self->unit;
		at[count] = works[count].members.first;
		end[count] = unit_end(&works[count]);
		plan.plan = (struct message_plan){
			.end = end[count], .entries = scene.members, .pairable = scene.gains};
		atomic_store(&self->progress->lanes[count].unit, self->unit);
		say(self, &plan);
		count++;
	} while (count < 2 && take_work(self, &works[count], scene.wait_ms));
	lanes[0].paired = lanes[1].paired = count == 2;
	atomic_fetch_add(&shared->pairs, count == 2);
	for (bool more = true; more;) {
		more = false;
		for (unsigned i = 0; i < count; i++) {
			if (at[i] < end[i])
				note_progress(&lanes[i], at[i]); /* both are in hand */
		}
		for (unsigned i = 0; i < count; i++) {
			if (at[i] < end[i])
				do_member(&lanes[i], &works[i], at[i]);
			more |= ++at[i] < end[i];
		}
	}
	for (unsigned i = count; i-- > 0;) {
		struct message done = {.kind = MESSAGE_DONE, .unit = lanes[i].unit};
		atomic_store(&self->progress->lanes[i].member, PROGRESS_NONE);
		say(self, &done);
	}
}

static void worker_main(
	void *context, int channel_fd, int directory_fd, struct worker_progress *progress)
{
	struct self self = {
		.channel_fd = channel_fd, .directory_fd = directory_fd, .progress = progress};
	struct message_work work;

	if (context != &scene)
		_exit(92);
	atomic_fetch_add(&shared->starts, 1);
	if (scene.die_at_start)
		_exit(1);
	while (take_work(&self, &work, -1)) {
		if (scene.wait_ms > 0)
			do_two(&self, &work);
		else
			do_work(&self, &work);
	}
	if (scene.ignore_the_end) {
		for (;;)
			pause();
	}
	struct message farewell = {
		.kind = MESSAGE_MEMORY,
		.memory = {1000000 + (uint64_t)getpid() % 7, 2000000},
	};
	say(&self, &farewell);
	_exit(0);
}

/* --- the source and the sink ---------------------------------------------------------------------
 */

static const char *archive_name(unsigned archive)
{
	char name[32];

	snprintf(name, sizeof(name), "%u.zip", archive);
	return scratch_path(name);
}

static enum source_status source_next(void *context, struct source_item *item)
{
	char byte;

	ck_assert_ptr_eq(context, &scene);
	if (given == scene.archives)
		return SOURCE_END;
	if (scene.source_waits && given > 0 && read(wake[0], &byte, 1) != 1)
		return SOURCE_WAIT;
	if (scene.source_stumbles && source_calls++ % 2 == 0)
		return SOURCE_WAIT;
	atomic_fetch_add(&shared->asked, 1);
	item->path = archive_name(given++);
	if (scene.source_opens)
		item->fd = open(item->path, O_RDONLY | O_CLOEXEC);
	return SOURCE_ARCHIVE;
}

static int source_poll_fd(void *context)
{
	(void)context;
	return scene.source_stumbles ? null_fd : wake[0];
}

static int sink_put(
	void *context, const struct record *record, const char *archive_path, const char *path)
{
	ck_assert_ptr_eq(context, &scene);
	ck_assert_uint_lt(printed_count, RECORDS_MAX);
	ck_assert_str_eq(archive_path, archive_name((unsigned)record->archive));
	printed[printed_count++] = (struct printed){record->archive, record->member,
		record->size_bytes, record->offset_bytes, strdup(path)};
	return 0;
}

/** Wait until another worker is dead than the last time. It stays there to be waited for. */
static void wait_for_corpse(void)
{
	static pid_t last;
	siginfo_t info = {0};

	for (int i = 0; i < 1000; i++) {
		if (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) < 0) {
			ck_assert_int_eq(errno, ECHILD);
			return; /* none is started yet */
		}
		if (info.si_pid != 0 && info.si_pid != last)
			scene.corpses_to_wait_for--;
		if (info.si_pid != 0) {
			last = info.si_pid;
			return;
		}
		poll(NULL, 0, 1);
	}
	scene.corpses_to_wait_for = 0; /* no more will come */
}

static size_t sink_pending(void *context)
{
	(void)context;
	if (scene.corpses_to_wait_for > 0)
		wait_for_corpse();
	return printed_count - written_count;
}

static int sink_poll_fd(void *context)
{
	(void)context;
	return null_fd;
}

static int sink_write(void *context, uint64_t *written)
{
	(void)context;
	while (written_count < printed_count) {
		if (written_count == scene.sink_takes) {
			*written = written_count;
			errno = scene.sink_error;
			return -1;
		}
		written_count++;
		if (scene.source_waits && printed[written_count - 1].member == scene.members - 1)
			ck_assert_int_eq(write(wake[1], "x", 1), 1);
	}
	*written = written_count;
	return 0;
}

/* --- a run and what must hold after it -----------------------------------------------------------
 */

static void set_up(void)
{
	scratch_begin();
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(shared != MAP_FAILED);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(pipe2(wake, O_CLOEXEC | O_NONBLOCK), 0);
	scene = (struct scene){
		.archives = 4,
		.members = 6,
		.per_unit = 100,
		.bad_member = 2,
		.settings = {.jobs = 2},
		.sink_takes = SIZE_MAX,
	};
}

static void tear_down(void)
{
	for (size_t i = 0; i < printed_count; i++)
		free(printed[i].path);
	close(null_fd);
	close(wake[0]);
	close(wake[1]);
	munmap(shared, sizeof(*shared));
	scratch_end();
}

static enum run_end go(void)
{
	const struct archive_source source = {source_next, source_poll_fd, &scene};
	const struct record_sink sink = {
		sink_put, NULL, sink_pending, sink_poll_fd, sink_write, &scene};
	const struct worker_entry entry = {.main = worker_main, .context = &scene};
	static char tmpdir[PATH_MAX];

	for (unsigned i = 0; i < scene.archives; i++) {
		char name[32];
		char bytes[16];
		snprintf(name, sizeof(name), "%u.zip", i);
		scratch_file(name, bytes, (size_t)snprintf(bytes, sizeof(bytes), "%u", i));
		if (scene.large)
			ck_assert_int_eq(truncate(scratch_path(name), 100000), 0);
	}
	if (!scene.settings.tmpdir) {
		snprintf(tmpdir, sizeof(tmpdir), "%s", scratch_directory("tmp"));
		scene.settings.tmpdir = tmpdir;
	}
	capture_begin();
	descriptors_before = open_descriptors();
	enum run_end end = run(&scene.settings, &source, &sink, &entry, &stats, &number);
	size_t descriptors = open_descriptors();
	messages = capture_end();
	ck_assert_uint_eq(descriptors, descriptors_before);
	/* No worker is left, dead or alive. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	return end;
}

static size_t found_files;
static size_t found_directories;
static char found_path[PATH_MAX];

static int count_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)type;
	if (S_ISDIR(status->st_mode)) {
		found_directories += ftw->level > 0;
		return 0;
	}
	snprintf(found_path, sizeof(found_path), "%s", path);
	found_files++;
	return 0;
}

/** Whether the written record @i has its file, whole. */
static void check_printed(size_t i)
{
	const struct printed *record = &printed[i];
	char expected[64];
	char bytes[128];
	size_t size = member_bytes(record->archive, record->member, expected);
	int fd = open(record->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s", record->path);
	ck_assert_int_eq(strncmp(record->path, scratch_path("tmp/zipmap."),
				 strlen(scratch_path("tmp/zipmap."))),
		0);
	ck_assert_uint_eq(record->size_bytes, size);
	ck_assert_int_eq(pread(fd, bytes, size, (off_t)record->offset_bytes), (ssize_t)size);
	ck_assert_mem_eq(bytes, expected, size);
	close(fd);
}

/** Whether what was printed is no more there, by a worker's will: that is all it can spoil. */
static bool is_spoilt(const struct printed *record)
{
	enum deed deed = scene.deeds[record->archive];

	return deed == RESTLESS || deed == PACK_SHRINK ||
	       (deed == SHRINK && record->member == scene.bad_member);
}

/** Files are there for exactly what was written out, in order and once; no other thing is left. */
static void check_files(void)
{
	size_t files = written_count;

	for (size_t i = 0; i < written_count; i++) {
		if (!is_spoilt(&printed[i]))
			check_printed(i);
		files -= i > 0 && strcmp(printed[i].path, printed[i - 1].path) == 0;
		for (size_t j = 0; j < i; j++)
			ck_assert(printed[i].archive != printed[j].archive ||
				  printed[i].member != printed[j].member);
		if (scene.settings.unordered || i == 0)
			continue;
		const struct printed *last = &printed[i - 1];
		ck_assert(
			printed[i].archive > last->archive ||
			(printed[i].archive == last->archive && printed[i].member > last->member));
	}
	found_files = found_directories = 0;
	ck_assert_int_eq(nftw(scratch_path("tmp"), count_entry, 16, FTW_PHYS), 0);
	ck_assert_msg(found_files == files, "%zu files for %zu paths, such as %s", found_files,
		files, found_path);
	if (written_count == 0)
		ck_assert_uint_eq(found_directories, 0);
	/* The run's own, and one for each worker that made a file that is there. */
	ck_assert_uint_le(found_directories, 1 + written_count);
	ck_assert_uint_eq(stats.members, printed_count);
}

static size_t printed_of(uint64_t archive)
{
	size_t count = 0;

	for (size_t i = 0; i < written_count; i++)
		count += printed[i].archive == archive;
	return count;
}

static bool was_printed(uint64_t archive, uint64_t member)
{
	for (size_t i = 0; i < written_count; i++) {
		if (printed[i].archive == archive && printed[i].member == member)
			return true;
	}
	return false;
}

/** How often @text was said. */
static unsigned said(const char *text)
{
	unsigned count = 0;

	for (const char *at = messages; (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

/** All archives are printed whole, but for @missing members of archive 1. */
static void check_all_but(size_t missing)
{
	check_files();
	for (unsigned i = 0; i < scene.archives; i++)
		ck_assert_msg(printed_of(i) == scene.members - (i == 1 ? missing : 0),
			"archive %u: %zu paths\n%s", i, printed_of(i), messages);
}

/** Archive 1 is done with this deed: only its bad member fails, and these words are said of it. */
static void check_one_member_fails(enum deed deed, const char *words)
{
	char line[256];

	scene.deeds[1] = deed;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert(!was_printed(1, scene.bad_member));
	ck_assert_uint_eq(stats.failures, 1);
	snprintf(line, sizeof(line), "1.zip: m2.dat: %s", words);
	ck_assert_msg(said(line) == 1, "%s", messages);
	ck_assert_msg(said("zipmap: ") == 1, "%s", messages);
}

/** Archive 1 is done with this deed: it fails as a whole, and these words are said of it. */
static void check_archive_fails(enum deed deed, size_t missing, const char *words)
{
	char line[256];

	scene.deeds[1] = deed;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(missing);
	ck_assert_uint_eq(stats.failures, 1);
	snprintf(line, sizeof(line), "1.zip: %s", words);
	ck_assert_msg(said(line) == 1, "%s", messages);
	ck_assert_msg(said("zipmap: ") == 1, "%s", messages);
}

static const char broke[] = "the worker broke the protocol and was killed";
static const char killed[] = "worker died (killed by signal 9";
static const char changed[] = "the file is not the one that the worker wrote";

START_TEST(a_run_prints_all_members_in_order)
{
	scene.archives = 20;
	scene.settings.jobs = 3;
	scene.settings.measure = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_str_eq(messages, "");
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(stats.archives, 20);
	ck_assert_uint_eq(stats.workers, 3);
	ck_assert_uint_eq(stats.workers, atomic_load(&shared->starts));
	ck_assert_uint_eq(stats.sent_messages, 20);
	/* A plan, a record each and the end in a packet each, and three farewells. */
	ck_assert_uint_eq(stats.received_messages, 20 * (6 + 2) + 3);
	ck_assert_uint_gt(stats.received_bytes, stats.received_messages * 10);
	ck_assert_uint_ge(stats.worker_private_peak_bytes, 1000000);
	ck_assert_uint_lt(stats.worker_private_peak_bytes, 1000007);
	ck_assert_uint_eq(stats.worker_shared_peak_bytes, 2000000);
	ck_assert_uint_gt(stats.parent_private_peak_bytes, 0);
	ck_assert_uint_gt(stats.elapsed_ns, 0);
	uint64_t bytes = 0;
	for (size_t i = 0; i < printed_count; i++)
		bytes += printed[i].size_bytes;
	ck_assert_uint_eq(stats.unzipped_bytes, bytes);
}
END_TEST

START_TEST(a_run_without_order_prints_all_members)
{
	scene.archives = 20;
	scene.settings.jobs = 3;
	scene.settings.unordered = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
}
END_TEST

START_TEST(an_archive_of_many_units_is_done_by_several_workers)
{
	scene.archives = 1;
	scene.members = 400;
	scene.per_unit = 7;
	scene.settings.jobs = 4;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	/* All but the first. */
	ck_assert_uint_eq(shared->informed, (scene.members - 1) / scene.per_unit);
	ck_assert_uint_gt(stats.workers, 1);
}
END_TEST

START_TEST(no_more_workers_are_started_than_there_is_work_for)
{
	scene.archives = 2;
	scene.settings.jobs = 16;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_le(stats.workers, 2);
}
END_TEST

START_TEST(a_run_without_archives_starts_nothing_and_leaves_nothing)
{
	scene.archives = 0;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(stats.workers, 0);
}
END_TEST

START_TEST(archives_without_members_are_warned_of)
{
	scene.members = 0;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(said("no members"), 4);
}
END_TEST

START_TEST(members_and_archives_that_fail_honestly)
{
	check_one_member_fails(MEMBER_FAILS, "CRC-32 mismatch");
}
END_TEST

START_TEST(an_archive_that_fails_honestly)
{
	check_archive_fails(ARCHIVE_FAILS, scene.members, "not a zip archive");
}
END_TEST

START_TEST(archives_that_cannot_be_opened_are_said_and_the_rest_is_printed)
{
	scene.archives = 3;
	scene.settings.tmpdir = NULL;
	for (unsigned i = 0; i < 3; i++)
		scratch_file("0.zip", "", 0);
	const struct archive_source source = {source_next, source_poll_fd, &scene};
	const struct record_sink sink = {
		sink_put, NULL, sink_pending, sink_poll_fd, sink_write, &scene};
	const struct worker_entry entry = {.main = worker_main, .context = &scene};
	ck_assert_int_eq(mkfifo(scratch_path("1.zip"), 0600), 0);
	scene.settings.tmpdir = scratch_directory("tmp");
	capture_begin(); /* 0: no bytes; 1: a FIFO that nobody writes; 2: missing */
	ck_assert_int_eq(
		run(&scene.settings, &source, &sink, &entry, &stats, &number), RUN_COMPLETE);
	messages = capture_end();
	ck_assert_uint_eq(stats.failures, 3);
	ck_assert_uint_eq(stats.archives, 0);
	ck_assert_uint_eq(stats.workers, 0);
	ck_assert_uint_eq(said("0.zip: an empty file"), 1);
	ck_assert_uint_eq(
		said("1.zip: not a regular file (a FIFO; unzip one as '-', from standard input)"),
		1);
	ck_assert_uint_eq(said("2.zip: No such file or directory"), 1);
	check_files();
}
END_TEST

/** What breaks the protocol in the middle of a unit. */
static const enum deed breaches[] = {GARBAGE, UNKNOWN_TAG, CUT_MESSAGE, TOO_LARGE, DESCRIPTOR,
	OTHER_MEMBER, BACKWARDS, LIE_BACKWARDS, WORK_BACK, MEMORY_EARLY, TWO_PLANS, SAME_PLAN,
	OUR_WORDS, OUR_LAST_WORDS, DONE_TOO_OFTEN};

START_TEST(a_worker_that_breaks_the_protocol_costs_the_member_that_it_was_on)
{
	check_one_member_fails(breaches[_i], broke);
}
END_TEST

START_TEST(a_worker_that_breaks_the_protocol_without_order)
{
	scene.settings.unordered = true;
	check_one_member_fails(breaches[_i], broke);
}
END_TEST

START_TEST(a_record_for_another_archive_costs_the_member_that_it_was_on)
{
	check_one_member_fails(OTHER_ARCHIVE, broke);
}
END_TEST

START_TEST(a_packet_of_no_bytes_ends_its_worker)
{
	scene.deeds[1] = EMPTY_PACKET;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said("1.zip: m2.dat: "), 1);
}
END_TEST

START_TEST(a_worker_that_closes_its_channel_is_ended)
{
	scene.deeds[1] = CLOSE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said("1.zip: m2.dat: "), 1);
}
END_TEST

static const enum deed file_lies[] = {
	NO_FILE, SIZE_LIE, INODE_LIE, SYMBOLIC_LINK, FIFO, DIRECTORY, SOCKET};

START_TEST(a_file_that_is_not_what_was_said_fails_alone_and_is_gone)
{
	check_one_member_fails(file_lies[_i], changed);
}
END_TEST

START_TEST(a_file_with_a_second_link_fails_alone)
{
	char line[64];

	scene.deeds[1] = HARD_LINK;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert(!was_printed(1, 2));
	ck_assert_uint_eq(written_count, scene.archives * scene.members - 1);
	snprintf(line, sizeof(line), "1.zip: m2.dat: %s", changed);
	ck_assert_uint_eq(said(line), 1);
}
END_TEST

START_TEST(a_member_that_stays_in_its_archive_has_its_path)
{
	scene.settings.in_place = true;
	scene.settings.unordered = _i;
	scene.deeds[1] = STAYS;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_str_eq(messages, "");
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(written_count, scene.archives * scene.members);
	for (size_t i = 0; i < written_count; i++) {
		if (printed[i].archive != 1 || printed[i].member != scene.bad_member) {
			check_printed(i);
			continue;
		}
		ck_assert_str_eq(printed[i].path, archive_name(1));
		ck_assert_uint_eq(printed[i].offset_bytes, 0);
		ck_assert_uint_eq(printed[i].size_bytes, 1);
	}
}
END_TEST

static const enum deed stay_lies[] = {STAYS_BEHIND, STAYS_BEYOND, STAYS_AROUND};

START_TEST(a_member_that_is_not_in_its_archive_ends_the_worker)
{
	scene.settings.in_place = true;
	check_one_member_fails(stay_lies[_i], broke);
}
END_TEST

START_TEST(a_member_stays_in_no_archive_where_that_is_not_asked_for)
{
	check_one_member_fails(STAYS, broke);
}
END_TEST

START_TEST(a_member_stays_in_no_archive_that_has_no_path)
{
	scene.settings.in_place = true;
	scene.source_opens = true;
	check_one_member_fails(STAYS, broke);
}
END_TEST

START_TEST(a_member_that_stays_keeps_to_the_limit_of_one_alone)
{
	scene.archives = 2;
	scene.members = 3;
	scene.settings.in_place = true;
	scene.settings.limits.total_bytes = 5 * strlen("archive 0 member 0");
	scene.deeds[1] = STAYS;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(written_count, 6);
}
END_TEST

static const enum deed root_lies[] = {DEVICE, OTHER_OWNER};

START_TEST(a_device_or_anothers_file_fails_alone_and_is_gone)
{
	if (geteuid() != 0)
		fputs("skipped: only root makes such files\n", stderr);
	else
		check_one_member_fails(root_lies[_i], changed);
}
END_TEST

START_TEST(a_file_that_shrinks_once_it_is_announced_does_not_hurt)
{
	scene.deeds[1] = SHRINK;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	/* It may be cut before the parent has looked at it, or after. */
	check_all_but(stats.failures);
	ck_assert_uint_le(stats.failures, 1);
	ck_assert_uint_eq(said(changed), stats.failures);
}
END_TEST

START_TEST(files_that_shrink_while_they_are_looked_at_do_not_hurt)
{
	scene.members = 200;
	scene.deeds[1] = RESTLESS;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	/* What was cut when the parent looked has failed alone. */
	ck_assert_uint_eq(printed_of(1) + stats.failures, scene.members);
	ck_assert_uint_eq(said(changed), stats.failures);
	ck_assert_uint_eq(printed_of(0), scene.members);
}
END_TEST

START_TEST(members_that_share_a_file_are_printed)
{
	for (unsigned i = 0; i < scene.archives; i++)
		scene.deeds[i] = PACK;
	scene.per_unit = 4;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(found_files, 2 * (size_t)scene.archives);
	ck_assert_str_eq(messages, "");
}
END_TEST

START_TEST(a_member_that_ends_behind_its_shared_file_fails_alone)
{
	scene.bad_member = (uint64_t)_i;
	scene.deeds[1] = PACK_ONE_LIE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert(!was_printed(1, scene.bad_member));
	ck_assert_uint_eq(said(changed), 1);
}
END_TEST

static const enum deed pack_lies[] = {PACK_ALL_LIE, PACK_INODE_LIE, PACK_NO_FILE, PACK_LINK};

START_TEST(a_shared_file_of_which_no_member_holds_is_gone)
{
	scene.deeds[1] = pack_lies[_i];
	scene.per_unit = 4;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(scene.members);
	ck_assert_uint_eq(said(changed), scene.members);
	ck_assert_uint_eq(stats.failures, scene.members);
}
END_TEST

START_TEST(a_shared_file_of_which_no_member_holds_is_gone_with_its_worker)
{
	scene.deeds[1] = PACK_LIE_AND_DIE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(scene.members);
	ck_assert_uint_eq(said(changed), scene.members);
}
END_TEST

START_TEST(a_shared_file_that_shrinks_does_not_hurt)
{
	scene.deeds[1] = PACK_SHRINK;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(printed_of(1) + stats.failures, scene.members);
}
END_TEST

static const enum deed pack_breaches[] = {PACK_BACKWARDS, PACK_OUTSIDE, PACK_AHEAD};

START_TEST(shared_files_that_cannot_be_end_their_worker)
{
	scene.per_unit = 3;
	scene.bad_member = 5;
	scene.deeds[1] = pack_breaches[_i];
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(said(broke), 1);
	ck_assert_uint_eq(printed_of(0), scene.members);
	for (uint64_t member = 0; member < scene.members; member++)
		ck_assert(was_printed(1, member) ==
			  (member < (scene.deeds[1] == PACK_BACKWARDS ? 4 : 5)));
}
END_TEST

START_TEST(records_without_a_plan_are_not_believed)
{
	scene.deeds[1] = RECORD_FIRST;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(scene.members);
	ck_assert_uint_ge(said(broke), 1);
	ck_assert_uint_eq(said(broke), stats.failures);
}
END_TEST

static const enum deed odd_names[] = {SLASHES, LONG_NAME};

START_TEST(a_name_in_a_record_is_no_path)
{
	/* It is cleaned before it is looked for: the file is in the worker's directory. */
	scene.deeds[1] = odd_names[_i];
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
}
END_TEST

START_TEST(the_end_of_a_unit_without_a_plan_fails_the_archive)
{
	check_archive_fails(DONE_FIRST, scene.members, broke);
	ck_assert_uint_eq(atomic_load(&shared->attempts[1]), 2);
}
END_TEST

START_TEST(a_worker_that_dies_in_the_middle_costs_the_member_that_it_was_on)
{
	check_one_member_fails(DIE, killed);
}
END_TEST

START_TEST(a_worker_that_dies_before_it_is_heard_costs_the_member_that_it_was_on)
{
	check_one_member_fails(DIE_UNHEARD, killed);
}
END_TEST

START_TEST(a_worker_that_dies_in_the_middle_of_one_of_many_units)
{
	scene.members = 40;
	scene.per_unit = 3;
	check_one_member_fails(DIE, killed);
}
END_TEST

START_TEST(a_worker_that_dies_on_the_first_or_the_last_member)
{
	scene.bad_member = _i ? scene.members - 1 : 0;
	scene.deeds[1] = DIE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert(!was_printed(1, scene.bad_member));
	ck_assert_uint_eq(stats.failures, 1);
}
END_TEST

START_TEST(a_worker_that_exits_in_the_middle_is_said_with_its_status)
{
	check_one_member_fails(EXIT, "worker died (exit status 3)");
}
END_TEST

static const enum deed harmless_deaths[] = {SAY_AND_DIE, DIE_FIRST_ONCE, DIE_LAST_ONCE};

START_TEST(a_death_that_no_member_is_to_blame_for_costs_nothing)
{
	scene.deeds[1] = harmless_deaths[_i];
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(atomic_load(&shared->attempts[1]), 2);
}
END_TEST

START_TEST(a_worker_that_always_dies_before_its_plan_fails_the_archive)
{
	check_archive_fails(DIE_FIRST, scene.members, killed);
	ck_assert_uint_eq(atomic_load(&shared->attempts[1]), 2);
}
END_TEST

START_TEST(workers_that_die_in_every_archive)
{
	scene.archives = 12;
	for (unsigned i = 0; i < scene.archives; i++)
		scene.deeds[i] = i % 2 ? DIE : GARBAGE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	for (unsigned i = 0; i < scene.archives; i++) {
		ck_assert_uint_eq(printed_of(i), scene.members - 1);
		ck_assert(!was_printed(i, 2));
	}
	ck_assert_uint_eq(stats.failures, scene.archives);
	ck_assert_uint_eq(said(killed), 6);
	ck_assert_uint_eq(said(broke), 6);
}
END_TEST

START_TEST(workers_that_always_die_at_their_start_fail_all_archives)
{
	scene.die_at_start = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(stats.failures, scene.archives);
	ck_assert_uint_eq(said("worker died (exit status 1)"), scene.archives);
	ck_assert_uint_eq(written_count, 0);
}
END_TEST

START_TEST(workers_that_always_die_at_their_start_end_a_long_run_in_order)
{
	scene.archives = 300;
	scene.settings.jobs = 3;
	scene.die_at_start = true;
	ck_assert_int_eq(go(), RUN_STOPPED);
	check_files();
	ck_assert_uint_eq(said("giving up: 100 worker processes were lost"), 1);
	ck_assert_uint_ge(stats.workers, 100);
	ck_assert_uint_lt(stats.workers, 110);
	ck_assert_uint_gt(stats.failures, 0);
}
END_TEST

START_TEST(workers_that_die_in_every_one_of_many_archives_do_not_end_the_run)
{
	scene.archives = 150;
	scene.settings.jobs = 3;
	for (unsigned i = 0; i < scene.archives; i++)
		scene.deeds[i] = DIE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(written_count, scene.archives * (scene.members - 1));
	ck_assert_uint_eq(stats.failures, scene.archives);
}
END_TEST

START_TEST(how_a_worker_died_is_said_rightly_after_another_has_broken_the_protocol)
{
	scene.archives = 2;
	scene.members = 1; /* so that nothing happens in between */
	scene.bad_member = 0;
	scene.deeds[0] = LATE_GARBAGE;
	scene.deeds[1] = WAIT_FOR_DEATH;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_uint_eq(stats.failures, 2);
	ck_assert_msg(said(broke) == 1, "%s", messages);
	ck_assert_msg(said(killed) == 1, "%s", messages);
}
END_TEST

START_TEST(an_archive_that_was_done_is_not_blamed_for_a_death_over_the_next)
{
	/* One worker has all four queued, and dies over the second: the first is done, the last
	 * two are not even read by it. The parent hears all of that too late: its last word tells
	 * which archive it was on. */
	scene.settings.jobs = 1;
	scene.corpses_to_wait_for = 1;
	scene.deeds[1] = DIE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_msg(printed_of(0) == scene.members, "%s", messages);
	check_all_but(1);
	ck_assert_uint_eq(stats.failures, 1);
}
END_TEST

/** One worker, two units in hand. */
static void set_up_pairs(void)
{
	scene.settings.jobs = 1;
	scene.large = true;
	scene.gains = true;
	scene.wait_ms = 2000;
}

START_TEST(a_worker_that_gains_from_it_gets_a_second_archive)
{
	set_up_pairs();
	scene.settings.unordered = _i;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 2);
	ck_assert_uint_eq(stats.workers, 1);
}
END_TEST

START_TEST(a_worker_that_gains_from_it_gets_a_second_unit_of_one_archive)
{
	set_up_pairs();
	scene.archives = 1;
	scene.members = 40;
	scene.per_unit = 5;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 4);
}
END_TEST

START_TEST(a_worker_that_does_not_gain_from_it_gets_one_unit_at_a_time)
{
	set_up_pairs();
	scene.gains = false;
	scene.wait_ms = 100;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 0);
}
END_TEST

START_TEST(no_worker_gets_a_second_unit_before_each_has_one)
{
	set_up_pairs();
	scene.archives = 2;
	scene.settings.jobs = 2;
	scene.wait_ms = 300;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.workers, 2);
	ck_assert_uint_eq(atomic_load(&shared->pairs), 0);
}
END_TEST

START_TEST(a_worker_that_dies_with_two_members_in_hand_costs_none_where_each_alone_is_harmless)
{
	set_up_pairs();
	scene.wait_ms = 300;
	scene.settings.unordered = _i / 2;
	scene.deeds[_i % 2] = DIE_IN_PAIR;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	if (_i % 2 == 0) {
		check_all_but(0);
		ck_assert_str_eq(messages, "");
	} else {
		/* The first lane had said its member: only one was in hand. */
		check_all_but(1);
	}
	ck_assert_uint_eq(stats.workers, 2);
}
END_TEST

START_TEST(of_two_members_in_hand_the_one_that_kills_alone_is_to_blame)
{
	set_up_pairs();
	scene.wait_ms = 300;
	scene.settings.unordered = _i / 2;
	scene.deeds[0] = _i % 2 ? GARBAGE : DIE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(written_count, scene.archives * scene.members - 1);
	ck_assert(!was_printed(0, 2));
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said(_i % 2 ? broke : killed), 1);
	ck_assert_uint_eq(stats.workers, 3); /* with both, alone, and for the rest */
}
END_TEST

START_TEST(two_members_in_hand_that_both_kill_are_both_to_blame)
{
	set_up_pairs();
	scene.wait_ms = 300;
	scene.deeds[0] = scene.deeds[1] = DIE;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(written_count, scene.archives * scene.members - 2);
	ck_assert(!was_printed(0, 2));
	ck_assert(!was_printed(1, 2));
	ck_assert_uint_eq(said(killed), 2);
}
END_TEST

START_TEST(a_member_that_fails_leaves_the_one_beside_it)
{
	set_up_pairs();
	check_one_member_fails(_i ? SIZE_LIE : MEMBER_FAILS, _i ? changed : "CRC-32 mismatch");
	ck_assert_uint_eq(atomic_load(&shared->pairs), 2);
}
END_TEST

START_TEST(a_worker_that_does_not_leave_is_killed)
{
	scene.ignore_the_end = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
}
END_TEST

START_TEST(what_is_done_is_printed_while_the_source_has_nothing)
{
	/* Each archive comes only when all of the one before is written out. */
	scene.source_waits = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
}
END_TEST

START_TEST(a_source_that_has_nothing_now_is_asked_again)
{
	scene.archives = 30;
	scene.source_stumbles = true;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
}
END_TEST

START_TEST(the_first_failure_stops_a_fail_fast_run)
{
	scene.archives = 8;
	scene.settings.jobs = _i ? 3 : 1;
	scene.settings.fail_fast = true;
	scene.deeds[1] = MEMBER_FAILS;
	ck_assert_int_eq(go(), RUN_STOPPED);
	check_files();
	/* What has its turn before the failure is printed, and nothing behind it. */
	ck_assert_uint_eq(written_count, scene.members + scene.bad_member);
	ck_assert_uint_eq(printed_of(0), scene.members);
	ck_assert_uint_eq(stats.failures, 1);
	ck_assert_uint_eq(said("zipmap: "), 1);
}
END_TEST

START_TEST(a_worker_that_dies_stops_a_fail_fast_run)
{
	scene.settings.fail_fast = true;
	scene.deeds[1] = DIE;
	ck_assert_int_eq(go(), RUN_STOPPED);
	check_files();
	ck_assert_uint_eq(stats.failures, 1);
}
END_TEST

START_TEST(a_signal_ends_the_run_and_removes_what_was_not_written_out)
{
	scene.archives = 6;
	scene.settings.unordered = _i % 2;
	scene.deeds[2] = _i / 2 ? SIGNAL_AND_WAIT : SIGNAL_PARENT;
	ck_assert_int_eq(go(), RUN_SIGNALED);
	ck_assert_int_eq(number, SIGTERM);
	check_files();
	ck_assert_uint_lt(written_count, scene.archives * scene.members);
}
END_TEST

START_TEST(a_lost_reader_ends_the_run_and_only_what_it_got_stays)
{
	static const size_t takes[] = {0, 1, 5, 6, 7, 13};

	scene.sink_takes = takes[_i / 2];
	scene.sink_error = _i % 2 ? ENOSPC : EPIPE;
	scene.settings.unordered = _i % 2;
	ck_assert_int_eq(go(), RUN_OUTPUT_LOST);
	ck_assert_int_eq(number, scene.sink_error);
	ck_assert_uint_eq(written_count, scene.sink_takes);
	check_files();
}
END_TEST

START_TEST(a_place_that_takes_no_directory_is_said_and_nothing_starts)
{
	scene.settings.tmpdir = scratch_path("missing");
	ck_assert_int_eq(go(), RUN_NOT_STARTED);
	ck_assert_uint_eq(said("missing: No such file or directory"), 1);
	ck_assert_uint_eq(atomic_load(&shared->starts), 0);
}
END_TEST

START_TEST(the_signal_mask_is_as_before_after_the_run)
{
	sigset_t before;
	sigset_t after;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR2);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	ck_assert_int_eq(sigismember(&after, SIGUSR2), 1);
	ck_assert_int_eq(sigismember(&after, SIGTERM), 0);
	check_all_but(0);
}
END_TEST

START_TEST(archives_that_wait_for_their_turn_do_not_use_up_the_descriptors)
{
	struct rlimit limit;

	/* The first archive goes on until nothing can be done without it. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	scene.archives = 300;
	scene.deeds[0] = WAIT_FOR_OTHERS;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_msg(stats.failures == 0, "%.300s", messages);
	check_all_but(0);
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("run");
	TCase *tests = tcase_create("run");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_run_prints_all_members_in_order);
	tcase_add_test(tests, a_run_without_order_prints_all_members);
	tcase_add_test(tests, an_archive_of_many_units_is_done_by_several_workers);
	tcase_add_test(tests, no_more_workers_are_started_than_there_is_work_for);
	tcase_add_test(tests, a_run_without_archives_starts_nothing_and_leaves_nothing);
	tcase_add_test(tests, archives_without_members_are_warned_of);
	tcase_add_test(tests, members_and_archives_that_fail_honestly);
	tcase_add_test(tests, an_archive_that_fails_honestly);
	tcase_add_test(tests, archives_that_cannot_be_opened_are_said_and_the_rest_is_printed);
	tcase_add_loop_test(tests,
		a_worker_that_breaks_the_protocol_costs_the_member_that_it_was_on, 0,
		(int)(sizeof(breaches) / sizeof(breaches[0])));
	tcase_add_loop_test(tests, a_worker_that_breaks_the_protocol_without_order, 0,
		(int)(sizeof(breaches) / sizeof(breaches[0])));
	tcase_add_test(tests, a_record_for_another_archive_costs_the_member_that_it_was_on);
	tcase_add_test(tests, a_packet_of_no_bytes_ends_its_worker);
	tcase_add_test(tests, a_worker_that_closes_its_channel_is_ended);
	tcase_add_loop_test(tests, a_file_that_is_not_what_was_said_fails_alone_and_is_gone, 0,
		(int)(sizeof(file_lies) / sizeof(file_lies[0])));
	tcase_add_test(tests, a_file_with_a_second_link_fails_alone);
	tcase_add_loop_test(tests, a_member_that_stays_in_its_archive_has_its_path, 0, 2);
	tcase_add_loop_test(tests, a_member_that_is_not_in_its_archive_ends_the_worker, 0, 3);
	tcase_add_test(tests, a_member_stays_in_no_archive_where_that_is_not_asked_for);
	tcase_add_test(tests, a_member_stays_in_no_archive_that_has_no_path);
	tcase_add_test(tests, a_member_that_stays_keeps_to_the_limit_of_one_alone);
	tcase_add_loop_test(tests, a_device_or_anothers_file_fails_alone_and_is_gone, 0, 2);
	tcase_add_test(tests, a_file_that_shrinks_once_it_is_announced_does_not_hurt);
	tcase_add_test(tests, files_that_shrink_while_they_are_looked_at_do_not_hurt);
	tcase_add_test(tests, members_that_share_a_file_are_printed);
	tcase_add_loop_test(tests, a_member_that_ends_behind_its_shared_file_fails_alone, 0, 6);
	tcase_add_loop_test(tests, a_shared_file_of_which_no_member_holds_is_gone, 0, 4);
	tcase_add_test(tests, a_shared_file_of_which_no_member_holds_is_gone_with_its_worker);
	tcase_add_test(tests, a_shared_file_that_shrinks_does_not_hurt);
	tcase_add_loop_test(tests, shared_files_that_cannot_be_end_their_worker, 0, 3);
	tcase_add_test(tests, records_without_a_plan_are_not_believed);
	tcase_add_loop_test(tests, a_name_in_a_record_is_no_path, 0, 2);
	tcase_add_test(tests, the_end_of_a_unit_without_a_plan_fails_the_archive);
	tcase_add_test(tests, a_worker_that_dies_in_the_middle_costs_the_member_that_it_was_on);
	tcase_add_test(
		tests, a_worker_that_dies_before_it_is_heard_costs_the_member_that_it_was_on);
	tcase_add_test(tests, a_worker_that_dies_in_the_middle_of_one_of_many_units);
	tcase_add_loop_test(tests, a_worker_that_dies_on_the_first_or_the_last_member, 0, 2);
	tcase_add_test(tests, a_worker_that_exits_in_the_middle_is_said_with_its_status);
	tcase_add_loop_test(tests, a_death_that_no_member_is_to_blame_for_costs_nothing, 0, 3);
	tcase_add_test(tests, a_worker_that_always_dies_before_its_plan_fails_the_archive);
	tcase_add_test(tests, workers_that_die_in_every_archive);
	tcase_add_test(tests, workers_that_always_die_at_their_start_fail_all_archives);
	tcase_add_test(tests, workers_that_always_die_at_their_start_end_a_long_run_in_order);
	tcase_add_test(tests, workers_that_die_in_every_one_of_many_archives_do_not_end_the_run);
	tcase_add_test(
		tests, how_a_worker_died_is_said_rightly_after_another_has_broken_the_protocol);
	tcase_add_test(tests, an_archive_that_was_done_is_not_blamed_for_a_death_over_the_next);
	tcase_add_loop_test(tests, a_worker_that_gains_from_it_gets_a_second_archive, 0, 2);
	tcase_add_test(tests, a_worker_that_gains_from_it_gets_a_second_unit_of_one_archive);
	tcase_add_test(tests, a_worker_that_does_not_gain_from_it_gets_one_unit_at_a_time);
	tcase_add_test(tests, no_worker_gets_a_second_unit_before_each_has_one);
	tcase_add_loop_test(tests,
		a_worker_that_dies_with_two_members_in_hand_costs_none_where_each_alone_is_harmless,
		0, 4);
	tcase_add_loop_test(
		tests, of_two_members_in_hand_the_one_that_kills_alone_is_to_blame, 0, 4);
	tcase_add_test(tests, two_members_in_hand_that_both_kill_are_both_to_blame);
	tcase_add_loop_test(tests, a_member_that_fails_leaves_the_one_beside_it, 0, 2);
	tcase_add_test(tests, a_worker_that_does_not_leave_is_killed);
	tcase_add_test(tests, what_is_done_is_printed_while_the_source_has_nothing);
	tcase_add_test(tests, a_source_that_has_nothing_now_is_asked_again);
	tcase_add_loop_test(tests, the_first_failure_stops_a_fail_fast_run, 0, 2);
	tcase_add_test(tests, a_worker_that_dies_stops_a_fail_fast_run);
	tcase_add_loop_test(
		tests, a_signal_ends_the_run_and_removes_what_was_not_written_out, 0, 4);
	tcase_add_loop_test(tests, a_lost_reader_ends_the_run_and_only_what_it_got_stays, 0, 12);
	tcase_add_test(tests, a_place_that_takes_no_directory_is_said_and_nothing_starts);
	tcase_add_test(tests, the_signal_mask_is_as_before_after_the_run);
	tcase_add_test(tests, archives_that_wait_for_their_turn_do_not_use_up_the_descriptors);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
