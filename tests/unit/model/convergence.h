/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "support/inspect.h"
#include "support/simulated-compose.h"
#include "support/simulated-host.h"

/*
 * Stories of one consumer on a simulated host, which somebody or something interrupts, and what is
 * expected at their end.
 */
#define NAME "shop-app-1"

static const unsigned apis[] = { 41, 44 };
static const char *const policies[] = { "no", "always", "unless-stopped", "on-failure" };

/* A host with one consumer that is not linked yet. */
static inline void host_with(SimHost *host, const char *policy, unsigned api) {
        json_t *document = inspect_new(&(InspectSpec){ .policy = policy });
        json_t *networks =
                json_object_get(json_object_get(document, "NetworkSettings"), "Networks");

        sim_host_init(host);
        host->context.api = api;
        json_object_set_new(networks, "net-b", json_deep_copy(json_object_get(networks, "net-a")));
        sim_add(&host->engine, document);
}

static inline const char *policy_of(const SimContainer *container) {
        const json_t *host = json_object_get(container->inspect, "HostConfig");
        return json_string_value(json_object_get(json_object_get(host, "RestartPolicy"), "Name"));
}

static inline size_t count_networks(const SimContainer *container) {
        return json_object_size(
                json_object_get(json_object_get(container->inspect, "NetworkSettings"), "Networks")
        );
}

/* One container, under its name, running, linked, complete; nothing left to do. */
static inline void
expect_linked(SimHost *host, const char *version, const char *policy, const char *story) {
        const SimContainer *container = sim_find(&host->engine, NAME);
        cleanup(plan_freep) Plan *plan = NULL;

        cr_expect_not_null(container, "%s: no container of its name", story);
        if (container == NULL)
                return;
        cr_expect_eq(host->engine.n, 1, "%s: %zu containers", story, host->engine.n);
        cr_expect(sim_is_up(container), "%s: it does not run", story);
        cr_expect(sim_has_env(container, version), "%s: an old version runs", story);
        cr_expect(
                sim_has_env(container, "OLLAMA_BASE_URL=http://host.docker.internal:11434"),
                "%s: it is not linked", story
        );
        cr_expect_str_eq(policy_of(container), policy, "%s: another restart policy", story);
        cr_expect_eq(count_networks(container), 2, "%s: a network is missing", story);
        cr_expect_eq(host->state, LINK_LINKED, "%s: %s", story, host->reason);
        cr_expect_null(host->record, "%s: a record is left", story);

        plan = sim_host_plan(host);
        cr_expect_eq(
                plan->n_actions, 0, "%s: a second plan wants to %s", story, plan->actions[0].what
        );
}

/* Which step is interrupted, and how. */
typedef struct Interruption {
        unsigned at;
        SimFault fault;
        unsigned again; /* 0: once; else also every so many steps, five times in all */
        void (*act)(SimHost *host);
        unsigned times;
} Interruption;

static inline SimFault interrupt(SimHost *host, unsigned n, void *data) {
        Interruption *it = data;
        bool now = n == it->at || (it->again > 0 && n > it->at && (n - it->at) % it->again == 0);

        if (!now || it->times == 5)
                return SIM_PLAIN;
        it->times++;
        if (it->act != NULL)
                it->act(host);
        return it->fault;
}

/* Runs the story from its beginning, interrupted; false when the step was not reached any more. */
static inline bool run_interrupted(SimHost *host, Interruption *it, const char *story) {
        host->before = interrupt;
        host->data = it;
        cr_assert(sim_host_settle(host), "%s: never ends (%s)", story, host->reason);
        return it->times > 0;
}
