// SPDX-License-Identifier: MIT

#include "cli/password.h"

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* Two more: for the newline, and for the NUL that ends the string. One byte too many shows. */
#define ROOM (PASSWORD_MAX + 2)

/* read(2) until @text is full or the file ends. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read(fd, text + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* Fill @text from @path. NULL, or what is wrong. */
static const char *fill(char *text, const char *path)
{
	cleanup_fd int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
						   : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return strerror(errno);
	ssize_t size = read_all(fd, text, ROOM);
	if (size < 0)
		return strerror(errno);
	if (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	if (size == 0)
		return "no password in it";
	if (size > PASSWORD_MAX)
		return "longer than any password";
	return memchr(text, '\0', (size_t)size) ? "a NUL in the password" : NULL;
}

int password_read(struct password *password, const char *path)
{
	char name[PRINTABLE_MAX];
	void *pages = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *wrong = NULL;

	password->text = NULL;
	if (pages == MAP_FAILED) {
		wrong = strerror(errno);
	} else {
		password->text = pages;
		madvise(pages, ROOM, MADV_DONTDUMP); /* where the kernel cannot, it does not */
		wrong = fill(password->text, path);
	}
	if (!wrong)
		return 0;
	diag(DIAG_ERROR, "%s: %s", printable(path, strlen(path), name, sizeof(name)), wrong);
	password_forget(password);
	return -1;
}

void password_forget(struct password *password)
{
	char *text = steal_pointer(&password->text);

	if (!text)
		return;
	explicit_bzero(text, ROOM);
	munmap(text, ROOM);
}
