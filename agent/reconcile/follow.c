/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follow: consumers that carry no label of ours (model/opt-in.h) have health events all the same.
 *
 * The engine filters these by label, or by id: so the watch is told their ids, each time that they
 * change, once for all changes of one turn of the loop.
 */
#include <string.h>

#include "base/log.h"
#include "reconcile/core.h"

static int on_follow(sd_event_source *source, void *data) {
        const Reconciler *reconciler = data;
        const char *ids[WATCH_FOLLOWED_MAX];
        size_t n = world_followed(reconciler->world, ids, WATCH_FOLLOWED_MAX);

        (void) source;
        int r = reconciler->watch ? watch_follow(reconciler->watch, ids, n) : 0;
        if (r < 0)
                log_debug("cannot follow %zu containers: %s", n, strerrordesc_np(-r));
        return 0;
}

int follow_open(Reconciler *reconciler) {
        int r = sd_event_add_defer(
                reconciler->setup.event, &reconciler->follow, on_follow, reconciler
        );
        return r < 0 ? r : sd_event_source_set_enabled(reconciler->follow, SD_EVENT_OFF);
}

void follow_check(Reconciler *reconciler) {
        if (world_followed_changed(reconciler->world))
                (void) sd_event_source_set_enabled(reconciler->follow, SD_EVENT_ONESHOT);
}

/* What happened before was not heard. */
void follow_heard(void *data) {
        Reconciler *reconciler = data;
        const char *ids[WATCH_FOLLOWED_MAX];
        size_t n = world_followed(reconciler->world, ids, WATCH_FOLLOWED_MAX);

        for (size_t i = 0; i < n; i++) {
                Consumer *consumer = world_find_container(reconciler->world, ids[i]);

                if (consumer == NULL)
                        continue;
                pass_container_changed(consumer, ids[i]);
                queue_add(reconciler, consumer);
        }
}
