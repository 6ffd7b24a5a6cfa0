/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider-find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "docker/query.h"
#include "model/container.h"
#include "model/image.h"
#include "model/labels.h"

#define OLLAMA  "ollama/ollama"
#define OUR_API "coollama-api"

struct ProviderFind {
        ProviderFindSetup setup;
        EngineSlot *slot;
        ProviderCandidate *candidates;
        size_t n_candidates;
        bool ours;
        json_t *list;
        size_t at; /* in the list: whose image is told by its id alone */
};

ProviderFind *provider_find_free(ProviderFind *find) {
        if (find == NULL)
                return NULL;
        (void) engine_slot_free(find->slot);
        json_decref(find->list);
        free(find->candidates);
        free(find);
        return NULL;
}

const ProviderCandidate *provider_find_candidates(const ProviderFind *find, size_t *ret_n) {
        *ret_n = find->n_candidates;
        return find->candidates;
}

bool provider_find_ours(const ProviderFind *find) {
        return find->ours;
}

/* The list shows the image's id, whole or cut, where its name means another one by now. */
static bool is_an_id(const json_t *item) {
        const char *image = json_string_value(json_object_get(item, "Image"));
        const char *id = json_string_value(json_object_get(item, "ImageID"));

        if (image == NULL || id == NULL)
                return false;
        const char *hex = strncmp(image, "sha256:", 7) == 0 ? image + 7 : image;
        return strlen(hex) >= 12 && strncmp(id, "sha256:", 7) == 0
               && strncmp(id + 7, hex, strlen(hex)) == 0;
}

static bool is_running(const json_t *item) {
        const char *state = json_string_value(json_object_get(item, "State"));
        return state != NULL && strcmp(state, "running") == 0;
}

static bool asks(const json_t *labels) {
        const char *role = json_string_value(json_object_get(labels, LABEL_ROLE));
        return role != NULL && strcmp(role, role_to_string(ROLE_PROVIDER)) == 0;
}

static bool is_trusted(const ProviderFind *find, const Identity *identity) {
        const Remembered *remembered = memory_get(find->setup.memory, identity->key);
        return remembered != NULL && (remembered->trusted & TRUST_PROVIDER) != 0;
}

static bool is_wanted(const ProviderFind *find, const ProviderCandidate *candidate) {
        if (find->setup.of != NULL)
                return strcmp(candidate->identity.key, find->setup.of->identity) == 0;
        return candidate->ollama || candidate->asks
               || (find->setup.named[0] != '\0'
                   && provider_candidate_is_named(candidate, find->setup.named));
}

static void take_item(ProviderFind *find, const json_t *item, const char *image) {
        const json_t *labels = json_object_get(item, "Labels");
        const char *id = json_string_value(json_object_get(item, "Id"));
        const char *name = container_list_name(item);
        ProviderCandidate *candidate = &find->candidates[find->n_candidates];

        if (id == NULL || name == NULL || find->n_candidates == CANDIDATES_MAX)
                return;
        if (json_object_get(labels, LABEL_PART) != NULL) {
                find->ours = find->ours || strcmp(name, OUR_API) == 0;
                return;
        }
        *candidate = (ProviderCandidate){
                .ollama = image != NULL && image_is(image, OLLAMA),
                .asks = asks(labels),
                .running = is_running(item),
                .created = json_integer_value(json_object_get(item, "Created")),
        };
        (void) snprintf(candidate->id, sizeof candidate->id, "%s", id);
        (void) snprintf(candidate->name, sizeof candidate->name, "%s", name);
        if (identity_from_labels(labels, name, &candidate->identity, NULL) < 0)
                return;
        candidate->trusted = candidate->asks && is_trusted(find, &candidate->identity);
        if (is_wanted(find, candidate))
                find->n_candidates++;
}

static int ask_next(ProviderFind *find);

static void end(ProviderFind *find, int result, const Error *error) {
        find->setup.done(result, error, find->setup.data);
}

static void on_suspect(const EngineAnswer *answer, void *data) {
        ProviderFind *find = data;
        const char *image =
                json_string_value(json_object_get(json_object_get(answer->json, "Config"), "Image")
                );

        find->slot = engine_slot_free(find->slot);
        take_item(
                find, json_array_get(find->list, find->at++),
                answer->outcome == OUTCOME_DONE ? image : NULL
        );
        int r = ask_next(find);
        if (r < 0)
                end(find, r, NULL);
}

static int ask_suspect(ProviderFind *find, const json_t *item) {
        const char *id = json_string_value(json_object_get(item, "Id"));
        cleanup(freep) char *path = text_format("/containers/%s/json", id ? id : "");
        const EngineCall call = { .method = "GET", .path = path };

        return path ? engine_call(find->setup.engine, &call, on_suspect, find, &find->slot)
                    : -ENOMEM;
}

static int ask_next(ProviderFind *find) {
        for (; find->at < json_array_size(find->list); find->at++) {
                const json_t *item = json_array_get(find->list, find->at);

                if (find->setup.of == NULL && is_an_id(item))
                        return ask_suspect(find, item);
                take_item(find, item, json_string_value(json_object_get(item, "Image")));
        }
        end(find, 0, NULL);
        return 0;
}

static void on_list(const EngineAnswer *answer, void *data) {
        ProviderFind *find = data;
        Error err = { 0 };

        find->slot = engine_slot_free(find->slot);
        if (answer->outcome != OUTCOME_DONE || !json_is_array(answer->json)) {
                int r = error_set(
                        &err, -EIO, "cannot look for an Ollama: %s", error_text(&answer->error)
                );
                end(find, r, &err);
                return;
        }
        find->list = json_incref(answer->json);
        int r = ask_next(find);
        if (r < 0)
                end(find, r, NULL);
}

/* Only the containers of its project, or those whose names begin like its own. */
static char *filter_of(const ProviderChoice *choice) {
        cleanup(freep) char *label = text_format("com.docker.compose.project=%s", choice->project);
        json_t *filter = choice->project[0] != '\0' ? json_pack("{s:[s?]}", "label", label)
                                                    : json_pack("{s:[s]}", "name", choice->member);
        char *text = filter ? json_dumps(filter, JSON_COMPACT) : NULL;

        json_decref(filter);
        return text;
}

int provider_find_start(const ProviderFindSetup *setup, ProviderFind **ret) {
        ProviderFind *find = calloc(1, sizeof *find);
        if (find == NULL)
                return -ENOMEM;
        find->setup = *setup;
        find->candidates = calloc(CANDIDATES_MAX, sizeof *find->candidates);

        cleanup(freep) char *filter = setup->of ? filter_of(setup->of) : NULL;
        Text text = TEXT_INIT(8192);
        (void) text_add(&text, "/containers/json?all=1");
        if (filter != NULL)
                (void) query_add(&text, "filters", filter);
        cleanup(freep) char *path = text_take(&text);
        const EngineCall call = { .method = "GET",
                                  .path = path,
                                  .max_body = (size_t) 64 * 1024 * 1024 };
        int r = find->candidates == NULL || path == NULL || (setup->of != NULL && filter == NULL)
                        ? -ENOMEM
                        : engine_call(setup->engine, &call, on_list, find, &find->slot);
        if (r < 0) {
                (void) provider_find_free(find);
                return r;
        }
        *ret = find;
        return 0;
}
