/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/log.h"
#include "reconcile/verdict.h"
#include "support/swap-scene.h"

static unsigned n_logged;
static char last[1024];
static World *world;
static Consumer *consumer;
static Plan *plan;

static void on_log(const LogEntry *entry, void *data) {
        (void) data;
        n_logged++;
        (void) snprintf(last, sizeof last, "%s", entry->message);
}

static void set_up(void) {
        Identity identity = { .project = "shop", .key = "shop/app", .human = "my-shop" };

        log_set_sink(on_log, NULL);
        n_logged = 0;
        cr_assert_eq(world_new(&world), 0);
        cr_assert_eq(world_ensure(world, &identity, &consumer), 0);
        plan = plan_new();
        cr_assert_not_null(plan);
}

static void tear_down(void) {
        (void) plan_free(plan);
        (void) world_free(world);
}

TestSuite(verdict, .init = set_up, .fini = tear_down);

static void say(LinkState state, const char *reason, const char *next) {
        plan_say(plan, state, "%s", reason);
        if (next != NULL)
                plan_next_step(plan, "%s", next);
        verdict_say(consumer, plan);
}

static void fail_at(size_t at, Outcome outcome, const char *text) {
        Error error = { 0 };

        (void) error_set(&error, -EIO, "%s", text);
        const ExecutorResult result = { -EIO, at, outcome, &error };
        verdict_plan_failed(consumer, plan, &result);
}

static bool waits(void) {
        return consumer->retry_usec > clock_monotonic_usec();
}

Test(verdict, a_change_is_said_once_with_its_next_step) {
        say(LINK_WAITING, "settling", NULL);
        say(LINK_WAITING, "settling", NULL);
        cr_expect_eq(n_logged, 1);
        say(LINK_REFUSED, "it is started with --rm", "start it without");
        cr_expect_eq(n_logged, 2);
        cr_expect_str_eq(
                last, "my-shop: refused: it is started with --rm; next step: start it without"
        );
        cr_expect_str_eq(consumer->next, "start it without");
}

Test(verdict, since_when_is_of_the_state_not_of_the_reason) {
        say(LINK_WAITING, "settling", NULL);
        consumer->since_usec = 7;
        say(LINK_WAITING, "Ollama is not up", NULL);
        cr_expect_eq(consumer->since_usec, 7);
        say(LINK_LINKED, "the right values are in place", NULL);
        cr_expect_gt(consumer->since_usec, 7);
}

Test(verdict, what_failed_without_a_record_is_tried_again_later) {
        plan_add_forget(plan, "make its key");
        fail_at(0, OUTCOME_UNKNOWN, "the disk is full");
        cr_expect_str_eq(consumer->failure, "could not make its key: the disk is full");
        cr_expect_null(consumer->swap_failure);
        cr_expect(waits());
}

Test(verdict, the_same_failure_is_told_once_until_something_else_comes_of_it) {
        plan_add_forget(plan, "make its key");
        fail_at(0, OUTCOME_UNKNOWN, "the disk is full");
        say(LINK_WAITING, "trying again in a moment", NULL);
        cr_expect_eq(n_logged, 2);
        for (int i = 0; i < 3; i++) {
                say(LINK_LINKING, "its key is being made", NULL);
                n_logged = 0;
                fail_at(0, OUTCOME_UNKNOWN, "the disk is full");
                say(LINK_WAITING, "trying again in a moment", NULL);
                cr_expect_eq(n_logged, 0);
        }
        say(LINK_REFUSED, "it is started with --rm", NULL);
        cr_expect_eq(n_logged, 1);
        fail_at(0, OUTCOME_UNKNOWN, "the disk is broken");
        cr_expect_eq(n_logged, 2);
        verdict_plan_done(consumer, plan);
        fail_at(0, OUTCOME_UNKNOWN, "the disk is broken");
        say(LINK_WAITING, "trying again", NULL);
        cr_expect_eq(n_logged, 4);
}

/* Its consumer may be down. */
Test(verdict, a_swaps_first_failure_is_answered_at_once_and_the_next_ones_later) {
        consumer->record = scene_record(SWAP_STOPPING);
        plan_add_forget(plan, "start the new");
        fail_at(0, OUTCOME_UNKNOWN, "something went wrong");
        cr_expect_str_eq(consumer->swap_failure, "could not start the new: something went wrong");
        cr_expect_null(consumer->failure);
        cr_expect_not(waits());
        fail_at(0, OUTCOME_UNKNOWN, "something went wrong");
        cr_expect(waits());
}

Test(verdict, an_undo_that_fails_is_tried_again_later) {
        consumer->record = scene_record(SWAP_ROLLBACK);
        plan->undoes = true;
        plan_add_forget(plan, "start the old");
        fail_at(0, OUTCOME_UNKNOWN, "something went wrong");
        cr_expect(waits());
}

Test(verdict, only_one_that_went_while_it_was_watched_was_removed) {
        consumer->record = scene_record(SWAP_STOPPING);
        plan_add_forget(plan, "start the new");
        plan_add_stay_up(plan, "b0", 1, 1, "watch that the new one stays up");
        fail_at(0, OUTCOME_GONE, "no such container");
        cr_expect_not(consumer->swap_removed);
        fail_at(1, OUTCOME_CONFLICT, "it did not stay up");
        cr_expect_not(consumer->swap_removed);
        fail_at(1, OUTCOME_GONE, "no such container");
        cr_expect(consumer->swap_removed);
}

Test(verdict, a_swap_that_is_over_leaves_nothing_behind) {
        consumer->swap_failure = strdup("could not start the new");
        consumer->failure = strdup("could not make its key");
        consumer->swap_removed = true;
        consumer->undone = 3;
        consumer->retry_usec = UINT64_MAX;
        verdict_plan_done(consumer, plan);
        cr_expect_null(consumer->swap_failure);
        cr_expect_null(consumer->failure);
        cr_expect_not(consumer->swap_removed);
        cr_expect_eq(consumer->undone, 0);
        cr_expect_eq(consumer->retry_usec, 0);
}

Test(verdict, after_an_attempt_that_counts_the_next_one_waits_the_longer_the_more_there_were) {
        uint64_t waited[2];

        for (unsigned i = 0; i < 2; i++) {
                cleanup(plan_freep) Plan *undo = plan_new();
                json_t *attempt = json_pack("{s:i}", "attempt", i == 0 ? 1 : 5);

                undo->undoes = undo->counts = true;
                plan_add_remember(undo, attempt, "note that the attempt failed");
                verdict_plan_done(consumer, undo);
                waited[i] = consumer->retry_usec - clock_monotonic_usec();
                cr_expect(waits());
        }
        cr_expect_gt(waited[1], 3 * waited[0]);
}

Test(verdict, what_is_undone_again_and_again_is_not_done_in_a_hurry) {
        consumer->record = scene_record(SWAP_ROLLBACK);
        plan->undoes = true;
        verdict_plan_done(consumer, plan);
        cr_expect_not(waits());
        verdict_plan_done(consumer, plan);
        cr_expect(waits());
}

Test(verdict, the_project_remembers_whose_late_events_are_ours) {
        consumer->record = scene_record(SWAP_STARTED);
        verdict_remember_swap(consumer);
        cr_expect_str_eq(consumer->project->last_old, consumer->record->old_id);
        cr_expect_str_eq(consumer->project->last_new, consumer->record->new_id);
}
