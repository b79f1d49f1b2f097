// SPDX-License-Identifier: MIT

#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

ssize_t io_read(int fd, void *bytes, size_t size)
{
	return io_retry(read(fd, bytes, size));
}

ssize_t io_write(int fd, const void *bytes, size_t size)
{
	return io_retry(write(fd, bytes, size));
}

ssize_t io_write_now(int fd, const void *bytes, size_t size)
{
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = size};

	return io_retry(pwritev2(fd, &part, 1, -1, RWF_NOWAIT));
}

ssize_t io_read_full(int fd, void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = io_read(fd, (char *)bytes + done, size - done);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

ssize_t io_pread_full(int fd, void *bytes, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = io_retry(
			pread(fd, (char *)bytes + done, size - done, (off_t)(offset + done)));
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int io_write_full(int fd, const void *bytes, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t wrote = io_write(fd, (const char *)bytes + done, size - done);
		if (wrote < 0)
			return -1;
		done += (size_t)wrote;
	}
	return 0;
}

int io_pwrite_full(int fd, const void *bytes, size_t size, uint64_t offset, size_t *written)
{
	size_t done = 0;
	ssize_t wrote = 0;

	while (done < size && wrote >= 0) {
		wrote = io_retry(pwrite(
			fd, (const char *)bytes + done, size - done, (off_t)(offset + done)));
		if (wrote >= 0)
			done += (size_t)wrote;
	}
	if (written)
		*written = done;
	return done == size ? 0 : -1;
}

pid_t io_wait(pid_t pid, int *status)
{
	return io_retry(waitpid(pid, status, 0));
}

int io_status(int fd, struct stat *status)
{
#if __SIZEOF_LONG__ == 8
	/* The kernel's structure is the library's. */
	return (int)syscall(SYS_fstat, fd, status);
#else
	return fstat(fd, status);
#endif
}

int io_try_map(int fd, uint64_t size_bytes)
{
	size_t size = (size_t)size_bytes;

	if (size_bytes == 0)
		return 0; /* mmap(2) refuses a length of 0 */
	if (size != size_bytes) {
		errno = EOVERFLOW;
		return -1;
	}
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	return map == MAP_FAILED || munmap(map, size) < 0 ? -1 : 0;
}

int io_truncate(int fd, uint64_t size)
{
	return io_retry(ftruncate(fd, (off_t)size));
}

int io_allocate(int fd, int mode, uint64_t size)
{
	return io_retry(fallocate(fd, mode, 0, (off_t)size));
}

int io_reopen(int fd)
{
	char path[sizeof("/proc/self/fd/") + 10];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
