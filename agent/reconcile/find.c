/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/labels.h"
#include "model/seek.h"

#define NAME_MAX_BYTES 1024

struct Find {
        Reconciler *reconciler;
        char *name;
        FindDone *done;
        void *data;
        Find **slot;
        EngineSlot *engine_slot;
        Error unknown; /* what to say when the engine does not know the name either */
};

void find_cancel(Find **slot) {
        Find *find = *slot;

        *slot = NULL;
        if (find == NULL)
                return;
        (void) engine_slot_free(find->engine_slot);
        free(find->name);
        free(find);
}

static void end(Find *find, Consumer *consumer, unsigned status, const char *text) {
        FindDone *done = find->done;
        void *data = find->data;
        char copy[sizeof find->unknown.text];

        (void) snprintf(copy, sizeof copy, "%s", text);
        find_cancel(find->slot);
        done(consumer, status, copy, data);
}

/* The engine takes the beginning of an id as well, and be it one digit: too little for an order. */
bool find_is_meant(const json_t *inspect, const char *name) {
        const char *id = json_string_value(json_object_get(inspect, "Id"));
        const char *full = json_string_value(json_object_get(inspect, "Name"));
        size_t size = strlen(name);

        if (full != NULL && strcmp(full[0] == '/' ? full + 1 : full, name) == 0)
                return true;
        return id != NULL && size >= SEEK_ID_MIN && strncmp(id, name, size) == 0;
}

static void on_named(const EngineAnswer *result, void *data) {
        Find *find = data;
        const char *id = json_string_value(json_object_get(result->json, "Id"));
        Consumer *consumer = id ? world_find_container(find->reconciler->world, id) : NULL;
        char text[400];

        bool unknown =
                result->outcome == OUTCOME_GONE || result->outcome == OUTCOME_REFUSED
                || (result->outcome == OUTCOME_DONE && !find_is_meant(result->json, find->name));

        if (unknown) {
                end(find, NULL, 404, find->unknown.text);
        } else if (result->outcome != OUTCOME_DONE) {
                end(find, NULL, 503, error_text(&result->error));
        } else if (consumer == NULL) {
                (void) snprintf(
                        text, sizeof text,
                        "the container '%.200s' is no consumer: it does not carry the label " LABEL_ENABLE
                        "=true; coollama link does without",
                        find->name
                );
                end(find, NULL, 404, text);
        } else {
                end(find, consumer, 200, "");
        }
}

/* As the engine allows container names; nothing in it needs to be escaped in a path. */
bool find_may_be_container(const char *name) {
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

        return name[0] != '.' && name[strspn(name, allowed)] == '\0';
}

static void ask_engine(Find *find) {
        cleanup(freep) char *path = text_format("/containers/%s/json", find->name);
        const EngineCall call = { .method = "GET", .path = path };

        int r = path ? engine_call(
                        find->reconciler->engine, &call, on_named, find, &find->engine_slot
                )
                     : -ENOMEM;
        if (r < 0)
                end(find, NULL, 500, strerrordesc_np(-r));
}

static void try_consumer(Consumer *consumer, void *data) {
        const char *ids[CONSUMER_CONTAINERS_MAX];

        for (size_t i = 0; i < consumer->n_tracked; i++)
                ids[i] = consumer->tracked[i].id;
        seek_try(data, &consumer->identity, ids, consumer->n_tracked);
}

static void seek(Find *find) {
        const World *world = find->reconciler->world;
        const Identity *identity = NULL;
        Seek seek;

        seek_begin(&seek, find->name);
        world_visit(world, try_consumer, &seek);
        int r = seek_end(&seek, &identity, &find->unknown);
        if (r >= 0)
                end(find, world_find(world, identity->key), 200, "");
        else if (r == -ENOTUNIQ)
                end(find, NULL, 409, find->unknown.text);
        else if (!find_may_be_container(find->name))
                end(find, NULL, 404, find->unknown.text);
        else
                ask_engine(find);
}

void find_start(Reconciler *reconciler, const char *name, FindDone *done, void *data, Find **slot) {
        Find *find = calloc(1, sizeof *find);
        char *copy = strndup(name, NAME_MAX_BYTES);

        *slot = NULL;
        if (find == NULL || copy == NULL) {
                free(find);
                free(copy);
                done(NULL, 500, "out of memory", data);
                return;
        }
        *find = (Find
        ){ .reconciler = reconciler, .name = copy, .done = done, .data = data, .slot = slot };
        *slot = find;
        seek(find);
}
