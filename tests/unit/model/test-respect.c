/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others do, and what is theirs, over a simulated host: a user's stop and removal, a name that
 * somebody takes, containers that did not opt in; and the order of looking, which is nobody's wish.
 */
#include "convergence.h"
#include "support/plan-text.h"

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

Test(respect, what_its_user_stops_stays_down) {
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
Test(respect, what_its_user_removes_while_we_are_dead_is_not_brought_back) {
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

Test(respect, removed_at_any_step_nothing_is_left_over) {
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

Test(respect, one_that_does_not_bear_the_link_is_left_as_it_was_after_three_attempts) {
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

Test(respect, a_full_disk_does_not_keep_the_old_one_from_its_service) {
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

Test(respect, who_takes_the_name_is_left_alone_and_the_old_one_serves) {
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

Test(respect, what_did_not_opt_in_is_never_touched) {
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

Test(respect, the_order_of_the_containers_changes_nothing) {
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
