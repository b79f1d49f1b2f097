// SPDX-License-Identifier: MIT

/*
 * The record of a kept file, read back from its line in a manifest. The line may hold anything:
 * each value is checked, and what a worker may not say is refused here, too.
 */

#ifndef ZIPMAP_PARENT_KEPTRECORD_H
#define ZIPMAP_PARENT_KEPTRECORD_H

#include "parent/json.h"
#include "protocol/membername.h"
#include "protocol/message.h"

#include <jansson.h>
#include <stddef.h>

struct keptrecord {
	struct message message;      /**< a MESSAGE_RECORD of a whole member */
	struct json_file file;       /**< of PLACE_FILE */
	char name[MEMBER_FILE_SIZE]; /**< of PLACE_FILE: what the file is called in its entry */
	json_t *object;
	char *member; /**< the member's name, if it is not UTF-8 */
	char *base;
};

/**
 * Read the line of @size bytes, without its newline. What @kept points to is valid until it is
 * released. 0, or -1 with errno EBADMSG if it is no line of a kept file, or if there is no memory
 * to read it; then there is nothing to release.
 */
int keptrecord_read(struct keptrecord *kept, const char *line, size_t size);

void keptrecord_release(struct keptrecord *kept);

/**
 * Write what a file of @record is called in its entry: <member's index>-<base name>, to @name
 * (MEMBER_FILE_SIZE bytes).
 */
void keptrecord_file_name(const struct record *record, char *name);

#endif
