// SPDX-License-Identifier: MIT

/*
 * The password of --password-file, in pages of its own: they are inherited by the workers over
 * fork(2), stay out of core files, and are cleared when they are no longer needed.
 */

#ifndef ZIPMAP_CLI_PASSWORD_H
#define ZIPMAP_CLI_PASSWORD_H

#include <stddef.h>

/** The most bytes of a password. */
#define PASSWORD_MAX 4096

struct password {
	char *text; /**< a string; NULL: there is none */
};

/**
 * Read the password from the file @path (which may be /dev/fd/N): all of it but one newline at its
 * end. 0, or -1 after saying on stderr what is wrong: it cannot be read, is empty, longer than
 * PASSWORD_MAX, or has a NUL in it.
 */
int password_read(struct password *password, const char *path);

/** Clear and give back the memory; nothing where there is no password. */
void password_forget(struct password *password);

#endif
