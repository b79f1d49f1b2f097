// SPDX-License-Identifier: MIT

/*
 * System calls that a signal may interrupt (EINTR), and reads and writes that may be short. Both
 * are dealt with here and nowhere else.
 */

#ifndef ZIPMAP_UTIL_IO_H
#define ZIPMAP_UTIL_IO_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/**
 * The result of the system call @call, which is made again as long as a signal interrupts it. Not
 * for close(2): Linux has closed the descriptor by then.
 */
#define io_retry(call)                                     \
	__extension__({                                    \
		__typeof__(call) result_;                  \
		do {                                       \
			result_ = (call);                  \
		} while (result_ == -1 && errno == EINTR); \
		result_;                                   \
	})

/** read(2): up to @size bytes, as many as there are now. 0 at the end, -1 with errno. */
ssize_t io_read(int fd, void *bytes, size_t size);

/** write(2): up to @size bytes, as many as are taken now. -1 with errno. */
ssize_t io_write(int fd, const void *bytes, size_t size);

/**
 * write(2) that never waits, although the descriptor may be one that does: up to @size bytes, as
 * many as a pipe has room for. -1 with errno: EAGAIN if none are taken now; others if this file or
 * kernel has no such call, or if write(2) would fail too.
 */
ssize_t io_write_now(int fd, const void *bytes, size_t size);

/** Read @size bytes. Fewer only at the end of the file; -1 with errno. */
ssize_t io_read_full(int fd, void *bytes, size_t size);

/** Read @size bytes at @offset. Fewer only at the end of the file; -1 with errno. */
ssize_t io_pread_full(int fd, void *bytes, size_t size, uint64_t offset);

/** Write all @size bytes. 0, or -1 with errno: then some of them may be written. */
int io_write_full(int fd, const void *bytes, size_t size);

/**
 * Write all @size bytes at @offset. 0, or -1 with errno. *@written is how many of them were
 * written in either case; it may be NULL.
 */
int io_pwrite_full(int fd, const void *bytes, size_t size, uint64_t offset, size_t *written);

/** waitpid(2), without options: wait for the end of @pid. *@status may be NULL. */
pid_t io_wait(pid_t pid, int *status);

/**
 * fstat(2), as the system call of that name. The function may make newfstatat(2) of it, which takes
 * a path too, so that a filter cannot allow it for descriptors alone. 0, or -1 with errno.
 */
int io_status(int fd, struct stat *status);

/**
 * Try whether a file of @size_bytes can be mapped for reading: map all of it, and unmap it again.
 * 0, or -1 with errno; EOVERFLOW: it is larger than any map of this machine.
 */
int io_try_map(int fd, uint64_t size_bytes);

/** ftruncate(2). 0, or -1 with errno. */
int io_truncate(int fd, uint64_t size);

/** fallocate(2) from the start of the file on. 0, or -1 with errno. */
int io_allocate(int fd, int mode, uint64_t size);

/**
 * Open the file of @fd anew, for reading only, from its beginning. Its descriptor, which the caller
 * owns, or -1 with errno, as if /proc is not mounted.
 */
int io_reopen(int fd);

#endif
