/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "model/identity.h"

/*
 * Seek: which consumer somebody means by a name. Pure.
 *
 * A name is, the first that fits: the identity's key, the human name, the beginning of a
 * container's id (12 characters at least), the stack's name in it (of "my-shop/web"), the compose
 * project. Names of containers are the engine's to know.
 */
#define SEEK_FOUND_MAX 8
#define SEEK_ID_MIN    12

typedef enum SeekRank {
        SEEK_NOTHING,
        SEEK_PROJECT,
        SEEK_STACK,
        SEEK_ID,
        SEEK_HUMAN,
        SEEK_KEY,
} SeekRank;

typedef struct Seek {
        const char *name;
        SeekRank rank;                         /* the best so far */
        const Identity *found[SEEK_FOUND_MAX]; /* borrowed; of that rank */
        size_t n_found;                        /* also those that found no room */
        const Identity *nearest;
        unsigned distance;
} Seek;

/* The name is borrowed until seek_end(). */
void seek_begin(Seek *seek, const char *name);

/* One consumer, with the ids of its containers. The identity is borrowed until seek_end(). */
void seek_try(Seek *seek, const Identity *identity, const char *const *ids, size_t n_ids);

/* The part of a name that a stack is called by: what stands before a '/' or a '#'. Its length. */
size_t seek_stack_length(const char *name);

/* -ENOENT naming the nearest one, -ENOTUNIQ naming the candidates, or the one that is meant. */
int seek_end(const Seek *seek, const Identity **ret, Error *err);
