/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FollowProxy: the proxy's log on behalf of the reconciler: who is looked at when a key is seen for
 * the first time.
 */
#include "reconcile/core.h"

/* While the engine is followed, or it would be woken. */
void follow_proxy(Reconciler *reconciler) {
        if (reconciler->standing && !reconciler->setup.finish)
                key_seen_follow(reconciler->key_seen, provider_proxy_id(reconciler->provider));
}

/* A consumer whose key was never seen before. */
static void on_key_seen(uint64_t number, void *data) {
        Reconciler *reconciler = data;
        const char *identity = provider_identity(reconciler->provider, number);
        Consumer *consumer = identity ? world_find(reconciler->world, identity) : NULL;

        if (consumer == NULL)
                return;
        /* It may stand for others of its project, who are known by the same network. */
        if (stacks_number(reconciler->stacks, identity) != 0 && consumer->project != NULL)
                for (consumer = consumer->project->first; consumer != NULL;
                     consumer = consumer->next_in_project)
                        queue_add(reconciler, consumer);
        else
                queue_add(reconciler, consumer);
}

int follow_proxy_open(Reconciler *reconciler, Error *err) {
        const KeySeenSetup setup = {
                .event = reconciler->setup.event,
                .engine = reconciler->engine,
                .state_dir = reconciler->setup.state_dir,
                .first = on_key_seen,
                .data = reconciler,
        };
        return key_seen_new(&setup, &reconciler->key_seen, err);
}
