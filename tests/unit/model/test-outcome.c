/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "model/outcome.h"

Test(outcome, statuses_become_what_the_plan_needs_to_know) {
        static const struct {
                long status;
                Outcome outcome;
        } table[] = {
                { 200, OUTCOME_DONE },     { 201, OUTCOME_DONE },    { 204, OUTCOME_DONE },
                { 299, OUTCOME_DONE },     { 304, OUTCOME_ALREADY }, { 404, OUTCOME_GONE },
                { 409, OUTCOME_CONFLICT }, { 400, OUTCOME_REFUSED }, { 401, OUTCOME_REFUSED },
                { 403, OUTCOME_REFUSED },  { 429, OUTCOME_REFUSED }, { 499, OUTCOME_REFUSED },
                { 500, OUTCOME_UNKNOWN },  { 503, OUTCOME_UNKNOWN }, { 0, OUTCOME_UNKNOWN },
                { -1, OUTCOME_UNKNOWN },   { 101, OUTCOME_UNKNOWN }, { 301, OUTCOME_UNKNOWN },
                { 600, OUTCOME_UNKNOWN },
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
                cr_assert_eq(
                        outcome_from_status(table[i].status), table[i].outcome, "status %ld is %s",
                        table[i].status, outcome_to_string(outcome_from_status(table[i].status))
                );
}

Test(outcome, each_has_a_name_of_its_own) {
        for (int a = 0; a <= OUTCOME_UNKNOWN; a++) {
                cr_assert_not_null(outcome_to_string((Outcome) a));
                for (int b = 0; b < a; b++)
                        cr_assert_str_neq(
                                outcome_to_string((Outcome) a), outcome_to_string((Outcome) b)
                        );
        }
}
