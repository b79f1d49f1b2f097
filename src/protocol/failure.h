// SPDX-License-Identifier: MIT

/*
 * What can go wrong with an archive or a member. A worker reports the kind and up to two numbers;
 * the words are made where they are shown, so that no text of a worker's reaches the user.
 */

#ifndef ZIPMAP_PROTOCOL_FAILURE_H
#define ZIPMAP_PROTOCOL_FAILURE_H

#include <stddef.h>
#include <stdint.h>

/** Kinds of failure. The values go over the wire: append, never reorder. */
enum failure_kind {
	FAILURE_NONE,
	FAILURE_OPEN,               /**< the archive cannot be opened; number: errno */
	FAILURE_NOT_REGULAR,        /**< not a regular file; number: its st_mode */
	FAILURE_EMPTY_FILE,         /**< a file of no bytes */
	FAILURE_NOT_A_ZIP,          /**< no end of central directory record */
	FAILURE_BAD_DIRECTORY,      /**< the central directory contradicts itself */
	FAILURE_MULTI_DISK,         /**< one part of a split archive */
	FAILURE_READ,               /**< reading the archive failed; number: errno */
	FAILURE_TRUNCATED,          /**< the archive ends before the member's data does */
	FAILURE_BAD_HEADER,         /**< no local header where the directory says */
	FAILURE_BAD_DATA,           /**< the compressed data are invalid */
	FAILURE_CRC_MISMATCH,       /**< numbers: CRC-32 stated, CRC-32 found */
	FAILURE_SIZE_MISMATCH,      /**< numbers: bytes stated, bytes found (a lower bound) */
	FAILURE_UNSUPPORTED_METHOD, /**< number: the compression method, APPNOTE 4.4.5 */
	FAILURE_ENCRYPTED,          /**< needs a password */
	FAILURE_NO_SPACE,    /**< the file system of the run directory is full; number: errno */
	FAILURE_WRITE,       /**< writing the file failed; number: errno */
	FAILURE_MAP,         /**< mapping the file failed; number: errno */
	FAILURE_CHANGED,     /**< the parent did not find the file that the worker wrote */
	FAILURE_WORKER_DIED, /**< number: wait(2) status of the worker */
	FAILURE_NO_MEMORY,   /**< malloc gave nothing */
	FAILURE_NO_WORKER,   /**< no worker process could be started; numbers: errno, the
			     start_step that failed */
	FAILURE_CUT_OFF,     /**< begins as a zip archive, but has no end record */
	FAILURE_BAD_WORKER,  /**< the worker broke the protocol and was killed */
	FAILURE_OVERLAP,     /**< members share compressed bytes */
	FAILURE_UNSUPPORTED_ENCRYPTION, /**< neither ZipCrypto nor WinZip's AES */
	FAILURE_WRONG_PASSWORD,         /**< the password is not that of the member */
	FAILURE_DECRYPTED,              /**< so it may be, or the encrypted data are damaged */
	FAILURE_WINDOW,        /**< decoding it takes more memory than is given to a member */
	FAILURE_MEMBER_LIMIT,  /**< --max-member; numbers: bytes stated, the limit */
	FAILURE_TOTAL_LIMIT,   /**< --max-total; numbers: bytes stated, the limit */
	FAILURE_MEMBERS_LIMIT, /**< --max-members; numbers: members, the limit */
	FAILURE_RATIO_LIMIT,   /**< --max-ratio; numbers: the ratio stated, the limit */
	FAILURE_NO_ROOM,       /**< more than is free; numbers: bytes needed, bytes that are */
	FAILURE_NO_INODES,     /**< number: files that the file system can still hold */
	FAILURE_SHAPE,         /**< --shape; numbers: bytes of the member, bytes of the array */
	FAILURE_OPEN_SHAPE, /**< so it is with a -1; the second: what they must be a multiple of */
	FAILURE_ARCHIVE_CHANGED, /**< it is not the archive any more that its first unit was of */
	FAILURE_NOT_READY,       /**< nor was this one, which died of it; number: wait(2) status */
	FAILURE_NO_DIRECTORY,    /**< it cannot stay in place, and no run directory can be made */
	FAILURE_FOLLOWED,        /**< behind its end record begins another archive */
	FAILURE_ENCRYPTED_DIRECTORY, /**< the central directory is encrypted (APPNOTE 7.3) */
	FAILURE_BAD_ENTRY,           /**< an encrypted member's entry does not say how */
	FAILURE_COMMAND,             /**< --exec: the command failed; number: its wait(2) status */
	FAILURE_NO_COMMAND,          /**< --exec: the command cannot be started; number: errno */
	FAILURE_SILENT_WORKER,       /**< the worker had stopped working and was killed */
	FAILURE_SCRATCH_LIMIT,       /**< --max-scratch; numbers: bytes stated, the limit */
	FAILURE_NO_DESCRIPTOR,       /**< --memfd: as many files are in memory as there may be */
	FAILURE_UNSAFE_NAME,         /**< --directory; number: a name_fault (namefault.h) */
	FAILURE_NAME_EXISTS,         /**< --directory: something has the member's name */
	FAILURE_NAMING,              /**< --directory: it cannot get its name; number: errno */
	FAILURE_KINDS,               /**< how many there are; not a kind */
};

/** One failure: its kind, and numbers whose meaning the kind tells. */
struct failure {
	enum failure_kind kind;
	uint64_t numbers[2];
};

/** The kind's fixed word for scripts, such as "crc-mismatch". Static; never NULL. */
const char *failure_slug(enum failure_kind kind);

/**
 * The failure in words for a person, written to @text (cut to @size bytes, NUL included).
 * @directory is where files are written; it is named when that place is full or refuses. Of a
 * command that cannot be started it is the program.
 */
void failure_describe(
	const struct failure *failure, const char *directory, char *text, size_t size);

#endif
