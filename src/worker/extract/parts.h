// SPDX-License-Identifier: MIT

/*
 * What the files of an extraction share among themselves: extract.c goes from step to step,
 * extract_file.c has the file that a member goes to, extract_stay.c members that stay in their
 * archive, extract_array.c what is known of a member's data.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_PARTS_H
#define ZIPMAP_WORKER_EXTRACT_PARTS_H

#include "worker/decode/decode.h"
#include "worker/decode/inflate.h"
#include "worker/decode/inflate_whole.h"
#include "worker/extract/extract.h"
#include "worker/extract/outfile.h"

/** Bytes of extraction->in. */
#define EXTRACT_INPUT_SIZE ((size_t)256 * 1024)

struct extraction {
	int directory_fd;
	struct bounds bounds;
	struct in_place in_place;
	enum decoder decoder;                  /* that is asked for */
	struct inflater *large;                /* the decoder of large members */
	struct inflater *small;                /* and of small ones: the same, or another */
	struct codec *codec;                   /* of the last method besides DEFLATE, or NULL */
	struct whole_inflater *whole_inflater; /* of the smallest; NULL: there is none */
	uint8_t *in;                           /* EXTRACT_INPUT_SIZE bytes of compressed data */
	struct outfile own;                    /* of the member in hand */
	struct outfile pack;                   /* of small members, where they are packed */
	bool packs;
	const struct raw_array *raw; /* what members hold that do not say so; or NULL */
	bool npy;                    /* they get a header */
	uint64_t pack_number;        /* the first member in the pack */
	uint64_t pack_first;         /* where that ends */

	struct member member;
	struct record record;
	bool is_raw;        /* the member is @array, for all that it does not say so */
	struct array array; /* of the record; its type is that of @raw or in @in */
	struct member_data data;
	struct inflater
		*inflater; /* large or small; NULL: the codec, or the data come as they are */
	bool coded;        /* for the codec */
	bool whole;        /* the member is to be inflated in one go, if that comes out */
	bool stays;        /* in the archive */
	bool exhausted;    /* there are no more compressed bytes */
	struct inflate_span span;
	struct outfile *out; /* where the member goes; NULL: none is in hand */
	uint8_t *room; /* where the piece in hand begins, in its buffer; NULL: there is none */
	size_t room_size;
	uint64_t start; /* where the member begins in the file */
	uint32_t crc32; /* of what is written of it */
};

/* --- extract.c -------------------------------------------------------------------------------- */

/** The member in hand has failed: EXTRACT_FAILED, and nothing of it is left. */
enum extract_status extraction_fail(struct extraction *extraction, struct failure failure);
enum extract_status extraction_fail_as(
	struct extraction *extraction, enum failure_kind kind, uint64_t first, uint64_t second);

/** Whether the member may be unzipped, and has room. False with *@failure. */
bool extraction_is_within_bounds(const struct extraction *extraction, struct failure *failure);

/* --- extract_file.c --------------------------------------------------------------------------- */

/** A system call on a file has failed with @error: a full file system is told apart from all else.
 */
struct failure extraction_writing_failure(int error);

/** Choose the file that the member goes to, and have it open. 0, or -1 with errno. */
int extraction_open_file(struct extraction *extraction);

/** The member is whole in its file, which is finished if it is the member's own. 0, or -1 with
 * *@failure. */
int extraction_finish_file(struct extraction *extraction, struct failure *failure);

/* --- extract_stay.c --------------------------------------------------------------------------- */

/**
 * The data of a member that could stay are open: see where that would be, and whether it does stay,
 * which its header may speak against. 0, or -1 with *@failure.
 */
int extraction_find_place(struct extraction *extraction, struct failure *failure);

/** The member stays. */
enum extract_status extraction_begin_stay(struct extraction *extraction);

/** A piece of a member that stays. */
enum extract_status extraction_stay_step(struct extraction *extraction);

/* --- extract_array.c -------------------------------------------------------------------------- */

/** Where the member holds what it does not say: that it fits. False with *@failure. */
bool extraction_take_as_raw(struct extraction *extraction, struct failure *failure);

/**
 * What array the member holds: by its header, where its name says that it is one, or as it was
 * said. It is all decoded, or stays. The buffer of compressed bytes is done with and has room for
 * the header and for the type. 0, or -1 with *@failure.
 */
int extraction_look_for_array(struct extraction *extraction, struct failure *failure);

#endif
