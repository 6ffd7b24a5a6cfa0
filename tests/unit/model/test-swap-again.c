/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/plan-consumer.h"
#include "support/swap-scene.h"

static bool makes(const Plan *plan) {
        return plan_calls(plan, "/containers/create", "?name=" SCENE_NAME);
}

/* Is there a call to see whether such a thing is there? */
static bool checks(const Plan *plan, const char *kind, const char *name) {
        return plan_calls(plan, kind, name);
}

Test(swap_again,
     one_that_compose_took_away_is_made_again_where_its_creation_gives_the_whole_of_it) {
        static const char *const cases[] = { "as it is", "connects",   "files",
                                             "down",     "no compose", "nothing kept",
                                             "not lost", "rolls",      "Coolify's" };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const char *what = cases[i];
                Scene scene;

                scene_look(&scene, SWAP_STARTED, 0, NULL);
                scene_keep_old(scene.record);
                scene.view.lost = strcmp(what, "not lost") != 0;
                if (strcmp(what, "connects") == 0)
                        json_array_append_new(scene.record->connects, json_object());
                if (strcmp(what, "files") == 0)
                        json_array_append_new(scene.record->files, json_string("/run/secrets/s"));
                scene.record->rolls = strcmp(what, "rolls") == 0;
                if (strcmp(what, "down") == 0)
                        scene.record->was_running = false;
                if (strcmp(what, "Coolify's") == 0)
                        json_object_set_new(
                                json_object_get(
                                        json_object_get(scene.record->old, "Config"), "Labels"
                                ),
                                "coolify.managed", json_string("true")
                        );
                if (strcmp(what, "no compose") == 0)
                        json_object_clear(json_object_get(
                                json_object_get(scene.record->old, "Config"), "Labels"
                        ));
                if (strcmp(what, "nothing kept") == 0) {
                        json_decref(scene.record->keep);
                        scene.record->keep = json_null();
                }
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(
                        plan_calls(scene.plan, "/containers/create", "?name=" SCENE_NAME), i == 0,
                        "%s", what
                );
                cr_expect_eq(
                        plan_calls(scene.plan, "/networks/", "shop_default"), i == 0, "%s", what
                );
                scene_done(&scene);
        }
}

static void scene_pruned(Scene *scene, SwapPhase phase) {
        scene_look(scene, phase, 0, NULL);
        scene_keep_old(scene->record);
        scene->view.pruned = true;
}

Test(swap_again, that_it_was_pruned_is_written_down_before_it_is_made_again) {
        Scene scene;

        scene_pruned(&scene, SWAP_STOPPING);
        scene.view.quiet = scene.view.rested = false; /* nobody is waited for */
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->actions[0].kind, ACTION_RECORD);
        cr_expect(json_is_true(json_object_get(plan_record(scene.plan), "again")));
        cr_expect(scene.plan->actions[0].optional);
        cr_expect(makes(scene.plan));
        cr_expect(scene.plan->undoes);
        cr_expect_not(scene.plan->counts);
        scene_done(&scene);
}

Test(swap_again, what_was_written_down_is_done_by_whoever_reads_it) {
        Scene scene;

        scene_pruned(&scene, SWAP_STARTED);
        scene.view.pruned = false; /* a daemon that has just started */
        scene.record->again = true;
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_null(plan_record(scene.plan));
        cr_expect(makes(scene.plan));
        scene_done(&scene);
}

Test(swap_again, its_networks_and_volumes_must_be_there) {
        Scene scene;

        scene_pruned(&scene, SWAP_STOPPING);
        json_object_set_new(
                scene.record->keep, "connects",
                json_pack("[{s:s, s:{}}]", "network", "back end", "body")
        );
        json_object_set_new(
                scene.record->old, "Mounts",
                json_pack("[{s:s, s:s}, {s:s}]", "Type", "volume", "Name", "vault", "Type", "bind")
        );
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect(checks(scene.plan, "/networks/", "shop_default"));
        cr_expect(checks(scene.plan, "/networks/", "back%20end"));
        cr_expect(checks(scene.plan, "/volumes/", "vault"));
        cr_expect(makes(scene.plan));
        scene_done(&scene);
}

Test(swap_again, a_hundred_volumes_do_not_burst_the_plan) {
        json_t *mounts = json_array();
        Scene scene;

        for (size_t i = 0; i < 100; i++)
                json_array_append_new(mounts, json_pack("{s:s}", "Name", "vault"));
        scene_pruned(&scene, SWAP_STOPPING);
        json_object_set_new(scene.record->old, "Mounts", mounts);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->error, 0);
        cr_expect(makes(scene.plan));
        scene_done(&scene);
}

Test(swap_again, what_cannot_be_made_whole_is_said_and_its_record_stays) {
        for (int i = 0; i < 2; i++) {
                Scene scene;

                scene_pruned(&scene, SWAP_STOPPING);
                scene.record->again = true;
                if (i == 0)
                        json_array_append_new(scene.record->files, json_string("/run/secrets/s"));
                else
                        json_object_del(scene.record->keep, "create");
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(scene.plan->n_actions, 0);
                cr_expect_eq(scene.plan->state, LINK_FAILED);
                cr_expect(strstr(scene.plan->next, "deploy it again") != NULL);
                scene_done(&scene);
        }
}

Test(swap_again, what_keeps_it_from_being_made_is_said_and_tried_again) {
        Scene scene;

        scene_pruned(&scene, SWAP_STOPPING);
        scene.record->again = true;
        scene.view.failure = "could not see whether its volume is there: no such volume: vault";
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->state, LINK_FAILED);
        cr_expect(strstr(scene.plan->reason, "vault") != NULL);
        cr_expect(makes(scene.plan));
        scene_done(&scene);
}

Test(swap_again, one_that_its_user_had_stopped_does_not_come_back) {
        Scene scene;

        scene_pruned(&scene, SWAP_ROLLBACK);
        scene.record->was_running = false;
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_not(makes(scene.plan));
        scene_done(&scene);
}

/* Connected one by one, and started. Another one of that name is compose's. */
Test(swap_again, made_again_it_is_connected_and_started) {
        const InspectSpec ours = {
                .id = "c", .name = SCENE_NAME, .created = "2026-02-01T00:00:00Z", .state = "created"
        };
        InspectSpec theirs = ours;
        theirs.hash = "another";
        const InspectSpec *cases[] = { &ours, &theirs };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Container *seen = inspect_container(cases[i]);
                const Container *shown[] = { seen };
                Scene scene;

                scene_pruned(&scene, SWAP_STOPPING);
                scene.record->again = true;
                json_object_set_new(
                        scene.record->keep, "connects",
                        json_pack("[{s:s, s:{}}]", "network", "back", "body")
                );
                swap_look(scene.record, shown, 1, &scene.view);
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(
                        plan_calls(scene.plan, "/networks/", "back/connect"), i == 0, "%zu", i
                );
                cr_expect_eq(plan_calls(scene.plan, "/c000", "/start"), i == 0, "%zu", i);
                (void) container_free(seen);
                scene_done(&scene);
        }
}

/* ---- What of a prune counts ---- */

#define NOW   (7200 * USEC_PER_SEC)
#define BEGUN 1795824000000000

/* Both are gone; our last action was a second ago. */
static bool is_made_again(uint64_t begun_usec, uint64_t pruned_usec) {
        cleanup(swap_record_freep) SwapRecord *record = scene_record(SWAP_STOPPING);
        const ConsumerContext context = { .settle_usec = 10 * USEC_PER_SEC };
        const ConsumerView view = { .record = record,
                                    .touched_usec = NOW - USEC_PER_SEC,
                                    .pruned_usec = pruned_usec };
        cleanup(plan_freep) Plan *plan = NULL;

        scene_keep_old(record);
        record->begun_usec = begun_usec;
        cr_assert_eq(plan_consumer(&view, &context, NOW, &plan), 0);
        return makes(plan);
}

Test(swap_again, only_a_prune_since_the_swap_began_counts) {
        cr_expect(is_made_again(BEGUN, BEGUN + 1));
        cr_expect_not(is_made_again(BEGUN, BEGUN - 1));
        cr_expect_not(is_made_again(BEGUN, 0));
        cr_expect_not(is_made_again(0, BEGUN), "a record that does not say when");
}

/* Is the record dropped, so long after our last action and after anybody's last removal? */
static bool is_dropped(uint64_t touched_sec, uint64_t removed_sec) {
        cleanup(swap_record_freep) SwapRecord *record = scene_record(SWAP_STOPPING);
        const ConsumerContext context = { .settle_usec = 10 * USEC_PER_SEC };
        const ConsumerView view = { .record = record,
                                    .touched_usec = NOW - touched_sec * USEC_PER_SEC,
                                    .removed_usec = NOW - removed_sec * USEC_PER_SEC };
        cleanup(plan_freep) Plan *plan = NULL;

        cr_assert_eq(plan_consumer(&view, &context, NOW, &plan), 0);
        cr_expect(plan->n_actions > 0 || plan->wake_usec > 0);
        return plan->n_actions > 0 && plan->actions[0].kind == ACTION_FORGET;
}

Test(swap_again, while_containers_are_being_removed_a_prune_may_still_be_told_of) {
        cr_expect_not(is_dropped(10, 1));
        cr_expect(is_dropped(10, 5));
        cr_expect(is_dropped(100, 1), "where they always are");
}
