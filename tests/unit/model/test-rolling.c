/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rolling swaps over a simulated host: an application of Coolify's is never down, whatever fails;
 * and whoever replaces it or takes it down meanwhile, by the names that he has listed, gets what he
 * wants.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "support/inspect.h"
#include "support/simulated-host.h"

#define FIRST  "shop-142530123456"
#define SECOND "shop-142531000000"
#define LINKED "OLLAMA_BASE_URL=http://host.docker.internal:11434"

static const char *const policies[] = { "always", "unless-stopped", "no", "on-failure" };
static const unsigned apis[] = { 41, 44 };

static json_t *application(const char *name, const char *version, const char *policy) {
        const char *const env[] = { version, NULL };
        static const char *const labels[] = { "coolify.type", "application",
                                              "coolify.pullRequestId", "0", NULL };

        return inspect_new(&(InspectSpec
        ){ .name = name, .service = name, .env = env, .policy = policy, .labels = labels });
}

static void host_with(SimHost *host, const char *policy, unsigned api) {
        sim_host_init(host);
        host->context.api = api;
        sim_add(&host->engine, application(FIRST, "VER=1", policy));
}

static unsigned count_up(const SimHost *host) {
        unsigned n = 0;

        for (size_t i = 0; i < host->engine.n; i++)
                n += sim_is_up(&host->engine.containers[i]);
        return n;
}

/* One container under this name, of this version, linked, and nothing left to do. */
static void expect_linked(SimHost *host, const char *name, const char *version, const char *story) {
        const SimContainer *container = sim_find(&host->engine, name);

        cr_expect_eq(host->engine.n, 1, "%s: %zu containers", story, host->engine.n);
        cr_expect_not_null(container, "%s: none of its name", story);
        if (container == NULL)
                return;
        cr_expect(sim_is_up(container), "%s: it does not run", story);
        cr_expect(sim_has_env(container, version), "%s: an old version runs", story);
        cr_expect(sim_has_env(container, LINKED), "%s: it is not linked", story);
        cr_expect_eq(host->state, LINK_LINKED, "%s: %s", story, host->reason);
        cr_expect_null(host->record, "%s: a record is left", story);
}

typedef struct Watching {
        unsigned at, times;
        SimFault fault;
        bool restarts; /* the engine, as well */
        unsigned both; /* how often two of it were seen running */
        const char *story;
} Watching;

static SimFault watch(SimHost *host, unsigned n, void *data) {
        Watching *it = data;

        cr_expect_geq(count_up(host), 1, "%s: it is down before step %u", it->story, n);
        it->both += count_up(host) == 2;
        if (n != it->at || it->fault == SIM_PLAIN)
                return SIM_PLAIN;
        it->times++;
        if (it->restarts)
                sim_restart(&host->engine);
        return it->fault;
}

static void watch_host(SimHost *host, Watching *it) {
        host->before = watch;
        host->data = it;
        cr_assert(sim_host_settle(host), "%s: never ends (%s)", it->story, host->reason);
        cr_expect_geq(count_up(host), 1, "%s: it is down in the end", it->story);
}

Test(rolling, an_application_is_linked_and_is_down_at_no_moment) {
        for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
                Watching it = { .story = policies[i] };
                SimHost host;

                host_with(&host, policies[i], 44);
                watch_host(&host, &it);
                cr_expect_gt(it.both, 1, "%s: they never ran beside each other", it.story);
                expect_linked(&host, FIRST, "VER=1", it.story);
                sim_host_done(&host);
        }
}

/* Undone or gone on with, it ends linked. */
static void check_every_step(SimFault fault, const char *what) {
        for (size_t i = 0; i < ARRAY_LEN(apis) * ARRAY_LEN(policies); i++) {
                const char *policy = policies[i / ARRAY_LEN(apis)];
                bool reached = true;

                for (unsigned at = 0; reached; at++) {
                        char story[120];
                        Watching it = { .at = at, .fault = fault, .story = story };
                        SimHost host;

                        (void) snprintf(
                                story, sizeof story, "%s, API 1.%u, %s, at %u", what,
                                apis[i % ARRAY_LEN(apis)], policy, at
                        );
                        host_with(&host, policy, apis[i % ARRAY_LEN(apis)]);
                        watch_host(&host, &it);
                        expect_linked(&host, FIRST, "VER=1", story);
                        reached = it.times > 0;
                        cr_assert(at > 8 || reached, "the story has only %u steps", at);
                        sim_host_done(&host);
                }
        }
}

Test(rolling, killed_before_any_step_it_is_down_at_no_moment) {
        check_every_step(SIM_KILL, "killed");
}

Test(rolling, a_call_that_fails_takes_it_down_at_no_moment) {
        check_every_step(SIM_ERROR, "fails");
        check_every_step(SIM_ERROR_DONE, "fails, and is done");
}

Test(rolling, a_new_one_that_does_not_prove_itself_costs_nothing) {
        for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
                Watching it = { .story = policies[i] };
                SimHost host;

                host_with(&host, policies[i], 44);
                host.engine.dies_with = LINKED;
                watch_host(&host, &it);
                cr_assert_eq(host.engine.n, 1, "%s: %zu containers", it.story, host.engine.n);
                cleanup(container_freep) Container *old = sim_inspect(&host.engine.containers[0]);
                cr_expect_str_eq(old->name, FIRST, "%s", it.story);
                cr_expect_eq(old->id[0], 'a', "%s: it is another one", it.story);
                cr_expect_str_eq(old->started_at, "2026-01-02T03:04:06Z", "%s", it.story);
                cr_expect_eq(host.state, LINK_FAILED, "%s: %s", it.story, host.reason);
                cr_expect_eq(host.attempts, 3, "%s: %u", it.story, host.attempts);
                sim_host_done(&host);
        }
}

Test(rolling, the_engine_restarts_at_any_step) {
        static const SimFault faults[] = { SIM_KILL, SIM_ERROR, SIM_ERROR_DONE };

        for (size_t i = 0; i < ARRAY_LEN(faults) * 2; i++) {
                SimFault fault = faults[i / 2];
                bool reached = true;

                for (unsigned at = 0; reached; at++) {
                        char story[80];
                        Watching it = {
                                .at = at, .fault = fault, .restarts = true, .story = story
                        };
                        SimHost host;

                        (void) snprintf(
                                story, sizeof story, "engine restarts, fault %d, %s, at %u",
                                (int) fault, policies[i % 2], at
                        );
                        host_with(&host, policies[i % 2], 44);
                        watch_host(&host, &it);
                        expect_linked(&host, FIRST, "VER=1", story);
                        reached = it.times > 0;
                        sim_host_done(&host);
                }
        }
}

/*
 * Coolify, call by call: a rolling deployment, or its stop. What it lists it goes through by name,
 * and what it does not find any more it takes for removed.
 */
typedef struct Coolify {
        unsigned start_at, pace;
        bool only_stops;
        bool fails;      /* its new container never gets healthy: it is removed */
        bool has_helper; /* which is seen, and then it may take its time after each call */
        Deployments deployments;
        unsigned step, at;
        bool done;
        char listed[4][80];
        size_t n_listed;
        bool knew_both;
} Coolify;

static json_t *deployment(void) {
        cleanup(json_decrefp) json_t *document = application(SECOND, "VER=2", "unless-stopped");
        json_t *body = json_deep_copy(json_object_get(document, "Config"));
        const json_t *settings = json_object_get(document, "NetworkSettings");

        json_object_set_new(
                body, "HostConfig", json_deep_copy(json_object_get(document, "HostConfig"))
        );
        json_object_set_new(
                body, "NetworkingConfig",
                json_pack("{s:O}", "EndpointsConfig", json_object_get(settings, "Networks"))
        );
        return body;
}

static void list_others(Coolify *coolify, SimHost *host) {
        for (size_t i = 0; i < host->engine.n; i++)
                if (strcmp(sim_name(&host->engine.containers[i]), SECOND) != 0)
                        (void) snprintf(
                                coolify->listed[coolify->n_listed++], sizeof coolify->listed[0],
                                "%s", sim_name(&host->engine.containers[i])
                        );
        coolify->knew_both = coolify->n_listed == 2;
}

static void go_through(Coolify *coolify, SimHost *host) {
        const char *name = coolify->listed[coolify->at / 2];

        if (coolify->at % 2 == 0)
                (void) sim_stop(&host->engine, name);
        else if (sim_remove(&host->engine, name, true) == 204)
                sim_host_activity(host);
        coolify->done = ++coolify->at / 2 == coolify->n_listed;
}

static void advance(Coolify *coolify, SimHost *host) {
        switch (coolify->only_stops &&coolify->step < 2 ? coolify->step = 2 : coolify->step) {
        case 0:
                (void) sim_create(&host->engine, SECOND, deployment());
                sim_host_activity(host);
                break;
        case 1:
                (void) sim_start(&host->engine, SECOND);
                break;
        case 2:
                if (coolify->fails) {
                        (void) sim_remove(&host->engine, SECOND, true);
                        sim_host_activity(host);
                        coolify->done = true;
                        return;
                }
                list_others(coolify, host);
                coolify->done = coolify->n_listed == 0;
                break;
        default:
                go_through(coolify, host);
                break;
        }
        coolify->step++;
}

static SimFault coolify_before(SimHost *host, unsigned n, void *data) {
        Coolify *coolify = data;

        if (!coolify->done && n >= coolify->start_at
            && (n - coolify->start_at) % coolify->pace == 0)
                advance(coolify, host);
        return SIM_PLAIN;
}

static bool coolify_idle(SimHost *host, void *data) {
        Coolify *coolify = data;

        if (coolify->done)
                return false;
        advance(coolify, host);
        host->now_usec += 300 * USEC_PER_MSEC;
        return true;
}

static bool slow_coolify_idle(SimHost *host, void *data) {
        Coolify *coolify = data;

        if (coolify->deployments.n == 0)
                deployments_begin(
                        &coolify->deployments, "helperhelper", host->now_usec, host->now_usec
                );
        if (coolify->done)
                deployments_end(&coolify->deployments, "helperhelper", host->now_usec);
        bool moved = coolify_idle(host, data);
        if (moved)
                host->now_usec += 20 * USEC_PER_SEC;
        return moved;
}

static void run_beside_coolify(SimHost *host, Coolify *coolify, char story[static 80]) {
        (void) snprintf(
                story, 80, "Coolify from %u, one of its calls for %u of ours", coolify->start_at,
                coolify->pace
        );
        host_with(host, "unless-stopped", 44);
        host->before = coolify_before;
        host->idle = coolify->has_helper ? slow_coolify_idle : coolify_idle;
        host->data = coolify;
        if (coolify->has_helper)
                host->context.deployments = &coolify->deployments;
        cr_assert(sim_host_settle(host), "%s: never ends (%s)", story, host->reason);
}

Test(rolling, the_newest_deployment_runs_alone_whenever_coolify_rolls) {
        for (unsigned start_at = 0; start_at < 16; start_at++) {
                for (unsigned pace = 1; pace < 5; pace++) {
                        Coolify coolify = { .start_at = start_at, .pace = pace };
                        char story[80];
                        SimHost host;

                        run_beside_coolify(&host, &coolify, story);
                        expect_linked(&host, SECOND, "VER=2", story);
                        sim_host_done(&host);
                }
        }
}

Test(rolling, what_coolify_has_listed_keeps_its_name_until_its_deployment_is_over) {
        for (unsigned start_at = 0; start_at < 16; start_at++) {
                /* One of its calls before any of ours, or none: then only in between. */
                for (unsigned pace = 1; pace < 100; pace += 98) {
                        Coolify coolify = { .start_at = start_at,
                                            .pace = pace,
                                            .has_helper = true };
                        char story[80];
                        SimHost host;

                        run_beside_coolify(&host, &coolify, story);
                        expect_linked(&host, SECOND, "VER=2", story);
                        sim_host_done(&host);
                }
        }
}

Test(rolling, a_deployment_that_fails_leaves_the_old_one_linked) {
        for (unsigned start_at = 0; start_at < 16; start_at++) {
                for (unsigned pace = 1; pace < 5; pace++) {
                        Coolify coolify = { .start_at = start_at, .pace = pace, .fails = true };
                        char story[80];
                        SimHost host;

                        run_beside_coolify(&host, &coolify, story);
                        expect_linked(&host, FIRST, "VER=1", story);
                        sim_host_done(&host);
                }
        }
}

Test(rolling, what_coolify_stops_while_both_are_there_is_not_brought_back) {
        unsigned knew_both = 0;

        for (unsigned start_at = 0; start_at < 16; start_at++) {
                for (unsigned pace = 1; pace < 5; pace++) {
                        Coolify coolify = { .start_at = start_at,
                                            .pace = pace,
                                            .only_stops = true };
                        char story[80];
                        SimHost host;

                        run_beside_coolify(&host, &coolify, story);
                        cr_expect_null(host.record, "%s", story);
                        cr_expect_leq(host.engine.n, !coolify.knew_both, "%s: stays", story);
                        knew_both += coolify.knew_both;
                        sim_host_done(&host);
                }
        }
        cr_expect_gt(knew_both, 4, "only %u times", knew_both);
}
