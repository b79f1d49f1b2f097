// SPDX-License-Identifier: MIT

/*
 * The extraction of one member after the other, each as a state machine that goes on step by step:
 * a worker may have several in hand, of one archive or of several. A member goes to a file of its
 * own, or, if small ones are packed, to one file with others. It is announced only once it is whole
 * there: its size and CRC-32 are those that the archive states, and its file has been mapped. Or it
 * stays in place, in its archive, where its CRC-32 is checked; or it is only checked.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_EXTRACT_H
#define ZIPMAP_WORKER_EXTRACT_EXTRACT_H

#include "numpy/rawarray.h"
#include "protocol/decoder.h"
#include "protocol/inplace.h"
#include "protocol/message.h"
#include "protocol/partschoice.h"
#include "protocol/record.h"
#include "worker/container/archive.h"
#include "worker/extract/bounds.h"
#include "worker/extract/target.h"

#include <stdbool.h>
#include <stdint.h>

enum extract_status {
	EXTRACT_WAIT,   /**< call extraction_step() again once something was heard */
	EXTRACT_MORE,   /**< call extraction_step() again */
	EXTRACT_WHOLE,  /**< the record describes the member in its finished file */
	EXTRACT_PACKED, /**< so it will, if extraction_close_pack() says so */
	EXTRACT_FAILED, /**< the record says why; nothing of the member is left */
};

struct extraction;

/**
 * Extract to files of the directory @directory_fd, which must stay open; @pack: small members share
 * one. If @directory_fd is -1, members are only checked: nothing is written. @decoder is one that
 * decoder_has() (decoders.h). NULL: no memory.
 */
struct extraction *extraction_new(int directory_fd, bool pack, enum decoder_choice decoder);

void extraction_free(struct extraction *extraction);

/** Have files made and removed by @maker, which must stay, not in the directory itself. */
void extraction_set_maker(struct extraction *extraction, const struct outfile_maker *maker);

/**
 * Members that do not stay in place are for files in memory, which are sealed once they are whole.
 * There need be no directory, and no more files are made than the bounds have left.
 */
void extraction_set_memory(struct extraction *extraction);

/** What members that begin from now on must keep to; at first, what bounds_init() says. */
void extraction_set_bounds(struct extraction *extraction, const struct bounds *bounds);

/**
 * Which members that begin from now on stay in place; at first, none. Their records tell where in
 * the archive's file they are.
 */
void extraction_set_in_place(struct extraction *extraction, const struct in_place *in_place);

/**
 * Members that do not stay in place are for files: where there is no directory for those, they are
 * not checked but fail.
 */
void extraction_set_needs_files(struct extraction *extraction);

/**
 * Members that begin from now on and are not .npy hold @raw, which must stay; those that do not fit
 * fail. @npy: they get a .npy file's header put before them; not if small members are packed.
 */
void extraction_set_raw(struct extraction *extraction, const struct raw_array *raw, bool npy);

/**
 * Begin with @member of @archive, which has the place @archive_number in the input. Both must
 * outlive the extraction's end. Another one can begin only after the end of this.
 */
enum extract_status extraction_begin(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member);

/**
 * As extraction_begin() with the file @fd, which is taken over and may be what the member would be:
 * if it is, the record says that it is there. Else the member is unzipped.
 */
enum extract_status extraction_begin_there(struct extraction *extraction, struct archive *archive,
	uint64_t archive_number, const struct member *member, int fd);

/** Files that are there are taken without a look at their CRC-32; at first, they are not. */
void extraction_trust_there(struct extraction *extraction);

/** Which members that begin from now on may be decoded by several workers; at first, none. */
void extraction_set_parts(struct extraction *extraction, enum parts_choice parts);

/** Whether others may be told of the member in hand, or were: there may be words of it. */
bool extraction_is_offered(const struct extraction *extraction);

/** Take the next word that is to be said of the member in hand. False: there is none. */
bool extraction_take_word(struct extraction *extraction, struct message_part *word);

/**
 * What was said of the member in hand, with the descriptor that came along or -1, which is taken
 * over. EXTRACT_MORE or EXTRACT_FAILED.
 */
enum extract_status extraction_hear(
	struct extraction *extraction, const struct message_part *word, int fd);

/** Go on by about OUTFILE_BUFFER_SIZE bytes of output at most. */
enum extract_status extraction_step(struct extraction *extraction);

/**
 * Whether @member is decoded faster beside another one: by a decoder of two streams. Not if several
 * workers decode it.
 */
bool extraction_is_pairable(const struct extraction *extraction, const struct member *member);

/**
 * Go on with two members, each the one in hand of an extraction of its own. Each status is as
 * extraction_step() gives it, and one member's end or failure does not touch the other.
 */
void extraction_step_two(struct extraction *const lanes[2], enum extract_status statuses[2]);

/**
 * The member's record, complete at its end. Owned by @extraction. Its name is that of the member,
 * as long as the archive is open.
 */
const struct record *extraction_record(const struct extraction *extraction);

/**
 * The file in memory of the member that was EXTRACT_WHOLE last: its descriptor, which the caller
 * owns; -1 if it has none.
 */
int extraction_take_file(struct extraction *extraction);

/** Give up the member in hand: its data are closed, nothing of it is left. */
void extraction_abandon(struct extraction *extraction);

/** target_pack_is_broken() and target_close_pack() (target.h) for members that were EXTRACT_PACKED.
 */
bool extraction_pack_is_broken(const struct extraction *extraction);
void extraction_close_pack(struct extraction *extraction, struct pack_result *result);

#endif
