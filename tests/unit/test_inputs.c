// SPDX-License-Identifier: MIT

#include "cli/inputs.h"

#include "support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *operands[16];
static struct options options;
static struct inputs inputs;
static struct archive_source source;
static struct source_item item;
static size_t descriptors;
static char tmpdir[4096];

static void begin(void)
{
	scratch_begin();
	memset(&options, 0, sizeof(options));
	options.operands = operands;
	snprintf(tmpdir, sizeof(tmpdir), "%s", scratch_path(""));
	options.tmpdir = tmpdir;
	descriptors = open_descriptors();
}

static void forget_operands(void)
{
	while (options.operand_count > 0)
		free(operands[--options.operand_count]);
}

static void end(void)
{
	inputs_close(&inputs);
	forget_operands();
	ck_assert_uint_eq(open_descriptors(), descriptors);
	scratch_end();
}

static void operand(const char *path)
{
	operands[options.operand_count++] = strdup(path);
}

static void start(void)
{
	ck_assert_int_eq(inputs_open(&inputs, &options), 0);
	source = inputs_source(&inputs);
}

static enum source_status next(void)
{
	return source.next(source.context, &item);
}

/** The next is the archive @path, not opened. */
static void expect(const char *path)
{
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	ck_assert_str_eq(item.path, path);
	ck_assert_int_eq(item.fd, -1);
}

/** The same for the path of @name in the scratch directory. */
static void expect_in_scratch(const char *name)
{
	expect(scratch_path(name));
}

/** The next is a failure that is reported as "zipmap: @subject: @problem". */
static void expect_failure(const char *subject, const char *problem)
{
	char expected[8192];

	snprintf(expected, sizeof(expected), "zipmap: %s: %s\n", subject, problem);
	capture_begin();
	enum source_status status = next();
	ck_assert_str_eq(capture_end(), expected);
	ck_assert_int_eq(status, SOURCE_FAILED);
}

static void expect_end(void)
{
	ck_assert_int_eq(next(), SOURCE_END);
	ck_assert_int_eq(next(), SOURCE_END);
}

static void touch(const char *name)
{
	scratch_file(name, "", 0);
}

/** Make @fd standard input, until end_stdin(); @fd is closed. */
static int saved_stdin;

static void begin_stdin(int fd)
{
	ck_assert_int_ge(fd, 0);
	saved_stdin = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	ck_assert_int_eq(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	close(fd);
}

static void end_stdin(void)
{
	ck_assert_int_eq(dup2(saved_stdin, STDIN_FILENO), STDIN_FILENO);
	close(saved_stdin);
}

/** Make a new pipe standard input; the descriptor of its other end. */
static int begin_stdin_pipe(void)
{
	int pair[2];

	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	begin_stdin(pair[0]);
	return pair[1];
}

static void write_bytes(int fd, const void *bytes, size_t size)
{
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
}

/** A list called "list" of these bytes, given with --files-from. */
static void list(const char *bytes, size_t size)
{
	options.files_from = scratch_file("list", bytes, size);
}

/* --- operands --- */

START_TEST(operands_come_in_their_order_whether_they_exist_or_not)
{
	operand("/nowhere/b.zip");
	operand("a");
	operand("");
	start();
	ck_assert_int_eq(source.poll_fd(source.context), -1);
	expect("/nowhere/b.zip");
	expect("a");
	expect("");
	expect_end();
}
END_TEST

static void expect_ahead(uint64_t archives, bool whole)
{
	bool all = !whole;

	ck_assert_uint_eq(source.ahead(source.context, &all), archives);
	ck_assert(all == whole);
}

START_TEST(how_many_archives_come_is_known_as_far_as_it_can_be)
{
	scratch_directory("d");
	scratch_directory("d/e");
	touch("d/1.zip");
	touch("d/2.zip");
	touch("d/e/3.zip");
	operand("a");
	operand(scratch_path("d"));
	operand("b");
	options.recursive = true;
	start();
	expect_ahead(3, false);
	expect("a");
	expect_ahead(2, false);
	expect_in_scratch("d/1.zip");
	expect_ahead(2, false); /* d/2.zip and b; d/e is not read yet */
	expect_in_scratch("d/2.zip");
	expect_in_scratch("d/e/3.zip");
	expect_ahead(1, true);
	expect("b");
	expect_ahead(0, true);
	expect_end();
}
END_TEST

START_TEST(how_many_archives_a_list_names_is_known_at_its_end)
{
	list("x\ny\n", 4);
	operand("a");
	start();
	expect_ahead(1, false);
	expect("a");
	expect("x");
	expect_ahead(0, false);
	expect("y");
	expect_end();
	expect_ahead(0, true);
}
END_TEST

START_TEST(a_fifo_is_handed_on_and_not_opened)
{
	ck_assert_int_eq(mkfifo(scratch_path("fifo.zip"), 0600), 0);
	ck_assert_int_eq(mkfifo(scratch_path("fifo"), 0600), 0);
	operand(scratch_path("fifo"));
	operand(scratch_path(""));
	start();
	expect_in_scratch("fifo");
	expect_in_scratch("fifo.zip");
	expect_end();
}
END_TEST

START_TEST(operands_come_before_the_list)
{
	list("c\nd\n", 4);
	operand("a");
	operand("b");
	start();
	expect("a");
	expect("b");
	expect("c");
	expect("d");
	expect_end();
}
END_TEST

/* --- directories --- */

START_TEST(a_directory_gives_its_archives_in_byte_order)
{
	static const char *const names[] = {"b.zip", "a.npz", "a.zip", "B.ZIP", "c.NpZ", "10.zip",
		"9.zip", "\xc3\xa4.zip", ".hidden.zip", "a b.zip", "x.zip~", "zip", "x.zipx",
		"x.np"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		touch(names[i]);
	scratch_directory("d.zip");
	touch("d.zip/inside.zip");
	operand(scratch_path(""));
	start();
	expect_in_scratch(".hidden.zip");
	expect_in_scratch("10.zip");
	expect_in_scratch("9.zip");
	expect_in_scratch("B.ZIP");
	expect_in_scratch("a b.zip");
	expect_in_scratch("a.npz");
	expect_in_scratch("a.zip");
	expect_in_scratch("b.zip");
	expect_in_scratch("c.NpZ");
	expect_in_scratch("\xc3\xa4.zip");
	expect_end();
}
END_TEST

START_TEST(a_slash_at_the_end_of_a_directory_is_not_doubled)
{
	scratch_directory("d");
	touch("d/a.zip");
	operand(scratch_path("d"));
	operand(scratch_path("d/"));
	operand(scratch_path("d//"));
	start();
	expect_in_scratch("d/a.zip");
	expect_in_scratch("d/a.zip");
	expect_in_scratch("d//a.zip");
	expect_end();
}
END_TEST

START_TEST(recursive_visits_files_and_directories_in_one_order)
{
	static const char *const directories[] = {"b", "b/deep", "b/deep/deeper", "empty", "a.zip"};
	static const char *const files[] = {"a0.zip", "b.zip", "b/1.zip", "b/zz.zip",
		"b/deep/x.zip", "b/deep/deeper/y.npz", "c.zip", "a.zip/in.zip", "c.txt"};

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		scratch_directory(directories[i]);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		touch(files[i]);
	options.recursive = true;
	operand(scratch_path(""));
	operand("after");
	start();
	expect_in_scratch("a.zip/in.zip");
	expect_in_scratch("a0.zip");
	expect_in_scratch("b/1.zip");
	expect_in_scratch("b/deep/deeper/y.npz");
	expect_in_scratch("b/deep/x.zip");
	expect_in_scratch("b/zz.zip");
	expect_in_scratch("b.zip");
	expect_in_scratch("c.zip");
	expect("after");
	expect_end();
}
END_TEST

START_TEST(links_to_files_count_and_links_to_directories_are_not_followed)
{
	scratch_directory("d");
	scratch_directory("other");
	touch("other/x.zip");
	ck_assert_int_eq(symlink("../other/x.zip", scratch_path("d/file.zip")), 0);
	ck_assert_int_eq(symlink("../other", scratch_path("d/directory")), 0);
	ck_assert_int_eq(symlink("../other", scratch_path("d/directory.zip")), 0);
	ck_assert_int_eq(symlink("..", scratch_path("d/up")), 0);
	ck_assert_int_eq(symlink("nowhere", scratch_path("d/gone.zip")), 0);
	ck_assert_int_eq(symlink("d", scratch_path("link")), 0);
	options.recursive = true;
	operand(scratch_path("d"));
	operand(scratch_path("link"));
	start();
	expect_in_scratch("d/file.zip");
	expect_in_scratch("d/gone.zip");
	/* A link that is an operand is followed. */
	expect_in_scratch("link/file.zip");
	expect_in_scratch("link/gone.zip");
	expect_end();
}
END_TEST

START_TEST(a_directory_without_archives_is_a_failure)
{
	scratch_directory("none");
	touch("none/readme.txt");
	scratch_directory("none/below");
	touch("none/below/a.zip");
	scratch_directory("tree");
	scratch_directory("tree/below");
	scratch_directory("tree/below/\n");
	operand(scratch_path("none"));
	operand("between");
	start();
	expect_failure(
		scratch_path("none"), "no *.zip or *.npz in this directory; -r looks below it too");
	expect("between");
	expect_end();
	inputs_close(&inputs);

	options.recursive = true;
	forget_operands();
	operand(scratch_path("tree"));
	operand(scratch_path("none"));
	operand(scratch_path("tree/below/\n"));
	start();
	expect_failure(scratch_path("tree"), "no *.zip or *.npz in this directory");
	expect_in_scratch("none/below/a.zip");
	expect_failure(scratch_path("tree/below/\\n"), "no *.zip or *.npz in this directory");
	expect_end();
}
END_TEST

START_TEST(a_directory_that_cannot_be_read_is_reported_once)
{
	scratch_directory("d");
	scratch_directory("d/closed");
	scratch_directory("d/open");
	touch("d/open/a.zip");
	scratch_directory("e");
	scratch_directory("e/closed");
	ck_assert_int_eq(chmod(scratch_path("d/closed"), 0), 0);
	ck_assert_int_eq(chmod(scratch_path("e/closed"), 0), 0);
	options.recursive = true;
	operand(scratch_path("d/closed"));
	operand(scratch_path("d"));
	operand(scratch_path("e"));
	start();
	if (!become_unprivileged())
		return;
	expect_failure(scratch_path("d/closed"), "Permission denied");
	expect_failure(scratch_path("d/closed"), "Permission denied");
	expect_in_scratch("d/open/a.zip");
	/* Nothing was found, but whether there are archives is not known. */
	expect_failure(scratch_path("e/closed"), "Permission denied");
	expect_end();
	become_privileged();
	ck_assert_int_eq(chmod(scratch_path("d/closed"), 0700), 0);
	ck_assert_int_eq(chmod(scratch_path("e/closed"), 0700), 0);
}
END_TEST

START_TEST(a_directory_that_became_a_link_meanwhile_is_not_followed)
{
	scratch_directory("other");
	touch("other/x.zip");
	scratch_directory("d");
	touch("d/a.zip");
	scratch_directory("d/e");
	options.recursive = true;
	operand(scratch_path("d"));
	start();
	/* From now on it is known that d/e is a directory. */
	expect_in_scratch("d/a.zip");
	ck_assert_int_eq(rmdir(scratch_path("d/e")), 0);
	ck_assert_int_eq(symlink("../other", scratch_path("d/e")), 0);
	expect_failure(scratch_path("d/e"), "Not a directory");
	expect_end();
}
END_TEST

START_TEST(a_large_directory_is_whole_and_sorted)
{
	enum { FILES = 3000 };
	char name[32];

	scratch_directory("d");
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "d/%04u.zip", i * 7 % FILES);
		touch(name);
	}
	operand(scratch_path("d"));
	start();
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "d/%04u.zip", i);
		expect_in_scratch(name);
	}
	expect_end();
}
END_TEST

START_TEST(inputs_may_be_closed_in_the_middle_of_a_tree)
{
	scratch_directory("d");
	scratch_directory("d/e");
	touch("d/e/a.zip");
	touch("d/e/b.zip");
	options.recursive = true;
	operand(scratch_path(""));
	start();
	expect_in_scratch("d/e/a.zip");
	inputs_close(&inputs);
	ck_assert_int_eq(next(), SOURCE_END);
}
END_TEST

/* --- lists --- */

START_TEST(a_list_has_one_path_a_line)
{
	static const char lines[] = "a.zip\n\n\nb c.zip\n-\n  d\nlast";

	list(lines, sizeof(lines) - 1);
	start();
	expect("a.zip");
	expect("b c.zip");
	expect("-"); /* a file of that name: only an operand is standard input */
	expect("  d");
	expect("last");
	expect_end();
}
END_TEST

START_TEST(a_null_list)
{
	static const char entries[] = "a\nb.zip\0\0c.zip\0last";

	list(entries, sizeof(entries) - 1);
	options.null_input = true;
	start();
	expect("a\nb.zip");
	expect("c.zip");
	expect("last");
	expect_end();
}
END_TEST

START_TEST(an_empty_list_is_the_end)
{
	list("", 0);
	start();
	expect_end();
	inputs_close(&inputs);
	list("\n\n", 2);
	start();
	expect_end();
}
END_TEST

START_TEST(a_nul_in_a_list_of_lines_is_reported_with_its_line)
{
	static const char lines[] = "a.zip\n\nb.zip\0c.zip\0\nd.zip\n";

	list(lines, sizeof(lines) - 1);
	start();
	expect("a.zip");
	expect_failure(scratch_path("list"), "line 3 contains a NUL; does this list need --null?");
	expect("d.zip");
	expect_end();
}
END_TEST

START_TEST(a_line_that_is_too_long_is_reported_once_and_skipped)
{
	/* Just fits, just does not, takes several buffers, and ends the list. */
	static const size_t sizes[] = {PATHLIST_LINE_MAX - 1, PATHLIST_LINE_MAX,
		5 * PATHLIST_LINE_MAX, PATHLIST_LINE_MAX + 1};
	static char bytes[9 * PATHLIST_LINE_MAX];
	size_t size = 0;

	for (size_t i = 0; i < 4; i++) {
		size += (size_t)sprintf(bytes + size, "before%zu\n", i);
		memset(bytes + size, 'x', sizes[i]);
		size += sizes[i];
		if (i < 3)
			bytes[size++] = '\n';
	}
	list(bytes, size);
	start();
	expect("before0");
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	ck_assert_uint_eq(strlen(item.path), PATHLIST_LINE_MAX - 1);
	expect("before1");
	expect_failure(scratch_path("list"), "line 4 is longer than any path");
	expect("before2");
	expect_failure(scratch_path("list"), "line 6 is longer than any path");
	expect("before3");
	expect_failure(scratch_path("list"), "line 8 is longer than any path");
	expect_end();
}
END_TEST

START_TEST(a_directory_in_a_list_is_expanded)
{
	char lines[8192];

	scratch_directory("d");
	touch("d/b.zip");
	touch("d/a.zip");
	int size = snprintf(lines, sizeof(lines), "x.zip\n%s\ny.zip\n", scratch_path("d"));
	list(lines, (size_t)size);
	start();
	expect("x.zip");
	expect_in_scratch("d/a.zip");
	expect_in_scratch("d/b.zip");
	expect("y.zip");
	expect_end();
}
END_TEST

START_TEST(a_list_that_cannot_be_opened_is_an_error_at_the_start)
{
	char expected[8192];

	options.files_from = scratch_path("nowhere\x1b");
	capture_begin();
	int result = inputs_open(&inputs, &options);
	snprintf(expected, sizeof(expected), "zipmap: %s: No such file or directory\n",
		scratch_path("nowhere\\x1b"));
	ck_assert_str_eq(capture_end(), expected);
	ck_assert_int_eq(result, -1);

	options.files_from = scratch_path("");
	capture_begin();
	result = inputs_open(&inputs, &options);
	snprintf(expected, sizeof(expected), "zipmap: %s: Is a directory\n", scratch_path(""));
	ck_assert_str_eq(capture_end(), expected);
	ck_assert_int_eq(result, -1);
}
END_TEST

START_TEST(a_pipe_that_trickles_gives_each_path_with_its_newline)
{
	static const char lines[] = "first.zip\n\nsecond.zip\nlast";
	int writer = begin_stdin_pipe();
	size_t given = 0;

	options.files_from = "-";
	start();
	for (const char *byte = lines; *byte; byte++) {
		ck_assert_int_eq(next(), SOURCE_WAIT);
		ck_assert_int_eq(source.poll_fd(source.context), STDIN_FILENO);
		write_bytes(writer, byte, 1);
		if (*byte == '\n' && byte[-1] != '\n')
			expect(given++ == 0 ? "first.zip" : "second.zip");
	}
	ck_assert_uint_eq(given, 2);
	ck_assert_int_eq(next(), SOURCE_WAIT);
	close(writer);
	expect("last");
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_named_fifo_as_list_waits_for_its_writer_without_blocking)
{
	options.files_from = scratch_path("fifo");
	ck_assert_int_eq(mkfifo(options.files_from, 0600), 0);
	start();
	ck_assert_int_eq(next(), SOURCE_WAIT);
	struct pollfd descriptor = {.fd = source.poll_fd(source.context), .events = POLLIN};
	ck_assert_int_eq(poll(&descriptor, 1, 0), 0);
	int writer = open(options.files_from, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(writer, 0);
	ck_assert_int_eq(next(), SOURCE_WAIT);
	write_bytes(writer, "a.zip\nb", 7);
	ck_assert_int_eq(poll(&descriptor, 1, 0), 1);
	expect("a.zip");
	ck_assert_int_eq(next(), SOURCE_WAIT);
	close(writer);
	ck_assert_int_eq(poll(&descriptor, 1, 0), 1);
	expect("b");
	expect_end();
}
END_TEST

START_TEST(a_read_error_of_a_list_is_reported_and_ends_it)
{
	/* A directory as standard input opens but cannot be read; a file that may only be written
	 * gets past the check at the start. */
	begin_stdin(open(scratch_path("list"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	options.files_from = "-";
	start();
	expect_failure("-", "Bad file descriptor");
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_million_lines_need_no_more_memory_than_ten)
{
	enum { LINES = 1000000 };
	int writer = begin_stdin_pipe();

	options.files_from = "-";
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		FILE *stream = fdopen(writer, "w");
		for (int i = 0; i < LINES; i++)
			fprintf(stream, "nowhere/file_%d.zip\n", i);
		_exit(fclose(stream) == 0 ? 0 : 1);
	}
	close(writer);
	start();
	int count = 0;
	size_t early = 0;
	for (;;) {
		enum source_status status = next();
		if (status == SOURCE_END)
			break;
		if (status == SOURCE_WAIT) {
			struct pollfd descriptor = {
				.fd = source.poll_fd(source.context), .events = POLLIN};
			ck_assert_int_eq(poll(&descriptor, 1, -1), 1);
			continue;
		}
		ck_assert_int_eq(status, SOURCE_ARCHIVE);
		if (++count == 10)
			early = mallinfo2().uordblks + mallinfo2().hblkhd;
	}
	ck_assert_int_eq(count, LINES);
	size_t late = mallinfo2().uordblks + mallinfo2().hblkhd;
	ck_assert_uint_le(late, early);
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	end_stdin();
}
END_TEST

/* --- standard input as an archive --- */

/** Check that @fd has no name, is this user's alone, and holds @bytes; close it. */
static void check_scratch_file(int fd, const void *bytes, size_t size)
{
	struct stat status;
	char *got = malloc(size + 1);

	ck_assert_int_ge(fd, 3);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert(S_ISREG(status.st_mode));
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_uint_eq(status.st_nlink, 0);
	ck_assert_int_eq(pread(fd, got, size + 1, 0), (ssize_t)size);
	ck_assert_mem_eq(got, bytes, size);
	free(got);
	close(fd);
}

START_TEST(a_regular_file_on_standard_input_is_handed_on_itself)
{
	struct stat status;
	struct stat expected;
	const char *path = scratch_file("x.zip", "hello", 5);

	ck_assert_int_eq(stat(path, &expected), 0);
	begin_stdin(open(path, O_RDONLY | O_CLOEXEC));
	operand("-");
	operand("after");
	start();
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	ck_assert_str_eq(item.path, "-");
	ck_assert_int_ge(item.fd, 3);
	ck_assert_int_eq(fcntl(item.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fstat(item.fd, &status), 0);
	ck_assert_uint_eq(status.st_ino, expected.st_ino);
	close(item.fd);
	expect("after");
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_regular_file_that_is_open_for_writing_too_is_handed_on_for_reading_only)
{
	struct stat status;
	struct stat expected;
	const char *path = scratch_file("x.zip", "hello", 5);

	ck_assert_int_eq(stat(path, &expected), 0);
	begin_stdin(open(path, O_RDWR | O_CLOEXEC));
	/* As of tempfile.TemporaryFile(): it has no name any more. */
	ck_assert_int_eq(unlink(path), 0);
	operand("-");
	start();
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	ck_assert_int_ge(item.fd, 3);
	ck_assert_int_eq(fcntl(item.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(item.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fstat(item.fd, &status), 0);
	ck_assert_uint_eq(status.st_ino, expected.st_ino);
	close(item.fd);
	expect_end();
	end_stdin();
}
END_TEST

/* Without /proc nothing can be opened anew. Check forks, so the mount is this test's alone. */
START_TEST(without_proc_what_is_open_for_writing_is_copied_and_the_copy_is_for_reading_only)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "/proc", "tmpfs", 0, NULL) < 0) {
		printf("skipped: may not mount over /proc: %s\n", strerror(errno));
		return;
	}
	begin_stdin(open(scratch_file("x.zip", "hello", 5), O_RDWR | O_CLOEXEC));
	operand("-");
	start();
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	check_scratch_file(item.fd, "hello", 5);
	expect_end();
	end_stdin();
	ck_assert_int_eq(umount2("/proc", MNT_DETACH), 0);
}
END_TEST

START_TEST(a_standard_input_that_is_open_for_writing_only_is_reported)
{
	begin_stdin(open(scratch_file("x.zip", "hello", 5), O_WRONLY | O_CLOEXEC));
	operand("-");
	start();
	expect_failure("-", "cannot read standard input: Bad file descriptor");
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_regular_file_that_was_read_from_is_copied_from_there)
{
	begin_stdin(open(scratch_file("x.zip", "hello", 5), O_RDONLY | O_CLOEXEC));
	ck_assert_int_eq(lseek(STDIN_FILENO, 2, SEEK_SET), 2);
	operand("-");
	start();
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	check_scratch_file(item.fd, "llo", 3);
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_pipe_is_copied_piece_by_piece_without_blocking)
{
	enum { SIZE = 300000 };
	char *bytes = malloc(SIZE);
	int writer = begin_stdin_pipe();

	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (char)(i * 31 >> 3);
	operand("-");
	operand("after");
	start();
	for (size_t done = 0; done < SIZE;) {
		size_t size = SIZE - done < 30000 ? SIZE - done : 30000;
		ck_assert_int_eq(next(), SOURCE_WAIT);
		ck_assert_int_eq(source.poll_fd(source.context), STDIN_FILENO);
		write_bytes(writer, bytes + done, size);
		done += size;
	}
	ck_assert_int_eq(next(), SOURCE_WAIT);
	close(writer);
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	ck_assert_str_eq(item.path, "-");
	check_scratch_file(item.fd, bytes, SIZE);
	/* Nothing was left in the directory either. */
	ck_assert_int_eq(rmdir(scratch_path("")), 0);
	ck_assert_int_eq(mkdir(scratch_path(""), 0700), 0);
	expect("after");
	expect_end();
	end_stdin();
	free(bytes);
}
END_TEST

START_TEST(no_more_than_a_mebibyte_is_copied_at_once)
{
	begin_stdin(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	operand("-");
	start();
	for (int i = 1; i <= 3; i++) {
		struct stat status;
		ck_assert_int_eq(next(), SOURCE_WAIT);
		ck_assert_int_eq(fstat(inputs.spool.out, &status), 0);
		ck_assert_int_eq(status.st_size, i * 1024 * 1024);
	}
	end_stdin();
}
END_TEST

START_TEST(an_empty_standard_input_is_an_empty_archive)
{
	begin_stdin(open("/dev/null", O_RDONLY | O_CLOEXEC));
	operand("-");
	start();
	ck_assert_int_eq(next(), SOURCE_ARCHIVE);
	check_scratch_file(item.fd, "", 0);
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_scratch_directory_that_does_not_exist_is_named)
{
	char problem[4096];
	int writer = begin_stdin_pipe();

	options.tmpdir = scratch_path("nowhere");
	operand("-");
	operand("after");
	start();
	snprintf(problem, sizeof(problem),
		"cannot copy standard input to a scratch file in %.2000s: No such file or directory",
		options.tmpdir);
	expect_failure("-", problem);
	expect("after");
	expect_end();
	close(writer);
	end_stdin();
}
END_TEST

START_TEST(a_scratch_file_that_cannot_grow_is_reported_with_its_directory)
{
	const struct rlimit limit = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};
	char problem[4096];

	/* Too large a file stands for a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	begin_stdin(open("/dev/zero", O_RDONLY | O_CLOEXEC));
	operand("-");
	operand("after");
	start();
	snprintf(problem, sizeof(problem),
		"cannot copy standard input to a scratch file in %.2000s: File too large",
		options.tmpdir);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_failure("-", problem);
	expect("after");
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_standard_input_that_cannot_be_read_is_reported)
{
	begin_stdin(open(scratch_path(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	operand("-");
	operand("after");
	start();
	expect_failure("-", "cannot read standard input: Is a directory");
	expect("after");
	expect_end();
	end_stdin();
}
END_TEST

START_TEST(a_closed_standard_input_is_reported)
{
	int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	operand("-");
	start();
	capture_begin();
	close(STDIN_FILENO);
	enum source_status status = next();
	ck_assert_str_eq(
		capture_end(), "zipmap: -: cannot read standard input: Bad file descriptor\n");
	ck_assert_int_eq(status, SOURCE_FAILED);
	expect_end();
	ck_assert_int_eq(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	close(saved);
}
END_TEST

START_TEST(inputs_may_be_closed_while_standard_input_is_copied)
{
	int writer = begin_stdin_pipe();

	operand("-");
	start();
	write_bytes(writer, "x", 1);
	ck_assert_int_eq(next(), SOURCE_WAIT);
	inputs_close(&inputs);
	close(writer);
	end_stdin();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("inputs");
	TCase *tests = tcase_create("inputs");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, operands_come_in_their_order_whether_they_exist_or_not);
	tcase_add_test(tests, how_many_archives_come_is_known_as_far_as_it_can_be);
	tcase_add_test(tests, how_many_archives_a_list_names_is_known_at_its_end);
	tcase_add_test(tests, a_fifo_is_handed_on_and_not_opened);
	tcase_add_test(tests, operands_come_before_the_list);
	tcase_add_test(tests, a_directory_gives_its_archives_in_byte_order);
	tcase_add_test(tests, a_slash_at_the_end_of_a_directory_is_not_doubled);
	tcase_add_test(tests, recursive_visits_files_and_directories_in_one_order);
	tcase_add_test(tests, links_to_files_count_and_links_to_directories_are_not_followed);
	tcase_add_test(tests, a_directory_without_archives_is_a_failure);
	tcase_add_test(tests, a_directory_that_cannot_be_read_is_reported_once);
	tcase_add_test(tests, a_directory_that_became_a_link_meanwhile_is_not_followed);
	tcase_add_test(tests, a_large_directory_is_whole_and_sorted);
	tcase_add_test(tests, inputs_may_be_closed_in_the_middle_of_a_tree);
	tcase_add_test(tests, a_list_has_one_path_a_line);
	tcase_add_test(tests, a_null_list);
	tcase_add_test(tests, an_empty_list_is_the_end);
	tcase_add_test(tests, a_nul_in_a_list_of_lines_is_reported_with_its_line);
	tcase_add_test(tests, a_line_that_is_too_long_is_reported_once_and_skipped);
	tcase_add_test(tests, a_directory_in_a_list_is_expanded);
	tcase_add_test(tests, a_list_that_cannot_be_opened_is_an_error_at_the_start);
	tcase_add_test(tests, a_pipe_that_trickles_gives_each_path_with_its_newline);
	tcase_add_test(tests, a_named_fifo_as_list_waits_for_its_writer_without_blocking);
	tcase_add_test(tests, a_read_error_of_a_list_is_reported_and_ends_it);
	tcase_add_test(tests, a_million_lines_need_no_more_memory_than_ten);
	tcase_add_test(tests, a_regular_file_on_standard_input_is_handed_on_itself);
	tcase_add_test(
		tests, a_regular_file_that_is_open_for_writing_too_is_handed_on_for_reading_only);
	tcase_add_test(tests,
		without_proc_what_is_open_for_writing_is_copied_and_the_copy_is_for_reading_only);
	tcase_add_test(tests, a_standard_input_that_is_open_for_writing_only_is_reported);
	tcase_add_test(tests, a_regular_file_that_was_read_from_is_copied_from_there);
	tcase_add_test(tests, a_pipe_is_copied_piece_by_piece_without_blocking);
	tcase_add_test(tests, no_more_than_a_mebibyte_is_copied_at_once);
	tcase_add_test(tests, an_empty_standard_input_is_an_empty_archive);
	tcase_add_test(tests, a_scratch_directory_that_does_not_exist_is_named);
	tcase_add_test(tests, a_scratch_file_that_cannot_grow_is_reported_with_its_directory);
	tcase_add_test(tests, a_standard_input_that_cannot_be_read_is_reported);
	tcase_add_test(tests, a_closed_standard_input_is_reported);
	tcase_add_test(tests, inputs_may_be_closed_while_standard_input_is_copied);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
