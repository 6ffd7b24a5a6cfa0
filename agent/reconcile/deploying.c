/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/deploying.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/container.h"
#include "reconcile/core.h"

void deploying_ask(Reconciler *reconciler) {
        const Config *config = reconciler->setup.config;

        deployments_forget(&reconciler->deployments);
        reconciler->deployments.grace_usec = config->link.settle_usec;
        listing_add_running(reconciler->listing, DEPLOYMENT_NAME_PATTERN);
}

void deploying_found(Reconciler *reconciler, const json_t *item) {
        const char *image = json_string_value(json_object_get(item, "Image"));
        const char *state = json_string_value(json_object_get(item, "State"));
        json_int_t created_sec = json_integer_value(json_object_get(item, "Created"));
        const char *name = container_list_name(item);
        uint64_t now_usec = clock_monotonic_usec();
        uint64_t wall_usec = clock_realtime_usec();

        if (state == NULL || strcmp(state, "running") != 0 || !deployments_is_helper(image, name))
                return;
        uint64_t created_usec = created_sec > 0 ? (uint64_t) created_sec * USEC_PER_SEC : wall_usec;
        uint64_t age_usec = created_usec < wall_usec ? wall_usec - created_usec : 0;
        deployments_begin(
                &reconciler->deployments, name, age_usec < now_usec ? now_usec - age_usec : 1,
                now_usec
        );
        log_debug("A deployment of Coolify is in progress: %s", name);
}

/* It may be what they wait for. */
static void queue_waiting(Consumer *consumer, void *data) {
        if (consumer->state == LINK_WAITING)
                queue_add(data, consumer);
}

void deploying_event(Reconciler *reconciler, const EngineEvent *event) {
        uint64_t now_usec = clock_monotonic_usec();
        bool begins = event->kind == EVENT_CREATE || event->kind == EVENT_START;
        bool ends = event->kind == EVENT_DIE || event->kind == EVENT_DESTROY;

        if (!(begins || ends) || !deployments_is_helper(event->image, event->name))
                return;
        if (begins) {
                deployments_begin(&reconciler->deployments, event->name, now_usec, now_usec);
        } else {
                deployments_end(&reconciler->deployments, event->name, now_usec);
                world_visit(reconciler->world, queue_waiting, reconciler);
        }
        log_debug(
                "A deployment of Coolify: %s: %s", event->name, event_kind_to_string(event->kind)
        );
}
