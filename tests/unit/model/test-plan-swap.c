/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "support/swap-scene.h"

Test(plan_swap, compose_is_left_to_remove_what_it_replaces_itself) {
        const InspectSpec specs[] = { scene_old_prev,
                                      scene_new_running,
                                      { .id = "c",
                                        .name = "b00000000000_" SCENE_NAME,
                                        .created = "2026-02-01T00:00:00Z",
                                        .state = "created" } };
        Scene scene;

        scene_look(&scene, SWAP_STARTED, 3, specs);
        cr_expect_eq(swap_victim(&scene.view), scene.containers[1]);
        scene.view.quiet = false;
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->n_actions, 0);
        cr_expect_gt(scene.plan->wake_usec, 1);
        scene_done(&scene);

        scene_look(&scene, SWAP_STARTED, 3, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect(plan_calls(scene.plan, "/b000", "?v=0"), "quiet, and it has not done so");
        scene_done(&scene);
}

Test(plan_swap, the_old_one_runs_before_ours_goes_and_before_it_gets_its_name) {
        const InspectSpec specs[] = { scene_old_prev, scene_new_running };
        static const char *const ends[] = { "/b000", "/update", "/start", "?v=0", "/rename?name=" };
        Scene scene;

        scene_look(&scene, SWAP_ROLLBACK, 2, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->n_actions, ARRAY_LEN(ends));
        for (size_t i = 0; i < ARRAY_LEN(ends); i++)
                cr_expect_not_null(
                        strstr(scene.plan->actions[i].u.call.path, ends[i]), "%zu: %s", i,
                        scene.plan->actions[i].u.call.path
                );
        cr_expect(scene.plan->undoes);
        scene_done(&scene);
}

Test(plan_swap, others_that_the_newer_deployment_left_are_started_before_the_record_goes) {
        const InspectSpec specs[] = {
                { .id = "c", .name = SCENE_NAME, .created = "2026-02-01T00:00:00Z" }
        };
        Scene scene;

        scene_look(&scene, SWAP_STOPPING, 1, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->needs, NEED_MEMBERS);
        cr_expect_eq(scene.plan->n_actions, 0);
        cr_expect_str_eq(scene.plan->subject, scene.containers[0]->id);
        scene_done(&scene);

        scene_look(&scene, SWAP_STOPPING, 1, specs);
        json_t *members = json_pack(
                "[{s:s, s:i, s:s, s:[s]}, {s:s, s:i, s:s, s:[s]}]", "Id", scene.containers[0]->id,
                "Created", 1000, "State", "running", "Names", "/" SCENE_NAME, "Id", "d000",
                "Created", 990, "State", "created", "Names", "/shop-db-1"
        );
        scene.view.members = members;
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->n_actions, 2);
        cr_expect_str_eq(scene.plan->actions[0].u.call.path, "/containers/d000/start");
        cr_expect_eq(scene.plan->actions[1].kind, ACTION_FORGET);
        json_decref(members);
        scene_done(&scene);
}

Test(plan_swap, the_restart_policy_comes_back_as_the_record_has_it) {
        const InspectSpec specs[] = { scene_old_prev };
        Scene scene;

        scene_look(&scene, SWAP_ROLLBACK, 1, specs);
        plan_swap(&scene.view, 1, scene.plan);
        const json_t *policy = json_object_get(scene.plan->actions[0].u.call.body, "RestartPolicy");
        cr_expect_str_eq(json_string_value(json_object_get(policy, "Name")), "unless-stopped");
        scene_done(&scene);
}

Test(plan_swap, writing_that_it_is_undone_may_fail) {
        const InspectSpec specs[] = { scene_old_prev };
        Scene scene;

        scene_look(&scene, SWAP_STOPPING, 1, specs);
        scene.view.failure = "could not start the new";
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->actions[0].kind, ACTION_RECORD);
        cr_expect(scene.plan->actions[0].optional);
        cr_expect(scene.plan->counts);
        cr_expect(json_is_true(json_object_get(scene.plan->actions[0].u.record, "counts")));
        scene_done(&scene);
}

Test(plan_swap, further_networks_are_connected_with_the_new_ones_id) {
        const InspectSpec specs[] = { { .name = SCENE_PREVIOUS },
                                      { .id = "b",
                                        .name = SCENE_NAME,
                                        .env = scene_link_env,
                                        .created = "2026-01-02T04:00:00Z",
                                        .state = "created" } };
        Scene scene;

        scene_look(&scene, SWAP_PREPARE, 2, specs);
        json_array_append_new(
                scene.record->connects, json_pack(
                                                "{s:s, s:{s:n, s:{}}}", "network", "net b?", "body",
                                                "Container", "EndpointConfig"
                                        )
        );
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->actions[0].kind, ACTION_CALL);
        cr_expect_str_eq(scene.plan->actions[0].u.call.path, "/networks/net%20b%3F/connect");
        cr_expect_str_eq(
                json_string_value(json_object_get(scene.plan->actions[0].u.call.body, "Container")),
                scene.containers[1]->id
        );
        cr_expect(
                json_is_null(json_object_get(
                        json_object_get(json_array_get(scene.record->connects, 0), "body"),
                        "Container"
                )),
                "the record's own is left as it was"
        );
        scene_done(&scene);
}

/* What the undo of an old one in this state writes down of its last run. */
static void expect_last_run(SwapPhase phase, const char *state, const char *wanted) {
        const InspectSpec specs[] = { { .name = SCENE_PREVIOUS, .state = state, .policy = "no" } };
        Scene scene;

        scene_look(&scene, phase, 1, specs);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_str_eq(
                json_string_value(json_object_get(plan_record(scene.plan), "last_run")), wanted,
                "%s", state
        );
        scene_done(&scene);
}

Test(plan_swap, an_undo_notes_the_run_that_it_is_to_follow) {
        expect_last_run(SWAP_PREPARE, "exited", "2026-01-02T03:04:06Z");
        expect_last_run(SWAP_PREPARE, "running", SWAP_RUN_NONE);
        expect_last_run(SWAP_PREPARE, "paused", SWAP_RUN_NONE);
        expect_last_run(SWAP_STOPPING, "exited", "2026-01-02T03:04:06Z");
        expect_last_run(SWAP_STOPPING, "running", "2026-01-02T03:04:06Z");
}

Test(plan_swap, a_stop_of_ours_that_may_come_late_is_waited_for) {
        const InspectSpec specs[] = { { .name = SCENE_NAME, .state = "running" } };
        Scene scene;

        scene_look(&scene, SWAP_ROLLBACK, 1, specs);
        cr_expect_eq(swap_victim(&scene.view), scene.containers[0]);
        free(scene.record->last_run);
        scene.record->last_run = strdup(SWAP_RUN_NONE);
        cr_expect_null(swap_victim(&scene.view));
        scene_done(&scene);
}

Test(plan_swap, an_old_one_is_started_once_and_not_again_when_it_ends) {
        static const struct {
                const char *last_run, *policy;
                bool starts;
        } cases[] = {
                { "", "unless-stopped", true },
                { "2026-01-02T03:04:06Z", "unless-stopped", true },
                { "2026-01-01T00:00:00Z", "unless-stopped", false },
                { SWAP_RUN_NONE, "unless-stopped", false },
                /* With a policy of ours it is out of service still. */
                { "2026-01-01T00:00:00Z", "no", true },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const InspectSpec specs[] = {
                        { .name = SCENE_PREVIOUS, .state = "exited", .policy = cases[i].policy }
                };
                Scene scene;

                scene_look(&scene, SWAP_ROLLBACK, 1, specs);
                free(scene.record->last_run);
                scene.record->last_run = strdup(cases[i].last_run);
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(plan_calls(scene.plan, "/aaaa", "/start"), cases[i].starts, "%zu", i);
                /* Its name comes back by itself. */
                cr_expect_eq(
                        plan_calls(scene.plan, "/aaaa", "/rename?name=" SCENE_NAME),
                        !cases[i].starts, "%zu", i
                );
                scene_done(&scene);
        }
}

Test(plan_swap, what_is_in_the_way_of_service_is_said_with_the_mend) {
        const InspectSpec old[] = { scene_old_prev };
        const InspectSpec newer[] = { { .id = "c",
                                        .name = SCENE_NAME,
                                        .hash = "h2",
                                        .created = "2026-01-02T05:00:00Z",
                                        .state = "created" } };
        Scene scene;

        scene_look(&scene, SWAP_ROLLBACK, 1, old);
        plan_swap(&scene.view, 1, scene.plan);
        cr_expect_eq(scene.plan->state, LINK_LINKING, "nothing has failed yet");
        scene_done(&scene);

        for (size_t i = 0; i < 2; i++) {
                scene_look(&scene, SWAP_ROLLBACK, 1, i == 0 ? old : newer);
                scene.view.failure = "could not start the old: port is already allocated";
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(scene.plan->state, LINK_FAILED, "%zu", i);
                cr_expect_not_null(
                        strstr(scene.plan->reason, "port is already allocated"), "%zu", i
                );
                cr_expect_not_null(scene.plan->next, "%zu", i);
                scene_done(&scene);
        }
}

Test(plan_swap, files_are_copied_before_the_old_one_is_stopped_and_once) {
        const InspectSpec specs[] = { { .name = SCENE_PREVIOUS },
                                      { .id = "b",
                                        .name = SCENE_NAME,
                                        .env = scene_link_env,
                                        .created = "2026-01-02T04:00:00Z",
                                        .state = "created" } };
        Scene scene;

        scene_look(&scene, SWAP_PREPARE, 2, specs);
        json_array_append_new(scene.record->files, json_string("/run/secrets/s"));
        plan_swap(&scene.view, 1, scene.plan);
        cr_assert_eq(scene.plan->actions[0].kind, ACTION_COPY);
        const ActionCopy *copy = &scene.plan->actions[0].u.copy;
        cr_expect_str_eq(copy->from, scene.containers[0]->id);
        cr_expect_str_eq(copy->to, scene.containers[1]->id);
        cr_expect(json_equal(copy->paths, scene.record->files));
        scene_done(&scene);

        scene_look(&scene, SWAP_STOPPING, 2, specs);
        json_array_append_new(scene.record->files, json_string("/run/secrets/s"));
        plan_swap(&scene.view, 1, scene.plan);
        for (size_t i = 0; i < scene.plan->n_actions; i++)
                cr_expect_neq(scene.plan->actions[i].kind, ACTION_COPY);
        scene_done(&scene);
}

/* The old one is down by us, ours could not be started since it was gone. */
Test(plan_swap, what_coolify_removed_is_not_brought_back_by_its_old_one) {
        for (size_t i = 0; i < 4; i++) {
                const InspectSpec specs[] = { { .name = SCENE_PREVIOUS, .state = "exited" } };
                bool of_coolify = i > 0, quiet = i != 2, pruned = i == 3;
                Scene scene;

                scene_look(&scene, SWAP_STOPPING, 1, specs);
                if (of_coolify)
                        json_object_set_new(
                                json_object_get(
                                        json_object_get(scene.record->old, "Config"), "Labels"
                                ),
                                "coolify.managed", json_string("true")
                        );
                scene.view.failure = "could not start the new one: No such container";
                scene.view.quiet = quiet;
                scene.view.pruned = pruned;
                plan_swap(&scene.view, 1, scene.plan);
                cr_expect_eq(
                        plan_calls(scene.plan, "/aaaa", "/start"), !of_coolify || pruned, "%zu", i
                );
                if (of_coolify && !quiet)
                        cr_expect_eq(scene.plan->n_actions, 0);
                scene_done(&scene);
        }
}
