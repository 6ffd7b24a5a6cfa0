/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "model/swap-beside.h"
#include "support/swap-scene.h"

#define NOW (1000 * USEC_PER_SEC)

/* Both run, the new one of this health for so long. */
static void scene_beside(Scene *scene, const char *health, uint64_t up_sec) {
        const InspectSpec specs[] = { { .name = SCENE_PREVIOUS },
                                      { .id = "b",
                                        .name = SCENE_NAME,
                                        .env = scene_link_env,
                                        .created = "2026-01-02T04:00:00Z",
                                        .health = health } };

        scene_look(scene, SWAP_BESIDE, 2, specs);
        scene->record->rolls = true;
        scene->view.made_up_usec = up_sec * USEC_PER_SEC;
}

Test(swap_beside, nothing_is_stopped_until_the_new_one_has_proven_itself) {
        static const struct {
                const char *health;
                uint64_t up_sec;
                bool proven, undone;
                uint64_t wake_sec;
        } cases[] = {
                { NULL, 0, false, false, 5 },         { NULL, 4, false, false, 1 },
                { NULL, 5, true, false, 0 },          { "starting", 0, false, false, 180 },
                { "starting", 179, false, false, 1 }, { "starting", 180, false, true, 0 },
                { "unhealthy", 1, false, true, 0 },   { "healthy", 0, true, false, 0 },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Scene scene;

                scene_beside(&scene, cases[i].health, cases[i].up_sec);
                cr_expect_eq(swap_is_proven_beside(&scene.view), cases[i].proven, "%zu", i);
                plan_swap(&scene.view, NOW, scene.plan);
                cr_expect_eq(plan_calls(scene.plan, "/aaaa", "/stop"), cases[i].proven, "%zu", i);
                cr_expect_eq(scene.plan->counts, cases[i].undone, "%zu", i);
                cr_expect_eq(
                        scene.plan->wake_usec,
                        cases[i].wake_sec ? NOW + cases[i].wake_sec * USEC_PER_SEC : 0, "%zu", i
                );
                scene_done(&scene);
        }
}

Test(swap_beside, whoever_is_about_to_end_waits_for_no_proof) {
        Scene scene;

        scene_beside(&scene, "starting", 1);
        scene.view.hurried = true;
        plan_swap(&scene.view, NOW, scene.plan);
        cr_expect(plan_calls(scene.plan, "/b000", "?v=0"));
        cr_expect_not(plan_calls(scene.plan, "/aaaa", ""));
        cr_expect_not(scene.plan->counts);
        scene_done(&scene);

        scene_beside(&scene, "healthy", 1);
        scene.view.hurried = true;
        plan_swap(&scene.view, NOW, scene.plan);
        cr_expect(plan_calls(scene.plan, "/aaaa", "/stop"), "what is proven is brought to its end");
        scene_done(&scene);
}

Test(swap_beside, undone_the_old_one_gets_its_name_back_by_itself_and_last) {
        const InspectSpec specs[] = { { .name = SCENE_PREVIOUS } };
        Scene scene;

        for (unsigned i = 0; i < 4; i++) {
                scene_look(&scene, SWAP_ROLLBACK, 1, specs);
                scene.record->rolls = true;
                scene.view.quiet = i % 2 == 1;
                scene.view.rested = i / 2 == 1;
                plan_swap(&scene.view, NOW, scene.plan);
                cr_expect_eq(
                        plan_calls(scene.plan, "/aaaa", "/rename?name=" SCENE_NAME), i == 3, "%u", i
                );
                cr_expect_eq(scene.plan->n_actions, i == 3, "%u", i);
                scene_done(&scene);
        }
}

Test(swap_beside, an_old_one_that_must_be_started_is_so_before_the_new_one_is_stopped) {
        const InspectSpec specs[] = { scene_old_prev, scene_new_running };
        static const char *const ends[] = { "/update", "/start", "/stop", "?v=0" };
        Scene scene;

        scene_look(&scene, SWAP_ROLLBACK, 2, specs);
        scene.record->rolls = true;
        plan_swap(&scene.view, NOW, scene.plan);
        cr_assert_eq(scene.plan->n_actions, ARRAY_LEN(ends));
        for (size_t i = 0; i < ARRAY_LEN(ends); i++)
                cr_expect_not_null(strstr(scene.plan->actions[i].u.call.path, ends[i]), "%zu", i);
        scene_done(&scene);
}
