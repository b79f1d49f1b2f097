// SPDX-License-Identifier: MIT

/*
 * The steps of a worker's start that can fail. Both sides take some: the parent makes the process,
 * the worker does the rest, and the user is told which one failed.
 */

#ifndef ZIPMAP_PROTOCOL_STARTSTEP_H
#define ZIPMAP_PROTOCOL_STARTSTEP_H

/** The values go over the wire. */
enum start_step {
	START_NONE,         /**< no step has failed */
	START_NOTE,         /**< the crash note (crashnote.h) */
	START_CHANNEL,      /**< the channel */
	START_CLONE,        /**< a new process */
	START_EXEC,         /**< the program, executed anew */
	START_FORK,         /**< a new process that stays as the parent is */
	START_NULL,         /**< standard streams that lead nowhere */
	START_DESCRIPTORS,  /**< the channel and the directory at their numbers */
	START_CLOSE,        /**< no other descriptor */
	START_DEATH_SIGNAL, /**< the end of the parent is the worker's end */
	START_SIGNALS,      /**< signals as a worker has them */
	START_SETTINGS,     /**< what the worker is to do */
	START_MAP,          /**< the crash note, mapped by the worker */
	START_MEMORY,       /**< memory to work with */
	START_NO_DUMP,      /**< no core file, which would hold the password */
	START_NO_PRIVILEGES,
	START_LIMITS,
	START_CAPABILITIES, /**< no capabilities */
	START_LANDLOCK,
	START_SECCOMP,
	START_STEPS, /**< how many there are; not a step */
};

/** What the step does, as a person who knows the system calls it. Static; "" for START_NONE. */
const char *start_step_words(enum start_step step);

/** The part of the sandbox that the step enters; NULL: it enters none. Static. */
const char *start_step_part(enum start_step step);

#endif
