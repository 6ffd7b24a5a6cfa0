/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/text.h"
#include "docker/query.h"
#include "model/labels.h"

#define BODY_MAX ((size_t) 64 * 1024 * 1024)
#define PATH_MAX ((size_t) 4096)

typedef struct Place {
        struct Place *next;
        char *filters;
} Place;

struct Listing {
        ListingSetup setup;
        EngineSlot *slot;
        bool wanted;   /* the labelled ones are to be asked next */
        bool labelled; /* they are being asked */
        bool whole;    /* everything is being asked */
        Place *first;  /* what waits */
        Place *last;
        Index *waiting; /* the same, by filters */
};

int listing_new(const ListingSetup *setup, Listing **ret) {
        cleanup(listing_freep) Listing *listing = calloc(1, sizeof *listing);

        if (listing == NULL || index_new(LISTING_PLACES_MAX, &listing->waiting) < 0)
                return -ENOMEM;
        listing->setup = *setup;
        *ret = take_ptr(listing);
        return 0;
}

static Place *place_free(Place *place) {
        free(place->filters);
        free(place);
        return NULL;
}

static Place *take_place(Listing *listing) {
        Place *place = listing->first;

        if (place == NULL)
                return NULL;
        listing->first = place->next;
        if (listing->first == NULL)
                listing->last = NULL;
        index_remove(listing->waiting, place->filters);
        return place;
}

void listing_stop(Listing *listing) {
        listing->slot = engine_slot_free(listing->slot);
        listing->wanted = false;
        listing->labelled = false;
        listing->whole = false;
        while (listing->first != NULL)
                (void) place_free(take_place(listing));
}

Listing *listing_free(Listing *listing) {
        if (listing == NULL)
                return NULL;
        listing_stop(listing);
        (void) index_free(listing->waiting);
        free(listing);
        return NULL;
}

static void ask_next(Listing *listing);

static void fail(Listing *listing, int result, const Error *error) {
        listing_stop(listing);
        listing->setup.done(result, error, listing->setup.data);
}

static void on_list(const EngineAnswer *answer, void *data) {
        Listing *listing = data;
        size_t i;
        json_t *item;

        if (answer->outcome != OUTCOME_DONE || !json_is_array(answer->json)) {
                Error error = answer->error;
                fail(listing, -EIO, &error);
                return;
        }
        json_array_foreach(answer->json, i, item) {
                listing->setup.found(item, listing->setup.data);
        }
        listing->slot = engine_slot_free(listing->slot);
        if (listing->labelled)
                listing->setup.places(listing->setup.data);
        listing->labelled = false;
        if (listing->slot == NULL) /* a place that was added is asked already */
                ask_next(listing);
}

static void ask(Listing *listing, const char *filters) {
        Text path = TEXT_INIT(PATH_MAX);
        (void) text_add(&path, "/containers/json?all=1");
        (void) query_add(&path, "filters", filters);
        cleanup(freep) char *text = text_take(&path);
        const EngineCall request = { .method = "GET", .path = text, .max_body = BODY_MAX };

        int r = text ? engine_call(
                        listing->setup.engine, &request, on_list, listing, &listing->slot
                )
                     : -ENOMEM;
        if (r < 0) {
                Error error = { 0 };
                (void) error_set(&error, r, "%s", strerrordesc_np(-r));
                fail(listing, r, &error);
        }
}

static void ask_next(Listing *listing) {
        if (listing->wanted) {
                listing->wanted = false;
                listing->labelled = true;
                ask(listing, "{\"label\":[\"" LABEL_ENABLE "\"]}");
                return;
        }
        Place *place = take_place(listing);
        if (place != NULL) {
                ask(listing, place->filters);
                (void) place_free(place);
        } else if (listing->whole) {
                listing->whole = false;
                listing->setup.done(0, NULL, listing->setup.data);
        }
}

void listing_start(Listing *listing) {
        if (listing->whole)
                return;
        listing->whole = true;
        listing->wanted = true;
        if (listing->slot == NULL)
                ask_next(listing);
}

/* The engine takes a name for a regular expression, and has it with its slash. */
static char *filters_of_name(const char *name) {
        Text pattern = TEXT_INIT(PATH_MAX);

        (void) text_add(&pattern, "^/");
        for (; *name != '\0'; name++)
                (void) text_addf(&pattern, "%s%c", *name == '.' ? "\\" : "", *name);
        (void) text_add(&pattern, "$");
        cleanup(freep) char *text = text_take(&pattern);
        json_t *filters = text ? json_pack("{s:[s]}", "name", text) : NULL;
        char *dumped = filters ? json_dumps(filters, JSON_COMPACT) : NULL;
        json_decref(filters);
        return dumped;
}

static char *filters_of_project(const char *project) {
        cleanup(freep) char *label = text_format("com.docker.compose.project=%s", project);
        json_t *filters = label ? json_pack("{s:[s]}", "label", label) : NULL;
        char *dumped = filters ? json_dumps(filters, JSON_COMPACT) : NULL;

        json_decref(filters);
        return dumped;
}

/* Takes the filters over. */
static void add_place(Listing *listing, char *filters) {
        Place *place = calloc(1, sizeof *place);

        if (place == NULL) {
                free(filters);
                return;
        }
        place->filters = filters;
        if (place->filters == NULL || index_get(listing->waiting, place->filters) != NULL
            || index_put(listing->waiting, place->filters, place) < 0) {
                (void) place_free(place);
                return;
        }
        if (listing->last != NULL)
                listing->last->next = place;
        else
                listing->first = place;
        listing->last = place;
        if (listing->slot == NULL)
                ask_next(listing);
}

void listing_add(Listing *listing, const char *project, const char *name) {
        add_place(
                listing, project[0] != '\0' ? filters_of_project(project) : filters_of_name(name)
        );
}

void listing_add_running(Listing *listing, const char *pattern) {
        json_t *filters = json_pack("{s:[s], s:[s]}", "name", pattern, "status", "running");

        add_place(listing, filters ? json_dumps(filters, JSON_COMPACT) : NULL);
        json_decref(filters);
}
