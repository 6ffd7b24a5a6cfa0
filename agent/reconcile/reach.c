/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/reach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/index.h"
#include "base/text.h"
#include "model/unreachable.h"
#include "reconcile/reach-probe.h"

#define ASK_AGAIN_USEC (60 * USEC_PER_SEC)

typedef struct Place {
        char *network; /* id */
        char *name;
        bool known;
        bool queued;
        bool answers;
        bool wanted; /* somebody asked since the answer "no" is there */
        char why[UNREACHABLE_WHY_MAX];
        char mend[UNREACHABLE_MEND_MAX];
        struct Place *next; /* in the queue */
} Place;

struct ReachBook {
        ReachSetup setup;
        char *image;
        char *port;
        json_t *pattern;
        Index *places;
        Place *first; /* first is being asked from */
        Place *last;
        ReachProbe *probe;
        sd_event_source *again;
        sd_event_source *next; /* begins with the first from the loop */
};

static void free_place(const char *key, void *value, void *data) {
        Place *place = value;

        (void) key;
        (void) data;
        free(place->network);
        free(place->name);
        free(place);
}

ReachBook *reach_free(ReachBook *reach) {
        if (reach == NULL)
                return NULL;
        (void) reach_probe_free(reach->probe);
        sd_event_source_disable_unref(reach->again);
        sd_event_source_disable_unref(reach->next);
        if (reach->places != NULL)
                index_visit(reach->places, free_place, NULL);
        (void) index_free(reach->places);
        json_decref(reach->pattern);
        free(reach->image);
        free(reach->port);
        free(reach);
        return NULL;
}

static int read_pattern(ReachBook *reach, Error *err) {
        cleanup(freep) char *path = text_format("%s/probe.json", reach->setup.templates_dir);
        cleanup(freep) char *text = NULL;
        size_t size = 0;

        int r = path ? file_read(path, 65536, &text, &size, err)
                     : error_set(err, -ENOMEM, "out of memory");
        if (r < 0)
                return r;
        reach->pattern = json_loadb(text, size, 0, NULL);
        return reach->pattern ? 0 : error_set(err, -EBADMSG, "%s is not JSON", path);
}

static int on_next(sd_event_source *source, void *data);

int reach_new(const ReachSetup *setup, ReachBook **ret, Error *err) {
        ReachBook *reach = calloc(1, sizeof *reach);
        if (reach == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        reach->setup = *setup;
        reach->image = strdup(setup->image);
        reach->port = strdup(setup->port);

        int r = reach->image && reach->port ? index_new(REACH_NETWORKS_MAX, &reach->places)
                                            : -ENOMEM;
        if (r >= 0)
                r = sd_event_add_defer(setup->event, &reach->next, on_next, reach);
        if (r >= 0)
                r = sd_event_source_set_enabled(reach->next, SD_EVENT_OFF);
        if (r < 0)
                (void) error_set(err, r, "%s", strerrordesc_np(-r));
        else
                r = read_pattern(reach, err);
        if (r < 0) {
                (void) reach_free(reach);
                return r;
        }
        *ret = reach;
        return 0;
}

void reach_get(const ReachBook *reach, SeenPlace *place) {
        const Place *found = place->network ? index_get(reach->places, place->network) : NULL;

        if (found == NULL || !found->known)
                return;
        place->reach_known = true;
        place->unreachable = found->answers ? NULL : found->why;
        place->mend = found->answers || found->mend[0] == '\0' ? NULL : found->mend;
}

/* ---- Asking, one after another ---- */

static void enqueue(ReachBook *reach, Place *place) {
        if (place->queued)
                return;
        place->queued = true;
        place->next = NULL;
        if (reach->last != NULL)
                reach->last->next = place;
        else
                reach->first = place;
        reach->last = place;
        if (reach->first == place)
                (void) sd_event_source_set_enabled(reach->next, SD_EVENT_ONESHOT);
}

static void ask_again_later(ReachBook *reach);

static void ask_if_wanted(const char *key, void *value, void *data) {
        Place *place = value;
        ReachBook *reach = data;

        (void) key;
        if (!place->known || place->answers)
                return;
        ask_again_later(reach); /* it may be wanted later */
        if (place->wanted)
                enqueue(reach, place);
}

static int on_again(sd_event_source *source, uint64_t usec, void *data) {
        ReachBook *reach = data;

        (void) source;
        (void) usec;
        reach->again = sd_event_source_disable_unref(reach->again);
        index_visit(reach->places, ask_if_wanted, reach);
        return 0;
}

static void ask_again_later(ReachBook *reach) {
        if (reach->again == NULL)
                (void) sd_event_add_time_relative(
                        reach->setup.event, &reach->again, CLOCK_MONOTONIC, ASK_AGAIN_USEC,
                        USEC_PER_SEC, on_again, reach
                );
}

static void take_answer(const ReachBook *reach, Place *place, const ReachResult *result) {
        const UnreachableFacts facts = {
                .network = place->name,
                .subnet = result->subnet,
                .port = reach->port,
                .trouble = result->trouble[0] != '\0' ? result->trouble : "no answer",
                .internal = result->internal,
                .tried = result->tried,
        };

        place->known = true;
        place->answers = result->answered;
        place->wanted = false;
        unreachable_explain(&facts, place->why, place->mend);
}

/* The first place has its answer: tell, and go on with the next. */
static void on_probed(const ReachResult *heard, void *data) {
        ReachBook *reach = data;
        Place *place = reach->first;
        const ReachResult result = *heard; /* which is the probe's */
        bool news = !place->known || place->answers != result.answered;

        reach->probe = reach_probe_free(reach->probe);
        reach->first = place->next;
        if (reach->first == NULL)
                reach->last = NULL;
        else
                (void) sd_event_source_set_enabled(reach->next, SD_EVENT_ONESHOT);
        place->queued = false;
        place->next = NULL;
        if (result.gone) {
                index_remove(reach->places, place->network);
                free_place(NULL, place, NULL);
        } else {
                take_answer(reach, place, &result);
                if (!place->answers)
                        ask_again_later(reach);
        }
        if (news)
                reach->setup.known(reach->setup.data);
}

static int on_next(sd_event_source *source, void *data) {
        ReachBook *reach = data;
        const ReachResult failed = { .trouble = "out of memory" };
        const ReachProbeSetup setup = {
                .engine = reach->setup.engine,
                .pattern = reach->pattern,
                .image = reach->image,
                .port = reach->port,
                .secured = reach->setup.secured,
                .network = reach->first ? reach->first->network : NULL,
                .done = on_probed,
                .data = reach,
        };

        (void) source;
        if (reach->first != NULL && reach->probe == NULL
            && reach_probe_start(&setup, &reach->probe) < 0)
                on_probed(&failed, reach);
        return 0;
}

/* ---- The book ---- */

static void find_answered(const char *key, void *value, void *data) {
        Place *place = value;
        Place **found = data;

        (void) key;
        if (!place->queued)
                *found = place;
}

static void drop(ReachBook *reach, Place *place) {
        index_remove(reach->places, place->network);
        free_place(NULL, place, NULL);
}

/* Networks come and go, and nobody says which will be asked about again: when there is no room, an
 * answer goes that can be had anew. */
static void make_room(ReachBook *reach) {
        Place *answered = NULL;

        if (index_size(reach->places) < REACH_NETWORKS_MAX)
                return;
        index_visit(reach->places, find_answered, &answered);
        if (answered != NULL)
                drop(reach, answered);
}

static Place *ensure_place(ReachBook *reach, const char *network, const char *name) {
        Place *place = index_get(reach->places, network);
        if (place != NULL)
                return place;

        make_room(reach);
        place = calloc(1, sizeof *place);
        if (place == NULL)
                return NULL;
        place->network = strdup(network);
        place->name = strdup(name);
        if (place->network == NULL || place->name == NULL
            || index_put(reach->places, network, place) < 0) {
                free_place(NULL, place, NULL);
                return NULL;
        }
        return place;
}

void reach_ask(ReachBook *reach, const char *network, const char *name) {
        Place *place = ensure_place(reach, network, name);

        if (place == NULL)
                return;
        place->wanted = true;
        if (!place->known)
                enqueue(reach, place);
}

void reach_doubt(ReachBook *reach, const char *network, const char *name) {
        Place *place = ensure_place(reach, network, name);

        if (place != NULL)
                enqueue(reach, place);
}

static void forget_answer(const char *key, void *value, void *data) {
        Place *place = value;

        (void) key;
        (void) data;
        place->known = false;
}

void reach_forget(ReachBook *reach, const char *network) {
        if (network == NULL) {
                index_visit(reach->places, forget_answer, NULL);
                return;
        }
        Place *place = index_get(reach->places, network);
        if (place != NULL && !place->queued)
                drop(reach, place);
        else if (place != NULL)
                place->known = false;
}

const char *reach_at_work(const ReachBook *reach) {
        return reach->probe ? reach_probe_container(reach->probe) : NULL;
}

bool reach_uses(const ReachBook *reach, const char *container) {
        const char *id = reach_at_work(reach);

        return id != NULL && strcmp(id, container) == 0;
}
