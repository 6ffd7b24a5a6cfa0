/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner's promises over a simulated host: wherever it is interrupted, whoever interferes,
 * what is left when all is quiet is one running container with the link.
 */
#include "convergence.h"

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
                                if (compose.too_late && host.engine.n == 0) {
                                        cr_expect(compose.gave_up, "%s", story);
                                        sim_host_done(&host);
                                        continue;
                                }
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

Test(convergence, a_compose_without_a_change_takes_nobody_away) {
        static const struct {
                const char *what;
                SimCompose kind;
        } kinds[] = {
                { "keeps the oldest", { .target = COMPOSE_TAKES_OLDEST, .no_change = true } },
                { "keeps the newest", { .target = COMPOSE_TAKES_NEWEST, .no_change = true } },
                { "keeps the newest, tolerant",
                  { .target = COMPOSE_TAKES_NEWEST, .no_change = true, .tolerant = true } },
                { "keeps the newest, slow stop",
                  { .target = COMPOSE_TAKES_NEWEST,
                    .no_change = true,
                    .stop_usec = 10 * USEC_PER_SEC } },
        };

        /* But one that listed both, and removes ours just after we removed the old one, which it
         * was to keep: that is what a user does who removes his container. It fails, and says so.
         */
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
                (void) check_compose(&kinds[i].kind, kinds[i].what, false);
                (void) check_compose(&kinds[i].kind, kinds[i].what, true);
        }
}

/* The daemon is killed in the middle of a compose, too. */
typedef struct KilledBeside {
        SimCompose compose;
        unsigned kill_at;
} KilledBeside;

static SimFault kill_beside(SimHost *host, unsigned n, void *data) {
        KilledBeside *it = data;

        (void) sim_compose_before(host, n, &it->compose);
        return n == it->kill_at ? SIM_KILL : SIM_PLAIN;
}

static bool idle_beside(SimHost *host, void *data) {
        KilledBeside *it = data;

        return sim_compose_idle(host, &it->compose);
}

Test(convergence, killed_at_any_step_beside_a_compose) {
        for (unsigned kill_at = 0; kill_at < 14; kill_at++) {
                for (unsigned start_at = 0; start_at < 12; start_at++) {
                        for (unsigned pace = 0; pace < 4; pace++) {
                                KilledBeside it = {
                                        .kill_at = kill_at,
                                        .compose = { .start_at = start_at,
                                                     .pace = pace,
                                                     .hash = "h2",
                                                     .tolerant = kill_at % 2 == 0,
                                                     .target = start_at % 2 == 0
                                                                       ? COMPOSE_TAKES_OLDEST
                                                                       : COMPOSE_TAKES_NEWEST },
                                };
                                char story[120];
                                SimHost host;

                                (void) snprintf(
                                        story, sizeof story,
                                        "killed at %u, compose from %u, pace %u", kill_at, start_at,
                                        pace
                                );
                                host_with(&host, "unless-stopped", 44);
                                host.engine.one_port = true;
                                host.before = kill_beside;
                                host.idle = idle_beside;
                                host.data = &it;
                                cr_expect(sim_host_settle(&host), "%s: never ends", story);
                                expect_linked(
                                        &host, it.compose.created ? "VER=2" : "VER=1",
                                        "unless-stopped", story
                                );
                                sim_host_done(&host);
                        }
                }
        }
}

Test(convergence, what_compose_takes_down_is_not_brought_back) {
        for (unsigned pace = 0; pace < 4; pace++) {
                for (unsigned start_at = 0; start_at < 14; start_at++) {
                        SimCompose compose = { .start_at = start_at,
                                               .pace = pace,
                                               .tolerant = true,
                                               .tears_down = true };
                        SimHost host;

                        host_with(&host, "unless-stopped", 44);
                        host.before = sim_compose_before;
                        host.idle = sim_compose_idle;
                        host.data = &compose;
                        cr_expect(sim_host_settle(&host), "from %u, pace %u", start_at, pace);
                        cr_expect_null(host.record, "from %u, pace %u", start_at, pace);
                        /* What was made after compose had listed is nothing that it took down:
                         * running, it stays, since it cannot be told from one that lost its old
                         * one to a clean-up. */
                        for (size_t i = 0; i < host.engine.n; i++)
                                cr_expect_str_eq(sim_name(&host.engine.containers[i]), NAME);
                        cr_expect_leq(host.engine.n, 1);
                        sim_host_done(&host);
                }
        }
}

static void restart_engine(SimHost *host) {
        sim_restart(&host->engine);
}

Test(convergence, the_engine_restarts_at_any_step) {
        static const SimFault faults[] = { SIM_PLAIN, SIM_KILL, SIM_ERROR, SIM_ERROR_DONE };

        for (size_t f = 0; f < ARRAY_LEN(faults); f++) {
                for (size_t j = 0; j < ARRAY_LEN(policies); j++) {
                        bool reached = true;

                        for (unsigned at = 0; reached; at++) {
                                Interruption it = { .at = at,
                                                    .fault = faults[f],
                                                    .act = restart_engine };
                                char story[120];
                                SimHost host;

                                (void) snprintf(
                                        story, sizeof story, "engine restarts, fault %d, %s, at %u",
                                        (int) faults[f], policies[j], at
                                );
                                host_with(&host, policies[j], 44);
                                reached = run_interrupted(&host, &it, story);
                                if (strcmp(policies[j], "always") == 0
                                    || strcmp(policies[j], "unless-stopped") == 0 || !reached) {
                                        expect_linked(&host, "VER=1", policies[j], story);
                                } else {
                                        /* The engine leaves those down; here they are not lost. */
                                        cr_expect_eq(
                                                host.engine.n, 1, "%s: %zu", story, host.engine.n
                                        );
                                        cr_expect_not_null(
                                                sim_find(&host.engine, NAME), "%s", story
                                        );
                                        cr_expect_str_eq(
                                                policy_of(&host.engine.containers[0]), policies[j],
                                                "%s", story
                                        );
                                }
                                sim_host_done(&host);
                        }
                }
        }
}
