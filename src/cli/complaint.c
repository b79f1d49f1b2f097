// SPDX-License-Identifier: MIT

#include "cli/complaint.h"

#include "util/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void complain(
	struct complaint *complaint, const char *path, const char *error, const char *format, ...)
{
	char shown[PRINTABLE_MAX];
	int before = errno;
	va_list arguments;

	complaint->path = path;
	complaint->error = error;
	va_start(arguments, format);
	vsnprintf(complaint->message, sizeof(complaint->message), format, arguments);
	va_end(arguments);
	diag(DIAG_ERROR, "%s: %s", printable(path, strlen(path), shown, sizeof(shown)),
		complaint->message);
	errno = before;
}
