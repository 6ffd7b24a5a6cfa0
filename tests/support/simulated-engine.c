/* SPDX-License-Identifier: Apache-2.0 */
#include "support/simulated-engine.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "support/inspect.h"

void sim_init(SimEngine *engine) {
        *engine = (SimEngine){ 0 };
}

void sim_done(SimEngine *engine) {
        for (size_t i = 0; i < engine->n; i++)
                json_decref(engine->containers[i].inspect);
        engine->n = 0;
}

void sim_add(SimEngine *engine, json_t *inspect) {
        assert(inspect != NULL && engine->n < SIM_CONTAINERS_MAX);
        engine->containers[engine->n++] = (SimContainer){ .inspect = inspect };
}

const char *sim_id(const SimContainer *container) {
        return json_string_value(json_object_get(container->inspect, "Id"));
}

const char *sim_name(const SimContainer *container) {
        return json_string_value(json_object_get(container->inspect, "Name")) + 1;
}

SimContainer *sim_find(SimEngine *engine, const char *id_or_name) {
        for (size_t i = 0; i < engine->n; i++)
                if (strcmp(sim_id(&engine->containers[i]), id_or_name) == 0
                    || strcmp(sim_name(&engine->containers[i]), id_or_name) == 0)
                        return &engine->containers[i];
        return NULL;
}

static json_t *state_of(const SimContainer *container) {
        return json_object_get(container->inspect, "State");
}

static const char *status_of(const SimContainer *container) {
        return json_string_value(json_object_get(state_of(container), "Status"));
}

static const char *policy_of(const SimContainer *container) {
        const json_t *host = json_object_get(container->inspect, "HostConfig");
        return json_string_value(json_object_get(json_object_get(host, "RestartPolicy"), "Name"));
}

bool sim_is_up(const SimContainer *container) {
        return strcmp(status_of(container), "running") == 0;
}

/* Running, or between two restarts of its policy. */
static bool is_alive(const SimContainer *container) {
        return sim_is_up(container) || strcmp(status_of(container), "restarting") == 0;
}

bool sim_has_env(const SimContainer *container, const char *entry) {
        const json_t *env = json_object_get(json_object_get(container->inspect, "Config"), "Env");
        size_t i;
        json_t *item;

        json_array_foreach(env, i, item) {
                if (strcmp(json_string_value(item), entry) == 0)
                        return true;
        }
        return false;
}

Container *sim_inspect(const SimContainer *container) {
        return inspect_take(json_deep_copy(container->inspect));
}

static json_t *next_time(SimEngine *engine) {
        char text[40];

        engine->ticks++;
        (void) snprintf(
                text, sizeof text, "2026-02-03T%02u:%02u:%02uZ", engine->ticks / 3600,
                engine->ticks / 60 % 60, engine->ticks % 60
        );
        return json_string(text);
}

int sim_create(SimEngine *engine, const char *name, json_t *body) {
        char id[65], slashed[160];
        json_t *networks =
                json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");

        (void) snprintf(slashed, sizeof slashed, "/%s", name);
        (void) snprintf(id, sizeof id, "%064x", 0xc0de00 + ++engine->created);
        if (sim_find(engine, name) != NULL) {
                json_decref(body);
                return 409;
        }

        json_t *config = json_deep_copy(body);
        (void) json_object_del(config, "HostConfig");
        (void) json_object_del(config, "NetworkingConfig");
        json_t *image = inspect_image();
        json_t *inspect = json_pack(
                "{s:s, s:s, s:O, s:o, s:i, s:{s:s, s:s, s:i}, s:[], s:o, s:O, s:{s:{}, s:O?}}",
                "Id", id, "Name", slashed, "Image", json_object_get(image, "Id"), "Created",
                next_time(engine), "RestartCount", 0, "State", "Status", "created", "StartedAt",
                "0001-01-01T00:00:00Z", "ExitCode", 0, "Mounts", "Config", config, "HostConfig",
                json_object_get(body, "HostConfig"), "NetworkSettings", "Ports", "Networks",
                networks
        );
        json_decref(image);
        sim_add(engine, inspect);
        json_decref(body);
        return 201;
}

int sim_rename(SimEngine *engine, const char *id, const char *name) {
        SimContainer *container = sim_find(engine, id);
        char slashed[160];

        if (container == NULL)
                return 404;
        if (sim_find(engine, name) != NULL)
                return 409;
        (void) snprintf(slashed, sizeof slashed, "/%s", name);
        json_object_set_new(container->inspect, "Name", json_string(slashed));
        return 204;
}

static void set_status(SimContainer *container, const char *status, int exit_code) {
        json_object_set_new(state_of(container), "Status", json_string(status));
        json_object_set_new(state_of(container), "ExitCode", json_integer(exit_code));
}

static bool port_is_taken(const SimEngine *engine, const SimContainer *except) {
        for (size_t i = 0; engine->one_port && i < engine->n; i++)
                if (&engine->containers[i] != except && sim_is_up(&engine->containers[i]))
                        return true;
        return false;
}

int sim_start(SimEngine *engine, const char *id) {
        SimContainer *container = sim_find(engine, id);

        if (container == NULL)
                return 404;
        if (sim_is_up(container))
                return 304;
        if (port_is_taken(engine, container))
                return 500;
        container->by_hand = false;
        json_object_set_new(state_of(container), "StartedAt", next_time(engine));
        bool dies = engine->dies_with != NULL && sim_has_env(container, engine->dies_with);
        bool again = strcmp(policy_of(container), "no") != 0;
        set_status(container, !dies ? "running" : again ? "restarting" : "exited", dies);
        json_object_set_new(container->inspect, "RestartCount", json_integer(dies && again));
        return 204;
}

int sim_stop(SimEngine *engine, const char *id) {
        SimContainer *container = sim_find(engine, id);

        if (container == NULL)
                return 404;
        container->by_hand = true;
        if (!is_alive(container))
                return 304;
        set_status(container, "exited", 137);
        return 204;
}

int sim_remove(SimEngine *engine, const char *id, bool force) {
        SimContainer *container = sim_find(engine, id);

        if (container == NULL)
                return 404;
        if (is_alive(container) && !force)
                return 409;
        json_decref(container->inspect);
        *container = engine->containers[--engine->n];
        return 204;
}

static int update(SimContainer *container, const json_t *body) {
        json_t *host = json_object_get(container->inspect, "HostConfig");

        json_object_set_new(
                host, "RestartPolicy", json_deep_copy(json_object_get(body, "RestartPolicy"))
        );
        return 200;
}

static int connect_network(SimEngine *engine, const char *network, const json_t *body) {
        const char *id = json_string_value(json_object_get(body, "Container"));
        SimContainer *container = id ? sim_find(engine, id) : NULL;

        if (container == NULL)
                return 404;
        json_t *networks =
                json_object_get(json_object_get(container->inspect, "NetworkSettings"), "Networks");
        if (json_object_get(networks, network) != NULL)
                return 403;
        json_object_set_new(networks, network, json_object());
        return 200;
}

int sim_call(SimEngine *engine, const ActionCall *call) {
        char id[160] = "", verb[32] = "", name[160] = "";

        if (sscanf(call->path, "/containers/create?name=%159[^&]", name) == 1)
                return sim_create(engine, name, json_deep_copy(call->body));
        if (sscanf(call->path, "/networks/%159[^/]/connect", id) == 1)
                return connect_network(engine, id, call->body);
        if (sscanf(call->path, "/containers/%159[^/?]/%31[a-z]?name=%159s", id, verb, name) < 1)
                return 400;

        /* The planner's promise: what exists is named by its full id. */
        assert(strlen(id) == 64);
        SimContainer *container = sim_find(engine, id);
        if (container == NULL)
                return 404;
        if (strcmp(call->method, "DELETE") == 0) {
                assert(strcmp(call->path + strlen("/containers/") + 64, "?v=0") == 0);
                return sim_remove(engine, id, false);
        }
        if (strcmp(verb, "rename") == 0)
                return sim_rename(engine, id, name);
        if (strcmp(verb, "start") == 0)
                return sim_start(engine, id);
        if (strcmp(verb, "stop") == 0)
                return sim_stop(engine, id);
        if (strcmp(verb, "update") == 0)
                return update(container, call->body);
        return 404;
}

void sim_restart(SimEngine *engine) {
        for (size_t i = 0; i < engine->n; i++) {
                SimContainer *container = &engine->containers[i];

                container->was_up = sim_is_up(container);
                if (container->was_up)
                        set_status(container, "exited", 0);
        }
        for (size_t i = 0; i < engine->n; i++) {
                SimContainer *container = &engine->containers[i];
                const char *policy = policy_of(container);
                bool started = strcmp(status_of(container), "created") != 0;

                if ((strcmp(policy, "always") == 0 && started)
                    || (strcmp(policy, "unless-stopped") == 0 && container->was_up
                        && !container->by_hand)) {
                        bool by_hand = container->by_hand;

                        (void) sim_start(engine, sim_id(container));
                        container->by_hand = by_hand;
                }
        }
}
