// SPDX-License-Identifier: MIT

#include "util/io.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 1 << 20, PIECE = 1000 };

static uint8_t sent[SIZE];
static uint8_t got[SIZE];
static int ends[2]; /* of a pipe */

static void setup(void)
{
	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (uint8_t)(i * i >> 5);
	memset(got, 0, sizeof(got));
}

static void teardown(void)
{
	close(ends[0]);
	close(ends[1]);
}

static int new_file(void)
{
	int fd = memfd_create("io", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* --- other ends of the pipe ------------------------------------------------------------------- */

/* Writes all in small pieces, and ends. */
static void *write_pieces(void *unused)
{
	for (size_t at = 0; at < SIZE; at += PIECE) {
		size_t size = SIZE - at < PIECE ? SIZE - at : PIECE;
		if (write(ends[1], sent + at, size) != (ssize_t)size)
			abort();
	}
	close(ends[1]);
	return unused;
}

/* Reads all in small pieces. */
static void *read_pieces(void *unused)
{
	for (size_t at = 0; at < SIZE;) {
		ssize_t size = read(ends[0], got + at, SIZE - at < PIECE ? SIZE - at : PIECE);
		if (size <= 0)
			abort();
		at += (size_t)size;
	}
	return unused;
}

START_TEST(a_full_read_takes_all_pieces)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, write_pieces, NULL), 0);
	ck_assert_int_eq(io_read_full(ends[0], got, SIZE), SIZE);
	ck_assert_int_eq(io_read_full(ends[0], got, 1), 0);
	pthread_join(thread, NULL);
	ck_assert(memcmp(got, sent, SIZE) == 0);
	ends[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}
END_TEST

START_TEST(a_full_write_gives_all_pieces)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, read_pieces, NULL), 0);
	ck_assert_int_eq(io_write_full(ends[1], sent, SIZE), 0);
	pthread_join(thread, NULL);
	ck_assert(memcmp(got, sent, SIZE) == 0);
}
END_TEST

START_TEST(a_single_read_takes_what_is_there)
{
	ck_assert_int_eq(io_write(ends[1], "abc", 3), 3);
	ck_assert_int_eq(io_read(ends[0], got, SIZE), 3);
	ck_assert_mem_eq(got, "abc", 3);
}
END_TEST

START_TEST(a_full_write_that_cannot_go_on_fails)
{
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(io_write_full(ends[1], sent, SIZE), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

/* --- signals ---------------------------------------------------------------------------------- */

static atomic_int signals;

static void count_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signals, 1);
}

/* Interrupts the thread that waits for the pipe until that was interrupted often, and lets it go.
 */
static void *interrupt(void *waiting)
{
	while (atomic_load(&signals) < 20) {
		pthread_kill(*(pthread_t *)waiting, SIGUSR1);
		usleep(200);
	}
	if (write(ends[1], "x", 1) != 1)
		abort();
	return waiting;
}

START_TEST(a_signal_does_not_end_a_call)
{
	struct sigaction action = {.sa_handler = count_signal}; /* without SA_RESTART */
	pthread_t self = pthread_self();
	pthread_t thread;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, interrupt, &self), 0);
	ck_assert_int_eq(io_read(ends[0], got, 1), 1);
	pthread_join(thread, NULL);
	ck_assert_int_ge(atomic_load(&signals), 20);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

START_TEST(what_is_written_at_a_place_is_read_there)
{
	int fd = new_file();
	size_t written = 0;

	ck_assert_int_eq(io_pwrite_full(fd, sent, SIZE, 4097, &written), 0);
	ck_assert_uint_eq(written, SIZE);
	ck_assert_int_eq(io_pread_full(fd, got, SIZE, 4097), SIZE);
	ck_assert(memcmp(got, sent, SIZE) == 0);
	ck_assert_int_eq(io_pread_full(fd, got, SIZE, 4097 + 5), SIZE - 5);
	ck_assert(memcmp(got, sent + 5, SIZE - 5) == 0);
	ck_assert_int_eq(io_pread_full(fd, got, SIZE, 4097 + SIZE), 0);
	ck_assert_int_eq(io_pwrite_full(fd, sent, 0, 0, NULL), 0);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	close(fd);
}
END_TEST

START_TEST(a_write_that_fails_says_how_far_it_came)
{
	FILE *file = tmpfile(); /* a limit is for files of a file system */
	const struct rlimit limit = {100000, RLIM_INFINITY};
	size_t written = 0;

	ck_assert_ptr_nonnull(file);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(io_pwrite_full(fileno(file), sent, SIZE, 10, &written), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_uint_eq(written, 100000 - 10);
	fclose(file);
}
END_TEST

START_TEST(a_descriptor_that_is_none_fails)
{
	size_t written = 1;

	ck_assert_int_eq(io_read(-1, got, 1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(io_read_full(-1, got, 1), -1);
	ck_assert_int_eq(io_pread_full(-1, got, 1, 0), -1);
	ck_assert_int_eq(io_write_full(-1, sent, 1), -1);
	ck_assert_int_eq(io_pwrite_full(-1, sent, 1, 0, &written), -1);
	ck_assert_uint_eq(written, 0);
	ck_assert_int_eq(io_truncate(-1, 0), -1);
	ck_assert_int_eq(io_allocate(-1, 0, 1), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(a_file_is_cut_and_has_room_set_aside)
{
	int fd = new_file();
	struct stat status;

	ck_assert_int_eq(io_allocate(fd, 0, 9000), 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_int_eq(status.st_size, 9000);
	ck_assert_int_eq(io_truncate(fd, 77), 0);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_int_eq(status.st_size, 77);
	close(fd);
}
END_TEST

START_TEST(a_file_that_can_be_mapped_is_known_and_one_that_cannot_be)
{
	int fd = new_file();

	ck_assert_int_eq(io_truncate(fd, 10000), 0);
	ck_assert_int_eq(io_try_map(fd, 10000), 0);
	ck_assert_int_eq(io_try_map(fd, 0), 0);
	errno = 0;
	ck_assert_int_eq(io_try_map(ends[0], 1), -1);
	ck_assert_int_eq(errno, ENODEV);
	/* With 32 bits this is more than a map can have, and not one of 4096 bytes. */
	ck_assert_int_eq(io_try_map(fd, (UINT64_C(1) << 63) + 4096), -1);
	ck_assert(errno == ENOMEM || errno == EOVERFLOW);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("io");
	TCase *tests = tcase_create("io");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_full_read_takes_all_pieces);
	tcase_add_test(tests, a_full_write_gives_all_pieces);
	tcase_add_test(tests, a_single_read_takes_what_is_there);
	tcase_add_test(tests, a_full_write_that_cannot_go_on_fails);
	tcase_add_test(tests, a_signal_does_not_end_a_call);
	tcase_add_test(tests, what_is_written_at_a_place_is_read_there);
	tcase_add_test(tests, a_write_that_fails_says_how_far_it_came);
	tcase_add_test(tests, a_descriptor_that_is_none_fails);
	tcase_add_test(tests, a_file_is_cut_and_has_room_set_aside);
	tcase_add_test(tests, a_file_that_can_be_mapped_is_known_and_one_that_cannot_be);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
