/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/candidate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "docker/query.h"
#include "model/seek.h"
#include "reconcile/find.h"

#define NAME_MAX_BYTES 512
#define BODY_MAX       ((size_t) 16 * 1024 * 1024)
#define LISTED_MAX     4096 /* containers that are looked through */

/* What is asked, in this order. */
typedef enum Asked {
        ASKED_CONTAINER,
        ASKED_RESOURCE,
        ASKED_PROJECT,
        ASKED_ALL,
} Asked;

struct CandidateSearch {
        Reconciler *reconciler;
        char *name;
        CandidateDone *done;
        void *data;
        CandidateSearch **slot;
        EngineSlot *engine_slot;
        Asked asked;
        json_t *listed;       /* array of the lists' items */
        Identity *identities; /* of these */
};

void candidate_cancel(CandidateSearch **slot) {
        CandidateSearch *search = *slot;

        *slot = NULL;
        if (search == NULL)
                return;
        (void) engine_slot_free(search->engine_slot);
        json_decref(search->listed);
        free(search->identities);
        free(search->name);
        free(search);
}

/* Tells it while all that it borrows is there. */
static void
end(CandidateSearch *search, const Candidate *candidate, unsigned status, const char *text) {
        CandidateSearch *held = search;
        char copy[480];

        (void) snprintf(copy, sizeof copy, "%s", text);
        *search->slot = NULL;
        search->done(candidate, status, copy, search->data);
        candidate_cancel(&held);
}

static void end_unknown(CandidateSearch *search, const Error *nearest) {
        char text[400];

        if (nearest->code == -ENOTUNIQ) {
                end(search, NULL, 409, error_text(nearest));
                return;
        }
        (void) snprintf(
                text, sizeof text,
                "no container, no resource of Coolify and no compose project '%.100s': docker ps -a "
                "shows the containers that there are",
                search->name
        );
        end(search, NULL, 404, text);
}

static Candidate candidate_of(const json_t *item, const Identity *identity) {
        return (Candidate){
                .identity = *identity,
                .id = json_string_value(json_object_get(item, "Id")),
                .name = container_list_name(item),
                .image = json_string_value(json_object_get(item, "Image")),
                .labels = json_object_get(item, "Labels"),
        };
}

static void try_consumer(Consumer *consumer, void *data) {
        if (consumer->n_tracked == 0)
                seek_try(data, &consumer->identity, NULL, 0);
}

/* The items come the newest first. Several of one identity are one. */
static size_t identify(CandidateSearch *search, const json_t **ret_items) {
        size_t n = 0, i;
        json_t *item;

        json_array_foreach(search->listed, i, item) {
                Identity *identity = &search->identities[n];
                bool known = n == LISTED_MAX
                             || identity_from_labels(
                                        json_object_get(item, "Labels"), container_list_name(item),
                                        identity, NULL
                                ) < 0;

                for (size_t j = 0; !known && j < n; j++)
                        known = strcmp(search->identities[j].key, identity->key) == 0;
                if (!known)
                        ret_items[n++] = item;
        }
        return n;
}

static void choose(CandidateSearch *search) {
        size_t size = json_array_size(search->listed) + 1;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is made */
        cleanup(freep) const json_t **items = calloc(size, sizeof *items);
        const Identity *found = NULL;
        Error err = { 0 };
        Seek seek;

        search->identities = calloc(size, sizeof *search->identities);
        if (items == NULL || search->identities == NULL) {
                end(search, NULL, 500, "out of memory");
                return;
        }
        size_t n = identify(search, items);
        seek_begin(&seek, search->name);
        for (size_t i = 0; i < n; i++)
                seek_try(&seek, &search->identities[i], NULL, 0);
        world_visit(search->reconciler->world, try_consumer, &seek);
        if (seek_end(&seek, &found, &err) < 0) {
                end_unknown(search, &err);
                return;
        }

        Candidate candidate = { .identity = *found, .name = found->human };
        for (size_t i = 0; i < n; i++)
                if (found == &search->identities[i])
                        candidate = candidate_of(items[i], found);
        end(search, &candidate, 200, "");
}

static void ask_next(CandidateSearch *search);

static void on_named(CandidateSearch *search, const EngineAnswer *answer) {
        const json_t *config = json_object_get(answer->json, "Config");
        const char *name = json_string_value(json_object_get(answer->json, "Name"));
        Candidate candidate = {
                .id = json_string_value(json_object_get(answer->json, "Id")),
                .name = name != NULL && name[0] == '/' ? name + 1 : name,
                .image = json_string_value(json_object_get(config, "Image")),
                .labels = json_object_get(config, "Labels"),
        };
        Error err = { 0 };

        if (answer->outcome != OUTCOME_DONE || !find_is_meant(answer->json, search->name)) {
                ask_next(search);
                return;
        }
        if (identity_from_labels(candidate.labels, name, &candidate.identity, &err) < 0)
                end(search, NULL, 409, error_text(&err));
        else
                end(search, &candidate, 200, "");
}

static void on_answer(const EngineAnswer *answer, void *data) {
        CandidateSearch *search = data;
        bool unknown = answer->outcome == OUTCOME_GONE || answer->outcome == OUTCOME_REFUSED;
        Error error = answer->error;

        if (answer->outcome != OUTCOME_DONE && !(search->asked == ASKED_CONTAINER && unknown)) {
                end(search, NULL, 503, error_text(&error));
                return;
        }
        if (search->asked == ASKED_CONTAINER) {
                on_named(search, answer);
                return;
        }
        (void) json_array_extend(search->listed, answer->json);
        search->engine_slot = engine_slot_free(search->engine_slot);
        ask_next(search);
}

/* Those whose label has what a stack is called by in the name. */
static char *path_of_list(const CandidateSearch *search, const char *label) {
        int size = (int) seek_stack_length(search->name);
        cleanup(freep) char *wanted = text_format("%s=%.*s", label, size, search->name);
        json_t *filters = wanted ? json_pack("{s:[s]}", "label", wanted) : NULL;
        cleanup(freep) char *dumped = filters ? json_dumps(filters, JSON_COMPACT) : NULL;
        Text path = TEXT_INIT((size_t) 4 * NAME_MAX_BYTES);

        json_decref(filters);
        (void) text_add(&path, "/containers/json?all=1");
        (void) query_add(&path, "filters", dumped ? dumped : "{}");
        char *text = text_take(&path);
        if (dumped != NULL)
                return text;
        free(text);
        return NULL;
}

static void ask_next(CandidateSearch *search) {
        cleanup(freep) char *path = NULL;

        search->asked++;
        if (search->asked == ASKED_ALL) {
                choose(search);
                return;
        }
        path = path_of_list(
                search, search->asked == ASKED_RESOURCE ? "coolify.resourceName"
                                                        : "com.docker.compose.project"
        );
        const EngineCall call = { .method = "GET", .path = path, .max_body = BODY_MAX };
        (void) engine_slot_free(search->engine_slot);
        search->engine_slot = NULL;
        int r = path ? engine_call(
                        search->reconciler->engine, &call, on_answer, search, &search->engine_slot
                )
                     : -ENOMEM;
        if (r < 0)
                end(search, NULL, 500, strerrordesc_np(-r));
}

static void ask_for_container(CandidateSearch *search) {
        cleanup(freep) char *path = text_format("/containers/%s/json", search->name);
        const EngineCall call = { .method = "GET", .path = path };

        int r = path ? engine_call(
                        search->reconciler->engine, &call, on_answer, search, &search->engine_slot
                )
                     : -ENOMEM;
        if (r < 0)
                end(search, NULL, 500, strerrordesc_np(-r));
}

void candidate_search(
        Reconciler *reconciler,
        const char *name,
        CandidateDone *done,
        void *data,
        CandidateSearch **slot
) {
        CandidateSearch *search = calloc(1, sizeof *search);
        char *copy = strndup(name, NAME_MAX_BYTES);
        json_t *listed = json_array();

        *slot = NULL;
        if (search == NULL || copy == NULL || listed == NULL) {
                free(search);
                free(copy);
                json_decref(listed);
                done(NULL, 500, "out of memory", data);
                return;
        }
        *search = (CandidateSearch){ .reconciler = reconciler,
                                     .name = copy,
                                     .done = done,
                                     .data = data,
                                     .slot = slot,
                                     .listed = listed };
        *slot = search;
        if (find_may_be_container(copy))
                ask_for_container(search);
        else
                ask_next(search);
}
