// SPDX-License-Identifier: MIT

#include "util/memory.h"

#include "support.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB ((uint64_t)1024 * 1024)

static struct memory_peak begin(void)
{
	struct memory_peak peak;

	memory_peak_init(&peak, 1);
	ck_assert_int_ge(peak.fd, 0);
	ck_assert_int_eq(fcntl(peak.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	memory_sample(&peak, 1);
	ck_assert_uint_gt(peak.private_bytes, 0);
	ck_assert_uint_gt(peak.shared_bytes, 0);
	return peak;
}

START_TEST(touched_private_pages_raise_the_private_peak_for_good)
{
	struct memory_peak peak = begin();
	uint64_t before = peak.private_bytes;
	uint64_t shared = peak.shared_bytes;
	void *pages =
		mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(pages != MAP_FAILED);
	memory_sample(&peak, 1);
	ck_assert_uint_lt(peak.private_bytes, before + 16 * MIB); /* not touched yet */
	memset(pages, 1, 32 * MIB);
	memory_sample(&peak, 1);
	ck_assert_uint_ge(peak.private_bytes, before + 31 * MIB);
	ck_assert_uint_lt(peak.private_bytes, before + 48 * MIB);
	ck_assert_uint_lt(peak.shared_bytes, shared + 8 * MIB);
	munmap(pages, 32 * MIB);
	uint64_t peak_bytes = peak.private_bytes;
	memory_sample(&peak, 1);
	ck_assert_uint_eq(peak.private_bytes, peak_bytes);
	memory_peak_release(&peak);
}
END_TEST

START_TEST(mapped_pages_of_a_file_are_shared_until_they_are_written)
{
	struct memory_peak peak = begin();
	uint64_t private = peak.private_bytes;
	uint64_t shared = peak.shared_bytes;
	int fd = memfd_create("pages", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, 16 * MIB), 0);
	volatile char *pages =
		mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	ck_assert(pages != MAP_FAILED);
	for (uint64_t i = 0; i < 16 * MIB; i += 4096)
		(void)pages[i];
	memory_sample(&peak, 1);
	ck_assert_uint_ge(peak.shared_bytes + peak.private_bytes, shared + private + 15 * MIB);
	munmap((void *)pages, 16 * MIB);

	pages = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert(pages != MAP_FAILED);
	private = peak.private_bytes;
	for (uint64_t i = 0; i < 16 * MIB; i += 4096)
		pages[i] = 1;
	memory_sample(&peak, 1);
	ck_assert_uint_lt(peak.private_bytes, private + 8 * MIB);
	ck_assert_uint_ge(peak.shared_bytes, shared + 15 * MIB);
	munmap((void *)pages, 16 * MIB);
	close(fd);
	memory_peak_release(&peak);
}
END_TEST

START_TEST(what_is_not_enabled_is_not_measured)
{
	struct memory_peak peak;
	size_t before = open_descriptors();

	memory_peak_init(&peak, 0);
	memory_sample(&peak, 1);
	memory_sample(&peak, 0);
	ck_assert_int_eq(peak.fd, -1);
	ck_assert_uint_eq(peak.private_bytes, 0);
	ck_assert_uint_eq(peak.shared_bytes, 0);
	ck_assert_uint_eq(open_descriptors(), before);
	memory_peak_release(&peak);
}
END_TEST

START_TEST(release_closes_and_may_be_repeated)
{
	size_t before = open_descriptors();
	struct memory_peak peak = begin();

	memory_peak_release(&peak);
	memory_peak_release(&peak);
	ck_assert_uint_eq(open_descriptors(), before);
	memory_sample(&peak, 1); /* does nothing */
}
END_TEST

START_TEST(samples_that_come_too_soon_are_left_out)
{
	struct memory_peak peak = begin();
	uint64_t next_ns = peak.next_ns;

	ck_assert_uint_gt(next_ns, 0);
	peak.next_ns = UINT64_MAX; /* far away */
	peak.private_bytes = peak.shared_bytes = 0;
	memory_sample(&peak, 0);
	ck_assert_uint_eq(peak.private_bytes, 0);
	memory_sample(&peak, 1);
	ck_assert_uint_gt(peak.private_bytes, 0);
	peak.next_ns = 1; /* long ago */
	peak.private_bytes = 0;
	memory_sample(&peak, 0);
	ck_assert_uint_gt(peak.private_bytes, 0);
	ck_assert_uint_ge(peak.next_ns, next_ns);
	memory_peak_release(&peak);
}
END_TEST

START_TEST(time_does_not_go_back)
{
	uint64_t last = monotonic_ns();

	for (int i = 0; i < 1000; i++) {
		uint64_t now = monotonic_ns();
		ck_assert_uint_ge(now, last);
		last = now;
	}
}
END_TEST
int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tests = tcase_create("memory");

	tcase_add_test(tests, touched_private_pages_raise_the_private_peak_for_good);
	tcase_add_test(tests, mapped_pages_of_a_file_are_shared_until_they_are_written);
	tcase_add_test(tests, what_is_not_enabled_is_not_measured);
	tcase_add_test(tests, release_closes_and_may_be_repeated);
	tcase_add_test(tests, samples_that_come_too_soon_are_left_out);
	tcase_add_test(tests, time_does_not_go_back);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
