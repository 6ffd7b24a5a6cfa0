/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/debt.h"

static const char *const words[] = { "nothing", "later", "restart" };

Test(debt, what_it_comes_to) {
        static const struct {
                Recovery action;
                bool lived;
                Due pending;
                Due shown;
                Due lacking;
        } cases[] = {
                { RECOVERY_RESTART, true, DUE_RESTART, DUE_RESTART, DUE_RESTART },
                { RECOVERY_RESTART, false, DUE_LATER, DUE_NOTHING, DUE_RESTART },
                { RECOVERY_AUTO, true, DUE_LATER, DUE_NOTHING, DUE_RESTART },
                { RECOVERY_AUTO, false, DUE_LATER, DUE_NOTHING, DUE_RESTART },
                { RECOVERY_NONE, true, DUE_NOTHING, DUE_NOTHING, DUE_NOTHING },
                { RECOVERY_NONE, false, DUE_NOTHING, DUE_NOTHING, DUE_NOTHING },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Due expected[] = { cases[i].pending, cases[i].shown, cases[i].lacking };

                for (int shown = SHOWN_NOT_YET; shown <= SHOWN_NO; shown++) {
                        Debt debt = { .owed = true,
                                      .lived = cases[i].lived,
                                      .shown = (Shown) shown };
                        Due due = debt_due(&debt, cases[i].action);

                        cr_expect_eq(
                                due, expected[shown], "case %zu, shown %d: %s", i, shown, words[due]
                        );
                        debt.owed = false;
                        cr_expect_eq(debt_due(&debt, cases[i].action), DUE_NOTHING, "not owed");
                        debt.owed = true;
                        debt.held = true;
                        due = debt_due(&debt, cases[i].action);
                        cr_expect_neq(due, DUE_RESTART, "held");
                        cr_expect_eq(due == DUE_NOTHING, expected[shown] == DUE_NOTHING);
                }
        }
}
