/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include <criterion/criterion.h>

#include "base/clock.h"

Test(clock, monotonic_time_never_falls) {
        uint64_t last = clock_monotonic_usec();

        cr_assert_gt(last, 0);
        for (unsigned i = 0; i < 1000; i++) {
                uint64_t now = clock_monotonic_usec();
                cr_assert_geq(now, last);
                last = now;
        }
}

Test(clock, real_time_is_in_microseconds_since_1970) {
        uint64_t before = (uint64_t) time(NULL);
        uint64_t now = clock_realtime_usec();
        uint64_t after = (uint64_t) time(NULL);

        /* time() may be a tick behind. */
        cr_assert(before * 1000000 <= now && now < (after + 2) * 1000000);
}

Test(clock, a_clock_that_does_not_exist_reads_0) {
        cr_assert_eq(clock_usec(12345), 0);
}
