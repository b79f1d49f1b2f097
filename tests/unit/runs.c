// SPDX-License-Identifier: MIT

#include "runs.h"

#include "protocol/channel.h"
#include "protocol/membername.h"
#include "support.h"
#include "worker/inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct scene scene;
struct shared *shared;
struct printed printed[RECORDS_MAX];
size_t printed_count, written_count;
size_t found_files;
struct run_stats stats;
int number;
const char *messages;

static int null_fd = -1;
static int wake[2] = {-1, -1};
static unsigned given;
static unsigned source_calls;
static size_t found_directories;
static char found_path[PATH_MAX];

/* --- the worker ----------------------------------------------------------------------------------
 */

_Noreturn void die(void)
{
	raise(SIGKILL);
	_exit(99);
}

void say_bytes(const struct self *self, const void *bytes, size_t size)
{
	if (channel_send(self->channel_fd, bytes, size, -1, true) < 0)
		_exit(98);
}

void say(const struct self *self, const struct message *message)
{
	static uint8_t bytes[PACKET_MAX];
	struct wire_writer packet;

	wire_writer_init(&packet, bytes, sizeof(bytes));
	if (message_put(&packet, message) < 0)
		_exit(97);
	say_bytes(self, bytes, packet.size);
}

void say_record(const struct self *self, const struct record *record)
{
	say(self, &(struct message){.kind = MESSAGE_RECORD, .unit = self->unit, .record = *record});
}

void say_plan(const struct self *self, uint64_t end)
{
	say(self,
		&(struct message){.kind = MESSAGE_PLAN,
			.unit = self->unit,
			.plan = {
				.end = end, .entries = scene.members, .pairable = scene.pairable}});
}

void say_done(const struct self *self, enum failure_kind kind)
{
	say(self, &(struct message){.kind = MESSAGE_DONE,
			  .unit = self->unit,
			  .done = {.failure = {.kind = kind}}});
}

void member_name(uint64_t member, char name[32])
{
	snprintf(name, 32, "m%" PRIu64 ".dat", member);
}

size_t member_bytes(uint64_t archive, uint64_t member, char bytes[64])
{
	if (member % 5 == 4)
		return 0;
	return (size_t)snprintf(bytes, 64, "archive %" PRIu64 " member %" PRIu64, archive, member);
}

struct record write_member(
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

void remove_file(const struct self *self, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	if (unlinkat(self->directory_fd, file, 0) < 0)
		_exit(95);
}

void cut_file(const struct self *self, const struct record *record)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	int fd = openat(self->directory_fd, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) < 0)
		_exit(88);
	close(fd);
}

void wait_for_death(void)
{
	for (int i = 0; i < 20000; i++) {
		int pid = atomic_load(&shared->dead);
		if (pid != 0 && kill(pid, 0) < 0)
			return;
		poll(NULL, 0, 1);
	}
}

/* Nothing has changed for half a second. */
void wait_for_standstill(void)
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

void note_member(const struct self *self, uint64_t member)
{
	struct progress_lane *lane = &self->progress->lanes[self->lane];
	char name[32];

	member_name(member, name);
	memcpy(lane->name, name, strlen(name));
	atomic_store(&lane->name_size, strlen(name));
	atomic_store(&lane->member, member);
}

static void note_unit(const struct self *self, uint64_t unit)
{
	atomic_store(&self->progress->lanes[self->lane].member, PROGRESS_NONE);
	atomic_store(&self->progress->lanes[self->lane].unit, unit);
}

uint64_t unit_end(const struct message_work *work)
{
	uint64_t left = scene.members - work->members.first;

	if (work->members.end != UNIT_END_OPEN)
		return work->members.end;
	return work->members.first + (left < scene.per_unit ? left : scene.per_unit);
}

static void do_member(const struct self *self, const struct message_work *work, uint64_t member)
{
	member_deed *deed = scene.at_member[work->archive];
	char name[32];

	note_member(self, member);
	struct record record = write_member(self, work->archive, member, name);
	if (deed && member == scene.bad_member && !deed(self, work, &record)) {
		pause(); /* the parent ends it */
		_exit(93);
	}
	say_record(self, &record);
}

void do_members(const struct self *self, const struct message_work *work)
{
	uint64_t end = unit_end(work);

	for (uint64_t member = work->members.first; member < end; member++)
		do_member(self, work, member);
	note_unit(self, PROGRESS_NONE);
	if (end == scene.members)
		atomic_fetch_add(&shared->finished, 1);
}

void do_unit(const struct self *self, const struct message_work *work)
{
	say_plan(self, unit_end(work));
	do_members(self, work);
	say_done(self, FAILURE_NONE);
}

static void take_unit(const struct self *self, const struct message_work *work)
{
	unsigned attempt = atomic_fetch_add(&shared->attempts[work->archive], 1);
	unit_deed *deed = scene.at_unit[work->archive];

	note_unit(self, self->unit);
	if (deed)
		deed(self, work, attempt);
	else
		do_unit(self, work);
}

bool take_work(struct self *self, struct message_work *work, int wait_ms)
{
	static uint64_t open_archive = UINT64_MAX;
	static struct inbox inbox = {.channel_fd = -1};
	struct pollfd channel = {.fd = self->channel_fd, .events = POLLIN};
	struct message message;
	struct stat status;
	int fd = -1;

	if (inbox.channel_fd < 0)
		inbox_init(&inbox, self->channel_fd);
	if (inbox_is_empty(&inbox) &&
		(poll(&channel, 1, wait_ms) <= 0 || inbox_receive(&inbox, true) <= 0))
		return false;
	if (inbox_take(&inbox, &message, &fd) < 0)
		_exit(91);
	/* A descriptor comes exactly where it is not the archive that came last. */
	if ((fd >= 0) != (open_archive != message.work.archive))
		_exit(90);
	if (fd >= 0 &&
		(fstat(fd, &status) < 0 || (uint64_t)status.st_size != message.work.size_bytes))
		_exit(87);
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

/* Two units in hand: do their members in turn. */
static void do_in_turn(const struct self lanes[2], const struct message_work works[2])
{
	uint64_t at[2] = {works[0].members.first, works[1].members.first};
	uint64_t end[2] = {unit_end(&works[0]), unit_end(&works[1])};

	while (at[0] < end[0] || at[1] < end[1]) {
		for (int i = 0; i < 2; i++) {
			if (at[i] < end[i])
				note_member(&lanes[i], at[i]); /* both are in hand */
		}
		for (int i = 0; i < 2; i++) {
			if (at[i] < end[i])
				do_member(&lanes[i], &works[i], at[i]++);
		}
	}
}

static void die_if_planned(const struct message_work *work)
{
	if (scene.die_at_plan != 0 && work->archive == scene.die_at_plan)
		die();
}

/* As a worker that is faster with two units: do @first in turn with what comes beside it. */
static void do_two(struct self *self, const struct message_work *first)
{
	struct self lanes[2] = {*self, *self};
	struct message_work works[2] = {*first};

	note_unit(&lanes[0], lanes[0].unit);
	say_plan(&lanes[0], unit_end(first));
	die_if_planned(first);
	if (!take_work(self, &works[1], scene.wait_ms)) {
		do_members(&lanes[0], first);
		say_done(&lanes[0], FAILURE_NONE);
		return;
	}
	lanes[1].unit = self->unit;
	lanes[1].lane = 1;
	lanes[0].paired = lanes[1].paired = true;
	note_unit(&lanes[1], lanes[1].unit);
	say_plan(&lanes[1], unit_end(&works[1]));
	note_member(&lanes[0], first->members.first);
	die_if_planned(&works[1]);
	atomic_fetch_add(&shared->pairs, 1);
	do_in_turn(lanes, works);
	for (int i = 1; i >= 0; i--) {
		note_unit(&lanes[i], PROGRESS_NONE);
		say_done(&lanes[i], FAILURE_NONE);
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
			take_unit(&self, &work);
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

bool die_at_member(const struct self *self, const struct message_work *work, struct record *record)
{
	(void)self, (void)work, (void)record;
	atomic_store(&shared->dead, getpid());
	die();
}

bool send_garbage(const struct self *self, const struct message_work *work, struct record *record)
{
	(void)work, (void)record;
	say_bytes(self, "\x03garbage\xff\xff\xff", 11);
	return false;
}

bool fail_member(const struct self *self, const struct message_work *work, struct record *record)
{
	(void)work;
	remove_file(self, record);
	record->failure = (struct failure){FAILURE_CRC_MISMATCH, {1, 2}};
	return true;
}

/* --- the source and the sink ---------------------------------------------------------------------
 */

const char *archive_name(unsigned archive)
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
	must(context == &scene && printed_count < RECORDS_MAX);
	must(strcmp(archive_path, archive_name((unsigned)record->archive)) == 0);
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

void runs_set_up(void)
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

void runs_tear_down(void)
{
	for (size_t i = 0; i < printed_count; i++)
		free(printed[i].path);
	close(null_fd);
	close(wake[0]);
	close(wake[1]);
	munmap(shared, sizeof(*shared));
	scratch_end();
}

enum run_end go_on(void)
{
	const struct archive_source source = {
		.next = source_next, .poll_fd = source_poll_fd, .context = &scene};
	const struct record_sink sink = {
		.put = sink_put,
		.pending = sink_pending,
		.poll_fd = sink_poll_fd,
		.write = sink_write,
		.context = &scene,
	};
	const struct worker_entry entry = {.main = worker_main, .context = &scene};
	static char tmpdir[PATH_MAX];

	if (!scene.settings.tmpdir) {
		snprintf(tmpdir, sizeof(tmpdir), "%s", scratch_directory("tmp"));
		scene.settings.tmpdir = tmpdir;
	}
	capture_begin();
	size_t before = open_descriptors();
	enum run_end end = run(&scene.settings, &source, &sink, &entry, &stats, &number);
	size_t after = open_descriptors();
	messages = capture_end();
	ck_assert_uint_eq(after, before);
	/* No worker is left, dead or alive. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	return end;
}

enum run_end go(void)
{
	for (unsigned i = 0; i < scene.archives; i++) {
		char name[32];
		char bytes[16];
		snprintf(name, sizeof(name), "%u.zip", i);
		scratch_file(name, bytes, (size_t)snprintf(bytes, sizeof(bytes), "%u", i));
		/* As large as an archive of so many members is at least; more is not small. */
		uint64_t size = scene.large ? 100000 : 16 + scene.members * 46;
		ck_assert_int_eq(truncate(scratch_path(name), (off_t)size), 0);
	}
	return go_on();
}

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

void check_printed(size_t i)
{
	const struct printed *record = &printed[i];
	char expected[64];
	char bytes[128];
	size_t size = member_bytes(record->archive, record->member, expected);
	int fd = open(record->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	must(fd >= 0);
	must(strncmp(record->path, scratch_path("tmp/zipmap."),
		     strlen(scratch_path("tmp/zipmap."))) == 0);
	must(record->size_bytes == size);
	must(pread(fd, bytes, size, (off_t)record->offset_bytes) == (ssize_t)size);
	must(memcmp(bytes, expected, size) == 0);
	close(fd);
}

void check_files(void)
{
	size_t files = written_count;

	for (size_t i = 0; i < written_count; i++) {
		if (!scene.is_spoilt || !scene.is_spoilt(printed[i].archive, printed[i].member))
			check_printed(i);
		files -= i > 0 && strcmp(printed[i].path, printed[i - 1].path) == 0;
		for (size_t j = 0; j < i; j++)
			must(printed[i].archive != printed[j].archive ||
				printed[i].member != printed[j].member);
		if (scene.settings.unordered || i == 0)
			continue;
		const struct printed *last = &printed[i - 1];
		must(printed[i].archive > last->archive ||
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

size_t printed_of(uint64_t archive)
{
	size_t count = 0;

	for (size_t i = 0; i < written_count; i++)
		count += printed[i].archive == archive;
	return count;
}

bool was_printed(uint64_t archive, uint64_t member)
{
	for (size_t i = 0; i < written_count; i++) {
		if (printed[i].archive == archive && printed[i].member == member)
			return true;
	}
	return false;
}

unsigned said(const char *text)
{
	unsigned count = 0;

	for (const char *at = messages; (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

void check_all_but(size_t missing)
{
	check_files();
	for (unsigned i = 0; i < scene.archives; i++)
		ck_assert_msg(printed_of(i) == scene.members - (i == 1 ? missing : 0),
			"archive %u: %zu paths\n%s", i, printed_of(i), messages);
}

/* One thing failed, and @words are said of it, and nothing else. */
static void check_one_failure(const char *what, const char *words)
{
	char line[256];

	ck_assert_uint_eq(stats.failures, 1);
	snprintf(line, sizeof(line), "%s: %s", what, words);
	ck_assert_msg(said(line) == 1, "%s", messages);
	ck_assert_msg(said("zipmap: ") == 1, "%s", messages);
}

void check_one_member_fails(member_deed *deed, const char *words)
{
	scene.at_member[1] = deed;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert(!was_printed(1, scene.bad_member));
	check_one_failure("1.zip: m2.dat", words);
}

void check_archive_fails(unit_deed *deed, const char *words)
{
	scene.at_unit[1] = deed;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but((size_t)scene.members);
	check_one_failure("1.zip", words);
}
