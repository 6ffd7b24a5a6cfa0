/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/plan-swap.h"
#include "support/inspect.h"

#define NAME     "shop-app-1"
#define PREVIOUS NAME ".coollama-prev"

static const char *const link_env[] = { "VER=1", "OLLAMA_BASE_URL=http://x", NULL };

static SwapRecord *make_record(SwapPhase phase) {
        Container *before = inspect_container(&(InspectSpec){ 0 });
        SwapRecord *record = NULL;

        cr_assert_eq(swap_record_new("shop/app", before, &record), 0);
        (void) container_free(before);
        record->phase = phase;
        if (phase == SWAP_ROLLBACK) {
                free(record->last_run);
                record->last_run = strdup("2026-01-02T03:04:06Z");
        }
        json_array_append_new(record->link, json_string("OLLAMA_BASE_URL=http://x"));
        if (phase != SWAP_PREPARE) {
                char id[65];

                memset(id, '0', 64);
                id[0] = 'b';
                id[64] = '\0';
                free(record->new_id);
                record->new_id = strdup(id);
        }
        return record;
}

/* A view of the containers of these documents, which are taken over; at most three. */
typedef struct Scene {
        SwapRecord *record;
        Container *containers[3];
        size_t n;
        SwapView view;
} Scene;

static void look(Scene *scene, SwapPhase phase, size_t n, const InspectSpec *specs) {
        const Container *shown[3];

        *scene = (Scene){ .record = make_record(phase), .n = n };
        for (size_t i = 0; i < n; i++)
                shown[i] = scene->containers[i] = inspect_container(&specs[i]);
        swap_look(scene->record, shown, n, &scene->view);
}

static void scene_done(Scene *scene) {
        for (size_t i = 0; i < scene->n; i++)
                (void) container_free(scene->containers[i]);
        (void) swap_record_free(scene->record);
}

static const InspectSpec old_prev = { .name = PREVIOUS, .state = "exited", .policy = "no" };
static const InspectSpec new_running = {
        .id = "b", .name = NAME, .env = link_env, .created = "2026-01-02T04:00:00Z"
};

Test(swap_look, ours_is_known_by_what_it_holds_before_its_id_was_written_down) {
        InspectSpec specs[] = { { .name = PREVIOUS }, new_running };
        Scene scene;

        specs[1].state = "created";
        look(&scene, SWAP_PREPARE, 2, specs);
        cr_expect_eq(scene.view.made, scene.containers[1]);
        cr_expect_null(scene.view.successor);
        scene_done(&scene);

        specs[1].env = NULL; /* without the link it is somebody else's */
        look(&scene, SWAP_PREPARE, 2, specs);
        cr_expect_null(scene.view.made);
        cr_expect_eq(scene.view.successor, scene.containers[1]);
        cr_expect(scene.view.successor_takes_name);
        scene_done(&scene);
}

Test(swap_look, another_identity_an_older_one_or_another_replica_is_no_successor) {
        static const InspectSpec others[] = {
                { .id = "c", .name = NAME, .created = "2026-02-01T00:00:00Z", .service = "worker" },
                { .id = "c", .name = NAME, .created = "2026-02-01T00:00:00Z", .project = "other" },
                { .id = "c", .name = NAME, .created = "2026-02-01T00:00:00Z", .project = "" },
                { .id = "c", .name = NAME, .created = "2026-02-01T00:00:00Z", .number = "2" },
                { .id = "c", .name = NAME, .created = "2026-01-01T00:00:00Z" },
                { .id = "c",
                  .name = NAME,
                  .created = "2026-02-01T00:00:00Z",
                  .state = "created",
                  .not_enabled = true },
        };

        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                const InspectSpec specs[] = { old_prev, others[i] };
                Scene scene;

                look(&scene, SWAP_STOPPING, 2, specs);
                cr_expect_eq(scene.view.old, scene.containers[0], "%zu", i);
                cr_expect_null(scene.view.successor, "%zu", i);
                scene_done(&scene);
        }
}

Test(swap_look, of_two_successors_the_newest_counts_in_any_order) {
        const InspectSpec a = { .id = "c", .name = "x", .created = "2026-02-01T00:00:00.5Z" };
        const InspectSpec b = { .id = "d", .name = "y", .created = "2026-02-01T00:00:00.55Z" };
        const InspectSpec orders[][2] = { { a, b }, { b, a } };

        for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
                Scene scene;

                look(&scene, SWAP_STARTED, 2, orders[i]);
                cr_expect_str_eq(scene.view.successor->name, "y");
                cr_expect_not(scene.view.successor_takes_name);
                scene_done(&scene);
        }
}

Test(swap_look, one_that_is_being_removed_is_gone) {
        InspectSpec specs[] = { old_prev, new_running };
        Scene scene;

        specs[0].state = "removing";
        specs[1].state = "dead";
        look(&scene, SWAP_STOPPING, 2, specs);
        cr_expect_null(scene.view.old);
        cr_expect_null(scene.view.made);
        scene_done(&scene);
}
