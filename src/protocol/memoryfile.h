// SPDX-License-Identifier: MIT

/*
 * Memory files (memfd_create(2)): how a worker makes one, and what the parent finds of one that is
 * whole. Once it is sealed, nobody can change it any more, whatever descriptor of it they have.
 */

#ifndef ZIPMAP_PROTOCOL_MEMORYFILE_H
#define ZIPMAP_PROTOCOL_MEMORYFILE_H

#include <fcntl.h>
#include <sys/mman.h>

/** What newer C libraries call MFD_NOEXEC_SEAL: Linux 6.3 has it, and may insist on it. */
#define MEMORY_FILE_NOEXEC 8U

#define MEMORY_FILE_FLAGS (MFD_CLOEXEC | MFD_ALLOW_SEALING)

/** F_ADD_SEALS of fcntl(2). */
#define MEMORY_FILE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

#endif
