// SPDX-License-Identifier: MIT

/*
 * A member that its worker, the owner, decodes together with others (join.h). As long as nobody
 * helps, it is decoded like any other. Numbers go between the owner and its helpers by way of the
 * parent; the bytes in front of a stretch are read from the file.
 */

#ifndef ZIPMAP_WORKER_PARTS_OWNER_H
#define ZIPMAP_WORKER_PARTS_OWNER_H

#include "protocol/message.h"
#include "protocol/partschoice.h"
#include "worker/extract/decoding.h"

#include <stdbool.h>

#ifdef HAVE_TWIN

#include "worker/parts/blocks.h"
#include "worker/parts/join.h"

/** What may wait to be said: a word to each helper, and an answer. */
#define OWNER_WORDS_MAX (4 * JOIN_HELPERS_MAX)

struct owner {
	bool offered;    /**< the parent knows of the member */
	bool shared;     /**< others have been asked: the owner decodes from here on */
	bool ended;      /**< the end of the stream has been reached */
	bool retreating; /**< something is wrong: wait for helpers, then decode alone */
	bool at_block;
	uint64_t place;     /**< where the owner is, as join->place is where it is to be */
	uint64_t data_at;   /**< where the member's data begin in the archive */
	uint64_t own_at;    /**< in the member: where what is not yet joined begins */
	uint64_t tails_end; /**< where the last bytes of the stretch end, if there is no file */
	struct join_piece *redone;
	struct join join;
	struct blocks blocks;
	struct message_part words[OWNER_WORDS_MAX]; /**< to be said */
	unsigned word_count;
};

/** No member is in hand. */
void owner_stop(struct owner *owner);

/**
 * The member of @decoding is to be decoded: offer it to others if that is worth it, as @choice
 * says. A file of its own is open.
 */
void owner_offer(struct owner *owner, const struct decoding *decoding, enum parts_choice choice);

/** Take the next word that is to be said. False: there is none. */
bool owner_take_word(struct owner *owner, struct message_part *word);

/**
 * Take what is said of the member. If there is no file, @fd is where the bytes in front of
 * stretches go; it is taken over. 0, or -1 with *@failure: the member has failed.
 */
int owner_hear(struct owner *owner, struct decoding *decoding, const struct message_part *part,
	int fd, struct failure *failure);

/**
 * Go on, if owner->shared. If what has come together is not what the archive states, the member is
 * decoded again by the owner alone, who says what is wrong as ever. DECODING_WAIT: there is nothing
 * to do before something is said.
 */
enum decoding_status owner_step(
	struct owner *owner, struct decoding *decoding, struct failure *failure);

#else

struct owner {
	bool offered;
	bool shared;
	unsigned word_count;
	struct message_part words[1];
};

static inline void owner_stop(struct owner *owner)
{
	(void)owner;
}

static inline void owner_offer(
	struct owner *owner, const struct decoding *decoding, enum parts_choice choice)
{
	(void)owner;
	(void)decoding;
	(void)choice;
}

static inline bool owner_take_word(struct owner *owner, struct message_part *word)
{
	(void)owner;
	(void)word;
	return false;
}

static inline int owner_hear(struct owner *owner, struct decoding *decoding,
	const struct message_part *part, int fd, struct failure *failure)
{
	(void)owner;
	(void)part;
	(void)failure;
	outfile_set_tails(decoding->target->out, fd);
	return 0;
}

static inline enum decoding_status owner_step(
	struct owner *owner, struct decoding *decoding, struct failure *failure)
{
	(void)owner;
	return decoding_step(decoding, failure);
}

#endif

#endif
