/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include <criterion/criterion.h>

#include "base/macro.h"

typedef struct Thing {
        int *freed;
} Thing;

static Thing *thing_free(Thing *thing) {
        (*thing->freed)++;
        return NULL;
}

DEFINE_CLEANUP(Thing, thing_free);

Test(macro, cleanup_runs_at_the_end_of_the_scope_and_not_for_null) {
        int freed = 0;
        Thing thing = { &freed };

        {
                cleanup(thing_freep) Thing *one = &thing;
                cleanup(thing_freep) Thing *none = NULL;
                cr_assert_eq(one->freed, &freed);
                cr_assert_null(none);
        }
        cr_assert_eq(freed, 1);
}

Test(macro, what_was_taken_is_not_freed) {
        int freed = 0;
        Thing thing = { &freed };
        const Thing *taken = NULL;

        {
                cleanup(thing_freep) Thing *one = &thing;
                taken = take_ptr(one);
                cr_assert_null(one);
        }
        cr_assert_eq(freed, 0);
        cr_assert_eq(taken, &thing);
}

Test(macro, a_taken_descriptor_leaves_minus_one) {
        int fd = 7;

        cr_assert_eq(take_fd(fd), 7);
        cr_assert_eq(fd, -1);
}

Test(macro, array_len_counts_elements) {
        const uint32_t array[5] = { 0 };

        cr_assert_eq(ARRAY_LEN(array), 5);
}
