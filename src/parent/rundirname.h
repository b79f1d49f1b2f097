// SPDX-License-Identifier: MIT

/*
 * What run directories are called: rundir.h says when by which name.
 */

#ifndef ZIPMAP_PARENT_RUNDIRNAME_H
#define ZIPMAP_PARENT_RUNDIRNAME_H

/** How many letters at the end of each name are random. */
#define RUNDIR_LETTERS 6

/** What comes before them in the name of one that is locked. */
#define RUNDIR_PREFIX        "zipmap."
#define RUNDIR_HIDDEN_PREFIX ".zipmap-"

/** The form of the name before that. */
#define RUNDIR_FIRST_TEMPLATE ".zipmap.XXXXXX"

/** Room for any of them. */
#define RUNDIR_NAME_SIZE sizeof(RUNDIR_FIRST_TEMPLATE)

/** What a directory may be that has this name. */
enum rundir_name {
	RUNDIR_OTHER,      /**< none of a run's */
	RUNDIR_UNFINISHED, /**< that of a run that is about to begin, or about to end with nothing
			    */
	RUNDIR_FINISHED,   /**< that of a run */
};

enum rundir_name rundir_name_kind(const char *name);

/** Put the random name of one that is not locked yet at @name. */
void rundir_name_make(char name[RUNDIR_NAME_SIZE]);

/** Write what @name, of kind RUNDIR_FINISHED, is called before it is locked. */
void rundir_name_first(const char *name, char first[RUNDIR_NAME_SIZE]);

#endif
