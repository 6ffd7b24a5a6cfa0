/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/macro.h"

/*
 * Names: how the proxy is called in the networks that it joins, one name for each owner (a compose
 * project; a consumer without one).
 *
 * In a network everybody may take any name, and whoever takes the proxy's receives what is meant
 * for it, keys included. So no name is one that a neighbour can know: each has a random part, and
 * only its owner's containers ever hold it. The next names that will be given are there before
 * their owners: the proxy carries them from the start, so that a further owner in a network that it
 * has joined already does not cost a new endpoint, which would cut everybody's streams there.
 *
 * A file of mode 0600, replaced atomically before a call that changed something returns 0.
 */
#define NAME_PREFIX   "ollama-proxy-"
#define NAMES_MAX     4096 /* owners in one store */
#define NAMES_SPARE   16   /* names without an owner */
#define NAME_TEXT_MAX 40

typedef struct Names Names;

/* Reads the store, or makes a new one where there is no file. A file that cannot be understood is
 * an error and left alone. */
int names_open(const char *path, Names **ret, Error *err);
Names *names_free(Names *names);
DEFINE_CLEANUP(Names, names_free);

/* The owner's name, borrowed, valid until the store is freed; NULL: it has none. */
const char *names_find(const Names *names, const char *owner);

/* The same, given one if it has none. -EMFILE above NAMES_MAX. */
int names_ensure(Names *names, const char *owner, const char **ret, Error *err);

#define NAMES_CARRIED_MAX ((size_t) 2 * NAMES_SPARE)

/* The names that the proxy carries wherever it joins: those that will be given next, and those that
 * were given last, whose owners may be about to come. How many were written to list; borrowed. */
size_t names_carried(const Names *names, const char *list[static NAMES_CARRIED_MAX]);
