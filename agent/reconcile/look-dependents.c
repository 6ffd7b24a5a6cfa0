/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list > inspect each that the list does not decide > next page > ... > done
 *
 * The engine sorts by the time of creation, newest first, and "since" and "before" cut the list at
 * a container, on 20.10 as on 28.5; both must exist. A clock that was set back between the two
 * creations would hide a dependent: it is shown as the older one then.
 */
#include "reconcile/look-dependents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "docker/query.h"
#include "model/donors.h"

struct DependentsLook {
        Engine *engine;
        Index **loners;
        EngineSlot *slot;
        DependentsDone *done;
        void *data;
        const Container *of;
        json_t *page;
        size_t at; /* in the page */
        size_t seen;
        bool ended;
        Dependents found;
};

int dependents_look_new(
        Engine *engine, Index **loners, DependentsDone *done, void *data, DependentsLook **ret
) {
        DependentsLook *look = calloc(1, sizeof *look);

        if (look == NULL)
                return -ENOMEM;
        look->engine = engine;
        look->loners = loners;
        look->done = done;
        look->data = data;
        *ret = look;
        return 0;
}

DependentsLook *dependents_look_free(DependentsLook *look) {
        if (look == NULL)
                return NULL;
        (void) engine_slot_free(look->slot);
        json_decref(look->page);
        free(look);
        return NULL;
}

const char *dependents_look_text(const DependentsLook *look) {
        return look->found.n > 0 ? look->found.text : NULL;
}

static int go_on(DependentsLook *look);

static int ask(DependentsLook *look, const char *path, EngineDone *done) {
        const EngineCall call = { .method = "GET",
                                  .path = path,
                                  .max_body = (size_t) 16 * 1024 * 1024 };
        return path ? engine_call(look->engine, &call, done, look, &look->slot) : -ENOMEM;
}

static const char *id_of(const json_t *item) {
        return json_string_value(json_object_get(item, "Id"));
}

/* May end the look: there are enough to say so. */
static void found(DependentsLook *look, DependentKind kind) {
        const json_t *item = json_array_get(look->page, look->at);

        if (!dependents_add(&look->found, container_list_name(item), kind))
                look->ended = true;
}

static void remember_loner(DependentsLook *look, const char *id, const json_t *inspect) {
        DonorRef refs[DONOR_REFS_MAX];
        const json_t *links = json_object_get(json_object_get(inspect, "HostConfig"), "Links");

        if (donors_find(inspect, refs, DONOR_REFS_MAX) > 0 || json_array_size(links) > 0)
                return;
        /* The ids of containers that are long gone are never taken out one by one. */
        if (index_size(*look->loners) >= LONERS_MAX) {
                Index *fresh = NULL;

                if (index_new(LONERS_MAX, &fresh) < 0)
                        return;
                (void) index_free(*look->loners);
                *look->loners = fresh;
        }
        (void) index_put(*look->loners, id, look->loners); /* fails: it is asked again, no more */
}

static int take_inspect(DependentsLook *look, const EngineAnswer *answer, Error *err) {
        const char *id = id_of(json_array_get(look->page, look->at));

        if (answer->outcome == OUTCOME_DONE) {
                DependentKind kind = dependent_in_inspect(answer->json, look->of);

                if (kind != DEPENDENT_NONE)
                        found(look, kind);
                else
                        remember_loner(look, id, answer->json);
        } else if (answer->outcome != OUTCOME_GONE) {
                return error_set(
                        err, -EIO, "cannot inspect container %.64s: %s", id,
                        error_text(&answer->error)
                );
        }
        look->at++;
        return 0;
}

static void on_inspect(const EngineAnswer *answer, void *data) {
        DependentsLook *look = data;
        Error err = { 0 };

        look->slot = engine_slot_free(look->slot);
        int r = take_inspect(look, answer, &err);
        if (r >= 0)
                r = go_on(look);
        if (r < 0)
                look->done(r, &err, look->data);
}

static int take_page(DependentsLook *look, const EngineAnswer *answer, Error *err) {
        if (answer->outcome != OUTCOME_DONE || !json_is_array(answer->json))
                return error_set(
                        err, -EIO, "cannot list those that may live off it: %s",
                        error_text(&answer->error)
                );

        json_decref(look->page);
        look->page = json_incref(answer->json);
        look->at = 0;
        look->seen += json_array_size(look->page);
        look->ended = json_array_size(look->page) == 0;
        if (look->seen > DEPENDENTS_SEEN_MAX) {
                look->ended = true;
                look->found.n++;
                (void) snprintf(
                        look->found.text, sizeof look->found.text,
                        "one of more than %d containers that are younger", DEPENDENTS_SEEN_MAX
                );
        }
        return 0;
}

static void on_page(const EngineAnswer *answer, void *data) {
        DependentsLook *look = data;
        Error err = { 0 };

        look->slot = engine_slot_free(look->slot);
        int r = take_page(look, answer, &err);
        if (r >= 0)
                r = go_on(look);
        if (r < 0)
                look->done(r, &err, look->data);
}

static int ask_page(DependentsLook *look, const char *before) {
        Text path = TEXT_INIT(2048);
        json_t *filters = json_pack("{s:[s]}", "since", look->of->id);

        if (filters != NULL && before != NULL
            && json_object_set_new(filters, "before", json_pack("[s]", before)) < 0) {
                json_decref(filters);
                filters = NULL;
        }
        cleanup(freep) char *text = filters ? json_dumps(filters, JSON_COMPACT) : NULL;
        json_decref(filters);
        if (text == NULL)
                return -ENOMEM;
        (void) text_addf(&path, "/containers/json?all=1&limit=%d", DEPENDENTS_PAGE);
        (void) query_add(&path, "filters", text);
        cleanup(freep) char *full = text_take(&path);
        return ask(look, full, on_page);
}

/* True when the item needs no further question. */
static bool is_decided(DependentsLook *look, const json_t *item) {
        DependentKind kind = dependent_in_list(item, look->of);

        if (id_of(item) == NULL || dependent_is_probe(item))
                return true;
        if (kind != DEPENDENT_NONE) {
                found(look, kind);
                return true;
        }
        return index_get(*look->loners, id_of(item)) != NULL;
}

static int go_on(DependentsLook *look) {
        size_t size = json_array_size(look->page);

        for (; look->at < size && !look->ended; look->at++) {
                const json_t *item = json_array_get(look->page, look->at);
                if (is_decided(look, item))
                        continue;
                cleanup(freep) char *path = text_format("/containers/%s/json?size=0", id_of(item));
                return ask(look, path, on_inspect);
        }
        if (look->ended || size < DEPENDENTS_PAGE) {
                look->done(0, NULL, look->data);
                return 0;
        }

        const char *last = id_of(json_array_get(look->page, size - 1));
        return last ? ask_page(look, last) : -EBADMSG;
}

int dependents_look_start(DependentsLook *look, const Container *of) {
        look->of = of;
        look->found = (Dependents){ 0 };
        look->seen = 0;
        return ask_page(look, NULL);
}
