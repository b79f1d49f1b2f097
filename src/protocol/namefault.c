// SPDX-License-Identifier: MIT

#include "protocol/namefault.h"

static const char *const words[NAME_FAULTS] = {
	[NAME_GOOD] = "nothing is wrong with it",
	[NAME_EMPTY] = "it names no file",
	[NAME_ABSOLUTE] = "it begins at the root",
	[NAME_PARENT] = "it has '..' in it",
	[NAME_DRIVE] = "it begins with a drive letter",
	[NAME_CUT] = "it has a NUL in it",
	[NAME_LONG] = "it is too long",
	[NAME_RUN] = "directories of zipmap itself are called so",
};

const char *name_fault_words(uint64_t fault)
{
	return fault < NAME_FAULTS ? words[fault] : "what is wrong is not known";
}
