/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/reach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/index.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "docker/query.h"
#include "model/pattern.h"

#define ASK_AGAIN_USEC (60 * USEC_PER_SEC)
#define WAIT_USEC      (10 * USEC_PER_SEC)

typedef struct Place {
        char *network;
        bool known;
        bool queued;
        bool answers;
        bool wanted; /* somebody was told "no" since it was asked */
        char why[480];
        struct Place *next; /* in the queue */
} Place;

struct ReachProbe {
        ReachSetup setup;
        char *image;
        char *port;
        json_t *pattern;
        Index *places;
        Place *first; /* first is being asked from */
        Place *last;
        EngineSlot *slot;
        char *probe; /* id of the container */
        sd_event_source *again;
        bool answered;
        bool tried; /* the probe ran: its answer is one */
        char trouble[200];
        EngineSlot *clean_slot;
        json_t *leftovers;
        size_t cleaned;
};

static void free_place(const char *key, void *value, void *data) {
        Place *place = value;

        (void) key;
        (void) data;
        free(place->network);
        free(place);
}

ReachProbe *reach_free(ReachProbe *reach) {
        if (reach == NULL)
                return NULL;
        (void) engine_slot_free(reach->slot);
        (void) engine_slot_free(reach->clean_slot);
        sd_event_source_disable_unref(reach->again);
        if (reach->places != NULL)
                index_visit(reach->places, free_place, NULL);
        (void) index_free(reach->places);
        json_decref(reach->pattern);
        json_decref(reach->leftovers);
        free(reach->image);
        free(reach->port);
        free(reach->probe);
        free(reach);
        return NULL;
}

static int read_pattern(ReachProbe *reach, Error *err) {
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

int reach_new(const ReachSetup *setup, ReachProbe **ret, Error *err) {
        ReachProbe *reach = calloc(1, sizeof *reach);
        if (reach == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        reach->setup = *setup;
        reach->image = strdup(setup->image);
        reach->port = strdup(setup->port);

        int r = reach->image && reach->port ? index_new(REACH_NETWORKS_MAX, &reach->places)
                                            : -ENOMEM;
        if (r < 0)
                (void) error_set(err, r, "out of memory");
        else
                r = read_pattern(reach, err);
        if (r < 0) {
                (void) reach_free(reach);
                return r;
        }
        *ret = reach;
        return 0;
}

ReachAnswer reach_get(const ReachProbe *reach, const char *network, const char **ret_why) {
        Place *place = index_get(reach->places, network);

        *ret_why = NULL;
        if (place == NULL || !place->known)
                return REACH_ANSWER_UNKNOWN;
        if (place->answers)
                return REACH_ANSWER_YES;
        place->wanted = true;
        *ret_why = place->why;
        return REACH_ANSWER_NO;
}

static void probe_first(ReachProbe *reach);

static void ask_again_later(ReachProbe *reach);

static void ask_if_wanted(const char *key, void *value, void *data) {
        Place *place = value;
        ReachProbe *reach = data;

        if (!place->known || place->answers)
                return;
        ask_again_later(reach); /* it may be wanted later */
        if (place->wanted)
                reach_ask(reach, key);
}

static int on_again(sd_event_source *source, uint64_t usec, void *data) {
        ReachProbe *reach = data;

        (void) source;
        (void) usec;
        reach->again = sd_event_source_disable_unref(reach->again);
        index_visit(reach->places, ask_if_wanted, reach);
        return 0;
}

static void ask_again_later(ReachProbe *reach) {
        if (reach->again == NULL)
                (void) sd_event_add_time_relative(
                        reach->setup.event, &reach->again, CLOCK_MONOTONIC, ASK_AGAIN_USEC,
                        USEC_PER_SEC, on_again, reach
                );
}

static void explain(const ReachProbe *reach, Place *place) {
        const char *trouble = reach->trouble[0] != '\0' ? reach->trouble : "no answer";

        if (!reach->tried)
                (void) snprintf(
                        place->why, sizeof place->why,
                        "cannot find out whether containers on the network %.60s reach "
                        "host.docker.internal:%s: %s",
                        place->network, reach->port, trouble
                );
        else
                (void) snprintf(
                        place->why, sizeof place->why,
                        "containers on the network %.60s do not reach host.docker.internal:%s (%s): it is an internal network, or a firewall drops it, which can be told: "
                        "ufw allow proto tcp from 10.0.0.0/8,172.16.0.0/12 to any port %s",
                        place->network, reach->port, trouble, reach->port
                );
}

/* The first place has its answer: tell, and go on with the next. */
static void conclude(ReachProbe *reach) {
        Place *place = reach->first;
        bool news = !place->known || place->answers != reach->answered;

        reach->slot = engine_slot_free(reach->slot);
        free(reach->probe);
        reach->probe = NULL;
        place->known = true;
        place->queued = false;
        place->answers = reach->answered;
        place->wanted = false;
        explain(reach, place);
        if (!place->answers)
                ask_again_later(reach);
        reach->first = place->next;
        if (reach->first == NULL)
                reach->last = NULL;
        place->next = NULL;
        if (news)
                reach->setup.known(reach->setup.data);
        if (reach->first != NULL)
                probe_first(reach);
}

static void call_engine(ReachProbe *reach, const EngineCall *call, EngineDone *done) {
        int r = call->path ? engine_call(reach->setup.engine, call, done, reach, &reach->slot)
                           : -ENOMEM;

        if (r < 0) {
                (void) snprintf(reach->trouble, sizeof reach->trouble, "%s", strerrordesc_np(-r));
                conclude(reach);
        }
}

static void on_removed(const EngineAnswer *answer, void *data) {
        if (answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_GONE)
                log_debug("Reach: the probe could not be removed: %s", error_text(&answer->error));
        conclude(data);
}

static void remove_probe(ReachProbe *reach) {
        cleanup(freep) char *path = text_format("/containers/%s?force=1&v=1", reach->probe);

        call_engine(reach, &(EngineCall){ .method = "DELETE", .path = path }, on_removed);
}

static void note_trouble(ReachProbe *reach, const EngineAnswer *answer) {
        reach->slot = engine_slot_free(reach->slot);
        (void) snprintf(reach->trouble, sizeof reach->trouble, "%s", error_text(&answer->error));
}

static void on_waited(const EngineAnswer *answer, void *data) {
        ReachProbe *reach = data;
        const json_t *code = json_object_get(answer->json, "StatusCode");

        reach->answered = answer->outcome == OUTCOME_DONE && json_is_integer(code)
                          && json_integer_value(code) == 0;
        reach->tried = true;
        reach->slot = engine_slot_free(reach->slot);
        (void) snprintf(
                reach->trouble, sizeof reach->trouble, "%s",
                answer->outcome == OUTCOME_DONE ? "refused" : "no answer"
        );
        remove_probe(reach);
}

static void on_started(const EngineAnswer *answer, void *data) {
        ReachProbe *reach = data;
        cleanup(freep) char *path =
                text_format("/containers/%s/wait?condition=not-running", reach->probe);

        if (answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_ALREADY) {
                note_trouble(reach, answer);
                remove_probe(reach);
                return;
        }
        reach->slot = engine_slot_free(reach->slot);
        call_engine(
                reach, &(EngineCall){ .method = "POST", .path = path, .timeout_usec = WAIT_USEC },
                on_waited
        );
}

static void on_created(const EngineAnswer *answer, void *data) {
        ReachProbe *reach = data;
        const char *id = json_string_value(json_object_get(answer->json, "Id"));

        if (answer->outcome != OUTCOME_DONE || id == NULL) {
                note_trouble(reach, answer);
                conclude(reach);
                return;
        }
        reach->probe = strdup(id);
        cleanup(freep) char *path = text_format("/containers/%s/start", id);
        reach->slot = engine_slot_free(reach->slot);
        if (reach->probe == NULL)
                conclude(reach);
        else
                call_engine(
                        reach,
                        &(EngineCall
                        ){ .method = "POST", .path = path, .timeout_usec = 60 * USEC_PER_SEC },
                        on_started
                );
}

static int probe_body(const ReachProbe *reach, const char *network, json_t **ret) {
        const char *const when[] = { reach->setup.secured ? "secured" : "unsecured", NULL };
        json_t *values = json_pack(
                "{s:s, s:s, s:s}", "image", reach->image, "port", reach->port, "network", network
        );
        const PatternScope scope = { .values = values, .when = when };

        int r = values ? pattern_expand(reach->pattern, &scope, ret, NULL) : -ENOMEM;
        json_decref(values);
        return r;
}

static void probe_first(ReachProbe *reach) {
        cleanup(freep) char *path =
                text_format("/containers/create?name=coollama-probe-%08x", random_u32());
        json_t *body = NULL;

        reach->answered = false;
        reach->tried = false;
        reach->trouble[0] = '\0';
        if (path == NULL || probe_body(reach, reach->first->network, &body) < 0) {
                conclude(reach);
                return;
        }
        call_engine(
                reach, &(EngineCall){ .method = "POST", .path = path, .body = body }, on_created
        );
        json_decref(body);
}

static void find_answered(const char *key, void *value, void *data) {
        Place *place = value;
        Place **found = data;

        (void) key;
        if (!place->queued)
                *found = place;
}

/* Networks come and go, and nobody says which will be asked about again: when there is no room, an
 * answer goes that can be had anew. */
static void make_room(ReachProbe *reach) {
        Place *answered = NULL;

        if (index_size(reach->places) < REACH_NETWORKS_MAX)
                return;
        index_visit(reach->places, find_answered, &answered);
        if (answered == NULL)
                return;
        index_remove(reach->places, answered->network);
        free_place(NULL, answered, NULL);
}

static Place *add_place(ReachProbe *reach, const char *network) {
        Place *place = calloc(1, sizeof *place);
        if (place == NULL)
                return NULL;

        make_room(reach);
        place->network = strdup(network);
        if (place->network == NULL || index_put(reach->places, network, place) < 0) {
                free_place(NULL, place, NULL);
                return NULL;
        }
        return place;
}

void reach_ask(ReachProbe *reach, const char *network) {
        Place *place = index_get(reach->places, network);

        if (place == NULL)
                place = add_place(reach, network);
        if (place == NULL || place->queued)
                return;
        place->queued = true;
        if (reach->last != NULL) {
                reach->last->next = place;
                reach->last = place;
                return;
        }
        reach->first = place;
        reach->last = place;
        probe_first(reach);
}

static void clean_next(ReachProbe *reach);

static void on_cleaned(const EngineAnswer *answer, void *data) {
        ReachProbe *reach = data;

        (void) answer;
        reach->clean_slot = engine_slot_free(reach->clean_slot);
        clean_next(reach);
}

/* "/coollama-probe-" or "/coollama-verify-" and eight hex digits: the label alone may have come
 * with somebody's image. */
static bool is_probe_name(const char *name) {
        static const char *const prefixes[] = { "/coollama-probe-", "/coollama-verify-" };

        for (size_t i = 0; name != NULL && i < ARRAY_LEN(prefixes); i++) {
                size_t length = strlen(prefixes[i]);
                if (strncmp(name, prefixes[i], length) == 0
                    && strspn(name + length, "0123456789abcdef") == 8 && name[length + 8] == '\0')
                        return true;
        }
        return false;
}

/* A probe that is at work right now is left alone. */
static void clean_next(ReachProbe *reach) {
        while (reach->cleaned < json_array_size(reach->leftovers)) {
                const json_t *found = json_array_get(reach->leftovers, reach->cleaned++);
                const char *id = json_string_value(json_object_get(found, "Id"));
                const char *name =
                        json_string_value(json_array_get(json_object_get(found, "Names"), 0));

                if (id == NULL || !is_probe_name(name)
                    || (reach->probe != NULL && strcmp(id, reach->probe) == 0)
                    || reach->setup.in_use(name + 1, reach->setup.data))
                        continue;
                log_event(
                        LOG_INFO, NULL, FIELDS({ "CONTAINER", name + 1 }),
                        "Removing %s, a probe that was left when it was cut short", name + 1
                );
                cleanup(freep) char *path = text_format("/containers/%s?force=1&v=0", id);
                const EngineCall call = { .method = "DELETE", .path = path };
                if (path != NULL)
                        (void) engine_call(
                                reach->setup.engine, &call, on_cleaned, reach, &reach->clean_slot
                        );
                return;
        }
}

static void on_leftovers(const EngineAnswer *answer, void *data) {
        ReachProbe *reach = data;

        json_decref(reach->leftovers);
        reach->leftovers = json_incref(answer->json);
        reach->cleaned = 0;
        reach->clean_slot = engine_slot_free(reach->clean_slot);
        clean_next(reach);
}

void reach_clean(ReachProbe *reach) {
        Text path = TEXT_INIT(512);

        if (reach->clean_slot != NULL || reach->first != NULL)
                return;
        (void) text_add(&path, "/containers/json?all=1");
        (void) query_add(&path, "filters", "{\"label\":[\"coollama.part=probe\"]}");
        cleanup(freep) char *text = text_take(&path);
        const EngineCall call = { .method = "GET", .path = text };
        if (text != NULL)
                (void
                ) engine_call(reach->setup.engine, &call, on_leftovers, reach, &reach->clean_slot);
}
