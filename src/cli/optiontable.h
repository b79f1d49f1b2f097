// SPDX-License-Identifier: MIT

/*
 * The table of options. The parser and --help are made from it (commandline.c).
 */

#ifndef ZIPMAP_CLI_OPTIONTABLE_H
#define ZIPMAP_CLI_OPTIONTABLE_H

#include "cli/optionvalue.h"

#include <stddef.h>

/** The most options that the table may have. */
#define OPTION_SPECS_MAX 64

/** The table, in the order of --help. */
extern const struct option_spec option_specs[];

/** The number of its entries. */
extern const size_t option_spec_count;

#endif
