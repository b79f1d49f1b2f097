// SPDX-License-Identifier: MIT

#include "parent/note.h"

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* Lines of last words that are shown: the report of a sanitizer has fewer. */
#define WORDS_LINES_MAX 100

/* Since Linux 6.3; a system may insist on it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

static int make_memory_file(void)
{
	int fd = memfd_create("zipmap", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("zipmap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

/* A file without a name, which nobody can give one. */
static int make_unlinked_file(int directory_fd)
{
	const int flags = O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC;
	int fd = directory_fd >= 0 ? openat(directory_fd, ".", flags, 0600) : -1;

	if (fd < 0)
		fd = open("/dev/shm", flags, 0600);
	return fd >= 0 ? fd : open("/tmp", flags, 0600);
}

static int make_file(int directory_fd, bool *fixed)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	cleanup_fd int fd = make_memory_file();
	int error = errno;

	*fixed = fd >= 0;
	if (fd < 0)
		fd = make_unlinked_file(directory_fd);
	if (fd < 0) {
		errno = error;
		return -1;
	}
	/* The room is there before it is written to by way of a map. */
	error = posix_fallocate(fd, 0, CRASHNOTE_WORDS_AT);
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (ftruncate(fd, CRASHNOTE_BYTES) < 0)
		return -1;
	*fixed = *fixed && fcntl(fd, F_ADD_SEALS, seals) == 0;
	return steal_fd(&fd);
}

int note_make(struct note *note, int directory_fd)
{
	cleanup_fd int fd = make_file(directory_fd, &note->fixed);

	/* Where stderr will write. */
	if (fd < 0 || lseek(fd, CRASHNOTE_WORDS_AT, SEEK_SET) < 0)
		return -1;
	void *page = mmap(NULL, CRASHNOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return -1;
	note->page = page;
	for (int i = 0; i < PROGRESS_LANES; i++) {
		atomic_store(&note->page->lanes[i].unit, PROGRESS_NONE);
		atomic_store(&note->page->lanes[i].member, PROGRESS_NONE);
	}
	note->fd = steal_fd(&fd);
	return 0;
}

void note_show_words(const struct worker_progress *page)
{
	const char *at = (const char *)page + CRASHNOTE_WORDS_AT;
	size_t left = CRASHNOTE_WORDS_MAX;

	for (int lines = 0; lines < WORDS_LINES_MAX && left > 0 && *at != '\0'; lines++) {
		char line[1024];
		char shown[PRINTABLE_MAX];
		const char *newline = memchr(at, '\n', left);
		size_t size = newline ? (size_t)(newline - at) : strnlen(at, left);
		size_t taken = size + (newline ? 1 : 0);
		/* It may still be written to: look at it once. */
		if (size > sizeof(line))
			size = sizeof(line);
		memcpy(line, at, size);
		if (size > 0)
			diag(DIAG_WARNING, "a worker said: %s",
				printable(line, size, shown, sizeof(shown)));
		at += taken;
		left -= taken;
	}
}

void note_release(struct worker_progress *page)
{
	if (page)
		munmap(page, CRASHNOTE_BYTES);
}
