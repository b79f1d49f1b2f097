// SPDX-License-Identifier: MIT

#include "cli/password.h"

#include "util/cleanup.h"
#include "util/diag.h"
#include "util/io.h"
#include "util/printable.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

/* Room for a newline and for the NUL that ends the string. A password that is too long fills it. */
#define ROOM (PASSWORD_MAX + 2)
static_assert(PASSWORD_MAX == 4096, "a message says so");

/* Read @path into @text. Returns NULL, or what is wrong. */
static const char *fill(char *text, const char *path)
{
	cleanup_fd int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
						   : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return strerror(errno);
	ssize_t size = io_read_full(fd, text, ROOM);
	if (size < 0)
		return strerror(errno);
	if (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	if (size == 0)
		return "the password is empty";
	if (size > PASSWORD_MAX)
		return "the password is longer than 4096 bytes";
	return memchr(text, '\0', (size_t)size) ? "the password contains a NUL" : NULL;
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
		(void)madvise(pages, ROOM, MADV_DONTDUMP); /* not every kernel can */
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
