// SPDX-License-Identifier: MIT

/*
 * Whole runs with workers that leave other files than they say, in packs too, or say that members
 * are where they are not.
 */

#include "protocol/membername.h"
#include "runs.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/** Something else is where a member's file was, if @result is 0; @record is made to fit it. */
static bool fit_record(const struct self *self, struct record *record, int result)
{
	char file[MEMBER_FILE_SIZE];
	struct stat status;

	record_file_name(record, file);
	if (result != 0 || fstatat(self->directory_fd, file, &status, AT_SYMLINK_NOFOLLOW) < 0)
		_exit(94);
	record->inode = status.st_ino;
	record->size_bytes = (uint64_t)status.st_size;
	return true;
}

MEMBER_DEED(leave_no_file)
{
	remove_file(self, record);
	return true;
}

MEMBER_DEED(overstate_the_size)
{
	record->size_bytes += 1000000;
	return true;
}

MEMBER_DEED(state_another_inode)
{
	record->inode++;
	return true;
}

MEMBER_DEED(leave_a_symbolic_link)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	remove_file(self, record);
	return fit_record(self, record, symlinkat("/dev/zero", self->directory_fd, file));
}

MEMBER_DEED(leave_a_fifo)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	remove_file(self, record);
	return fit_record(self, record, mkfifoat(self->directory_fd, file, 0600));
}

MEMBER_DEED(leave_a_directory)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	remove_file(self, record);
	return fit_record(self, record, mkdirat(self->directory_fd, file, 0700));
}

MEMBER_DEED(leave_a_socket)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	remove_file(self, record);
	return fit_record(self, record, mknodat(self->directory_fd, file, S_IFSOCK | 0600, 0));
}

MEMBER_DEED(leave_a_device)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	remove_file(self, record);
	return fit_record(
		self, record, mknodat(self->directory_fd, file, S_IFCHR | 0600, makedev(1, 5)));
}

static member_deed *const file_lies[] = {leave_no_file, overstate_the_size, state_another_inode,
	leave_a_symbolic_link, leave_a_fifo, leave_a_directory, leave_a_socket};

START_TEST(a_file_that_is_not_what_was_said_fails_alone_and_is_gone)
{
	check_one_member_fails(file_lies[_i], CHANGED);
}
END_TEST

MEMBER_DEED(leave_anothers_file)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	return fit_record(self, record, fchownat(self->directory_fd, file, 1, (gid_t)-1, 0));
}

START_TEST(a_device_or_anothers_file_fails_alone_and_is_gone)
{
	if (geteuid() != 0)
		fputs("skipped: only root makes such files\n", stderr);
	else
		check_one_member_fails(_i ? leave_anothers_file : leave_a_device, CHANGED);
}
END_TEST

MEMBER_DEED(leave_a_second_link)
{
	char file[MEMBER_FILE_SIZE];

	record_file_name(record, file);
	return fit_record(
		self, record, linkat(self->directory_fd, file, self->directory_fd, "2", 0));
}

/** Files of no member, and of an archive that there is not. */
UNIT_DEED(leave_junk)
{
	static const char *const names[] = {"junk", ".hidden", "99.0-m0.dat"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd = openat(self->directory_fd, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || write(fd, "junk", 4) != 4)
			_exit(85);
		close(fd);
	}
	do_unit(self, work);
}

START_TEST(files_of_no_member_are_gone_when_the_run_has_ended_in_order)
{
	scene.at_unit[1] = leave_junk;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
}
END_TEST

START_TEST(a_file_with_a_second_link_fails_alone)
{
	scene.at_member[1] = leave_a_second_link;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert(!was_printed(1, 2));
	ck_assert_uint_eq(written_count, scene.archives * scene.members - 1);
	ck_assert_uint_eq(said("1.zip: m2.dat: " CHANGED), 1);
}
END_TEST

MEMBER_DEED(say_a_name_with_slashes)
{
	record->name = "../../../m2.dat";
	record->name_size = 15;
	return true;
}

MEMBER_DEED(say_the_longest_name)
{
	static char long_name[MEMBER_NAME_MAX];

	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name + sizeof(long_name) - 7, "/m2.dat", 7);
	record->name = long_name;
	record->name_size = sizeof(long_name);
	return true;
}

START_TEST(a_name_in_a_record_is_no_path)
{
	/* It is cleaned before it is looked for: the file is in the worker's directory. */
	scene.at_member[1] = _i ? say_the_longest_name : say_a_name_with_slashes;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(stats.failures, 0);
}
END_TEST

static bool bad_member_is_spoilt(uint64_t archive, uint64_t member)
{
	return archive == 1 && member == scene.bad_member;
}

static bool archive_1_is_spoilt(uint64_t archive, uint64_t member)
{
	(void)member;
	return archive == 1;
}

UNIT_DEED(cut_the_file_that_was_announced)
{
	char name[32];

	say_plan(self, unit_end(work));
	for (uint64_t member = work->members.first; member < unit_end(work); member++) {
		struct record record = write_member(self, work->archive, member, name);
		say_record(self, &record);
		if (member == scene.bad_member)
			cut_file(self, &record);
	}
	say_done(self, FAILURE_NONE);
}

START_TEST(a_file_that_shrinks_once_it_is_announced_does_not_hurt)
{
	scene.at_unit[1] = cut_the_file_that_was_announced;
	scene.is_spoilt = bad_member_is_spoilt;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	/* It may be cut before the parent has looked at it, or after. */
	check_all_but(stats.failures);
	ck_assert_uint_le(stats.failures, 1);
	ck_assert_uint_eq(said(CHANGED), stats.failures);
}
END_TEST

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

UNIT_DEED(cut_and_draw_out_files_all_the_time)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, be_restless, (void *)self) != 0)
		_exit(83);
	do_unit(self, work);
}

START_TEST(files_that_shrink_while_they_are_looked_at_do_not_hurt)
{
	scene.members = 200;
	scene.at_unit[1] = cut_and_draw_out_files_all_the_time;
	scene.is_spoilt = archive_1_is_spoilt;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	/* What was cut when the parent looked has failed alone. */
	ck_assert_uint_eq(printed_of(1) + stats.failures, scene.members);
	ck_assert_uint_eq(said(CHANGED), stats.failures);
	ck_assert_uint_eq(printed_of(0), scene.members);
}
END_TEST

/** The record of a member whose file is gone: it is in its archive, which has a single byte. */
static void set_in_place(
	const struct self *self, struct record *record, uint64_t offset_bytes, uint64_t size_bytes)
{
	remove_file(self, record);
	record->place = PLACE_ARCHIVE;
	record->offset_bytes = offset_bytes;
	record->size_bytes = size_bytes;
}

MEMBER_DEED(stay_in_place)
{
	set_in_place(self, record, 0, 1);
	return true;
}

/** More than any archive of these tests has. */
#define ARCHIVE_BYTES_MAX (UINT64_C(1) << 20)

/** As set_in_place(), where that cannot be: the parent is to end the worker at this member. */
static bool lie_in_place(
	const struct self *self, struct record *record, uint64_t offset_bytes, uint64_t size_bytes)
{
	set_in_place(self, record, offset_bytes, size_bytes);
	say_record(self, record);
	return false;
}

MEMBER_DEED(stay_where_none_may)
{
	return lie_in_place(self, record, 0, 1);
}

MEMBER_DEED(stay_behind_the_end)
{
	return lie_in_place(self, record, ARCHIVE_BYTES_MAX + 1, 0);
}

MEMBER_DEED(stay_beyond_the_end)
{
	return lie_in_place(self, record, 0, ARCHIVE_BYTES_MAX + 1);
}

MEMBER_DEED(stay_around)
{
	return lie_in_place(self, record, UINT64_MAX, 2);
}

START_TEST(a_member_that_stays_in_its_archive_has_its_path)
{
	scene.settings.in_place = true;
	scene.settings.unordered = _i;
	scene.at_member[1] = stay_in_place;
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

START_TEST(a_member_that_is_not_in_its_archive_ends_the_worker)
{
	static member_deed *const lies[] = {stay_behind_the_end, stay_beyond_the_end, stay_around};

	scene.settings.in_place = true;
	check_one_member_fails(lies[_i], BROKE);
}
END_TEST

START_TEST(a_member_stays_in_no_archive_unless_that_is_asked_for)
{
	check_one_member_fails(stay_where_none_may, BROKE);
}
END_TEST

START_TEST(a_member_stays_in_no_archive_that_has_no_path)
{
	scene.settings.in_place = true;
	scene.source_opens = true;
	check_one_member_fails(stay_where_none_may, BROKE);
}
END_TEST

START_TEST(a_member_that_stays_keeps_to_the_limit_of_one_alone)
{
	scene.archives = 2;
	scene.members = 3;
	scene.settings.in_place = true;
	scene.settings.limits.total_bytes = 5 * strlen("archive 0 member 0");
	scene.at_member[1] = stay_in_place;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_uint_eq(written_count, 6);
}
END_TEST

/** Put all members of a unit into one file, each at a multiple of 64 bytes. Its inode. */
static uint64_t write_pack(const struct self *self, const struct message_work *work)
{
	char file[MEMBER_FILE_SIZE];
	char bytes[64];
	struct stat status;

	member_pack_name(work->archive, work->members.first, file);
	int fd = openat(self->directory_fd, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &status) < 0)
		_exit(86);
	for (uint64_t member = work->members.first; member < unit_end(work); member++) {
		size_t size = member_bytes(work->archive, member, bytes);
		off_t place = (off_t)(member - work->members.first) * 64;
		if (pwrite(fd, bytes, size, place) != (ssize_t)size)
			_exit(85);
	}
	close(fd);
	return status.st_ino;
}

/** The record of @member in that pack. */
static struct record pack_record(const struct message_work *work, uint64_t member, uint64_t inode)
{
	char bytes[64];

	return (struct record){.archive = work->archive,
		.member = member,
		.packed = true,
		.pack = work->members.first,
		.offset_bytes = (member - work->members.first) * 64,
		.size_bytes = member_bytes(work->archive, member, bytes),
		.inode = inode};
}

/**
 * What is changed of the record of a member before it is said; NULL: nothing. False: then the
 * parent is to end the worker.
 */
typedef bool pack_change(struct record *record);

/** Say all members of the pack, then the end of the unit. */
static void say_pack(const struct self *self, const struct message_work *work, uint64_t inode,
	pack_change *change)
{
	say_plan(self, unit_end(work));
	for (uint64_t member = work->members.first; member < unit_end(work); member++) {
		struct record record = pack_record(work, member, inode);
		note_member(self, member);
		bool goes_on = !change || change(&record);
		say_record(self, &record);
		if (!goes_on)
			pause();
	}
	note_member(self, PROGRESS_NONE);
	say_done(self, FAILURE_NONE);
}

UNIT_DEED(pack)
{
	say_pack(self, work, write_pack(self, work), NULL);
}

START_TEST(members_that_share_a_file_are_printed)
{
	scene.settings.pack = true;
	for (unsigned i = 0; i < scene.archives; i++)
		scene.at_unit[i] = pack;
	scene.per_unit = 4;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(0);
	ck_assert_uint_eq(found_files, 2 * (size_t)scene.archives);
	ck_assert_str_eq(messages, "");
}
END_TEST

static bool lie_about_one(struct record *record)
{
	if (record->member == scene.bad_member)
		record->size_bytes = 64 * scene.members;
	return true;
}

static bool lie_about_all(struct record *record)
{
	record->size_bytes = 64 * scene.members;
	return true;
}

UNIT_DEED(pack_and_lie_about_one)
{
	say_pack(self, work, write_pack(self, work), lie_about_one);
}

UNIT_DEED(pack_and_lie_about_all)
{
	say_pack(self, work, write_pack(self, work), lie_about_all);
}

UNIT_DEED(pack_and_state_another_inode)
{
	say_pack(self, work, write_pack(self, work) + 1, NULL);
}

/** Another pack that there is not, or a link to something in its place. */
static uint64_t replace_pack(
	const struct self *self, const struct message_work *work, const char *target)
{
	char file[MEMBER_FILE_SIZE];
	uint64_t inode = write_pack(self, work);

	member_pack_name(work->archive, work->members.first, file);
	if (unlinkat(self->directory_fd, file, 0) < 0 ||
		(target && symlinkat(target, self->directory_fd, file) < 0))
		_exit(84);
	return inode;
}

UNIT_DEED(pack_and_leave_no_file)
{
	say_pack(self, work, replace_pack(self, work, NULL), NULL);
}

UNIT_DEED(pack_and_leave_a_link)
{
	say_pack(self, work, replace_pack(self, work, "/dev/zero"), NULL);
}

START_TEST(a_member_that_ends_behind_its_shared_file_fails_alone)
{
	scene.settings.pack = true;
	scene.bad_member = (uint64_t)_i;
	scene.at_unit[1] = pack_and_lie_about_one;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(1);
	ck_assert(!was_printed(1, scene.bad_member));
	ck_assert_uint_eq(said(CHANGED), 1);
}
END_TEST

START_TEST(a_shared_file_of_which_no_member_holds_is_gone)
{
	scene.settings.pack = true;
	static unit_deed *const lies[] = {pack_and_lie_about_all, pack_and_state_another_inode,
		pack_and_leave_no_file, pack_and_leave_a_link};

	scene.at_unit[1] = lies[_i];
	scene.per_unit = 4;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(scene.members);
	ck_assert_uint_eq(said(CHANGED), scene.members);
	ck_assert_uint_eq(stats.failures, scene.members);
}
END_TEST

static bool lie_about_all_and_die(struct record *record)
{
	lie_about_all(record);
	if (record->member > scene.bad_member)
		die();
	return true;
}

UNIT_DEED(pack_and_lie_about_all_and_die)
{
	say_pack(self, work, write_pack(self, work), lie_about_all_and_die);
}

START_TEST(a_shared_file_of_which_no_member_holds_is_gone_with_its_worker)
{
	scene.settings.pack = true;
	scene.bad_member = scene.members - 2;
	scene.at_unit[1] = pack_and_lie_about_all_and_die;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_all_but(scene.members);
	ck_assert_uint_eq(said(CHANGED), scene.members - 1);
	ck_assert_uint_eq(said(KILLED), 1);
}
END_TEST

UNIT_DEED(pack_and_cut_the_file)
{
	struct record record = pack_record(work, work->members.first, write_pack(self, work));

	say_plan(self, unit_end(work));
	say_record(self, &record);
	cut_file(self, &record);
	while (++record.member < unit_end(work)) {
		record = pack_record(work, record.member, record.inode);
		say_record(self, &record);
	}
	say_done(self, FAILURE_NONE);
}

START_TEST(a_shared_file_that_shrinks_does_not_hurt)
{
	scene.settings.pack = true;
	scene.at_unit[1] = pack_and_cut_the_file;
	scene.is_spoilt = archive_1_is_spoilt;
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(printed_of(1) + stats.failures, scene.members);
}
END_TEST

/** The last member is said to be in a second pack, and is said to be in the first one after. */
static bool begin_a_second_pack(struct record *record)
{
	if (record->member == scene.bad_member - 1)
		record->pack = record->member; /* there is none */
	return record->member < scene.bad_member;
}

static bool name_a_pack_before_the_unit(struct record *record)
{
	if (record->member == scene.bad_member)
		record->pack--;
	return record->member < scene.bad_member;
}

static bool name_a_pack_behind_the_member(struct record *record)
{
	if (record->member == scene.bad_member)
		record->pack = record->member + 1;
	return record->member < scene.bad_member;
}

UNIT_DEED(pack_and_go_back)
{
	say_pack(self, work, write_pack(self, work), begin_a_second_pack);
}

UNIT_DEED(pack_outside)
{
	say_pack(self, work, write_pack(self, work), name_a_pack_before_the_unit);
}

UNIT_DEED(pack_ahead)
{
	say_pack(self, work, write_pack(self, work), name_a_pack_behind_the_member);
}

START_TEST(shared_files_that_cannot_be_end_their_worker)
{
	scene.settings.pack = true;
	static unit_deed *const breaches[] = {pack_and_go_back, pack_outside, pack_ahead};

	scene.per_unit = 3;
	scene.bad_member = 5;
	scene.at_unit[1] = breaches[_i];
	ck_assert_int_eq(go(), RUN_COMPLETE);
	check_files();
	ck_assert_uint_eq(said(BROKE), 1);
	ck_assert_uint_eq(printed_of(0), scene.members);
	for (uint64_t member = 0; member < scene.members; member++)
		ck_assert(was_printed(1, member) == (member < (_i == 0 ? 4 : 5)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run_files");
	TCase *tests = tcase_create("run_files");

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, runs_set_up, runs_tear_down);
	tcase_add_loop_test(tests, a_file_that_is_not_what_was_said_fails_alone_and_is_gone, 0,
		(int)(sizeof(file_lies) / sizeof(file_lies[0])));
	tcase_add_loop_test(tests, a_device_or_anothers_file_fails_alone_and_is_gone, 0, 2);
	tcase_add_test(tests, files_of_no_member_are_gone_when_the_run_has_ended_in_order);
	tcase_add_test(tests, a_file_with_a_second_link_fails_alone);
	tcase_add_loop_test(tests, a_name_in_a_record_is_no_path, 0, 2);
	tcase_add_test(tests, a_file_that_shrinks_once_it_is_announced_does_not_hurt);
	tcase_add_test(tests, files_that_shrink_while_they_are_looked_at_do_not_hurt);
	tcase_add_loop_test(tests, a_member_that_stays_in_its_archive_has_its_path, 0, 2);
	tcase_add_loop_test(tests, a_member_that_is_not_in_its_archive_ends_the_worker, 0, 3);
	tcase_add_test(tests, a_member_stays_in_no_archive_unless_that_is_asked_for);
	tcase_add_test(tests, a_member_stays_in_no_archive_that_has_no_path);
	tcase_add_test(tests, a_member_that_stays_keeps_to_the_limit_of_one_alone);
	tcase_add_test(tests, members_that_share_a_file_are_printed);
	tcase_add_loop_test(tests, a_member_that_ends_behind_its_shared_file_fails_alone, 0, 6);
	tcase_add_loop_test(tests, a_shared_file_of_which_no_member_holds_is_gone, 0, 4);
	tcase_add_test(tests, a_shared_file_of_which_no_member_holds_is_gone_with_its_worker);
	tcase_add_test(tests, a_shared_file_that_shrinks_does_not_hurt);
	tcase_add_loop_test(tests, shared_files_that_cannot_be_end_their_worker, 0, 3);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
