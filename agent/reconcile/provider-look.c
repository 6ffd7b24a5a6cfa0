/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider-look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "docker/query.h"
#include "model/gateway.h"
#include "model/image.h"
#include "model/labels.h"

#define OLLAMA "ollama/ollama"

typedef enum Question {
        QUESTION_GATEWAY,
        QUESTION_OBJECT,
        QUESTION_IMAGE,
        QUESTION_OURS,
        QUESTION_FOREIGN,
        QUESTION_SUSPECT,
        QUESTION_PORT,
        QUESTION_NONE,
} Question;

struct ProviderLook {
        ProviderLookSetup setup;
        const Stack *stack;
        EngineSlot *slot;
        Question question;
        size_t at; /* object */
        char *addresses[PROVIDER_ADDRESSES_MAX + 1];
        json_t *objects[PROVIDER_OBJECTS_MAX];
        bool images[PROVIDER_OBJECTS_MAX];
        char *image_ids[PROVIDER_OBJECTS_MAX];
        json_t *ours;     /* all containers that carry our label */
        json_t *suspects; /* ids of those whose image is told by its id alone */
        size_t suspect;
        char *foreign;
        char *port_owner;
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
        json_decref(look->ours);
        json_decref(look->suspects);
        free(look->foreign);
        free(look->port_owner);
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

const char *provider_look_foreign(const ProviderLook *look) {
        return look->foreign;
}

const char *provider_look_port_owner(const ProviderLook *look) {
        return look->port_owner;
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

/* The list shows the image's id, whole or cut, where its name means another one by now. */
static bool is_an_id(const char *image, const json_t *item) {
        const char *id = json_string_value(json_object_get(item, "ImageID"));
        const char *hex = strncmp(image, "sha256:", 7) == 0 ? image + 7 : image;

        return id != NULL && strlen(hex) >= 12 && strncmp(id, "sha256:", 7) == 0
               && strncmp(id + 7, hex, strlen(hex)) == 0;
}

static int found_foreign(ProviderLook *look, const char *name) {
        look->foreign = text_format("container %s", name);
        return look->foreign ? 0 : -ENOMEM;
}

/*
 * Ollama in any registry, with any tag, that does not carry our label. Where the tag has moved on
 * since (a newer one was pulled), the list tells the image's id alone; those are inspected.
 */
static int take_foreign(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        size_t i;
        json_t *item;

        if (answer->outcome != OUTCOME_DONE)
                return error_set(
                        err, -EIO, "cannot look for an Ollama: %s", error_text(&answer->error)
                );
        json_array_foreach(answer->json, i, item) {
                const char *image = json_string_value(json_object_get(item, "Image"));
                const json_t *labels = json_object_get(item, "Labels");

                int r = 0;

                if (look->foreign != NULL || image == NULL
                    || json_object_get(labels, LABEL_PART) != NULL)
                        continue;
                if (image_is(image, OLLAMA))
                        r = found_foreign(look, first_name(item));
                else if (is_an_id(image, item))
                        r = json_array_append(look->suspects, json_object_get(item, "Id"));
                if (r < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int take_suspect(ProviderLook *look, const EngineAnswer *answer) {
        const json_t *config = json_object_get(answer->json, "Config");
        const char *image = json_string_value(json_object_get(config, "Image"));
        const char *name = json_string_value(json_object_get(answer->json, "Name"));

        if (answer->outcome != OUTCOME_DONE || image == NULL || name == NULL
            || !image_is(image, OLLAMA))
                return 0;
        return found_foreign(look, name[0] == '/' ? name + 1 : name);
}

static int take_port(ProviderLook *look, const EngineAnswer *answer) {
        const json_t *item = json_array_get(answer->json, 0);

        if (answer->outcome == OUTCOME_DONE && item != NULL)
                look->port_owner = strdup(first_name(item));
        return 0;
}

static int ask_next(ProviderLook *look, Error *err);

static int take(ProviderLook *look, const EngineAnswer *answer, Error *err) {
        switch (look->question) {
        case QUESTION_GATEWAY:
                return take_gateway(look, answer, err);
        case QUESTION_OBJECT:
                return take_object(look, answer, err);
        case QUESTION_IMAGE:
                return take_image(look, answer);
        case QUESTION_OURS:
                return take_ours(look, answer, err);
        case QUESTION_FOREIGN:
                return take_foreign(look, answer, err);
        case QUESTION_SUSPECT:
                return take_suspect(look, answer);
        case QUESTION_PORT:
                return take_port(look, answer);
        case QUESTION_NONE:
                return 0;
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

static bool ours_is_there(const ProviderLook *look) {
        const StackObject *api = stack_find_part(look->stack, "api");

        return api != NULL && look->objects[api - look->stack->objects] != NULL;
}

static bool host_has_ollama(void) {
        static const char *const units[] = {
                "/etc/systemd/system/ollama.service",
                "/usr/lib/systemd/system/ollama.service",
                "/lib/systemd/system/ollama.service",
        };

        for (size_t i = 0; i < ARRAY_LEN(units); i++)
                if (access(units[i], F_OK) == 0)
                        return true;
        return false;
}

static int ask_foreign(ProviderLook *look) {
        if (host_has_ollama()) {
                look->foreign = strdup("the host's own ollama.service");
                if (look->foreign == NULL)
                        return -ENOMEM;
        }
        look->suspects = json_array();
        if (look->suspects == NULL)
                return -ENOMEM;
        return ask(look, QUESTION_FOREIGN, "/containers/json?all=1");
}

static int ask_suspect(ProviderLook *look) {
        const char *id = json_string_value(json_array_get(look->suspects, look->suspect++));
        cleanup(freep) char *path = text_format("/containers/%s/json", id);

        return ask(look, QUESTION_SUSPECT, path);
}

static int ask_port(ProviderLook *look) {
        cleanup(freep) char *filter = text_format("{\"publish\":[\"%s/tcp\"]}", look->setup.port);

        return ask_filtered(look, QUESTION_PORT, "", filter);
}

/* The questions in their order; each falls through to the next when it has nothing (more) to ask.
 */
static int ask_next(ProviderLook *look, Error *err) {
        if (look->stack == NULL) {
                look->stack = look->setup.describe(
                        (const char *const *) look->addresses, look->setup.data
                );
                if (look->stack == NULL)
                        return error_set(err, -EINVAL, "the stack cannot be described");
                return ask_object(look);
        }
        if (look->question == QUESTION_OBJECT) {
                if (look->stack->objects[look->at].image != NULL)
                        return ask_image(look);
                look->question = QUESTION_IMAGE;
        }
        if (look->question == QUESTION_IMAGE && ++look->at < look->stack->n_objects)
                return ask_object(look);
        if (look->question == QUESTION_IMAGE)
                return ask_filtered(
                        look, QUESTION_OURS, "?all=1", "{\"label\":[\"" LABEL_PART "\"]}"
                );
        if (look->question == QUESTION_OURS && look->setup.wants_foreign && !ours_is_there(look))
                return ask_foreign(look);
        if (look->foreign == NULL && look->suspect < json_array_size(look->suspects))
                return ask_suspect(look);
        if (look->question != QUESTION_PORT && look->setup.port != NULL)
                return ask_port(look);

        look->question = QUESTION_NONE;
        look->setup.done(0, NULL, look->setup.data);
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
