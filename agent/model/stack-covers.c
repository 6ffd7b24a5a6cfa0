/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what runs cover what is described?
 *
 * Every field of the create body is looked up in the inspect document; fields that only the
 * document has are the engine's defaults and what the image brought, and count for nothing. The
 * create body and the document name the same things at different places (the table below), and the
 * engine normalises a few values, seen on engines 20.10 (API 1.41) and 28.5 (1.44 and 1.51):
 *
 *   - empty is the same as absent: null, "", 0, false, [] and {} in either document
 *   - Env and Labels come back with the image's own beside ours; Aliases, below 1.45, with the
 *     short id and the host name
 *   - Healthcheck.StartInterval is dropped below 1.44
 *   - CheckDuplicate of a network is a question, not a property: it never comes back
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/stack.h"

#define PATH_MAX_SHOWN 160

/* clang-format off */
static const struct {
        const char *desired;
        const char *observed;
} container_places[] = {
        { "HostConfig",                       "HostConfig"               },
        { "NetworkingConfig.EndpointsConfig", "NetworkSettings.Networks" },
};
/* clang-format on */

static bool covers(json_t *desired, const json_t *observed, const char *path, Error *why);

static bool is_empty(const json_t *value) {
        if (value == NULL)
                return true;

        switch (json_typeof(value)) {
        case JSON_NULL:
        case JSON_FALSE:
                return true;
        case JSON_TRUE:
                return false;
        case JSON_STRING:
                return json_string_length(value) == 0;
        case JSON_INTEGER:
                return json_integer_value(value) == 0;
        case JSON_REAL:
                return !(json_real_value(value) < 0 || json_real_value(value) > 0);
        case JSON_ARRAY:
                return json_array_size(value) == 0;
        case JSON_OBJECT:
                return json_object_size(value) == 0;
        }
        return false;
}

static const char *last_name(const char *path) {
        const char *dot = strrchr(path, '.');

        return dot ? dot + 1 : path;
}

static bool differs(const json_t *desired, const json_t *observed, const char *path, Error *why) {
        cleanup(freep) char *is = json_dumps(observed, JSON_ENCODE_ANY | JSON_COMPACT);
        cleanup(freep) char *should = json_dumps(desired, JSON_ENCODE_ANY | JSON_COMPACT);

        (void) error_set(
                why, -ESTALE, "%s is %.100s, should be %.100s", path,
                is_empty(observed) ? "not set" : (is ? is : "?"), should ? should : "?"
        );
        return false;
}

static const char *find_string(const json_t *array, const char *text, size_t length) {
        for (size_t i = 0; i < json_array_size(array); i++) {
                const char *element = json_string_value(json_array_get(array, i));
                if (element && strncmp(element, text, length) == 0)
                        return element;
        }
        return NULL;
}

/* Ours must be there with our values; values are not shown. */
static bool env_covers(json_t *desired, const json_t *observed, const char *path, Error *why) {
        for (size_t i = 0; i < json_array_size(desired); i++) {
                const char *want = json_string_value(json_array_get(desired, i));
                size_t length = strcspn(want ? want : "", "=");
                if (want == NULL || want[length] == '\0')
                        continue;

                const char *have = find_string(observed, want, length + 1);
                if (have && strcmp(have, want) == 0)
                        continue;
                (void) error_set(
                        why, -ESTALE, "%s: %.*s %s", path, (int) length, want,
                        have ? "has another value" : "is not set"
                );
                return false;
        }
        return true;
}

static bool set_covers(json_t *desired, const json_t *observed, const char *path, Error *why) {
        for (size_t i = 0; i < json_array_size(desired); i++) {
                const char *want = json_string_value(json_array_get(desired, i));
                bool found = false;

                for (size_t j = 0; want && !found && j < json_array_size(observed); j++)
                        found = json_equal(json_array_get(desired, i), json_array_get(observed, j));
                if (found)
                        continue;
                (void) error_set(why, -ESTALE, "%s: \"%s\" is missing", path, want ? want : "?");
                return false;
        }
        return true;
}

static bool array_covers(json_t *desired, const json_t *observed, const char *path, Error *why) {
        if (strcmp(last_name(path), "Env") == 0)
                return env_covers(desired, observed, path, why);
        if (strcmp(last_name(path), "Aliases") == 0)
                return set_covers(desired, observed, path, why);
        if (json_array_size(desired) != json_array_size(observed))
                return differs(desired, observed, path, why);

        for (size_t i = 0; i < json_array_size(desired); i++) {
                char element[PATH_MAX_SHOWN];

                (void) snprintf(element, sizeof element, "%s[%zu]", path, i);
                if (!covers(json_array_get(desired, i), json_array_get(observed, i), element, why))
                        return false;
        }
        return true;
}

/* Members whose absence from the document is the engine's API speaking, not somebody's change. */
static bool may_be_dropped(const char *key) {
        return strcmp(key, "StartInterval") == 0 || strcmp(key, "CheckDuplicate") == 0;
}

static bool object_covers(json_t *desired, const json_t *observed, const char *path, Error *why) {
        const char *key;
        json_t *value;

        json_object_foreach(desired, key, value) {
                const json_t *have = json_object_get(observed, key);
                char member[PATH_MAX_SHOWN];

                if (is_empty(have) && may_be_dropped(key))
                        continue;
                (void
                ) snprintf(member, sizeof member, "%s%s%s", path, path[0] != '\0' ? "." : "", key);
                /* {"11434/tcp": {}}: that the member is there is the whole statement. */
                if (json_is_object(value) && json_object_size(value) == 0 && have == NULL
                    && strcmp(last_name(path), "ExposedPorts") == 0)
                        return differs(value, have, member, why);
                if (!covers(value, have, member, why))
                        return false;
        }
        return true;
}

static bool covers(json_t *desired, const json_t *observed, const char *path, Error *why) {
        if (is_empty(desired) && is_empty(observed))
                return true;
        if (json_is_object(desired) && (json_is_object(observed) || is_empty(observed)))
                return object_covers(desired, observed, path, why);
        if (json_is_array(desired) && (json_is_array(observed) || is_empty(observed)))
                return array_covers(desired, observed, path, why);
        return json_equal(desired, observed) || differs(desired, observed, path, why);
}

/* A value by a dotted path of plain names. */
static json_t *get_path(const json_t *document, const char *path) {
        for (;;) {
                size_t length = strcspn(path, ".");
                json_t *value = json_object_getn(document, path, length);

                if (path[length] == '\0' || value == NULL)
                        return value;
                document = value;
                path += length + 1;
        }
}

/* Said in one sentence rather than alias by alias. */
static bool networks_joined(const json_t *desired, const json_t *observed, Error *why) {
        json_t *endpoints = get_path(desired, "NetworkingConfig.EndpointsConfig");
        const json_t *networks = get_path(observed, "NetworkSettings.Networks");
        const char *name;
        json_t *endpoint;

        json_object_foreach(endpoints, name, endpoint) {
                if (json_object_get(networks, name))
                        continue;
                (void) error_set(why, -ESTALE, "it is not in the network %s", name);
                return false;
        }
        return true;
}

static bool config_covers(json_t *desired, const json_t *observed, Error *why) {
        cleanup(json_decrefp) json_t *config = json_copy(desired);
        if (config == NULL) {
                (void) error_set(why, -ENOMEM, "out of memory");
                return false;
        }

        /* json_object_del() of what is not there is no failure that matters */
        (void) json_object_del(config, "HostConfig");
        (void) json_object_del(config, "NetworkingConfig");
        return covers(config, json_object_get(observed, "Config"), "", why);
}

static bool container_covers(const StackObject *desired, const json_t *observed, Error *why) {
        const char *name = json_string_value(json_object_get(observed, "Name"));
        if (name == NULL || name[0] != '/' || strcmp(name + 1, desired->name) != 0) {
                (void) error_set(
                        why, -ESTALE, "it is called %s, should be %s", name ? name : "nothing",
                        desired->name
                );
                return false;
        }
        if (!networks_joined(desired->body, observed, why))
                return false;

        for (size_t i = 0; i < ARRAY_LEN(container_places); i++) {
                const char *path = container_places[i].observed;
                json_t *want = get_path(desired->body, container_places[i].desired);

                if (want && !covers(want, get_path(observed, path), path, why))
                        return false;
        }
        return config_covers(desired->body, observed, why);
}

bool stack_covers(const StackObject *desired, const json_t *observed, Error *why) {
        switch (desired->kind) {
        case STACK_CONTAINER:
                return container_covers(desired, observed, why);
        case STACK_NETWORK:
        case STACK_VOLUME:
                return covers(desired->body, observed, "", why);
        }
        return false;
}

const char *stack_endpoint_network(const json_t *observed, const char *network) {
        const json_t *networks = get_path(observed, "NetworkSettings.Networks");

        return json_string_value(json_object_get(json_object_get(networks, network), "NetworkID"));
}

bool stack_is_ours(const json_t *observed, StackKind kind) {
        const json_t *labels =
                get_path(observed, kind == STACK_CONTAINER ? "Config.Labels" : "Labels");

        return kind == STACK_VOLUME || json_object_get(labels, "coollama.part") != NULL;
}
