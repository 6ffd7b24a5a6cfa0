/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "model/action.h"

Test(action, every_kind_has_a_name_of_its_own) {
        for (ActionKind a = ACTION_RECORD; a <= ACTION_GENERATION; a++)
                for (ActionKind b = ACTION_RECORD; b < a; b++)
                        cr_expect_str_neq(action_kind_to_string(a), action_kind_to_string(b));
}

Test(action, done_takes_an_action_that_holds_nothing) {
        for (ActionKind kind = ACTION_RECORD; kind <= ACTION_GENERATION; kind++) {
                Action action = { .kind = kind };
                action_done(&action);
        }
}
