/* SPDX-License-Identifier: Apache-2.0 */
#include "model/container.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/json-each.h"

static const char *const state_names[] = {
        [CONTAINER_CREATED] = "created",   [CONTAINER_RUNNING] = "running",
        [CONTAINER_PAUSED] = "paused",     [CONTAINER_RESTARTING] = "restarting",
        [CONTAINER_REMOVING] = "removing", [CONTAINER_EXITED] = "exited",
        [CONTAINER_DEAD] = "dead",
};
static_assert(ARRAY_LEN(state_names) == CONTAINER_DEAD + 1, "a name for every state");

static const char *const health_names[] = {
        [HEALTH_NONE] = "none",
        [HEALTH_STARTING] = "starting",
        [HEALTH_HEALTHY] = "healthy",
        [HEALTH_UNHEALTHY] = "unhealthy",
};
static_assert(ARRAY_LEN(health_names) == HEALTH_UNHEALTHY + 1, "a name for every health");

const char *container_state_to_string(ContainerState state) {
        return state_names[state];
}

int container_state_from_string(const char *text) {
        for (size_t i = 0; text != NULL && i < ARRAY_LEN(state_names); i++)
                if (strcmp(text, state_names[i]) == 0)
                        return (int) i;
        return -EINVAL;
}

const char *container_health_to_string(ContainerHealth health) {
        return health_names[health];
}

/* A health this version does not know ("none" included) is no health check. */
static ContainerHealth health_from_json(const json_t *state) {
        const char *text =
                json_string_value(json_object_get(json_object_get(state, "Health"), "Status"));

        for (size_t i = 0; text != NULL && i < ARRAY_LEN(health_names); i++)
                if (strcmp(text, health_names[i]) == 0)
                        return (ContainerHealth) i;
        return HEALTH_NONE;
}

static const char *string_or(const json_t *object, const char *key, const char *fallback) {
        const char *value = json_string_value(json_object_get(object, key));
        return value ? value : fallback;
}

static int read_identity(Container *container, Error *err) {
        const json_t *inspect = container->inspect;

        container->id = json_string_value(json_object_get(inspect, "Id"));
        if (container->id == NULL || strlen(container->id) < 12)
                return error_set(err, -EBADMSG, "the engine's answer is no container: no Id");

        const char *name = json_string_value(json_object_get(inspect, "Name"));
        if (name == NULL || name[0] == '\0')
                return error_set(
                        err, -EBADMSG, "container %.12s: the engine's answer has no Name",
                        container->id
                );
        container->name = name[0] == '/' ? name + 1 : name;
        return 0;
}

static int read_state(Container *container, Error *err) {
        const json_t *state = json_object_get(container->inspect, "State");
        int value =
                container_state_from_string(json_string_value(json_object_get(state, "Status")));
        if (value < 0)
                return error_set(
                        err, -EBADMSG,
                        "container %s: the engine's answer has no State.Status that is known",
                        container->name
                );

        container->state = (ContainerState) value;
        container->health = health_from_json(state);
        container->started_at = string_or(state, "StartedAt", "");
        container->exit_code = (int) json_integer_value(json_object_get(state, "ExitCode"));
        container->ever_started = container->started_at[0] != '\0'
                                  && strncmp(container->started_at, "0001-01-01", 10) != 0;
        return 0;
}

int container_new(json_t *inspect, Container **ret, Error *err) {
        cleanup(container_freep) Container *container = calloc(1, sizeof *container);
        if (container == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        container->inspect = json_incref(inspect);

        int r = read_identity(container, err);
        if (r < 0)
                return r;
        r = read_state(container, err);
        if (r < 0)
                return r;

        const json_t *config = json_object_get(inspect, "Config");
        if (!json_is_object(config) || !json_is_object(json_object_get(inspect, "HostConfig")))
                return error_set(
                        err, -EBADMSG,
                        "container %s: the engine's answer lacks Config or HostConfig",
                        container->name
                );

        container->labels = json_object_get(config, "Labels");
        container->image = string_or(config, "Image", "");
        container->image_id = string_or(inspect, "Image", "");
        container->created = string_or(inspect, "Created", "");
        container->project = string_or(container->labels, "com.docker.compose.project", "");
        container->config_hash = string_or(container->labels, "com.docker.compose.config-hash", "");
        container->number =
                string_or(container->labels, "com.docker.compose.container-number", "1");
        *ret = take_ptr(container);
        return 0;
}

Container *container_free(Container *container) {
        if (container == NULL)
                return NULL;
        json_decref(container->inspect);
        free(container);
        return NULL;
}

const char *container_list_name(const json_t *item) {
        const json_t *names = json_object_get(item, "Names");

        for (size_t i = 0; i < json_array_size(names); i++) {
                const char *name = json_string_value(json_array_get(names, i));

                if (name != NULL && name[0] == '/' && strchr(name + 1, '/') == NULL)
                        return name + 1;
        }
        return json_string_value(json_object_get(item, "Id"));
}

bool container_is_up(const Container *container) {
        return container->state == CONTAINER_RUNNING;
}

static const json_t *host_config(const Container *container) {
        return json_object_get(container->inspect, "HostConfig");
}

const json_t *container_restart_policy(const Container *container) {
        return json_object_get(host_config(container), "RestartPolicy");
}

const char *env_lookup(const json_t *env, const char *name) {
        size_t length = strlen(name);
        size_t i;
        json_t *item;

        json_array_foreach(env, i, item) {
                const char *text = json_string_value(item);
                if (text != NULL && strncmp(text, name, length) == 0 && text[length] == '=')
                        return text + length + 1;
        }
        return NULL;
}

const char *container_env(const Container *container, const char *name) {
        return env_lookup(
                json_object_get(json_object_get(container->inspect, "Config"), "Env"), name
        );
}

const char *container_host_entry(const Container *container, const char *host) {
        size_t length = strlen(host);
        size_t i;
        json_t *item;

        json_array_foreach(json_object_get(host_config(container), "ExtraHosts"), i, item) {
                const char *text = json_string_value(item);
                if (text != NULL && strncmp(text, host, length) == 0
                    && (text[length] == ':' || text[length] == '='))
                        return text;
        }
        return NULL;
}

static const json_t *networks(const Container *container) {
        return json_object_get(json_object_get(container->inspect, "NetworkSettings"), "Networks");
}

bool container_has_network(const Container *container, const char *network) {
        return json_object_get(networks(container), network) != NULL;
}

const char *container_network(const Container *container, const char **ret_name) {
        const char *mode = container_network_mode(container);
        const json_t *settings = json_object_get(container->inspect, "NetworkSettings");
        const char *found = NULL;
        const char *name;
        json_t *endpoint;

        *ret_name = NULL;
        if (strcmp(mode, "default") == 0)
                mode = "bridge";
        json_object_foreach(
                json_to_iterate(json_object_get(settings, "Networks")), name, endpoint
        ) {
                const char *id = json_string_value(json_object_get(endpoint, "NetworkID"));
                bool own = strcmp(name, mode) == 0 || (id != NULL && strcmp(id, mode) == 0);

                if (id == NULL || id[0] == '\0' || strcmp(name, "host") == 0
                    || strcmp(name, "none") == 0 || (found != NULL && !own))
                        continue;
                found = id;
                *ret_name = name;
                if (own)
                        break;
        }
        return found;
}

const char *container_network_mode(const Container *container) {
        return string_or(host_config(container), "NetworkMode", "default");
}

unsigned container_stop_timeout(const Container *container) {
        const json_t *config = json_object_get(container->inspect, "Config");
        const json_t *timeout = json_object_get(config, "StopTimeout");

        if (!json_is_integer(timeout))
                return 10;
        json_int_t seconds = json_integer_value(timeout);
        return seconds < 0 || seconds > 86400 ? 86400 : (unsigned) seconds;
}

/*
 * "2026-01-02T03:04:05.5Z" and "2026-01-02T03:04:05.55Z": the engine leaves trailing zeros of the
 * fraction out, so the end of the shorter one must sort before any digit, which 'Z' does not.
 */
int container_compare_created(const char *a, const char *b) {
        while (*a != '\0' && *a == *b) {
                a++;
                b++;
        }
        unsigned char left = *a == 'Z' ? 0 : (unsigned char) *a;
        unsigned char right = *b == 'Z' ? 0 : (unsigned char) *b;
        return (left > right) - (left < right);
}

bool container_is_newer(const Container *a, const Container *b) {
        int order = container_compare_created(a->created, b->created);

        return order != 0 ? order > 0 : strcmp(a->id, b->id) > 0;
}
