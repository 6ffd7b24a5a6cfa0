/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/plan-swap.h"
#include "support/swap-scene.h"

Test(swap_look, ours_is_known_by_what_it_holds_before_its_id_was_written_down) {
        InspectSpec specs[] = { { .name = SCENE_PREVIOUS }, scene_new_running };
        Scene scene;

        specs[1].state = "created";
        scene_look(&scene, SWAP_PREPARE, 2, specs);
        cr_expect_eq(scene.view.made, scene.containers[1]);
        cr_expect_null(scene.view.successor);
        scene_done(&scene);

        specs[1].env = NULL; /* without the link it is somebody else's */
        scene_look(&scene, SWAP_PREPARE, 2, specs);
        cr_expect_null(scene.view.made);
        cr_expect_eq(scene.view.successor, scene.containers[1]);
        cr_expect(scene.view.successor_takes_name);
        scene_done(&scene);
}

Test(swap_look, another_identity_an_older_one_or_another_replica_is_no_successor) {
        static const InspectSpec others[] = {
                { .id = "c",
                  .name = SCENE_NAME,
                  .created = "2026-02-01T00:00:00Z",
                  .service = "worker" },
                { .id = "c",
                  .name = SCENE_NAME,
                  .created = "2026-02-01T00:00:00Z",
                  .project = "other" },
                { .id = "c", .name = SCENE_NAME, .created = "2026-02-01T00:00:00Z", .project = "" },
                { .id = "c", .name = SCENE_NAME, .created = "2026-02-01T00:00:00Z", .number = "2" },
                { .id = "c", .name = SCENE_NAME, .created = "2026-01-01T00:00:00Z" },
                { .id = "c",
                  .name = SCENE_NAME,
                  .created = "2026-02-01T00:00:00Z",
                  .state = "created",
                  .not_enabled = true },
        };

        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                const InspectSpec specs[] = { scene_old_prev, others[i] };
                Scene scene;

                scene_look(&scene, SWAP_STOPPING, 2, specs);
                cr_expect_eq(scene.view.old, scene.containers[0], "%zu", i);
                cr_expect_null(scene.view.successor, "%zu", i);
                scene_done(&scene);
        }
}

Test(swap_look, where_the_old_one_opted_in_without_a_label_its_successor_needs_none) {
        const InspectSpec specs[] = { scene_old_prev,
                                      { .id = "c",
                                        .name = SCENE_NAME,
                                        .created = "2026-02-01T00:00:00Z",
                                        .state = "created",
                                        .not_enabled = true } };
        const Container *shown[2];
        Scene scene;

        scene_look(&scene, SWAP_STOPPING, 2, specs);
        cr_expect_null(scene.view.successor);
        for (size_t i = 0; i < 2; i++)
                shown[i] = scene.containers[i];
        /* By its operator's order, or by its stack's label. */
        json_t *config = json_object_get(scene.record->old, "Config");
        (void) json_object_del(json_object_get(config, "Labels"), "coollama.enable");
        swap_look(scene.record, shown, 2, &scene.view);
        cr_expect_eq(scene.view.successor, scene.containers[1]);
        cr_expect(scene.view.successor_takes_name);
        scene_done(&scene);
}

Test(swap_look, of_two_successors_the_newest_counts_in_any_order) {
        const InspectSpec a = { .id = "c", .name = "x", .created = "2026-02-01T00:00:00.5Z" };
        const InspectSpec b = { .id = "d", .name = "y", .created = "2026-02-01T00:00:00.55Z" };
        const InspectSpec orders[][2] = { { a, b }, { b, a } };

        for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
                Scene scene;

                scene_look(&scene, SWAP_STARTED, 2, orders[i]);
                cr_expect_str_eq(scene.view.successor->name, "y");
                cr_expect_not(scene.view.successor_takes_name);
                scene_done(&scene);
        }
}

Test(swap_look, one_that_is_being_removed_is_gone) {
        InspectSpec specs[] = { scene_old_prev, scene_new_running };
        Scene scene;

        specs[0].state = "removing";
        specs[1].state = "dead";
        scene_look(&scene, SWAP_STOPPING, 2, specs);
        cr_expect_null(scene.view.old);
        cr_expect_null(scene.view.made);
        scene_done(&scene);
}
