/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/leftovers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/text.h"
#include "docker/query.h"

struct Leftovers {
        Engine *engine;
        bool (*in_use)(const char *id, const char *name, void *data);
        void *data;
        EngineSlot *slot;
        json_t *found;
        size_t at;
};

int leftovers_new(
        Engine *engine,
        bool (*in_use)(const char *id, const char *name, void *data),
        void *data,
        Leftovers **ret
) {
        Leftovers *leftovers = calloc(1, sizeof *leftovers);
        if (leftovers == NULL)
                return -ENOMEM;
        leftovers->engine = engine;
        leftovers->in_use = in_use;
        leftovers->data = data;
        *ret = leftovers;
        return 0;
}

Leftovers *leftovers_free(Leftovers *leftovers) {
        if (leftovers == NULL)
                return NULL;
        (void) engine_slot_free(leftovers->slot);
        json_decref(leftovers->found);
        free(leftovers);
        return NULL;
}

static void clean_next(Leftovers *leftovers);

static void on_cleaned(const EngineAnswer *answer, void *data) {
        Leftovers *leftovers = data;

        (void) answer;
        leftovers->slot = engine_slot_free(leftovers->slot);
        clean_next(leftovers);
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

static void clean_next(Leftovers *leftovers) {
        while (leftovers->at < json_array_size(leftovers->found)) {
                const json_t *found = json_array_get(leftovers->found, leftovers->at++);
                const char *id = json_string_value(json_object_get(found, "Id"));
                const char *name =
                        json_string_value(json_array_get(json_object_get(found, "Names"), 0));

                if (id == NULL || !is_probe_name(name)
                    || leftovers->in_use(id, name + 1, leftovers->data))
                        continue;
                log_event(
                        LOG_INFO, NULL, FIELDS({ "CONTAINER", name + 1 }),
                        "Removing %s, a probe that was left when it was cut short", name + 1
                );
                cleanup(freep) char *path = text_format("/containers/%s?force=1&v=0", id);
                const EngineCall call = { .method = "DELETE", .path = path };
                if (path != NULL)
                        (void) engine_call(
                                leftovers->engine, &call, on_cleaned, leftovers, &leftovers->slot
                        );
                return;
        }
}

static void on_found(const EngineAnswer *answer, void *data) {
        Leftovers *leftovers = data;

        json_decref(leftovers->found);
        leftovers->found = json_incref(answer->json);
        leftovers->at = 0;
        leftovers->slot = engine_slot_free(leftovers->slot);
        clean_next(leftovers);
}

void leftovers_clean(Leftovers *leftovers) {
        Text path = TEXT_INIT(512);

        if (leftovers->slot != NULL)
                return;
        (void) text_add(&path, "/containers/json?all=1");
        (void) query_add(&path, "filters", "{\"label\":[\"coollama.part=probe\"]}");
        cleanup(freep) char *text = text_take(&path);
        const EngineCall call = { .method = "GET", .path = text };
        if (text != NULL)
                (void) engine_call(leftovers->engine, &call, on_found, leftovers, &leftovers->slot);
}
