/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "model/health.h"

static const HealthRule RULE = { .down_after = 3, .up_after = 2 };

/* Notes each letter (+ or -), a second apart; how often "up" changed. */
static unsigned note(Health *health, const char *results, HealthRule rule) {
        static uint64_t now;
        unsigned changes = 0;

        for (; *results; results++)
                changes += health_note(health, *results == '+', rule, ++now);
        return changes;
}

Test(health, the_first_success_is_up) {
        Health health = { 0 };

        cr_assert_eq(note(&health, "--+", RULE), 1);
        cr_assert(health.up);
}

Test(health, never_up_is_never_down) {
        Health health = { 0 };

        cr_assert_eq(note(&health, "-------", RULE), 0);
        cr_assert_not(health.up);
}

Test(health, only_so_many_failures_in_a_row_are_down) {
        Health health = { 0 };

        cr_assert_eq(note(&health, "+--+--+--", RULE), 1);
        cr_assert(health.up);
        cr_assert_eq(note(&health, "-", RULE), 1);
        cr_assert_not(health.up);
}

Test(health, after_an_outage_one_success_is_not_enough) {
        Health health = { 0 };

        (void) note(&health, "+---", RULE);
        cr_assert_eq(note(&health, "+-+-+", RULE), 0);
        cr_assert_not(health.up);
        cr_assert_eq(note(&health, "+", RULE), 1);
        cr_assert(health.up);
}

Test(health, one_word_is_enough_where_the_rule_says_so) {
        Health health = { 0 };
        const HealthRule rule = { .down_after = 1, .up_after = 1 };

        cr_assert_eq(note(&health, "+-+-+", rule), 5);
        cr_assert(health.up);
}

Test(health, an_outage_began_at_the_first_of_its_failures) {
        Health health = { 0 };

        (void) health_note(&health, true, RULE, 10);
        (void) health_note(&health, false, RULE, 20); /* this one was mended */
        (void) health_note(&health, true, RULE, 30);
        for (uint64_t now = 40; now <= 60; now += 10)
                (void) health_note(&health, false, RULE, now);
        cr_assert_not(health.up);
        cr_assert_eq(health.first_failure_usec, 40);
}
