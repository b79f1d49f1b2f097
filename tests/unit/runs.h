// SPDX-License-Identifier: MIT

/*
 * Whole runs for tests, with workers that speak the protocol and write real files, and do as a test
 * says at one member or in one archive. They inherit the struct `scene`; what must be known between
 * processes is in `shared`.
 */

#ifndef ZIPMAP_TESTS_UNIT_RUNS_H
#define ZIPMAP_TESTS_UNIT_RUNS_H

#include "parent/pool.h"
#include "parent/run.h"
#include "protocol/crashnote.h"
#include "protocol/message.h"

#include <check.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARCHIVES_MAX 400
#define RECORDS_MAX  4096

/** A worker process, in one of its lanes. */
struct self {
	int channel_fd, directory_fd;
	struct worker_progress *progress;
	uint64_t unit; /**< the id of the unit in hand */
	unsigned lane;
	bool paired; /**< there is another lane */
};

/**
 * What a worker does at the member scene.bad_member of an archive. @record is that of the member,
 * whose file is made, and may be changed. True: it is said then; false: the parent ends the worker.
 */
typedef bool member_deed(
	const struct self *self, const struct message_work *work, struct record *record);

/** What a worker does with each unit of an archive, for the @attempt-th time from 0. */
typedef void unit_deed(const struct self *self, const struct message_work *work, unsigned attempt);

/** Begin the definition of a deed of either kind; not all of its parameters need be used. */
#define MEMBER_DEED(name)                                                                          \
	static bool name(UNUSED_ const struct self *self, UNUSED_ const struct message_work *work, \
		UNUSED_ struct record *record)
#define UNIT_DEED(name)                                                                            \
	static void name(UNUSED_ const struct self *self, UNUSED_ const struct message_work *work, \
		UNUSED_ unsigned attempt)
#define UNUSED_ __attribute__((unused))

extern struct scene {
	unsigned archives;
	uint64_t members;  /**< of each archive */
	uint64_t per_unit; /**< members of a unit */
	uint64_t bad_member;
	member_deed *at_member[ARCHIVES_MAX]; /**< NULL: as all others */
	unit_deed *at_unit[ARCHIVES_MAX];     /**< NULL: do_unit() */
	bool large;           /**< the archives are not queued ahead as small ones are */
	bool pairable;        /**< workers say that they would be faster with a second unit */
	int wait_ms;          /**< so long they wait for it, and then do both in turn */
	unsigned die_at_plan; /**< of this archive, before its first member; 0: of none */
	bool die_at_start;
	bool ignore_the_end;
	struct run_settings settings;
	size_t sink_takes;    /**< records until the sink fails */
	int sink_error;       /**< with this */
	bool source_waits;    /**< for what was printed, before each archive but the first */
	bool source_opens;    /**< the archives: they have no paths */
	bool source_stumbles; /**< answers SOURCE_WAIT every other time, although it has more */
	unsigned corpses_to_wait_for; /**< so often the parent hears nothing until one is dead */
	/** Whether a file that was printed may be another since, by a worker's will. NULL: none. */
	bool (*is_spoilt)(uint64_t archive, uint64_t member);
} scene;

extern struct shared {
	_Atomic unsigned starts;
	_Atomic unsigned attempts[ARCHIVES_MAX];
	_Atomic unsigned pairs;    /**< times that two units were done in turn */
	_Atomic unsigned finished; /**< archives that were done whole */
	_Atomic unsigned asked;    /**< calls of the source */
	_Atomic unsigned
		informed; /**< units that were said to be of an archive of so many members */
	_Atomic int dead; /**< process that has broken off */
} * shared;

/** One record that the sink has got. */
struct printed {
	uint64_t archive, member, size_bytes, offset_bytes;
	char *path;
};

extern struct printed printed[RECORDS_MAX];
extern size_t printed_count, written_count;
extern size_t found_files; /**< by check_files() */
extern struct run_stats stats;
extern int number;
extern const char *messages; /**< what stderr was told */

/* --- for deeds --- */

_Noreturn void die(void);
void say(const struct self *self, const struct message *message);
void say_bytes(const struct self *self, const void *bytes, size_t size);
void say_record(const struct self *self, const struct record *record);
void say_plan(const struct self *self, uint64_t end);
void say_done(const struct self *self, enum failure_kind kind);

/** Take the next unit. False: the channel has ended, or nothing has come for @wait_ms. */
bool take_work(struct self *self, struct message_work *work, int wait_ms);

/** Where the unit ends. */
uint64_t unit_end(const struct message_work *work);

/** Leave a crash note: the member is in hand; PROGRESS_NONE: none is. */
void note_member(const struct self *self, uint64_t member);

/** Make the file of a member, and its record, whose name is put in @name. */
struct record write_member(
	const struct self *self, uint64_t archive, uint64_t member, char name[32]);

/** The name of a member in its archive. */
void member_name(uint64_t member, char name[32]);

/** Write the bytes of a member: every fifth has none. Their number. */
size_t member_bytes(uint64_t archive, uint64_t member, char bytes[64]);

/** A unit as it should be, but for scene.at_member. The parts of that: its members. */
void do_unit(const struct self *self, const struct message_work *work);
void do_members(const struct self *self, const struct message_work *work);

/** Remove the file of @record. */
void remove_file(const struct self *self, const struct record *record);

/** Cut the file of @record to nothing. */
void cut_file(const struct self *self, const struct record *record);

/** Wait until another worker is dead; until the others do no more. Not for ever. */
void wait_for_death(void);
void wait_for_standstill(void);

/* Deeds that several suites need. */
member_deed die_at_member, send_garbage, fail_member;

/* --- for tests --- */

void runs_set_up(void);
void runs_tear_down(void);

/** The name of an archive, in the scratch directory. */
const char *archive_name(unsigned archive);

/** Make the archives, and run. No process and no descriptor is left over. */
enum run_end go(void);

/** Run with the archives as they are. */
enum run_end go_on(void);

/** Whether the record that was printed @i-th has its file, whole. */
void check_printed(size_t i);

/** Files are there for exactly what was written out, in order and once; no other thing is left. */
void check_files(void);

/** The same, and all archives are printed whole but for @missing members of archive 1. */
void check_all_but(size_t missing);

/** How many members of @archive were written; whether @member was. */
size_t printed_of(uint64_t archive);
bool was_printed(uint64_t archive, uint64_t member);

/** How often @text was said. */
unsigned said(const char *text);

/** Archive 1 is done with @deed: its bad member alone fails, and @words are said of it. */
void check_one_member_fails(member_deed *deed, const char *words);

/** Archive 1 is done with @deed: it fails as a whole, and @words are said of it. */
void check_archive_fails(unit_deed *deed, const char *words);

/** What is said of a member whose worker broke the protocol, was killed, or left another file. */
#define BROKE   "the worker broke the protocol and was killed"
#define KILLED  "worker died (killed by signal 9"
#define CHANGED "the file is not the one that the worker wrote"

#endif
