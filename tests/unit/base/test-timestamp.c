/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "base/timestamp.h"

Test(timestamp, times_are_read_in_every_zone) {
        static const struct {
                const char *text;
                int64_t sec;
                uint32_t nsec;
        } times[] = {
                { "2026-11-23T02:09:00Z", 1795399740, 0 },
                { "2026-11-23T03:09:00+01:00", 1795399740, 0 },
                { "2026-11-22T20:39:00.5-05:30", 1795399740, 500000000 },
                { "2026-11-23T02:09:00.887362486Z", 1795399740, 887362486 },
                { "1969-12-31T23:59:59Z", -1, 0 },
        };
        static const char *const wrong[] = { "", "2026", "2026-11-23T02:09:00",
                                             "2026-11-23T02:09:00+1" };
        int64_t sec = 0;
        uint32_t nsec = 0;

        for (size_t i = 0; i < ARRAY_LEN(times); i++) {
                cr_assert_eq(timestamp_parse(times[i].text, &sec, &nsec), 0, "%s", times[i].text);
                cr_expect_eq(sec, times[i].sec, "%s: %ld", times[i].text, (long) sec);
                cr_expect_eq(nsec, times[i].nsec, "%s: %u", times[i].text, nsec);
        }
        for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
                cr_expect_eq(timestamp_parse(wrong[i], &sec, &nsec), -EBADMSG, "%s", wrong[i]);
}

Test(timestamp, seconds_are_shown_as_a_date) {
        char text[TIMESTAMP_TEXT_MAX];

        cr_expect_str_eq(timestamp_format(0, text), "1970-01-01 00:00:00 UTC");
        cr_expect_str_eq(timestamp_format(1795399740, text), "2026-11-23 02:09:00 UTC");
        (void) timestamp_format(UINT64_MAX / 2, text);
}
