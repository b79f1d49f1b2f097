// SPDX-License-Identifier: MIT

/*
 * How the record of a member, and a failure, are coded in messages (message.h). What is read is
 * checked as far as it can be without knowing the run: a bad value makes the reader failed.
 */

#ifndef ZIPMAP_PROTOCOL_MESSAGERECORD_H
#define ZIPMAP_PROTOCOL_MESSAGERECORD_H

#include "numpy/array.h"
#include "protocol/failure.h"
#include "protocol/record.h"
#include "protocol/wire.h"

void messagerecord_put(struct wire_writer *out, const struct record *record);

/** Texts of the @record lie in what is read. If it has an array, that is put into @array. */
void messagerecord_get(struct wire_reader *in, struct record *record, struct array *array);

void messagerecord_put_failure(struct wire_writer *out, const struct failure *failure);

void messagerecord_get_failure(struct wire_reader *in, struct failure *failure);

#endif
