// SPDX-License-Identifier: MIT

/*
 * What workers say, none of it believed before it is checked, and what is done when one dies.
 */

#ifndef ZIPMAP_PARENT_ANSWERS_H
#define ZIPMAP_PARENT_ANSWERS_H

#include "parent/state.h"

/** Take what has come from @worker, some packets at most, or its end. */
void answers_take(struct run *run, struct worker *worker);

#endif
