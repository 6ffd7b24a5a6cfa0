/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/macro.h"
#include "model/remembered.h"

/*
 * Memory: what is remembered of identities (model/remembered.h), in STATE/remembered, one file for
 * each that there is anything to remember of. Bounded: when it is full, the oldest series of an
 * identity without a container goes first.
 */
#define MEMORY_MAX 10000

typedef struct Memory Memory;

/* Has this identity a container? */
typedef bool MemoryInUse(const char *identity, void *data);

/* Reads what there is. A file that cannot be understood is said, and left alone. */
int memory_open(const char *state_dir, MemoryInUse *in_use, void *data, Memory **ret, Error *err);
Memory *memory_free(Memory *memory);
DEFINE_CLEANUP(Memory, memory_free);

/* NULL: nothing. Valid until something is remembered or forgotten. */
const Remembered *memory_get(const Memory *memory, const char *identity);

/* All that is remembered; ends at the first negative result, which it returns. */
typedef int MemoryVisit(const Remembered *remembered, void *data);
int memory_visit(const Memory *memory, MemoryVisit *visit, void *data);

/* To be changed, then saved; made where there is none. NULL without memory. */
Remembered *memory_change(Memory *memory, const char *identity);

/* Writes it down, or removes the file of one that is empty. After an error it is known until the
 * daemon ends. */
int memory_save(Memory *memory, const char *identity, Error *err);
