/* SPDX-License-Identifier: Apache-2.0 */
#include "model/unlink.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "model/link.h"

/* Has this entry ("NAME=value" or "NAME") the name? Its value then; NULL: it has not. */
static const char *value_in(const json_t *entry, const char *name) {
        const char *text = json_string_value(entry);
        size_t size = strlen(name);

        if (text == NULL || strncmp(text, name, size) != 0)
                return NULL;
        return text[size] == '=' ? text + size + 1 : text[size] == '\0' ? text + size : NULL;
}

/* The n-th entry of a name, counted from 0; NULL: there are not so many. */
static json_t *find_entry(const json_t *env, const char *name, size_t n) {
        size_t i;
        json_t *entry;

        json_array_foreach(env, i, entry) {
                if (value_in(entry, name) != NULL && n-- == 0)
                        return entry;
        }
        return NULL;
}

/* The variable of the link that this entry holds, as the link set it; NULL: it is none of ours. */
static const json_t *variable_of(const json_t *variables, const json_t *entry) {
        size_t i;
        json_t *variable;

        json_array_foreach(variables, i, variable) {
                const char *name = json_string_value(json_object_get(variable, "name"));
                const char *after = json_string_value(json_object_get(variable, "after"));
                const char *value = name ? value_in(entry, name) : NULL;

                if (value != NULL && after != NULL && strcmp(value, after) == 0)
                        return variable;
        }
        return NULL;
}

/* How many entries before this one have the name. */
static size_t count_before(const json_t *env, size_t at, const char *name) {
        size_t n = 0;

        for (size_t i = 0; i < at; i++)
                n += value_in(json_array_get(env, i), name) != NULL;
        return n;
}

static int restore_env(const json_t *env, const json_t *kept, json_t *target, Unlink *ret) {
        const json_t *old =
                json_object_get(json_object_get(json_object_get(kept, "old"), "Config"), "Env");
        const json_t *variables = json_object_get(kept, "variables");
        size_t i;
        json_t *entry;

        json_array_foreach(env, i, entry) {
                const json_t *variable = variable_of(variables, entry);

                if (variable == NULL) {
                        if (json_array_append(target, entry) < 0)
                                return -ENOMEM;
                        continue;
                }
                const char *name = json_string_value(json_object_get(variable, "name"));
                json_t *before = find_entry(old, name, count_before(env, i, name));

                if (json_array_append(ret->lost, entry) < 0)
                        return -ENOMEM;
                if (before != NULL
                    && (json_array_append(target, before) < 0
                        || json_array_append(ret->gained, before) < 0))
                        return -ENOMEM;
        }
        return 0;
}

/* The entry was appended: the last of its kind is ours. */
static int restore_hosts(const json_t *hosts, json_t *target, Unlink *ret) {
        size_t n = json_array_size(hosts);
        size_t ours = n;
        size_t i;
        json_t *entry;

        json_array_foreach(hosts, i, entry) {
                const char *text = json_string_value(entry);
                if (text != NULL && strcmp(text, LINK_HOST_ENTRY) == 0)
                        ours = i;
        }
        json_array_foreach(hosts, i, entry) {
                if (json_array_append(i == ours ? ret->lost : target, entry) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* An empty list is what it was before: null or []. */
static int
put_list(json_t *object, const char *key, json_t *list, const json_t *old, const char *part) {
        const json_t *before = json_object_get(json_object_get(old, part), key);

        if (json_array_size(list) == 0 && json_is_null(before)) {
                json_decref(list);
                list = json_null();
        }
        return json_object_set_new(object, key, list) < 0 ? -ENOMEM : 0;
}

static int compute(const json_t *kept, json_t *config, json_t *host, Unlink *ret) {
        const json_t *old = json_object_get(kept, "old");
        json_t *env = json_array();
        json_t *hosts = json_array();

        int r = env && hosts ? restore_env(json_object_get(config, "Env"), kept, env, ret)
                             : -ENOMEM;
        if (r >= 0 && json_is_true(json_object_get(kept, "host_entry"))) {
                r = restore_hosts(json_object_get(host, "ExtraHosts"), hosts, ret);
                if (r >= 0)
                        r = put_list(host, "ExtraHosts", json_incref(hosts), old, "HostConfig");
        }
        if (r >= 0)
                r = put_list(config, "Env", json_incref(env), old, "Config");
        json_decref(env);
        json_decref(hosts);
        return r;
}

int unlink_compute(const Container *container, const json_t *kept, Unlink *ret, Error *err) {
        *ret = (Unlink){ .gained = json_array(), .lost = json_array() };
        ret->inspect = json_deep_copy(container->inspect);

        json_t *config = json_object_get(ret->inspect, "Config");
        json_t *host = json_object_get(ret->inspect, "HostConfig");
        if (ret->inspect == NULL || ret->gained == NULL || ret->lost == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        if (!json_is_object(config) || !json_is_object(host))
                return error_set(err, -EBADMSG, "the container's document has no configuration");

        int r = compute(kept, config, host, ret);
        return r < 0 ? error_set(err, r, "out of memory") : 0;
}

void unlink_done(Unlink *made) {
        json_decref(made->inspect);
        json_decref(made->gained);
        json_decref(made->lost);
        *made = (Unlink){ 0 };
}
