/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "support/day.h"

Test(plan_recovery, a_replica_that_cannot_be_linked_keeps_no_other_from_its_restart) {
        const InspectSpec specs[] = {
                { .id = "a", .name = "x-1", .number = "1" },
                { .id = "b",
                  .name = "x-2",
                  .number = "2",
                  .env = linked_env,
                  .hosts = linked_hosts },
        };
        Day day;

        day_begin(&day, 2, specs);
        day.seen[1].debt = (Debt){ .owed = true, .lived = true };
        day.view.attempts = LINK_ATTEMPTS_MAX;
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->n_actions, 1);
        cr_expect(plan->restarts);
        cr_expect_str_eq(strrchr(plan->actions[0].u.call.path, '/'), "/restart");
        cr_expect_str_eq(plan->subject, day.seen[1].container->id);
        day_end(&day, plan);
}

Test(plan_recovery, nobody_is_restarted_while_ollama_is_away_or_who_owes_it_nothing) {
        const InspectSpec spec = { .env = linked_env, .hosts = linked_hosts };
        Day day;

        day_begin(&day, 1, &spec);
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 0, "not owed");
        day_end(&day, plan);

        day_begin(&day, 1, &spec);
        day.seen[0].debt = (Debt){ .owed = true, .lived = true };
        day.provider.up = false;
        plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 0, "away");
        day_end(&day, plan);

        day_begin(&day, 1, &spec);
        day.seen[0].debt = (Debt){ .owed = true, .lived = true };
        day.context.finishing = true;
        plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 0, "stopping");
        day_end(&day, plan);
}

Test(plan_recovery, what_a_debt_comes_to_is_the_labels_word_and_else_the_configurations) {
        static const char *const says_auto[] = { "coollama.recovery", "auto", NULL };
        static const char *const says_none[] = { "coollama.recovery", "none", NULL };
        const struct {
                const char *const *labels;
                Recovery configured;
                unsigned restarts;
        } cases[] = {
                { NULL, RECOVERY_RESTART, 1 },      { NULL, RECOVERY_AUTO, 0 },
                { NULL, RECOVERY_NONE, 0 },         { says_auto, RECOVERY_RESTART, 0 },
                { says_none, RECOVERY_RESTART, 0 }, { says_auto, RECOVERY_NONE, 0 },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const InspectSpec spec = { .env = linked_env,
                                           .hosts = linked_hosts,
                                           .labels = cases[i].labels };
                Day day;

                day_begin(&day, 1, &spec);
                day.context.recovery = cases[i].configured;
                day.seen[0].debt = (Debt){ .owed = true, .lived = true, .shown = SHOWN_YES };
                Plan *plan = plan_of(&day);
                cr_expect_eq(plan->n_actions, cases[i].restarts, "case %zu", i);
                day_end(&day, plan);
        }
}

Test(plan_recovery, a_restart_that_failed_is_tried_again_not_forgotten) {
        const InspectSpec spec = { .env = linked_env, .hosts = linked_hosts };
        Day day;

        day_begin(&day, 1, &spec);
        day.seen[0].debt = (Debt){ .owed = true, .lived = true };
        day.view.retry_usec = NOW + 1;
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 1, "whoever executes it waits until then");
        day_end(&day, plan);
}

Test(plan_recovery, one_that_somebody_is_stopping_is_not_restarted) {
        const InspectSpec spec = { .env = linked_env, .hosts = linked_hosts };

        for (unsigned seconds = 0; seconds < 16; seconds += 5) {
                Day day;

                day_begin(&day, 1, &spec);
                day.seen[0].debt = (Debt){ .owed = true, .lived = true };
                day.seen[0].signalled_usec = NOW - seconds * USEC_PER_SEC;
                Plan *plan = plan_of(&day);
                cr_expect_eq(plan->n_actions, seconds == 15, "its stop takes up to 10 s");
                cr_expect_eq(plan->wake_usec > NOW, seconds < 15, "then we look again");
                day_end(&day, plan);
        }
}

Test(plan_recovery, whoever_our_restart_left_stopped_is_started_whatever_else_holds) {
        const InspectSpec spec = { .state = "exited", .env = linked_env, .hosts = linked_hosts };
        Day day;

        for (int i = 0; i < 3; i++) {
                day_begin(&day, 1, &spec);
                day.seen[0].debt.cut_short = i > 0;
                day.provider.up = i != 1;
                day.view.unlinked = i == 2;
                Plan *plan = plan_of(&day);
                cr_assert_eq(plan->n_actions, i > 0, "by its user it stays stopped");
                if (i > 0)
                        cr_expect_str_eq(strrchr(plan->actions[0].u.call.path, '/'), "/start");
                day_end(&day, plan);
        }
}
