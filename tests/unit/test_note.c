// SPDX-License-Identifier: MIT

#include "parent/note.h"
#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static struct note note;
static int directory = -1;

static void set_up(void)
{
	scratch_begin();
	directory = open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(directory, 0);
	note = (struct note){.fd = -1};
}

static void tear_down(void)
{
	note_release(note.page);
	close(note.fd);
	close(directory);
	scratch_end();
}

static char *words(void)
{
	return (char *)note.page + CRASHNOTE_WORDS_AT;
}

/* What a note is, wherever its file is. */
static void check_note(void)
{
	struct stat status;

	for (int i = 0; i < PROGRESS_LANES; i++) {
		ck_assert_uint_eq(atomic_load(&note.page->lanes[i].unit), PROGRESS_NONE);
		ck_assert_uint_eq(atomic_load(&note.page->lanes[i].member), PROGRESS_NONE);
	}
	ck_assert_int_eq(fstat(note.fd, &status), 0);
	ck_assert_uint_eq(status.st_nlink, 0);
	ck_assert_uint_eq((uint64_t)status.st_size, CRASHNOTE_BYTES);
	ck_assert_int_eq(fcntl(note.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(note.fd, "last words", 10), 10);
	ck_assert_str_eq(words(), "last words");
	ck_assert_int_eq(rmdir(scratch_path("")), 0);
	ck_assert_int_eq(mkdir(scratch_path(""), 0700), 0);
}

START_TEST(it_is_a_memory_file_whose_size_is_fixed)
{
	size_t open = open_descriptors();

	errno = EINVAL; /* of something else */
	ck_assert_int_eq(note_make(&note, directory), 0);
	ck_assert_uint_eq(open_descriptors(), open + 1);
	ck_assert(note.fixed);
	ck_assert_int_eq(ftruncate(note.fd, 0), -1);
	ck_assert_int_eq(ftruncate(note.fd, 2 * CRASHNOTE_BYTES), -1);
	ck_assert_int_eq(fcntl(note.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	check_note();
}
END_TEST

START_TEST(a_kernel_that_does_not_know_a_flag_of_memory_files_is_asked_without)
{
	refuse_call_with(SCMP_SYS(memfd_create), EINVAL, 1, MFD_NOEXEC_SEAL);
	ck_assert_int_eq(note_make(&note, directory), 0);
	ck_assert(note.fixed);
	ck_assert_int_eq(ftruncate(note.fd, 0), -1);
	check_note();
}
END_TEST

static dev_t device_of(const char *path)
{
	struct stat status;

	ck_assert_int_eq(stat(path, &status), 0);
	return status.st_dev;
}

START_TEST(without_memory_files_it_is_an_unlinked_file_in_the_directory)
{
	struct stat status;

	refuse_call(SCMP_SYS(memfd_create), ENOSYS);
	ck_assert_int_eq(note_make(&note, directory), 0);
	ck_assert(!note.fixed);
	ck_assert_int_eq(fstat(note.fd, &status), 0);
	ck_assert_uint_eq(status.st_dev, device_of(scratch_path("")));
	check_note();
}
END_TEST

START_TEST(without_a_directory_it_is_where_shared_memory_is)
{
	struct stat status;

	if (access("/dev/shm", W_OK) < 0) {
		printf("skipped: no /dev/shm\n");
		return;
	}
	refuse_call(SCMP_SYS(memfd_create), EPERM);
	ck_assert_int_eq(note_make(&note, -1), 0);
	ck_assert(!note.fixed);
	ck_assert_int_eq(fstat(note.fd, &status), 0);
	ck_assert_uint_eq(status.st_dev, device_of("/dev/shm"));
	check_note();
}
END_TEST

START_TEST(if_there_is_no_file_of_any_kind_the_first_reason_is_told)
{
	size_t open = open_descriptors();

	refuse_call(SCMP_SYS(memfd_create), EPERM);
	refuse_call_with(SCMP_SYS(openat), EOPNOTSUPP, 2, O_TMPFILE);
	ck_assert_int_eq(note_make(&note, directory), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_uint_eq(open_descriptors(), open);
}
END_TEST

START_TEST(without_room_none_is_made)
{
	size_t open = open_descriptors();

	refuse_call(SCMP_SYS(fallocate), ENOSPC);
	ck_assert_int_eq(note_make(&note, directory), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(open_descriptors(), open);
}
END_TEST

/* In a child: without the call nothing that is mapped can be had. */
START_TEST(what_cannot_be_mapped_is_none)
{
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		refuse_call(SCMP_SYS(mmap), ENOMEM);
		int made = note_make(&note, directory);
		_exit(made == -1 && errno == ENOMEM && note.fd == -1 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

static const char *shown(void)
{
	capture_begin();
	note_show_words(note.page);
	return capture_end();
}

START_TEST(who_said_nothing_has_no_last_words)
{
	ck_assert_int_eq(note_make(&note, directory), 0);
	ck_assert_str_eq(shown(), "");
}
END_TEST

START_TEST(each_line_is_a_message_and_empty_ones_are_none)
{
	ck_assert_int_eq(note_make(&note, directory), 0);
	strcpy(words(), "\none\n\n\ntwo\twords\n3\nunfinished");
	ck_assert_str_eq(shown(), "zipmap: a worker said: one\n"
				  "zipmap: a worker said: two\\twords\n"
				  "zipmap: a worker said: 3\n"
				  "zipmap: a worker said: unfinished\n");
}
END_TEST

START_TEST(of_a_long_line_the_beginning_is_shown_and_the_next_is_whole)
{
	static const char begin[] = "zipmap: a worker said: ";

	ck_assert_int_eq(note_make(&note, directory), 0);
	memset(words(), 'a', 5000);
	strcpy(words() + 5000, "bcd\nnext\n");
	const char *text = shown();
	ck_assert(strncmp(text, begin, strlen(begin)) == 0);
	size_t size = strspn(text + strlen(begin), "a");
	ck_assert_uint_ge(size, 1000);
	ck_assert_uint_le(size, 1024);
	ck_assert_str_eq(text + strlen(begin) + size, "...\nzipmap: a worker said: next\n");
}
END_TEST

START_TEST(a_hundred_lines_are_shown_and_no_more)
{
	size_t lines = 0;

	ck_assert_int_eq(note_make(&note, directory), 0);
	for (int i = 1; i <= 101; i++)
		sprintf(words() + strlen(words()), "line %d\n", i);
	const char *text = shown();
	for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	ck_assert_uint_eq(lines, 100);
	ck_assert_ptr_nonnull(strstr(text, "said: line 100\n"));
}
END_TEST

START_TEST(words_that_fill_their_room_end_there)
{
	ck_assert_int_eq(note_make(&note, directory), 0);
	memset(words(), '\n', CRASHNOTE_WORDS_MAX);
	memset(words() + 50, 'x', CRASHNOTE_WORDS_MAX - 50);
	memcpy(words() + CRASHNOTE_WORDS_MAX - 5, "\nlast", 5);
	const char *text = shown();
	const char *end = text + strlen(text);
	ck_assert_str_eq(end - 28, "zipmap: a worker said: last\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("note");
	TCase *making = tcase_create("making");
	TCase *showing = tcase_create("showing");

	tcase_add_checked_fixture(making, set_up, tear_down);
	tcase_add_test(making, it_is_a_memory_file_whose_size_is_fixed);
	tcase_add_test(making, a_kernel_that_does_not_know_a_flag_of_memory_files_is_asked_without);
	tcase_add_test(making, without_memory_files_it_is_an_unlinked_file_in_the_directory);
	tcase_add_test(making, without_a_directory_it_is_where_shared_memory_is);
	tcase_add_test(making, if_there_is_no_file_of_any_kind_the_first_reason_is_told);
	tcase_add_test(making, without_room_none_is_made);
	tcase_add_test(making, what_cannot_be_mapped_is_none);
	suite_add_tcase(suite, making);
	tcase_add_checked_fixture(showing, set_up, tear_down);
	tcase_add_test(showing, who_said_nothing_has_no_last_words);
	tcase_add_test(showing, each_line_is_a_message_and_empty_ones_are_none);
	tcase_add_test(showing, of_a_long_line_the_beginning_is_shown_and_the_next_is_whole);
	tcase_add_test(showing, a_hundred_lines_are_shown_and_no_more);
	tcase_add_test(showing, words_that_fill_their_room_end_there);
	suite_add_tcase(suite, showing);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
