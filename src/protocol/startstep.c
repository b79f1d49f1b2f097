// SPDX-License-Identifier: MIT

#include "protocol/startstep.h"

#include <stddef.h>

static const char *const words[START_STEPS] = {
	[START_NONE] = "",
	[START_NOTE] = "memfd_create",
	[START_CHANNEL] = "socketpair",
	[START_CLONE] = "clone",
	[START_EXEC] = "execve(/proc/self/exe)",
	[START_FORK] = "fork",
	[START_NULL] = "open(/dev/null)",
	[START_DESCRIPTORS] = "dup2",
	[START_CLOSE] = "close_range",
	[START_DEATH_SIGNAL] = "prctl(PR_SET_PDEATHSIG)",
	[START_SIGNALS] = "sigprocmask",
	[START_SETTINGS] = "its settings",
	[START_MAP] = "mmap",
	[START_MEMORY] = "its memory",
	[START_NO_DUMP] = "prctl(PR_SET_DUMPABLE)",
	[START_NO_PRIVILEGES] = "prctl(PR_SET_NO_NEW_PRIVS)",
	[START_LIMITS] = "setrlimit",
	[START_CAPABILITIES] = "capset",
	[START_LANDLOCK] = "Landlock",
	[START_SECCOMP] = "seccomp",
};

const char *start_step_words(enum start_step step)
{
	return step < START_STEPS ? words[step] : "";
}

const char *start_step_part(enum start_step step)
{
	return step == START_LANDLOCK || step == START_SECCOMP ? words[step] : NULL;
}
