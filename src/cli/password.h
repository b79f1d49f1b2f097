// SPDX-License-Identifier: MIT

/*
 * The password of --password-file. It is in pages of its own, which are kept out of core files and
 * cleared when they are no longer needed.
 */

#ifndef ZIPMAP_CLI_PASSWORD_H
#define ZIPMAP_CLI_PASSWORD_H

#include <stddef.h>

/** The most bytes of a password. */
#define PASSWORD_MAX 4096

struct password {
	char *text; /**< a string; NULL if there is no password */
};

/**
 * Read the password from the file @path ("-": standard input). One newline at the end is not part
 * of it. 0, or -1 after saying on stderr what is wrong: the file cannot be read, is empty, is
 * longer than PASSWORD_MAX, or contains a NUL.
 */
int password_read(struct password *password, const char *path);

/** Clear and free the memory. Does nothing if there is no password. */
void password_forget(struct password *password);

#endif
