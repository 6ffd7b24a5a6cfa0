/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks down from the top by chance and, somewhere on the way, takes away, replaces, doubles or
 * renames a member. What it puts there is of any type, or text that means something to an engine.
 */
#include "support/json-mutate.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/macro.h"

#define CHANGES_MAX 4

static const char *const words[] = {
        "",
        "/",
        "/data",
        "/data/../x",
        "v:/data:ro",
        ":",
        "::",
        "/data:",
        "/a:/b/c",
        "/a:b",
        "bridge",
        "host",
        "default",
        "container:x",
        "volume",
        "bind",
        "tmpfs",
        "image",
        "ro,nocopy",
        "A=1",
        "OLLAMA_BASE_URL",
        "OLLAMA_BASE_URL=",
        "host.docker.internal:host-gateway",
        "02:42:0a:5b:00:02",
        "0123456789ab",
        "\xc3\xa4",
        "\x01",
};

static unsigned roll(unsigned *seed, size_t n) {
        return n == 0 ? 0 : (unsigned) rand_r(seed) % (unsigned) n;
}

/* A value out of the air; for containers an empty one. */
static json_t *any_value(unsigned *seed) {
        switch (roll(seed, 8)) {
        case 0:
                return json_null();
        case 1:
                return json_object();
        case 2:
                return json_array();
        case 3:
                return json_integer((json_int_t) roll(seed, 100) - 50);
        case 4:
                return json_boolean(roll(seed, 2));
        default:
                return json_string(words[roll(seed, ARRAY_LEN(words))]);
        }
}

static void change_list(json_t *list, unsigned *seed) {
        const size_t n = json_array_size(list);
        const size_t at = roll(seed, n);

        switch (roll(seed, 4)) {
        case 0:
                json_array_remove(list, at);
                break;
        case 1:
                json_array_insert_new(list, at, any_value(seed));
                break;
        case 2:
                json_array_append_new(list, json_deep_copy(json_array_get(list, at)));
                break;
        default:
                json_array_set_new(list, at, any_value(seed));
                break;
        }
}

static void change_object(json_t *object, const char *key, unsigned *seed) {
        switch (roll(seed, 4)) {
        case 0:
                json_object_del(object, key);
                break;
        case 1:
                json_object_set_new(object, words[roll(seed, ARRAY_LEN(words))], any_value(seed));
                break;
        case 2:
                json_object_set_new(
                        object, words[roll(seed, ARRAY_LEN(words))],
                        json_deep_copy(json_object_get(object, key))
                );
                break;
        default:
                json_object_set_new(object, key, any_value(seed));
                break;
        }
}

static const char *any_key(json_t *object, unsigned *seed) {
        size_t left = roll(seed, json_object_size(object));
        void *at = json_object_iter(object);

        while (left-- > 0)
                at = json_object_iter_next(object, at);
        return at != NULL ? json_object_iter_key(at) : "";
}

static void change_once(json_t *at, unsigned *seed) {
        for (;;) {
                const char *key = any_key(at, seed);
                json_t *below = json_is_array(at)
                                        ? json_array_get(at, roll(seed, json_array_size(at)))
                                        : json_object_get(at, key);
                const bool goes_on = json_array_size(below) > 0 || json_object_size(below) > 0;

                if (goes_on && roll(seed, 4) != 0) {
                        at = below;
                        continue;
                }
                if (json_is_array(at))
                        change_list(at, seed);
                else
                        change_object(at, key, seed);
                return;
        }
}

void json_mutate(json_t *document, unsigned seed) {
        unsigned state = seed;

        for (unsigned left = 1 + roll(&state, CHANGES_MAX); left > 0; left--)
                change_once(document, &state);
}
