/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queue: consumers that are to be looked at, each at most once, a bounded number at a time.
 */
#include "reconcile/core.h"

static void push(Reconciler *reconciler, Consumer *consumer) {
        consumer->pass = PASS_QUEUED;
        consumer->next_queued = NULL;
        if (reconciler->queue_last != NULL)
                reconciler->queue_last->next_queued = consumer;
        else
                reconciler->queue_first = consumer;
        reconciler->queue_last = consumer;
}

static Consumer *pop(Reconciler *reconciler) {
        Consumer *consumer = reconciler->queue_first;

        reconciler->queue_first = consumer->next_queued;
        if (reconciler->queue_first == NULL)
                reconciler->queue_last = NULL;
        consumer->next_queued = NULL;
        consumer->pass = PASS_IDLE;
        return consumer;
}

void queue_add(Reconciler *reconciler, Consumer *consumer) {
        switch (consumer->pass) {
        case PASS_IDLE:
                push(reconciler, consumer);
                (void) sd_event_source_set_enabled(reconciler->queue_source, SD_EVENT_ONESHOT);
                break;
        case PASS_QUEUED:
                break;
        case PASS_OBSERVING:
        case PASS_EXECUTING:
                consumer->dirty = true;
                break;
        }
}

static void add(Consumer *consumer, void *data) {
        queue_add(data, consumer);
}

void queue_add_all(Reconciler *reconciler) {
        world_visit(reconciler->world, add, reconciler);
}

static int on_queue(sd_event_source *source, void *data) {
        Reconciler *reconciler = data;

        (void) source;
        if (!reconciler->standing || reconciler->prunes != NULL)
                return 0; /* intake_resync() wakes the queue again */
        while (reconciler->queue_first != NULL && reconciler->n_passes < PASSES_MAX)
                pass_begin(reconciler, pop(reconciler));
        return 0;
}

int queue_open(Reconciler *reconciler) {
        int r = sd_event_add_defer(
                reconciler->setup.event, &reconciler->queue_source, on_queue, reconciler
        );
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(reconciler->queue_source, "queue");
        return sd_event_source_set_enabled(reconciler->queue_source, SD_EVENT_OFF);
}

bool queue_may_restart(const Reconciler *reconciler) {
        return reconciler->n_restarting + recovery_under_way(reconciler->recovery)
               < reconciler->setup.config->recovery.parallel;
}

void queue_wait_for_restart(Reconciler *reconciler, Consumer *consumer) {
        if (consumer->waits_for_restart)
                return;
        consumer->waits_for_restart = true;
        consumer->next_restart = NULL;
        if (reconciler->restart_last != NULL)
                reconciler->restart_last->next_restart = consumer;
        else
                reconciler->restart_first = consumer;
        reconciler->restart_last = consumer;
}

void queue_restart_next(Reconciler *reconciler) {
        Consumer *consumer = reconciler->restart_first;

        if (consumer == NULL || !queue_may_restart(reconciler))
                return;
        reconciler->restart_first = consumer->next_restart;
        if (reconciler->restart_first == NULL)
                reconciler->restart_last = NULL;
        consumer->next_restart = NULL;
        consumer->waits_for_restart = false;
        queue_add(reconciler, consumer);
}
