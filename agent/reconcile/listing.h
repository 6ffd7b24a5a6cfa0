/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "base/macro.h"
#include "docker/engine.h"

/*
 * Listing: which containers there are that matter, asked of the engine in filtered lists, one after
 * another: those with our label, then each place that somebody named beside them (a compose
 * project, a container's name). Never a list of everything: on a large host that costs the engine
 * more than all else that is asked of it.
 */
typedef struct Listing Listing;

typedef struct ListingSetup {
        Engine *engine;
        void (*found)(const json_t *item, void *data); /* one container of a list */
        void (*places)(void *data
        ); /* all with our label were told: listing_add() what else counts */
        /* After listing_start(): all was told; or, after anything, an error: what was asked last is
         * not known, nor what was still to be asked. */
        void (*done)(int result, const Error *error, void *data);
        void *data;
} ListingSetup;

#define LISTING_PLACES_MAX 12000 /* waiting for their turn */

int listing_new(const ListingSetup *setup, Listing **ret);
Listing *listing_free(Listing *listing);
DEFINE_CLEANUP(Listing, listing_free);

/* Everything, from the beginning; when that is under way already, it is not begun again. */
void listing_start(Listing *listing);

/* The containers of this compose project; where that is "", those of this name. One that waits for
 * its turn already is asked once. */
void listing_add(Listing *listing, const char *project, const char *name);

/* Those that run and whose name fits this regular expression; likewise. */
void listing_add_running(Listing *listing, const char *pattern);

/* The engine is gone: nothing is asked any more, and nothing told. */
void listing_stop(Listing *listing);
