/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner's promises over a simulated host: wherever it is interrupted, whoever interferes,
 * what is left when all is quiet is one running container with the link.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "support/inspect.h"
#include "support/plan-text.h"
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

/* What its user did to the container of its name, and to what effect. */
static struct {
        bool had_effect;
        bool old_serves; /* as NAME.coollama-prev */
        char phase[16];
} user;

static void note_phase(SimHost *host) {
        const SimContainer *old = sim_find(&host->engine, NAME ".coollama-prev");

        user.old_serves = old != NULL && sim_is_up(old);
        const char *phase = json_string_value(json_object_get(host->record, "phase"));
        (void) snprintf(user.phase, sizeof user.phase, "%s", phase ? phase : "none");
}

static void user_stops(SimHost *host) {
        const SimContainer *container = sim_find(&host->engine, NAME);

        note_phase(host);
        user.had_effect = container != NULL && sim_stop(&host->engine, sim_id(container)) == 204;
}

static void user_removes(SimHost *host) {
        const SimContainer *container = sim_find(&host->engine, NAME);

        note_phase(host);
        user.had_effect = container != NULL;
        if (container != NULL) {
                (void) sim_remove(&host->engine, sim_id(container), true);
                sim_host_activity(host);
        }
}

Test(convergence, what_its_user_stops_stays_down) {
        static const SimFault faults[] = { SIM_PLAIN, SIM_KILL };
        unsigned effects = 0;

        for (size_t f = 0; f < ARRAY_LEN(faults); f++) {
                bool reached = true;

                for (unsigned at = 0; reached; at++) {
                        Interruption it = { .at = at, .fault = faults[f], .act = user_stops };
                        char story[80];
                        SimHost host;

                        user.had_effect = false;
                        (void) snprintf(
                                story, sizeof story, "stopped at %u, fault %d", at, (int) faults[f]
                        );
                        host_with(&host, "unless-stopped", 44);
                        reached = run_interrupted(&host, &it, story);
                        const SimContainer *container = sim_find(&host.engine, NAME);
                        cr_assert_not_null(container, "%s", story);
                        cr_expect_eq(host.engine.n, 1, "%s", story);
                        cr_expect_eq(
                                sim_is_up(container), !user.had_effect, "%s (%s): %s", story,
                                user.phase, host.reason
                        );
                        cr_expect_str_eq(policy_of(container), "unless-stopped", "%s", story);
                        effects += user.had_effect;
                        sim_host_done(&host);
                }
        }
        cr_expect_gt(effects, 6, "only %u", effects);
}

/*
 * Where the old one still runs it goes on: that is what compose leaves, too, when it removes ours.
 * In all other states the consumer is not brought back.
 */
Test(convergence, what_its_user_removes_while_we_are_dead_is_not_brought_back) {
        bool reached = true;

        for (unsigned at = 0; reached; at++) {
                Interruption it = { .at = at, .fault = SIM_KILL, .act = user_removes };
                char story[80];
                SimHost host;

                user.had_effect = false;
                (void) snprintf(story, sizeof story, "removed at %u", at);
                host_with(&host, "unless-stopped", 44);
                reached = run_interrupted(&host, &it, story);
                const SimContainer *container = sim_find(&host.engine, NAME);
                bool runs = container != NULL && sim_is_up(container);

                cr_expect_leq(host.engine.n, 1, "%s", story);
                cr_expect_null(host.record, "%s", story);
                if (!user.had_effect)
                        expect_linked(&host, "VER=1", "unless-stopped", story);
                else if (!user.old_serves)
                        cr_expect_not(runs, "%s (%s): %s", story, user.phase, host.reason);
                sim_host_done(&host);
        }
}

Test(convergence, removed_at_any_step_nothing_is_left_over) {
        bool reached = true;

        for (unsigned at = 0; reached; at++) {
                Interruption it = { .at = at, .act = user_removes };
                SimHost host;

                host_with(&host, "unless-stopped", 44);
                reached = run_interrupted(&host, &it, "removed");
                cr_expect_leq(host.engine.n, 1, "at %u", at);
                cr_expect_null(host.record, "at %u", at);
                cr_expect_null(sim_find(&host.engine, NAME ".coollama-prev"), "at %u", at);
                sim_host_done(&host);
        }
}

Test(convergence, one_that_does_not_bear_the_link_is_left_as_it_was_after_three_attempts) {
        for (size_t j = 0; j < ARRAY_LEN(policies); j++) {
                SimHost host;

                host_with(&host, policies[j], 44);
                host.engine.dies_with = "OLLAMA_API_KEY=k1";
                cr_assert(sim_host_settle(&host));
                cr_expect_eq(host.state, LINK_FAILED, "%s: %s", policies[j], host.reason);
                cr_expect_eq(host.engine.n, 1);
                const SimContainer *container = sim_find(&host.engine, NAME);
                cr_assert_not_null(container);
                cr_expect(sim_is_up(container));
                cr_expect_not(sim_has_env(container, "OLLAMA_API_KEY=k1"));
                cr_expect_str_eq(policy_of(container), policies[j]);
                cr_expect_eq(host.engine.created, 3, "created %u times", host.engine.created);
                sim_host_done(&host);
        }
}

static void fill_disk(SimHost *host) {
        host->disk_full = true;
}

Test(convergence, a_full_disk_does_not_keep_the_old_one_from_its_service) {
        bool reached = true;

        for (unsigned at = 0; reached; at++) {
                Interruption it = { .at = at, .act = fill_disk };
                char story[80];
                SimHost host;

                (void) snprintf(story, sizeof story, "disk full at %u", at);
                host_with(&host, "unless-stopped", 44);
                host.engine.dies_with = "OLLAMA_API_KEY=k1";
                reached = run_interrupted(&host, &it, story);
                const SimContainer *container = sim_find(&host.engine, NAME);
                cr_assert_not_null(container, "%s: lost", story);
                cr_expect(sim_is_up(container), "%s: down", story);
                cr_expect_eq(host.engine.n, 1, "%s", story);
                reached = reached && at < 40;
                sim_host_done(&host);
        }
}

/* Somebody who has nothing to do with it takes the name as soon as it is free. */
static void take_name(SimHost *host) {
        json_t *document = inspect_new(&(InspectSpec){ .project = "", .not_enabled = true });
        json_t *body = json_deep_copy(json_object_get(document, "Config"));

        json_object_set(body, "HostConfig", json_object_get(document, "HostConfig"));
        json_decref(document);
        if (sim_create(&host->engine, NAME, body) == 201)
                (void
                ) sim_start(&host->engine, sim_id(&host->engine.containers[host->engine.n - 1]));
}

Test(convergence, who_takes_the_name_is_left_alone_and_the_old_one_serves) {
        for (unsigned at = 0; at < 12; at++) {
                Interruption it = { .at = at, .act = take_name };
                SimHost host;

                host_with(&host, "unless-stopped", 44);
                host.before = interrupt;
                host.data = &it;
                (void) sim_host_settle(&host); /* the name is asked for, for ever */
                size_t ours = 0;
                for (size_t i = 0; i < host.engine.n; i++) {
                        const SimContainer *container = &host.engine.containers[i];
                        const json_t *labels = json_object_get(
                                json_object_get(container->inspect, "Config"), "Labels"
                        );

                        cr_expect(
                                sim_is_up(container), "at %u: %s is down", at, sim_name(container)
                        );
                        ours += json_object_size(labels) > 0;
                }
                cr_expect_eq(ours, 1, "at %u: %zu of ours", at, ours);
                sim_host_done(&host);
        }
}

static unsigned next_random(unsigned *seed, unsigned below) {
        *seed = *seed * 1664525u + 1013904223u;
        return (*seed >> 16) % below;
}

/* Somebody's container, more or less like the consumer, but one that did not opt in or is another
 * identity. */
static json_t *random_foreigner(unsigned *seed, unsigned n) {
        static const char *const names[] = { "shop-app-1.coollama-prev", "aaaaaaaaaaaa_shop-app-1",
                                             "shop-app-2", "ollama", "app" };
        static const char *const states[] = { "created", "running", "exited", "paused" };
        static const char *const services[] = { "app", "worker", "db" };
        static const char *const numbers[] = { "1", "2" };
        static const char *const times[] = { "2026-01-01T00:00:00Z", "2026-05-05T05:05:05.5Z" };
        char id[13], name[64];
        bool same_project = next_random(seed, 2) == 0;
        unsigned which = next_random(seed, ARRAY_LEN(names));

        (void) snprintf(id, sizeof id, "f%011x", n);
        (void) snprintf(name, sizeof name, "%s%.*s", names[which], which > 1 ? 4 : 0, id + 8);
        return inspect_new(&(InspectSpec){
                .id = id,
                .name = name,
                .project = same_project           ? "shop"
                           : next_random(seed, 2) ? ""
                                                  : "other",
                .service = services[next_random(seed, ARRAY_LEN(services))],
                .number = numbers[next_random(seed, ARRAY_LEN(numbers))],
                .created = times[next_random(seed, ARRAY_LEN(times))],
                .state = states[next_random(seed, ARRAY_LEN(states))],
                .not_enabled = true,
        });
}

static SimFault kill_now_and_then(SimHost *host, unsigned n, void *data) {
        unsigned *seed = data;

        (void) host;
        return n < 40 && next_random(seed, 6) == 0
                       ? (SimFault) next_random(seed, SIM_ERROR_DONE + 1)
                       : SIM_PLAIN;
}

Test(convergence, what_did_not_opt_in_is_never_touched) {
        for (unsigned world = 0; world < 400; world++) {
                json_t *before = json_object();
                unsigned seed = world;
                SimHost host;

                host_with(&host, policies[1 + world % 2], apis[world % 2]);
                unsigned n = next_random(&seed, 8);
                for (unsigned i = 0; i < n; i++) {
                        json_t *foreigner = random_foreigner(&seed, i);
                        const char *id = json_string_value(json_object_get(foreigner, "Id"));
                        const char *name = json_string_value(json_object_get(foreigner, "Name"));

                        if (sim_find(&host.engine, name + 1) != NULL) {
                                json_decref(foreigner);
                                continue;
                        }
                        json_object_set_new(before, id, json_deep_copy(foreigner));
                        sim_add(&host.engine, foreigner);
                }
                host.rotate = world;
                host.before = kill_now_and_then;
                host.data = &seed;
                cr_expect(sim_host_settle(&host), "world %u: %s", world, host.reason);

                const char *id;
                json_t *document;
                json_object_foreach(before, id, document) {
                        const SimContainer *now = sim_find(&host.engine, id);
                        cr_expect(
                                now != NULL && json_equal(now->inspect, document),
                                "world %u: %.12s was touched", world, id
                        );
                }
                const SimContainer *consumer = sim_find(&host.engine, NAME);
                cr_assert_not_null(consumer, "world %u: lost", world);
                cr_expect(sim_is_up(consumer), "world %u: down", world);
                cr_expect_eq(host.engine.n, json_object_size(before) + 1, "world %u", world);
                json_decref(before);
                sim_host_done(&host);
        }
}

/* At each step of the story the plan is the same in whatever order the containers are shown. */
static SimFault compare_orders(SimHost *host, unsigned n, void *data) {
        unsigned rotate = host->rotate;
        char *first = NULL;

        (void) sim_compose_before(host, n, data);
        for (host->rotate = 0; host->rotate < 4; host->rotate++) {
                cleanup(plan_freep) Plan *plan = sim_host_plan(host);
                char *text = plan_to_text(plan);

                if (first == NULL) {
                        first = text;
                        continue;
                }
                cr_expect_str_eq(text, first, "step %u", n);
                free(text);
        }
        free(first);
        host->rotate = rotate;
        return SIM_PLAIN;
}

Test(convergence, the_order_of_the_containers_changes_nothing) {
        for (unsigned start_at = 0; start_at < 10; start_at++) {
                SimCompose compose = { .start_at = start_at, .pace = 2, .hash = "h2" };
                SimHost host;

                host_with(&host, "always", 44);
                for (unsigned i = 2; i < 5; i++) {
                        char number[4], name[20], id[4];

                        (void) snprintf(number, sizeof number, "%u", i);
                        (void) snprintf(name, sizeof name, "shop-app-%u", i);
                        (void) snprintf(id, sizeof id, "b%u", i);
                        sim_add(&host.engine, inspect_new(&(InspectSpec
                                              ){ .id = id, .name = name, .number = number }));
                }
                host.before = compare_orders;
                host.data = &compose;
                cr_expect(sim_host_settle(&host), "from %u", start_at);
                sim_host_done(&host);
        }
}
