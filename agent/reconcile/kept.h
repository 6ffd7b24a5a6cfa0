/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"

/*
 * Kept store: what swaps replaced (model/kept.h), in STATE/replaced (0700), two files (0600) for
 * each identity and container number: the document, and beside it, ending in ".create", the body
 * that makes the old container again, so that one curl brings it back.
 *
 * Bounded in number and size: when it is full, the oldest goes first, and of those whose identity
 * has no container any more before all others.
 */
#define KEPT_FILES_MAX 4000
#define KEPT_BYTES_MAX ((size_t) 256 * 1024 * 1024)

typedef struct KeptStore KeptStore;

/* Has this identity a container? */
typedef bool KeptInUse(const char *identity, void *data);

/* A file that cannot be understood is said, and left alone. */
int kept_open(const char *state_dir, KeptInUse *in_use, void *data, KeptStore **ret, Error *err);
KeptStore *kept_free(KeptStore *store);
DEFINE_CLEANUP(KeptStore, kept_free);

/* Keeps the document, merged with what is kept already (kept_merge()) and with the time in it. */
int kept_write(KeptStore *store, json_t *document, Error *err);

/* A new reference; NULL: nothing is kept, or (which is said once) it cannot be read. */
json_t *kept_read(KeptStore *store, const char *identity, const char *number);

/* What the swap that made this container replaced: a new reference; NULL: nothing is kept of it. */
json_t *kept_find(KeptStore *store, const char *identity, const char *container_id);

/* Where the two files are, whether they are there or not. Freed by the caller. */
char *kept_document_path(const KeptStore *store, const char *identity, const char *number);
char *kept_create_path(const KeptStore *store, const char *identity, const char *number);
