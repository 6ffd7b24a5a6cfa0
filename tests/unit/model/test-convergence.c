/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner's promises over a simulated host: wherever it is interrupted, whoever interferes,
 * what is left when all is quiet is one running container with the link.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "support/inspect.h"
#include "support/simulated-compose.h"
#include "support/simulated-host.h"

#define NAME "shop-app-1"

static const unsigned apis[] = { 41, 44, 51 };
static const char *const policies[] = { "no", "always", "unless-stopped", "on-failure" };

/* A host with one consumer that is not linked yet. */
static void host_with(SimHost *host, const char *policy, unsigned api) {
        json_t *document = inspect_new(&(InspectSpec){ .policy = policy });
        json_t *networks =
                json_object_get(json_object_get(document, "NetworkSettings"), "Networks");

        sim_host_init(host);
        host->context.api = api;
        json_object_set_new(networks, "net-b", json_deep_copy(json_object_get(networks, "net-a")));
        sim_add(&host->engine, document);
}

static const char *policy_of(const SimContainer *container) {
        const json_t *host = json_object_get(container->inspect, "HostConfig");
        return json_string_value(json_object_get(json_object_get(host, "RestartPolicy"), "Name"));
}

static size_t count_networks(const SimContainer *container) {
        return json_object_size(
                json_object_get(json_object_get(container->inspect, "NetworkSettings"), "Networks")
        );
}

/* One container, under its name, running, linked, complete; nothing left to do. */
static void
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

static SimFault interrupt(SimHost *host, unsigned n, void *data) {
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
static bool run_interrupted(SimHost *host, Interruption *it, const char *story) {
        host->before = interrupt;
        host->data = it;
        cr_assert(sim_host_settle(host), "%s: never ends (%s)", story, host->reason);
        return it->times > 0;
}

Test(convergence, a_consumer_is_linked_in_two_plans_and_a_third_cleans_up) {
        for (size_t i = 0; i < ARRAY_LEN(apis); i++) {
                for (size_t j = 0; j < ARRAY_LEN(policies); j++) {
                        SimHost host;

                        host_with(&host, policies[j], apis[i]);
                        cr_assert(sim_host_settle(&host));
                        expect_linked(&host, "VER=1", policies[j], "plain");
                        sim_host_done(&host);
                }
        }
}

static void check_every_step(SimFault fault, unsigned again, void (*act)(SimHost *host)) {
        for (size_t i = 0; i < ARRAY_LEN(apis); i++) {
                for (size_t j = 0; j < ARRAY_LEN(policies); j++) {
                        bool reached = true;

                        for (unsigned at = 0; reached; at++) {
                                Interruption it = {
                                        .at = at, .fault = fault, .again = again, .act = act
                                };
                                char story[120];
                                SimHost host;

                                (void) snprintf(
                                        story, sizeof story, "API 1.%u, %s, at %u", apis[i],
                                        policies[j], at
                                );
                                host_with(&host, policies[j], apis[i]);
                                host.engine.one_port = true;
                                reached = run_interrupted(&host, &it, story);
                                expect_linked(&host, "VER=1", policies[j], story);
                                cr_assert(at > 8 || reached, "the story has only %u steps", at);
                                sim_host_done(&host);
                        }
                }
        }
}

Test(convergence, killed_before_any_step) {
        check_every_step(SIM_KILL, 0, NULL);
}

Test(convergence, killed_before_any_step_and_several_times_more) {
        for (unsigned again = 1; again < 12; again++)
                check_every_step(SIM_KILL, again, NULL);
}

Test(convergence, a_call_fails_without_effect) {
        check_every_step(SIM_ERROR, 0, NULL);
}

Test(convergence, a_call_fails_although_it_was_done) {
        check_every_step(SIM_ERROR_DONE, 0, NULL);
}

/* All stories of a compose beside us: how it goes on, how fast, from when. */
static unsigned check_compose(const SimCompose *kind, const char *what, bool one_port) {
        unsigned gave_up = 0;

        for (size_t i = 0; i < ARRAY_LEN(apis); i++) {
                for (unsigned pace = 0; pace < 7; pace += pace < 3 ? 1 : 2) {
                        for (unsigned start_at = 0; start_at < 14; start_at++) {
                                SimCompose compose = *kind;
                                char story[160];
                                SimHost host;

                                compose.pace = pace;
                                compose.start_at = start_at;
                                (void) snprintf(
                                        story, sizeof story,
                                        "%s, API 1.%u, one of its calls for %u of ours, from %u%s",
                                        what, apis[i], pace, start_at, one_port ? ", one port" : ""
                                );
                                host_with(&host, "unless-stopped", apis[i]);
                                host.engine.one_port = one_port;
                                host.before = sim_compose_before;
                                host.idle = sim_compose_idle;
                                host.data = &compose;
                                cr_assert(
                                        sim_host_settle(&host), "%s: never ends (%s)", story,
                                        host.reason
                                );
                                gave_up += compose.gave_up;
                                expect_linked(
                                        &host, compose.created ? "VER=2" : "VER=1",
                                        "unless-stopped", story
                                );
                                sim_host_done(&host);
                        }
                }
        }
        return gave_up;
}

Test(convergence, the_newest_deployment_runs_whenever_compose_re_creates_it) {
        static const struct {
                const char *what;
                SimCompose kind;
        } kinds[] = {
                { "oldest, strict", { .target = COMPOSE_TAKES_OLDEST, .hash = "h2" } },
                { "oldest, tolerant",
                  { .target = COMPOSE_TAKES_OLDEST, .hash = "h2", .tolerant = true } },
                { "newest, strict", { .target = COMPOSE_TAKES_NEWEST, .hash = "h2" } },
                { "newest, tolerant",
                  { .target = COMPOSE_TAKES_NEWEST, .hash = "h2", .tolerant = true } },
                { "same hash, strict", { .target = COMPOSE_TAKES_OLDEST, .hash = "h1" } },
                { "same hash, tolerant",
                  { .target = COMPOSE_TAKES_NEWEST, .hash = "h1", .tolerant = true } },
                { "slow stop, strict",
                  { .target = COMPOSE_TAKES_OLDEST,
                    .hash = "h2",
                    .stop_usec = 10 * USEC_PER_SEC } },
                { "slow stop, tolerant",
                  { .target = COMPOSE_TAKES_NEWEST,
                    .hash = "h2",
                    .tolerant = true,
                    .stop_usec = 10 * USEC_PER_SEC } },
        };
        unsigned gave_up = 0;

        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
                gave_up += check_compose(&kinds[i].kind, kinds[i].what, false);
                gave_up += check_compose(&kinds[i].kind, kinds[i].what, true);
        }
        cr_log_info("compose gave up %u times", gave_up);
        cr_expect_gt(gave_up, 0, "no story in which compose gives up");
}
