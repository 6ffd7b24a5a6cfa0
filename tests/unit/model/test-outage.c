/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/outage.h"

/* "a1 b2": container a in its run 1, container b in its run 2. */
static RunList runs(const char *text) {
        RunList list = { 0 };

        for (; *text; text += text[2] ? 3 : 2)
                cr_assert_eq(
                        run_list_add(&list, (char[]){ text[0], 0 }, (char[]){ text[1], 0 }, false),
                        0
                );
        return list;
}

static void begin(Outage *outage, const char *running) {
        RunList list = runs(running);

        outage_begin(outage, &list);
        cr_assert_eq(list.n, 0, "taken over");
        run_list_done(&list);
}

static void end(Outage *outage, const char *running, bool counts) {
        RunList list = runs(running);

        cr_assert_eq(outage_end(outage, &list, counts), 0);
        run_list_done(&list);
}

/* Who is owed: "a1! b2", with a mark for one who lived through it. */
static const char *owed(Outage *outage) {
        static char text[256];

        text[0] = '\0';
        for (size_t i = 0; i < outage->owed.n; i++) {
                const Run *run = &outage->owed.runs[i];
                size_t used = strlen(text);

                cr_assert_eq(outage_owes(outage, run->id, run->started_at) != NULL, !outage->open);
                (void) snprintf(
                        text + used, sizeof text - used, "%s%s%s%s", used ? " " : "", run->id,
                        run->started_at, run->lived ? "!" : ""
                );
        }
        return text;
}

Test(outage, who_runs_at_its_end_is_owed_and_marked_if_he_lived_through_it) {
        Outage outage = { 0 };

        begin(&outage, "a1 b1 c1");
        end(&outage, "a1 b2 d1", true);
        cr_assert_str_eq(owed(&outage), "a1! b2 d1");
        outage_done(&outage);
}

Test(outage, another_run_of_the_same_container_is_owed_nothing) {
        Outage outage = { 0 };

        begin(&outage, "a1");
        end(&outage, "a1", true);
        cr_assert_not_null(outage_owes(&outage, "a", "1"));
        cr_assert_null(outage_owes(&outage, "a", "2"));
        cr_assert_null(outage_owes(&outage, "b", "1"));
        outage_done(&outage);
}

Test(outage, a_debt_is_paid_once) {
        Outage outage = { 0 };

        begin(&outage, "a1 b1");
        end(&outage, "a1 b1", true);
        run_list_remove(&outage.owed, "a");
        cr_assert_null(outage_owes(&outage, "a", "1"));
        cr_assert_str_eq(owed(&outage), "b1!");
        outage_done(&outage);
}

Test(outage, a_new_one_suspends_the_list_and_its_end_adds_to_it) {
        Outage outage = { 0 };

        begin(&outage, "a1 b1");
        end(&outage, "a1 b1 c1", true); /* c came during it */
        begin(&outage, "a1 b1 c1 d1");
        cr_assert_null(outage_owes(&outage, "a", "1"));
        end(&outage, "a1 b2 c1 d1 e1", true);
        cr_assert_str_eq(owed(&outage), "a1! b2 c1! d1! e1");
        outage_done(&outage);
}

Test(outage, a_short_one_adds_nobody_and_forgets_nobody) {
        Outage outage = { 0 };

        begin(&outage, "a1");
        end(&outage, "a1", false);
        cr_assert_str_eq(owed(&outage), "");

        begin(&outage, "a1 b1");
        end(&outage, "a1 b1 c1", true);
        begin(&outage, "a1 b1 c1 d1");
        end(&outage, "a1 c1 d1", false);
        cr_assert_str_eq(owed(&outage), "a1! c1", "c is no better known than before");
        outage_done(&outage);
}

Test(outage, who_was_stopped_or_started_anew_since_is_dropped) {
        Outage outage = { 0 };

        begin(&outage, "a1 b1 c1");
        end(&outage, "a1 b1 c1", true);
        begin(&outage, "a1 c2");
        end(&outage, "a1 c2", false);
        cr_assert_str_eq(owed(&outage), "a1!");
        outage_done(&outage);
}

Test(outage, a_second_beginning_of_the_same_one_changes_nothing) {
        Outage outage = { 0 };

        begin(&outage, "a1");
        begin(&outage, "a1 b1");
        end(&outage, "a1 b1", true);
        cr_assert_str_eq(owed(&outage), "a1! b1");
        outage_done(&outage);
}

Test(outage, one_that_nobody_watched_shows_by_the_providers_run_and_counts_once) {
        Outage outage = { 0 };

        cr_assert_not(outage_is_unwatched(&outage, "p", "1"), "nothing was up before");
        cr_assert_eq(outage_remember_provider(&outage, "p", "1"), 0);
        cr_assert_not(outage_is_unwatched(&outage, "p", "1"));
        cr_assert(outage_is_unwatched(&outage, "p", "2"));
        cr_assert(outage_is_unwatched(&outage, "q", "1"));

        end(&outage, "a1", true);
        cr_assert_eq(outage_remember_provider(&outage, "p", "2"), 0);
        cr_assert_not(outage_is_unwatched(&outage, "p", "2"));
        cr_assert_str_eq(owed(&outage), "a1", "nobody knows who lived through it");
        outage_done(&outage);
}

Test(outage, one_that_is_open_is_not_unwatched) {
        Outage outage = { 0 };

        cr_assert_eq(outage_remember_provider(&outage, "p", "1"), 0);
        begin(&outage, "");
        cr_assert_not(outage_is_unwatched(&outage, "p", "2"));
        outage_done(&outage);
}

/* A small simulated world: containers run, restart and stop at random while outages begin, end and
 * the daemon is killed (what is on disk is read again). Nobody is restarted twice for one outage,
 * and whoever lived through one that counted and never restarted by himself is restarted. */
#define N 6

typedef struct Simulated {
        char started[N];      /* run of each container, 0: it does not run */
        bool due[N];          /* it lived through a counted outage in this run */
        unsigned restarts[N]; /* of this run */
} Simulated;

static uint32_t dice(uint32_t *seed) {
        *seed = *seed * 1664525 + 1013904223;
        return *seed >> 16;
}

static RunList running(const Simulated *world) {
        RunList list = { 0 };

        for (int i = 0; i < N; i++)
                if (world->started[i])
                        cr_assert_eq(
                                run_list_add(
                                        &list, (char[]){ (char) ('a' + i), 0 },
                                        (char[]){ world->started[i], 0 }, false
                                ),
                                0
                        );
        return list;
}

static void start_anew(Simulated *world, int i) {
        world->started[i] = (char) (world->started[i] >= '~' ? '!' : world->started[i] + 1);
        if (world->started[i] < '!')
                world->started[i] = '!';
        world->due[i] = false;
}

static void crash(Outage *outage) {
        json_t *json = outage_to_json(outage);
        Error err = { 0 };

        cr_assert_not_null(json);
        outage_done(outage);
        cr_assert_eq(outage_from_json(json, outage, &err), 0, "%s", error_text(&err));
        json_decref(json);
}

static void pay_one(Outage *outage, Simulated *world) {
        for (int i = 0; i < N; i++) {
                const Run *run = outage_owes(
                        outage, (char[]){ (char) ('a' + i), 0 }, (char[]){ world->started[i], 0 }
                );

                if (world->started[i] == 0 || run == NULL || !run->lived)
                        continue;
                cr_assert(world->due[i], "%c was owed nothing", 'a' + i);
                start_anew(world, i);
                return;
        }
}

Test(outage, in_a_simulated_world_nobody_is_restarted_twice_and_nobody_forgotten) {
        for (uint32_t seed = 1; seed <= 200; seed++) {
                Simulated world = { 0 };
                Outage outage = { 0 };
                uint32_t state = seed;
                char before[N] = { 0 };

                for (int i = 0; i < N; i++)
                        start_anew(&world, i);
                for (int step = 0; step < 200; step++) {
                        int i = (int) (dice(&state) % N);
                        bool counts = dice(&state) % 2;

                        switch (dice(&state) % 6) {
                        case 0:
                                start_anew(&world, i);
                                break;
                        case 1:
                                crash(&outage);
                                break;
                        case 2:
                                pay_one(&outage, &world);
                                break;
                        case 3: {
                                RunList list = running(&world);
                                if (!outage.open)
                                        (void) memcpy(before, world.started, sizeof before);
                                outage_begin(&outage, &list);
                                run_list_done(&list);
                                break;
                        }
                        default: {
                                if (!outage.open)
                                        break;
                                RunList list = running(&world);
                                cr_assert_eq(outage_end(&outage, &list, counts), 0);
                                run_list_done(&list);
                                for (int j = 0; counts && j < N; j++)
                                        world.due[j] |= before[j] == world.started[j];
                                break;
                        }
                        }
                }
                if (outage.open) {
                        RunList list = running(&world);
                        cr_assert_eq(outage_end(&outage, &list, false), 0);
                        run_list_done(&list);
                }
                for (int turn = 0; turn < N; turn++)
                        pay_one(&outage, &world);
                for (int i = 0; i < N; i++)
                        cr_assert_not(world.due[i], "seed %u: %c was forgotten", seed, 'a' + i);
                outage_done(&outage);
        }
}

Test(outage, what_is_on_disk_is_what_was_known) {
        Outage outage = { 0 };
        Outage again = { 0 };
        Error err = { 0 };

        cr_assert_eq(outage_remember_provider(&outage, "p", "7"), 0);
        begin(&outage, "a1");
        end(&outage, "a1 b1", true);
        begin(&outage, "a1 b1 c1");
        json_t *json = outage_to_json(&outage);
        cr_assert_eq(outage_from_json(json, &again, &err), 0);
        cr_assert(again.open);
        cr_assert_eq(again.before.n, 3);
        cr_assert_str_eq(owed(&again), "a1! b1");
        cr_assert_str_eq(again.provider_id, "p");
        cr_assert_str_eq(again.provider_started_at, "7");
        json_decref(json);
        outage_done(&outage);
        outage_done(&again);
}

Test(outage, what_is_no_such_file_is_refused) {
        static const char *const texts[] = {
                "{}",
                "[]",
                "{\"provider_id\":\"\",\"provider_started_at\":\"\",\"before\":[],\"owed\":{}}",
                "{\"provider_id\":\"\",\"provider_started_at\":\"\",\"before\":[1],\"owed\":[]}",
                "{\"provider_id\":1,\"provider_started_at\":\"\",\"before\":[],\"owed\":[]}",
                ("{\"provider_id\":\"\",\"provider_started_at\":\"\",\"before\":[],\"owed\":"
                 "[{\"id\":\"a\"}]}"),
        };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                json_t *json = json_loads(texts[i], 0, NULL);
                Outage outage = { 0 };
                Error err = { 0 };

                cr_assert_eq(outage_from_json(json, &outage, &err), -EBADMSG, "%s", texts[i]);
                cr_assert(error_is_set(&err));
                json_decref(json);
        }
}

Test(outage, those_that_follow_soon_after_restarts_are_answered_later_and_later) {
        static const uint64_t graces[] = { 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 64, 64 };

        for (unsigned i = 0; i < sizeof graces / sizeof *graces; i++)
                cr_expect_eq(outage_calm_usec(i, 7), 7 * graces[i], "%u in a row", i);
        cr_expect_eq(outage_calm_usec(4000000000, 7), 64 * 7);
}

Test(outage, a_thousand_that_are_owed_are_found) {
        Outage outage = { 0 };
        RunList running = { 0 };
        char id[8];

        for (int i = 0; i < 1000; i++) {
                (void) snprintf(id, sizeof id, "%d", (i * 7) % 1000);
                cr_assert_eq(run_list_add(&running, id, "1", false), 0);
        }
        cr_assert_eq(outage_end(&outage, &running, true), 0);
        for (int i = 0; i < 1000; i += 3) {
                (void) snprintf(id, sizeof id, "%d", i);
                run_list_remove(&outage.owed, id);
        }
        for (int i = 0; i < 1000; i++) {
                (void) snprintf(id, sizeof id, "%d", i);
                cr_assert_eq(outage_owes(&outage, id, "1") != NULL, i % 3 != 0);
                cr_assert_null(outage_owes(&outage, id, "2"));
        }
        run_list_done(&running);
        outage_done(&outage);
}
