/* SPDX-License-Identifier: Apache-2.0 */
#include "support/swap-scene.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

const char *const scene_link_env[] = { "VER=1", "OLLAMA_BASE_URL=http://x", NULL };

const InspectSpec scene_old_prev = { .name = SCENE_PREVIOUS, .state = "exited", .policy = "no" };
const InspectSpec scene_new_running = {
        .id = "b", .name = SCENE_NAME, .env = scene_link_env, .created = "2026-01-02T04:00:00Z"
};

SwapRecord *scene_record(SwapPhase phase) {
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

/* All that it takes to make the old one again. */
void scene_keep_old(SwapRecord *record) {
        json_decref(record->keep);
        record->keep = json_pack(
                "{s:{s:s, s:{s:{s:{}}}}}", "create", "Image", "busybox", "NetworkingConfig",
                "EndpointsConfig", "shop_default"
        );
}

bool plan_calls(const Plan *plan, const char *id, const char *end) {
        for (size_t i = 0; i < plan->n_actions; i++) {
                const Action *action = &plan->actions[i];

                if (action->kind == ACTION_CALL && strstr(action->u.call.path, id) != NULL
                    && strstr(action->u.call.path, end) != NULL)
                        return true;
        }
        return false;
}

const json_t *plan_record(const Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++)
                if (plan->actions[i].kind == ACTION_RECORD)
                        return plan->actions[i].u.record;
        return NULL;
}

void scene_look(Scene *scene, SwapPhase phase, size_t n, const InspectSpec *specs) {
        const Container *shown[3];

        *scene = (Scene){ .record = scene_record(phase), .n = n, .plan = plan_new() };
        for (size_t i = 0; i < n; i++)
                shown[i] = scene->containers[i] = inspect_container(&specs[i]);
        swap_look(scene->record, shown, n, &scene->view);
        scene->view.quiet = scene->view.rested = true;
}

void scene_done(Scene *scene) {
        for (size_t i = 0; i < scene->n; i++)
                (void) container_free(scene->containers[i]);
        (void) swap_record_free(scene->record);
        (void) plan_free(scene->plan);
}
