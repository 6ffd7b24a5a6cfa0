/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "reconcile/core.h"
#include "support/temp-dir.h"

static sd_event *event;
static Config config;
static Reconciler reconciler;
static Consumer *a, *b, *c;

static Consumer *ensure(const char *key) {
        Identity identity = { 0 };
        Consumer *consumer = NULL;

        (void) snprintf(identity.key, sizeof identity.key, "%s", key);
        cr_assert_eq(world_ensure(reconciler.world, &identity, &consumer), 0);
        return consumer;
}

static void set_up(void) {
        temp_dir_make();
        cr_assert_geq(sd_event_new(&event), 0);
        config = (Config){ .recovery.parallel = 2 };
        reconciler = (Reconciler){ .setup = { .event = event, .config = &config } };
        cr_assert_eq(world_new(&reconciler.world), 0);
        cr_assert_geq(queue_open(&reconciler), 0);
        const RecoverySetup setup = { .event = event, .state_dir = temp_dir, .config = &config };
        Error err = { 0 };
        cr_assert_eq(recovery_new(&setup, &reconciler.recovery, &err), 0, "%s", error_text(&err));
        a = ensure("a");
        b = ensure("b");
        c = ensure("c");
}

static void tear_down(void) {
        sd_event_source_disable_unref(reconciler.queue_source);
        (void) recovery_free(reconciler.recovery);
        (void) world_free(reconciler.world);
        temp_dir_remove();
        event = sd_event_unref(event);
}

TestSuite(queue, .init = set_up, .fini = tear_down);

Test(queue, in_their_order_each_at_most_once) {
        queue_add(&reconciler, a);
        queue_add(&reconciler, b);
        queue_add(&reconciler, a);
        cr_expect_eq(reconciler.queue_first, a);
        cr_expect_eq(a->next_queued, b);
        cr_expect_null(b->next_queued);
        cr_expect_eq(reconciler.queue_last, b);
        queue_add_all(&reconciler);
        cr_expect_eq(b->next_queued, c);
        cr_expect_null(c->next_queued);
}

Test(queue, one_that_is_being_looked_at_is_looked_at_again_afterwards) {
        a->pass = PASS_OBSERVING;
        b->pass = PASS_EXECUTING;
        queue_add(&reconciler, a);
        queue_add(&reconciler, b);
        cr_expect_null(reconciler.queue_first);
        cr_expect(a->dirty);
        cr_expect(b->dirty);
        a->pass = b->pass = PASS_IDLE;
}

/* Nor before it is known what was pruned meanwhile: it would be taken for removed by its user. */
Test(queue, nobody_is_looked_at_while_the_engine_is_not_followed) {
        for (unsigned i = 0; i < 2; i++) {
                reconciler.standing = i == 1;
                reconciler.prunes = i == 1 ? (Prunes *) &reconciler : NULL;
                queue_add(&reconciler, a);
                cr_assert_geq(
                        sd_event_source_set_enabled(reconciler.queue_source, SD_EVENT_ONESHOT), 0
                );
                cr_assert_gt(sd_event_run(event, 0), 0);
                cr_expect_eq(a->pass, PASS_QUEUED);
                cr_expect_eq(reconciler.queue_first, a);
        }
}

Test(queue, restarts_take_their_turn_while_there_is_room) {
        reconciler.n_restarting = 2;
        queue_wait_for_restart(&reconciler, a);
        queue_wait_for_restart(&reconciler, b);
        queue_wait_for_restart(&reconciler, a);
        queue_restart_next(&reconciler);
        cr_expect_null(reconciler.queue_first, "there is no room");

        reconciler.n_restarting = 1;
        queue_restart_next(&reconciler);
        cr_expect_eq(reconciler.queue_first, a);
        cr_expect_not(a->waits_for_restart);
        cr_expect(b->waits_for_restart);
        queue_restart_next(&reconciler);
        queue_restart_next(&reconciler);
        cr_expect_eq(a->next_queued, b);
        cr_expect_null(b->next_queued);
        cr_expect_null(reconciler.restart_first);
}
