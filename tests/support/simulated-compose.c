/* SPDX-License-Identifier: Apache-2.0 */
#include "support/simulated-compose.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "support/inspect.h"

#define NAME "shop-app-1"

enum {
        STEP_LIST,
        STEP_CREATE,
        STEP_STOP,
        STEP_REMOVE,
        STEP_RENAME,
        STEP_START,
        STEP_END
};

json_t *sim_deployment(const char *hash) {
        static const char *const env[] = { "VER=2", NULL };
        json_t *document = inspect_new(&(InspectSpec){ .env = env, .hash = hash });
        json_t *body = json_deep_copy(json_object_get(document, "Config"));
        const json_t *networks =
                json_object_get(json_object_get(document, "NetworkSettings"), "Networks");

        json_object_set_new(
                body, "HostConfig", json_deep_copy(json_object_get(document, "HostConfig"))
        );
        json_object_set_new(
                body, "NetworkingConfig",
                json_pack(
                        "{s:{s:O, s:O}}", "EndpointsConfig", "net-a",
                        json_object_get(networks, "net-a"), "net-b",
                        json_object_get(networks, "net-a")
                )
        );
        json_decref(document);
        return body;
}

static void list(SimCompose *compose, SimHost *host) {
        for (size_t i = 0; i < host->engine.n; i++) {
                cleanup(container_freep) Container *container =
                        sim_inspect(&host->engine.containers[i]);
                size_t at = compose->n_listed;

                if (strcmp(container->project, "shop") != 0 || at == ARRAY_LEN(compose->listed))
                        continue;
                /* By time, so that the one that is re-created comes last. */
                for (; at > 0; at--) {
                        const SimContainer *other =
                                sim_find(&host->engine, compose->listed[at - 1]);
                        const char *created =
                                json_string_value(json_object_get(other->inspect, "Created"));
                        int order = container_compare_created(container->created, created);
                        bool last = compose->target == COMPOSE_TAKES_NEWEST ? order > 0 : order < 0;

                        if (last)
                                break;
                        memcpy(compose->listed[at], compose->listed[at - 1], 65);
                }
                memcpy(compose->listed[at], container->id, 65);
                compose->n_listed++;
        }
}

static int create(SimCompose *compose, SimHost *host) {
        char name[128] = NAME;

        if (compose->no_change && compose->n_listed > 0)
                memcpy(compose->id, compose->listed[--compose->n_listed], sizeof compose->id);
        if (compose->tears_down || compose->no_change)
                return 201;
        if (compose->n_listed > 0)
                (void) snprintf(
                        name, sizeof name, "%.12s_" NAME, compose->listed[compose->n_listed - 1]
                );
        int status = sim_create(&host->engine, name, sim_deployment(compose->hash));
        if (status == 201) {
                compose->created = true;
                (void) snprintf(
                        compose->id, sizeof compose->id, "%s",
                        sim_id(&host->engine.containers[host->engine.n - 1])
                );
        }
        return status;
}

static int stop(SimCompose *compose, SimHost *host) {
        const char *phase = json_string_value(json_object_get(host->record, "phase"));

        if (compose->no_change && phase != NULL && strcmp(phase, "started") == 0)
                compose->too_late = true;
        return compose->at < compose->n_listed
                       ? sim_stop(&host->engine, compose->listed[compose->at])
                       : 304;
}

/* Also decides whether there is another one to stop. */
static int take_away(SimCompose *compose, SimHost *host) {
        int status = 204;

        if (compose->at < compose->n_listed)
                status = sim_remove(&host->engine, compose->listed[compose->at], false);
        compose->at++;
        if (compose->at < compose->n_listed)
                compose->step = STEP_STOP - 1;
        return status;
}

static int rename_new(const SimCompose *compose, SimHost *host) {
        if (compose->tears_down || compose->no_change || compose->n_listed == 0)
                return 204;
        return sim_rename(&host->engine, compose->id, NAME);
}

static int call(SimCompose *compose, SimHost *host) {
        switch (compose->step) {
        case STEP_LIST:
                list(compose, host);
                return 200;
        case STEP_CREATE:
                return create(compose, host);
        case STEP_STOP:
                return stop(compose, host);
        case STEP_REMOVE:
                return take_away(compose, host);
        case STEP_RENAME:
                return rename_new(compose, host);
        case STEP_START:
                return compose->tears_down ? 204 : sim_start(&host->engine, compose->id);
        default:
                return 200;
        }
}

/* Stops and starts are none. */
static bool is_activity(const SimCompose *compose, unsigned step, int status) {
        if (compose->no_change)
                return step == STEP_REMOVE && compose->at <= compose->n_listed && status < 300;
        return step == STEP_CREATE || step == STEP_REMOVE || step == STEP_RENAME;
}

static void advance(SimCompose *compose, SimHost *host) {
        unsigned step = compose->step;
        int status = call(compose, host);
        bool gone = status == 404 && (step == STEP_STOP || step == STEP_REMOVE);

        if (is_activity(compose, step, status))
                sim_host_activity(host);
        if (step == STEP_STOP)
                compose->next_usec = host->now_usec + compose->stop_usec;
        if (status >= 400 && !(gone && compose->tolerant))
                compose->gave_up = compose->done = true;
        else if (++compose->step == STEP_END)
                compose->done = true;
}

SimFault sim_compose_before(SimHost *host, unsigned n, void *data) {
        SimCompose *compose = data;

        if (compose->done || n < compose->start_at)
                return SIM_PLAIN;
        if (compose->pace == 0)
                while (!compose->done)
                        advance(compose, host);
        else if ((n - compose->start_at) % compose->pace == 0 && host->now_usec >= compose->next_usec)
                advance(compose, host);
        return SIM_PLAIN;
}

bool sim_compose_idle(SimHost *host, void *data) {
        SimCompose *compose = data;

        if (compose->done)
                return false;
        if (host->now_usec >= compose->next_usec)
                advance(compose, host);
        else
                host->now_usec += 500 * USEC_PER_MSEC;
        return true;
}
