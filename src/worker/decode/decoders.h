// SPDX-License-Identifier: MIT

/*
 * Which decoders there are, which one is for a member, and the ones that are open. What there is is
 * decided when zipmap is built, and by the CPU.
 */

#ifndef ZIPMAP_WORKER_DECODE_DECODERS_H
#define ZIPMAP_WORKER_DECODE_DECODERS_H

#include "worker/decode/decoder.h"

/** How many types there can be. */
#define DECODER_TYPES_MAX 16

/** The @index-th type that can be used here, from 0; NULL past the last one. */
const struct decoder_type *decoder_listed(unsigned index);

/** The type that the user calls @choice. NULL: it cannot be used here. Not for DECODER_AUTO. */
const struct decoder_type *decoder_asked_for(enum decoder_choice choice);

/** Whether --decoder=@choice can be used here. */
bool decoder_has(enum decoder_choice choice);

/**
 * The type for a member of @method and @size_bytes, if the user wants @wanted: that one, or what is
 * fastest here for DECODER_AUTO and for methods of which there is one decoder only. NULL: there is
 * none. It may be one that takes whole members.
 */
const struct decoder_type *decoder_choose(
	uint16_t method, enum decoder_choice wanted, uint64_t size_bytes);

/** The same, but one that takes a stream in pieces. */
const struct decoder_type *decoder_choose_stream(
	uint16_t method, enum decoder_choice wanted, uint64_t size_bytes);

/** Decoders that are open, at most one of each type: they serve one stream after the other. */
struct decoder_set {
	struct decoder *open[DECODER_TYPES_MAX]; /* by the type's place in the table */
};

/**
 * A decoder of @type at the beginning of a stream of @size_bytes, opened if it has to be. The set
 * owns it. Large ones of other types are closed. NULL: no memory.
 */
struct decoder *decoder_set_begin(
	struct decoder_set *set, const struct decoder_type *type, uint64_t size_bytes);

/** Close all. */
void decoder_set_release(struct decoder_set *set);

#endif
