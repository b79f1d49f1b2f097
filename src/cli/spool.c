// SPDX-License-Identifier: MIT

#include "cli/spool.h"

#include "parent/scratchfile.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 64 * 1024, STEP_BYTES = 1024 * 1024 };

void spool_init(struct spool *spool, int in, const char *tmpdir, struct complaint *complaint)
{
	*spool = (struct spool){.in = in,
		.out = -1,
		.reader = -1,
		.waits = true,
		.tmpdir = tmpdir,
		.complaint = complaint};
}

void spool_release(struct spool *spool)
{
	if (spool->out >= 0)
		close(spool->out);
	if (spool->reader >= 0)
		close(spool->reader);
	free(spool->buffer);
	spool_init(spool, spool->in, spool->tmpdir, spool->complaint);
}

/** Report that the scratch file failed, for the reason in errno. */
static enum source_status scratch_failed(const struct spool *spool)
{
	char shown[PRINTABLE_MAX];
	int error = errno;

	printable(spool->tmpdir, strlen(spool->tmpdir), shown, sizeof(shown));
	complain(spool->complaint, "-", "scratch-error",
		"cannot copy standard input to a scratch file in %s: %s", shown, strerror(error));
	return SOURCE_FAILED;
}

static enum source_status input_failed(const struct spool *spool)
{
	complain(spool->complaint, "-", "read-error", "cannot read standard input: %s",
		strerror(errno));
	return SOURCE_FAILED;
}

/** A descriptor of the input for a worker, if it can be read by position. -1: it must be copied. */
static int take_as_it_is(const struct spool *spool)
{
	int flags = fcntl(spool->in, F_GETFL);

	/* If the offset of standard input is not 0, what lies before it would count as part of the
	 * archive, so the rest must be copied. */
	if (flags < 0 || spool->waits || lseek(spool->in, 0, SEEK_CUR) != 0)
		return -1;
	if ((flags & O_ACCMODE) == O_RDONLY)
		return fcntl(spool->in, F_DUPFD_CLOEXEC, 3);
	/* What is open for writing only is not to be read: the copy fails and says so. */
	return (flags & O_ACCMODE) == O_RDWR ? io_reopen(spool->in) : -1;
}

/** Look at the input. SOURCE_WAIT: it must be copied, and everything is ready for that. */
static enum source_status begin(struct spool *spool, int *fd)
{
	struct stat status;

	if (fstat(spool->in, &status) < 0)
		return input_failed(spool);
	if (S_ISCHR(status.st_mode) && isatty(spool->in)) {
		complain(spool->complaint, "-", "read-error",
			"standard input is a terminal, not an archive");
		return SOURCE_FAILED;
	}
	spool->waits = !S_ISREG(status.st_mode);
	*fd = take_as_it_is(spool);
	if (*fd >= 0)
		return SOURCE_ARCHIVE;
	spool->buffer = malloc(COPY_BYTES);
	if (!spool->buffer)
		return input_failed(spool);
	spool->out = scratchfile_open(spool->tmpdir, &spool->reader);
	return spool->out >= 0 ? SOURCE_WAIT : scratch_failed(spool);
}

/** Copy what is there. SOURCE_ARCHIVE: everything is copied. */
static enum source_status copy(struct spool *spool)
{
	struct pollfd descriptor = {.fd = spool->in, .events = POLLIN};

	for (size_t copied = 0; copied < STEP_BYTES;) {
		/* If poll(2) fails, the poll(2) of the loop fails as well and ends the run. */
		if (spool->waits && poll(&descriptor, 1, 0) <= 0)
			return SOURCE_WAIT;
		ssize_t got = io_read(spool->in, spool->buffer, COPY_BYTES);
		if (got < 0 && errno == EAGAIN)
			return SOURCE_WAIT;
		if (got < 0)
			return input_failed(spool);
		if (got == 0)
			return SOURCE_ARCHIVE;
		if (io_write_full(spool->out, spool->buffer, (size_t)got) < 0)
			return scratch_failed(spool);
		copied += (size_t)got;
	}
	return SOURCE_WAIT;
}

enum source_status spool_step(struct spool *spool, int *fd)
{
	enum source_status status = SOURCE_WAIT;

	if (spool->out < 0)
		status = begin(spool, fd);
	if (status == SOURCE_WAIT) {
		status = copy(spool);
		if (status == SOURCE_ARCHIVE)
			*fd = steal_fd(&spool->reader);
	}
	if (status != SOURCE_WAIT)
		spool_release(spool);
	return status;
}
