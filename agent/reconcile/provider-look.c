/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider-look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "docker/query.h"
#include "model/gateway.h"
#include "model/labels.h"

typedef enum Question {
        QUESTION_GATEWAY,
        QUESTION_CANDIDATES,
        QUESTION_CHOSEN,
        QUESTION_PORT,
        QUESTION_OBJECT,
        QUESTION_IMAGE,
        QUESTION_OURS,
} Question;

struct ProviderLook {
        ProviderLookSetup setup;
        ProviderFindSetup candidates;
        const Stack *stack;
        EngineSlot *slot;
        ProviderFind *find;
        Question question;
        size_t at; /* object */
        char *addresses[PROVIDER_ADDRESSES_MAX + 1];
        json_t *objects[PROVIDER_OBJECTS_MAX];
        bool images[PROVIDER_OBJECTS_MAX];
        char *image_ids[PROVIDER_OBJECTS_MAX];
        char *chosen_id;
        json_t *chosen;
        json_t *port;
        json_t *ours; /* all containers that carry our label */
};

ProviderLook *provider_look_free(ProviderLook *look) {
        if (look == NULL)
                return NULL;
        (void) engine_slot_free(look->slot);
        for (size_t i = 0; i < PROVIDER_ADDRESSES_MAX; i++)
                free(look->addresses[i]);
        for (size_t i = 0; i < PROVIDER_OBJECTS_MAX; i++)
                json_decref(look->objects[i]);
        for (size_t i = 0; i < PROVIDER_OBJECTS_MAX; i++)
                free(look->image_ids[i]);
        (void) provider_find_free(look->find);
        json_decref(look->chosen);
        json_decref(look->port);
        json_decref(look->ours);
        free(look->chosen_id);
        free(look);
        return NULL;
}

const json_t *provider_look_object(const ProviderLook *look, size_t i) {
        return look->objects[i];
}

bool provider_look_image_present(const ProviderLook *look, size_t i) {
        return look->images[i];
}

const char *provider_look_image_id(const ProviderLook *look, size_t i) {
        return look->image_ids[i];
}

static int take_image(ProviderLook *look, const EngineAnswer *answer) {
        const char *id = json_string_value(json_object_get(answer->json, "Id"));

        look->images[look->at] = answer->outcome == OUTCOME_DONE;
        if (answer->outcome != OUTCOME_DONE || id == NULL)
                return 0;
        look->image_ids[look->at] = strdup(id);
        return look->image_ids[look->at] ? 0 : -ENOMEM;
}

const char *const *provider_look_addresses(const ProviderLook *look) {
        return (const char *const *) look->addresses;
}

const json_t *provider_look_chosen(const ProviderLook *look) {
        return look->chosen;
}

const json_t *provider_look_port(const ProviderLook *look) {
        return look->port;
}

static const char *first_name(const json_t *item) {
        const char *name = json_string_value(json_array_get(json_object_get(item, "Names"), 0));
        return name == NULL ? "?" : name[0] == '/' ? name + 1 : name;
}

static bool is_of_the_stack(const ProviderLook *look, const char *name) {
        for (size_t i = 0; i < look->stack->n_objects; i++)
                if (look->stack->objects[i].kind == STACK_CONTAINER
                    && strcmp(look->stack->objects[i].name, name) == 0)
                        return true;
        return false;
}

/* Labels travel: an image that was committed from a container of ours hands them on to whoever runs
 * it. So the name must be one of ours as well before anything is taken away. */
static bool is_surely_ours(const char *name, const char *part, const json_t *labels) {
        const char *project =
                json_string_value(json_object_get(labels, "com.docker.compose.project"));

        return strncmp(name, "coollama-", strlen("coollama-")) == 0 && project != NULL
               && strcmp(project, "coollama") == 0
               && (strcmp(part, "api") == 0 || strcmp(part, "proxy") == 0);
}

size_t provider_look_extras(const ProviderLook *look, ExtraContainer *extras, size_t max) {
        size_t n = 0;
        size_t i;
        json_t *item;

        json_array_foreach(look->ours, i, item) {
                const json_t *labels = json_object_get(item, "Labels");
                const char *part = json_string_value(json_object_get(labels, LABEL_PART));
                const char *id = json_string_value(json_object_get(item, "Id"));

                if (n == max || part == NULL || id == NULL || strcmp(part, "probe") == 0
                    || !is_surely_ours(first_name(item), part, labels)
                    || is_of_the_stack(look, first_name(item)))
                        continue;
                extras[n++] = (ExtraContainer){ .id = id, .name = first_name(item) };
        }
        return n;
}

static int take_gateway(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        const json_t *config = json_object_get(json_object_get(answer->json, "IPAM"), "Config");
        size_t n = 0;
        size_t i;
        json_t *item;

        if (answer->outcome != OUTCOME_DONE)
                return error_set(
                        err, -ENOENT,
                        "cannot read the bridge's gateway address (set bind in [proxy] if there is no bridge): %s",
                        error_text(&answer->error)
                );
        json_array_foreach(config, i, item) {
                char gateway[GATEWAY_TEXT_MAX];
                if (n == PROVIDER_ADDRESSES_MAX || gateway_from_ipam(item, gateway) < 0)
                        continue;
                look->addresses[n] = strdup(gateway);
                if (look->addresses[n++] == NULL)
                        return -ENOMEM;
        }
        return n > 0 ? 0
                     : error_set(
                             err, -ENOENT,
                             "the engine's bridge has no gateway address: set bind in [proxy]"
                     );
}

static int take_object(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        const char *name = look->stack->objects[look->at].name;

        if (answer->outcome == OUTCOME_DONE)
                look->objects[look->at] = json_incref(answer->json);
        else if (answer->outcome != OUTCOME_GONE)
                return error_set(
                        err, -EIO, "cannot inspect %s: %s", name, error_text(&answer->error)
                );
        return 0;
}

static int take_ours(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        if (answer->outcome != OUTCOME_DONE)
                return error_set(
                        err, -EIO, "cannot look for what is ours: %s", error_text(&answer->error)
                );
        look->ours = json_incref(answer->json);
        return 0;
}

/* One that has gone since it was chosen: it is away. */
static int take_chosen(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        if (answer->outcome == OUTCOME_DONE)
                look->chosen = json_incref(answer->json);
        else if (answer->outcome != OUTCOME_GONE)
                return error_set(
                        err, -EIO, "cannot inspect the chosen Ollama: %s",
                        error_text(&answer->error)
                );
        return 0;
}

static int take_port(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        if (answer->outcome != OUTCOME_DONE)
                return error_set(
                        err, -EIO, "cannot ask who has the port: %s", error_text(&answer->error)
                );
        look->port = json_incref(answer->json);
        return 0;
}

static int ask_next(ProviderLook *look, Error *err);

static int take(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        switch (look->question) {
        case QUESTION_GATEWAY:
                return take_gateway(look, answer, err);
        case QUESTION_CANDIDATES:
                return 0;
        case QUESTION_CHOSEN:
                return take_chosen(look, answer, err);
        case QUESTION_PORT:
                return take_port(look, answer, err);
        case QUESTION_OBJECT:
                return take_object(look, answer, err);
        case QUESTION_IMAGE:
                return take_image(look, answer);
        case QUESTION_OURS:
                return take_ours(look, answer, err);
        }
        return 0;
}

static void on_answer(const EngineAnswer *answer, void *data) {
        ProviderLook *look = data;
        Error err = { 0 };

        look->slot = engine_slot_free(look->slot);
        int r = take(look, answer, &err);
        if (r >= 0)
                r = ask_next(look, &err);
        if (r < 0)
                look->setup.done(r, &err, look->setup.data);
}

static int ask(ProviderLook *look, Question question, const char *path) {
        const EngineCall call = { .method = "GET",
                                  .path = path,
                                  .max_body = (size_t) 64 * 1024 * 1024 };

        look->question = question;
        return path ? engine_call(look->setup.engine, &call, on_answer, look, &look->slot)
                    : -ENOMEM;
}

static int ask_object(ProviderLook *look) {
        static const char *const formats[][2] = {
                [STACK_NETWORK] = { "/networks/", "" },
                [STACK_VOLUME] = { "/volumes/", "" },
                [STACK_CONTAINER] = { "/containers/", "/json" },
        };
        const StackObject *object = &look->stack->objects[look->at];
        cleanup(freep) char *path = text_format(
                "%s%s%s", formats[object->kind][0], object->name, formats[object->kind][1]
        );

        return ask(look, QUESTION_OBJECT, path);
}

static int ask_image(ProviderLook *look) {
        cleanup(freep) char *path =
                text_format("/images/%s/json", look->stack->objects[look->at].image);

        return ask(look, QUESTION_IMAGE, path);
}

static int
ask_filtered(ProviderLook *look, Question question, const char *rest, const char *filter) {
        Text path = TEXT_INIT(512);

        (void) text_add(&path, "/containers/json");
        (void) text_add(&path, rest);
        if (filter == NULL || query_add(&path, "filters", filter) < 0) {
                text_done(&path);
                return -ENOMEM;
        }
        cleanup(freep) char *full = text_take(&path);
        return ask(look, question, full);
}

static int ask_port(ProviderLook *look) {
        cleanup(freep) char *filter = text_format("{\"publish\":[\"%s/tcp\"]}", look->setup.port);

        return ask_filtered(look, QUESTION_PORT, "", filter);
}

static int choose(ProviderLook *look, Error *err) {
        const char *id = look->setup.choose(look->find, look->setup.data);

        bool wanted = id != NULL;
        look->chosen_id = wanted ? strdup(id) : NULL;
        look->find = provider_find_free(look->find);
        if (wanted && look->chosen_id == NULL)
                return -ENOMEM;
        look->question = QUESTION_CANDIDATES;
        if (look->chosen_id == NULL)
                return ask_next(look, err);
        cleanup(freep) char *path = text_format("/containers/%s/json", look->chosen_id);
        return ask(look, QUESTION_CHOSEN, path);
}

static void on_found(int result, const Error *error, void *data) {
        ProviderLook *look = data;
        Error err = { 0 };

        int r = result < 0 ? result : choose(look, &err);
        if (r < 0)
                look->setup.done(r, result < 0 ? error : &err, look->setup.data);
}

static int find_candidates(ProviderLook *look, Error *err) {
        if (look->setup.candidates == NULL)
                return choose(look, err);
        look->question = QUESTION_CANDIDATES;
        look->candidates = *look->setup.candidates;
        look->candidates.done = on_found;
        look->candidates.data = look;
        return provider_find_start(&look->candidates, &look->find);
}

static int describe(ProviderLook *look, Error *err) {
        look->stack = look->setup.describe(look, look->setup.data);
        if (look->stack == NULL)
                return error_set(err, -EINVAL, "the stack cannot be described");
        return ask_object(look);
}

static int ask_next_object(ProviderLook *look) {
        if (look->question == QUESTION_OBJECT && look->stack->objects[look->at].image != NULL)
                return ask_image(look);
        if (++look->at < look->stack->n_objects)
                return ask_object(look);
        return ask_filtered(look, QUESTION_OURS, "?all=1", "{\"label\":[\"" LABEL_PART "\"]}");
}

/* The questions in their order; the one before has been answered. */
static int ask_next(ProviderLook *look, Error *err) {
        switch (look->question) {
        case QUESTION_GATEWAY:
                return find_candidates(look, err);
        case QUESTION_CANDIDATES:
        case QUESTION_CHOSEN:
                if (look->chosen_id != NULL || look->setup.wants_port)
                        return ask_port(look);
                return describe(look, err);
        case QUESTION_PORT:
                return describe(look, err);
        case QUESTION_OBJECT:
        case QUESTION_IMAGE:
                return ask_next_object(look);
        case QUESTION_OURS:
                look->setup.done(0, NULL, look->setup.data);
                return 0;
        }
        return 0;
}

int provider_look_start(const ProviderLookSetup *setup, ProviderLook **ret) {
        ProviderLook *look = calloc(1, sizeof *look);
        if (look == NULL)
                return -ENOMEM;
        look->setup = *setup;

        Error err = { 0 };
        int r = setup->wants_gateway ? ask(look, QUESTION_GATEWAY, "/networks/bridge")
                                     : ask_next(look, &err);
        if (r < 0) {
                (void) provider_look_free(look);
                return r;
        }
        *ret = look;
        return 0;
}
