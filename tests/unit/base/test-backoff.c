/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>

#include <criterion/criterion.h>

#include "base/backoff.h"

Test(backoff, doubles_from_min_to_max) {
        static const uint64_t expected[] = { 100, 200, 400, 800, 1000, 1000 };
        Backoff backoff = { .min_usec = 100, .max_usec = 1000 };

        for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
                cr_assert_eq(backoff_next(&backoff, 0), expected[i], "failure %u", i + 1);
        cr_assert_eq(backoff.failures, 6);
}

Test(backoff, jitter_adds_up_to_a_quarter) {
        for (unsigned failures = 0; failures < 70; failures++) {
                Backoff least = { 1000000, UINT64_MAX / 2, failures };
                Backoff half = least;
                Backoff most = least;
                uint64_t wait = backoff_next(&least, 0);
                uint64_t middle = backoff_next(&half, UINT32_MAX / 2 + 1);
                uint64_t longest = backoff_next(&most, UINT32_MAX);

                cr_assert_eq(middle, wait + wait / 8, "failures %u", failures);
                cr_assert_gt(longest, middle);
                cr_assert_leq(longest, wait + wait / 4);
        }
}

Test(backoff, reset_begins_anew) {
        Backoff backoff = { .min_usec = 100, .max_usec = 1000 };

        (void) backoff_next(&backoff, 0);
        (void) backoff_next(&backoff, 0);
        backoff_reset(&backoff);
        cr_assert_eq(backoff_next(&backoff, 0), 100);
}

Test(backoff, never_wraps) {
        Backoff backoff = { UINT64_MAX / 3, UINT64_MAX, UINT_MAX };

        cr_assert_eq(backoff_next(&backoff, UINT32_MAX), UINT64_MAX);
        cr_assert_eq(backoff.failures, UINT_MAX);
        cr_assert_eq(backoff_next(&backoff, 0), UINT64_MAX);
}

Test(backoff, a_min_of_0_or_above_max_ends) {
        Backoff zero = { 0, 1000, UINT_MAX / 1024 };
        Backoff swapped = { 1000, 10, 3 };

        cr_assert_eq(backoff_next(&zero, UINT32_MAX), 0);
        cr_assert_eq(backoff_next(&swapped, 0), 10);
}
