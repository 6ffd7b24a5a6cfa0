/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "model/plan.h"

Test(plan, the_last_word_counts) {
        cleanup(plan_freep) Plan *plan = plan_new();

        plan_say(plan, LINK_WAITING, "for %d", 1);
        plan_say(plan, LINK_REFUSED, "since %s", "x");
        plan_next_step(plan, "a");
        plan_next_step(plan, "b");
        plan_note(plan, "c");
        plan_note(plan, "d");
        cr_expect_eq(plan->state, LINK_REFUSED);
        cr_expect_str_eq(plan->reason, "since x");
        cr_expect_str_eq(plan->next, "b");
        cr_expect_str_eq(plan->note, "d");
}

Test(plan, the_earliest_time_to_wake_counts) {
        cleanup(plan_freep) Plan *plan = plan_new();

        plan_wake_at(plan, 20);
        plan_wake_at(plan, 10);
        plan_wake_at(plan, 30);
        cr_expect_eq(plan->wake_usec, 10);
}

Test(plan, actions_keep_their_order_and_what_they_are_given) {
        cleanup(plan_freep) Plan *plan = plan_new();

        plan_add_record(plan, json_object(), "a");
        plan_add_call(plan, (PlanCall){ .method = "POST", .what = "b" }, "/x/%s", "y");
        plan_add_stay_up(plan, "id", 1, 2, "c");
        plan_add_pull(plan, "image", "d");
        plan_add_key(plan, "k", false, "e");
        plan_add_key(plan, NULL, true, "e");
        plan_add_generation(plan, "f");
        plan_add_forget(plan, "g");
        cr_assert_eq(plan->error, 0);
        cr_assert_eq(plan->n_actions, 8);
        cr_expect_str_eq(plan->actions[1].u.call.path, "/x/y");
        cr_expect_eq(plan->actions[1].u.call.expect, EXPECT_DONE);
        cr_expect_str_eq(plan->actions[2].u.stay_up.id, "id");
        cr_expect_str_eq(plan->actions[3].u.image, "image");
        cr_expect_str_eq(plan->actions[4].u.key.taken_over, "k");
        cr_expect_null(plan->actions[5].u.key.taken_over);
        cr_expect_eq(plan->actions[7].kind, ACTION_FORGET);
}

Test(plan, too_many_actions_fail_the_plan_and_leak_nothing) {
        cleanup(plan_freep) Plan *plan = plan_new();

        for (size_t i = 0; i < PLAN_ACTIONS_MAX + 3; i++)
                plan_add_call(
                        plan, (PlanCall){ .method = "POST", .body = json_object(), .what = "x" },
                        "/"
                );
        plan_add_record(plan, json_object(), "x");
        plan_add_stay_up(plan, "id", 1, 2, "x");
        cr_expect_eq(plan->error, -E2BIG);
        cr_expect_eq(plan->n_actions, PLAN_ACTIONS_MAX);
}

Test(plan, a_record_that_could_not_be_made_fails_the_plan) {
        cleanup(plan_freep) Plan *plan = plan_new();

        plan_add_record(plan, NULL, "x");
        cr_expect_eq(plan->error, -ENOMEM);
        cr_expect_eq(plan->n_actions, 0);
}

Test(plan, every_state_has_a_name_of_its_own) {
        for (LinkState a = LINK_LINKED; a <= LINK_STOPPED; a++)
                for (LinkState b = LINK_LINKED; b < a; b++)
                        cr_expect_str_neq(link_state_to_string(a), link_state_to_string(b));
}
