// SPDX-License-Identifier: MIT

/*
 * What is found of the member in hand once its bytes can be read: the array that it holds, where it
 * is in the archive, and whether what stands in a file is what the archive states.
 */

#ifndef ZIPMAP_WORKER_EXTRACT_FINDINGS_H
#define ZIPMAP_WORKER_EXTRACT_FINDINGS_H

#include "protocol/failure.h"
#include "worker/extract/admit.h"

/**
 * What array the member holds, by its .npy header or as it was said. All of it can be read, and the
 * buffer of compressed bytes is done with. 0, or -1 with *@failure.
 */
int findings_look_for_array(struct extraction *extraction, struct failure *failure);

/**
 * The member in place, or there, was read as far as that is asked for: see that it is whole. 0, or
 * -1 with *@failure.
 */
int findings_check_in_place(struct extraction *extraction, struct failure *failure);

/**
 * The data of a member that could stay in place are open: see where that would be, and whether its
 * header speaks against it. Then its strategy is another one. 0, or -1 with *@failure.
 */
int findings_look_for_place(struct extraction *extraction, struct failure *failure);

#endif
