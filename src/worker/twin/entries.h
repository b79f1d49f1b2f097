// SPDX-License-Identifier: MIT

/*
 * The entries of the tables by which the loops of the twin decoder look up bits of input: the next
 * TWIN_LITERAL_BITS bits say what to put out, and how many of the bits that took.
 *
 * If matches are frequent, an entry for literals and lengths holds as much as the bits do: up to
 * two literals, and a length behind them, its extra bits already added:
 *
 *     0-5    bits used
 *     6-7    literals: 0 to 2
 *     8-15   the first, 16-23 the second
 *     24-31  the length of a match, 3 to 255; 0: none
 *
 * What does not fit is special; it is a single symbol's:
 *
 *     0-5    bits used of the code
 *     6-7    TWIN_SPECIAL
 *     8-12   extra bits of a length that follow; TWIN_LONGER: bits to look up behind
 *     13-15  TWIN_BLOCK_END, TWIN_LONGER, TWIN_INVALID
 *     16-30  the length without its extra bits; TWIN_LONGER: where the table behind begins
 *     31     1
 *
 * If literals prevail, an entry of literals alone is the same. All others have 0 in bits 0-7: who
 * looks only there finds that no bits were used and nothing is to be put out. A length stands
 * behind one literal or none:
 *
 *     8-15   the literal
 *     16-21  bits used
 *     22-23  literals: 0 or 1
 *     24-30  the length of a match, 3 to 127
 *
 * What is special:
 *
 *     8-15   as above
 *     16-21  bits used of the code
 *     22-30  the length without its extra bits; TWIN_LONGER: where the table behind begins, counted
 *            from the end of the first one
 *     31     1
 *
 * An entry for distances:
 *
 *     0-5    bits used: those of the code and the extra bits
 *     8-12   those of the code alone; TWIN_LONGER: bits to look up behind
 *     13-15  TWIN_LONGER, TWIN_INVALID
 *     16-31  the distance without its extra bits; TWIN_LONGER: where the table behind begins
 */

#ifndef ZIPMAP_WORKER_TWIN_ENTRIES_H
#define ZIPMAP_WORKER_TWIN_ENTRIES_H

#define TWIN_BITS_MASK    0x3fU
#define TWIN_LITERALS_TOP 0xffffffU /* the highest entry of literals alone */
#define TWIN_SPECIAL      0xc0U
#define TWIN_SPECIAL_BIT  0x80000000U
#define TWIN_BLOCK_END    0x2000U
#define TWIN_LONGER       0x4000U
#define TWIN_INVALID      0x8000U

/** If literals prevail: how far all else is shifted. */
#define TWIN_OTHER_BITS  16
#define TWIN_OTHER_VALUE 22

/** The longest match that an entry has with its extra bits, and if literals prevail. */
#define TWIN_ENTRY_LENGTH_MAX       255
#define TWIN_OTHER_ENTRY_LENGTH_MAX 127

/** The literals that an entry may have in front of it. */
#define TWIN_ENTRY_LITERALS_MAX 2

#endif
