// SPDX-License-Identifier: MIT

#include "protocol/failure.h"

#include "protocol/method.h"
#include "protocol/namefault.h"
#include "protocol/startstep.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* How the numbers of a failure are put into words. */
enum words {
	WORDS_ONLY,      /* the text alone */
	WORDS_ERRNO,     /* the text (where there is one), then strerror of the first number */
	WORDS_DIRECTORY, /* the text, the directory, then strerror of the first number */
	WORDS_METHOD,
	WORDS_CRC,
	WORDS_SIZE,
	WORDS_FILE_TYPE,
	WORDS_WAIT_STATUS,
	WORDS_START, /* the text, the step that the second number is, strerror of the first */
	WORDS_COMMAND,
	WORDS_LIMIT,  /* a number, the text, the limit or whatever it is held against */
	WORDS_ROOM,   /* the text, the directory, both numbers */
	WORDS_PLACE,  /* the text, the directory */
	WORDS_NAME,   /* the text, what is wrong with the name */
	WORDS_INODES, /* the text, the directory, the number */
};

static const struct {
	const char *slug;
	const char *text;
	enum words words;
} kinds[FAILURE_KINDS] = {
	[FAILURE_NONE] = {"none", "no failure", WORDS_ONLY},
	[FAILURE_OPEN] = {"cannot-open", "", WORDS_ERRNO},
	[FAILURE_NOT_REGULAR] = {"not-a-regular-file", "not a regular file", WORDS_FILE_TYPE},
	[FAILURE_EMPTY_FILE] = {"empty-file", "an empty file, not a zip archive", WORDS_ONLY},
	[FAILURE_NOT_A_ZIP] = {"not-a-zip", "not a zip archive", WORDS_ONLY},
	[FAILURE_BAD_DIRECTORY] = {"bad-directory", "damaged central directory", WORDS_ONLY},
	[FAILURE_MULTI_DISK] = {"multi-disk", "one part of a split archive", WORDS_ONLY},
	[FAILURE_READ] = {"read-error", "cannot read the archive", WORDS_ERRNO},
	[FAILURE_TRUNCATED] = {"truncated",
		"truncated: the archive ends before the member's data do", WORDS_ONLY},
	[FAILURE_BAD_HEADER] = {"bad-header",
		"no local header at the place that the central directory states", WORDS_ONLY},
	[FAILURE_BAD_DATA] = {"bad-data", "invalid compressed data", WORDS_ONLY},
	[FAILURE_CRC_MISMATCH] = {"crc-mismatch", "CRC-32 mismatch", WORDS_CRC},
	[FAILURE_SIZE_MISMATCH] = {"size-mismatch", "size mismatch", WORDS_SIZE},
	[FAILURE_UNSUPPORTED_METHOD] = {"unsupported-method", "unsupported compression method",
		WORDS_METHOD},
	[FAILURE_ENCRYPTED] = {"encrypted", "encrypted: --password-file gives the password",
		WORDS_ONLY},
	[FAILURE_NO_SPACE] = {"no-space", "cannot write to", WORDS_DIRECTORY},
	[FAILURE_WRITE] = {"write-error", "cannot write to", WORDS_DIRECTORY},
	[FAILURE_MAP] = {"map-error", "cannot map the file in", WORDS_DIRECTORY},
	[FAILURE_CHANGED] = {"file-changed", "the file is not the one that the worker wrote",
		WORDS_ONLY},
	[FAILURE_WORKER_DIED] = {"worker-died", "worker died", WORDS_WAIT_STATUS},
	[FAILURE_NO_MEMORY] = {"no-memory", "out of memory", WORDS_ONLY},
	[FAILURE_CUT_OFF] = {"truncated",
		"truncated: it begins as a zip archive, but has no end of central directory record",
		WORDS_ONLY},
	[FAILURE_OVERLAP] = {"overlap",
		"members overlap: their compressed sizes add up to more than the archive",
		WORDS_ONLY},
	[FAILURE_BAD_WORKER] = {"worker-died", "the worker broke the protocol and was killed",
		WORDS_ONLY},
	[FAILURE_SILENT_WORKER] = {"worker-died", "the worker had stopped working and was killed",
		WORDS_ONLY},
	[FAILURE_UNSUPPORTED_ENCRYPTION] = {"unsupported-encryption",
		"encrypted by a method that is not supported", WORDS_ONLY},
	[FAILURE_WRONG_PASSWORD] = {"wrong-password", "wrong password", WORDS_ONLY},
	[FAILURE_DECRYPTED] = {"wrong-password",
		"wrong password, or damaged: what comes out is not what the archive states",
		WORDS_ONLY},
	[FAILURE_WINDOW] = {"window-too-large", "to unzip it takes a window of more than 128 MiB",
		WORDS_ONLY},
	[FAILURE_MEMBER_LIMIT] = {"member-limit",
		"bytes unzipped, more than --max-member=", WORDS_LIMIT},
	[FAILURE_TOTAL_LIMIT] = {"total-limit",
		"more bytes would exceed --max-total=", WORDS_LIMIT},
	[FAILURE_MEMBERS_LIMIT] = {"members-limit",
		"members, more than --max-members=", WORDS_LIMIT},
	[FAILURE_RATIO_LIMIT] = {"ratio-limit",
		"times its compressed size, more than --max-ratio=", WORDS_LIMIT},
	[FAILURE_SCRATCH_LIMIT] = {"scratch-limit",
		"bytes unzipped, more than --max-scratch=", WORDS_LIMIT},
	[FAILURE_NO_ROOM] = {"no-space", "not enough room in", WORDS_ROOM},
	[FAILURE_NO_INODES] = {"no-space", "not enough inodes in", WORDS_INODES},
	[FAILURE_SHAPE] = {"shape-mismatch", "bytes, but an array of --dtype and --shape has ",
		WORDS_LIMIT},
	[FAILURE_OPEN_SHAPE] = {"shape-mismatch",
		"bytes, which is no multiple of what --dtype and --shape make: ", WORDS_LIMIT},
	[FAILURE_ARCHIVE_CHANGED] = {"archive-changed", "the archive was changed while it was read",
		WORDS_ONLY},
	[FAILURE_FOLLOWED] = {"truncated",
		"behind its end begins another archive, which is cut off or damaged", WORDS_ONLY},
	[FAILURE_ENCRYPTED_DIRECTORY] = {"encrypted-directory",
		"its central directory is encrypted, which is not supported", WORDS_ONLY},
	[FAILURE_BAD_ENTRY] = {"bad-entry",
		"its entry in the central directory does not say how it is encrypted", WORDS_ONLY},
	[FAILURE_NO_WORKER] = {"no-worker", "cannot start a worker process", WORDS_START},
	[FAILURE_NOT_READY] = {"no-worker",
		"cannot start a worker process: it came to its end before it was ready",
		WORDS_WAIT_STATUS},
	[FAILURE_NO_DIRECTORY] = {"no-directory",
		"it cannot stay in place, and no directory for its file can be made in",
		WORDS_PLACE},
	[FAILURE_NO_DESCRIPTOR] = {"no-descriptor",
		"no descriptor is left for its file in memory: raise 'ulimit -n', or give "
		"'--pack'",
		WORDS_ONLY},
	[FAILURE_NO_COMMAND] = {"command-failed", "cannot run", WORDS_DIRECTORY},
	[FAILURE_COMMAND] = {"command-failed", "command failed", WORDS_COMMAND},
	[FAILURE_UNSAFE_NAME] = {"unsafe-name", "not a safe name for a file", WORDS_NAME},
	[FAILURE_NAME_EXISTS] = {"name-exists",
		"its name is taken: by another member, or by what was there before", WORDS_ONLY},
	[FAILURE_NAMING] = {"write-error", "cannot give the file its name in", WORDS_DIRECTORY},
};

const char *failure_slug(enum failure_kind kind)
{
	return kind < FAILURE_KINDS ? kinds[kind].slug : "unknown";
}

static const char *file_type_name(uint64_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFIFO:
		return "a FIFO; unzip one as '-', from standard input";
	case S_IFCHR:
		return "a character device";
	case S_IFBLK:
		return "a block device";
	case S_IFSOCK:
		return "a socket";
	case S_IFDIR:
		return "a directory";
	default:
		return "of an unknown type";
	}
}

/* Of a worker, which is @sandboxed, or of a command of the user's. */
static void describe_wait_status(
	int status, bool sandboxed, const char *what, char *text, size_t size)
{
	if (sandboxed && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(text, size,
			"%s (killed by the sandbox: it tried what no worker has to do)", what);
	else if (WIFSIGNALED(status))
		snprintf(text, size, "%s (killed by signal %d, %s)", what, WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "%s (exit status %d)", what, WEXITSTATUS(status));
}

void failure_describe(const struct failure *failure, const char *directory, char *text, size_t size)
{
	enum failure_kind kind = failure->kind < FAILURE_KINDS ? failure->kind : FAILURE_NONE;
	const char *what = kinds[kind].text;
	uint64_t first = failure->numbers[0];
	uint64_t second = failure->numbers[1];
	const char *method;
	const char *step;

	switch (kinds[kind].words) {
	case WORDS_ONLY:
		snprintf(text, size, "%s", what);
		break;
	case WORDS_ERRNO:
		snprintf(text, size, "%s%s%s", what, *what ? ": " : "", strerror((int)first));
		break;
	case WORDS_START:
		step = start_step_words(
			second < START_STEPS ? (enum start_step)second : START_NONE);
		snprintf(text, size, "%s: %s%s%s", what, step, *step ? ": " : "",
			strerror((int)first));
		break;
	case WORDS_DIRECTORY:
		snprintf(text, size, "%s %s: %s", what, directory, strerror((int)first));
		break;
	case WORDS_METHOD:
		method = method_name(first);
		snprintf(text, size, "%s %" PRIu64 "%s%s%s", what, first, method ? " (" : "",
			method ? method : "", method ? ")" : "");
		break;
	case WORDS_CRC:
		snprintf(text, size, "%s: %08" PRIx64 " stated, %08" PRIx64 " found", what, first,
			second);
		break;
	case WORDS_SIZE:
		snprintf(text, size, "%s: %" PRIu64 " bytes stated, %s%" PRIu64 " found", what,
			first, second > first ? "at least " : "", second);
		break;
	case WORDS_FILE_TYPE:
		snprintf(text, size, "%s (%s)", what, file_type_name(first));
		break;
	case WORDS_LIMIT:
		snprintf(text, size, "%" PRIu64 " %s%" PRIu64, first, what, second);
		break;
	case WORDS_ROOM:
		snprintf(text, size, "%s %s: %" PRIu64 " bytes are needed, %" PRIu64 " are free",
			what, directory, first, second);
		break;
	case WORDS_PLACE:
		snprintf(text, size, "%s %s", what, directory);
		break;
	case WORDS_NAME:
		snprintf(text, size, "%s: %s", what, name_fault_words(first));
		break;
	case WORDS_INODES:
		snprintf(text, size, "%s %s: %" PRIu64 " are free", what, directory, first);
		break;
	case WORDS_WAIT_STATUS:
	case WORDS_COMMAND:
		describe_wait_status(
			(int)first, kinds[kind].words == WORDS_WAIT_STATUS, what, text, size);
		break;
	}
}
