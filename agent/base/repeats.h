/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

/*
 * Repeats: which entries are told. The same entry is told REPEATS_TOLD times within an hour; what
 * comes after that is counted, and told once an hour. The same is what has the same id, fields and
 * words, whatever digits are in them: a port, an id of a container, a number of tries. Pure: the
 * time is given.
 *
 * A consumer's entries begin anew once it is linked: what follows is a story of its own.
 */
#define REPEATS_TOLD 5
#define REPEATS_MAX  256 /* entries that are remembered; the one told longest ago goes first */

typedef struct Repeat {
        uint64_t hash;     /* 0: free */
        uint64_t consumer; /* 0: of none */
        uint64_t begun_usec;
        unsigned told;    /* since then */
        unsigned allowed; /* until an hour after that */
        unsigned untold;  /* since it was told last */
} Repeat;

typedef struct Repeats {
        Repeat entries[REPEATS_MAX];
} Repeats;

typedef struct Telling {
        bool told;
        bool last;       /* the next ones within the hour are not, and it was not so before */
        unsigned untold; /* how many the one before has hidden */
} Telling;

/* now_usec: monotonic. */
Telling repeats_note(Repeats *repeats, const LogEntry *entry, uint64_t now_usec);

/* This consumer's entries begin anew. */
void repeats_forget(Repeats *repeats, const char *consumer);
