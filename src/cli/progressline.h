// SPDX-License-Identifier: MIT

/*
 * --progress: where a run is, in one line. On a terminal it is drawn again and again below all
 * messages, with a bar if it is known how much there is to do, and no line is left of it. Anywhere
 * else it is a message now and then. Whoever sends USR1 gets it as a message at once.
 */

#ifndef ZIPMAP_CLI_PROGRESSLINE_H
#define ZIPMAP_CLI_PROGRESSLINE_H

#include "cli/options.h"
#include "parent/interface.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_way {
	PROGRESS_HIDDEN,
	PROGRESS_DRAWN,   /**< on a terminal */
	PROGRESS_PRINTED, /**< as messages */
};

struct progressline {
	enum progress_way way;
	bool lists;     /**< members are listed: their bytes are not unzipped */
	bool told;      /**< the terminal takes the share that is done, too (OSC 9;4) */
	bool telling;   /**< and was told of it */
	uint64_t at_ns; /**< of the run, when the rate was measured last */
	uint64_t bytes; /**< up to then */
	double rate;    /**< bytes a second, of late */
};

/** Choose what is shown, and how, by @options, the environment and what stderr is. */
void progressline_init(struct progressline *line, const struct options *options);

/** The line as a display for the parent. It is valid as long as @line. */
struct run_display progressline_display(struct progressline *line);

/**
 * Write what there is to say of @progress to @text, without a newline, in less than @columns
 * columns as far as that is possible, and with a bar if @bar and if all is known. Returns its size,
 * which is less than @size. For tests.
 */
size_t progressline_format(const struct progressline *line, const struct run_progress *progress,
	size_t columns, bool bar, char *text, size_t size);

/** Whether a terminal shows OSC 9;4, by the variables of the environment. For tests. */
bool progressline_is_told(void);

#endif
