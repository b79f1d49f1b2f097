// SPDX-License-Identifier: MIT

/* Messages to the user, on stderr: one line, one write(2), so that lines of several processes do
 * not mix. */

#ifndef ZIPMAP_TESTDATA_GEN_MESSAGE_H
#define ZIPMAP_TESTDATA_GEN_MESSAGE_H

/** Print "testdata-gen: MESSAGE". A longer message than 4 KiB is cut. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
