/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

/*
 * Index: from a string to a pointer, in logarithmic time (the C library's balanced tree). Keys are
 * copied; values are borrowed. -ENOSPC above the maximum named at its creation.
 */
typedef struct Index Index;

int index_new(size_t max, Index **ret);
Index *index_free(Index *index);
DEFINE_CLEANUP(Index, index_free);

/* Sets or replaces. 0, -ENOMEM, -ENOSPC. */
int index_put(Index *index, const char *key, void *value);
void *index_get(const Index *index, const char *key);
void index_remove(Index *index, const char *key);
size_t index_size(const Index *index);

/* Calls visit for each entry in the order of the keys. The index must not be changed meanwhile. */
typedef void IndexVisit(const char *key, void *value, void *data);
void index_visit(const Index *index, IndexVisit *visit, void *data);
