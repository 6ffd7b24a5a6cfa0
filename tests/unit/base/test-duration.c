/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include <criterion/criterion.h>

#include "base/duration.h"
#include "base/macro.h"

#define SEC USEC_PER_SEC

Test(duration, what_people_write_is_read) {
        static const struct {
                const char *text;
                uint64_t usec;
        } cases[] = {
                { "0", 0 },
                { "0s", 0 },
                { "250us", 250 },
                { "300ms", 300000 },
                { "10s", 10 * SEC },
                { "5m", 300 * SEC },
                { "2h", 7200 * SEC },
                { "1d", 86400 * SEC },
                { "1h 30m", 5400 * SEC },
                { "1h30m", 5400 * SEC },
                { "1d 1s 5ms", 86401 * SEC + 5000 },
                { "90m", 5400 * SEC },
                { "0010s", 10 * SEC },
                { "3650d", 315360000 * SEC },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                uint64_t usec = 1;
                cr_assert_eq(duration_parse(cases[i].text, &usec), 0, "'%s'", cases[i].text);
                cr_assert_eq(usec, cases[i].usec, "'%s': %" PRIu64, cases[i].text, usec);
        }
}

Test(duration, what_could_be_read_in_two_ways_is_refused) {
        static const char *const cases[] = {
                "",     " ",        "10",    "00",    "s",         "10 s",     "1.5h",
                "-1s",  "+1s",      " 1s",   "1s ",   "1h  30m",   "1m 1h",    "1s 1s",
                "10S",  "10sec",    "1min",  "1h,1m", "1h 30",     "infinity", "1h\t1m",
                "0x1s", "1h 30m s", "never", "1e3s",  "\xc2\xb5s",
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                uint64_t usec = 42;
                cr_assert_eq(duration_parse(cases[i], &usec), -EINVAL, "'%s'", cases[i]);
                cr_assert_eq(usec, 42, "'%s' wrote a result", cases[i]);
        }
}

Test(duration, more_than_ten_years_is_out_of_range) {
        static const char *const cases[] = {
                "3651d",
                "3650d 1us",
                "18446744073709551616us",
                "99999999999999999999999999999999d",
                "99999999999999999999999999999999d 5s",
        };
        uint64_t usec = 42;

        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                cr_assert_eq(duration_parse(cases[i], &usec), -ERANGE, "'%s'", cases[i]);
        cr_assert_eq(duration_parse("9999d 5", &usec), -EINVAL, "too long, and no duration");
        cr_assert_eq(usec, 42);
}

Test(duration, people_see_the_two_largest_units) {
        static const struct {
                uint64_t usec;
                const char *text;
        } cases[] = {
                { 0, "0s" },
                { 1, "1us" },
                { 300000, "300ms" },
                { 1500, "1ms 500us" },
                { 10 * SEC, "10s" },
                { 61 * SEC, "1m 1s" },
                { 5400 * SEC, "1h 30m" },
                { 5401 * SEC, "1h 30m" },
                { 3601 * SEC, "1h" },
                { 90000 * SEC, "1d 1h" },
                { UINT64_MAX, "213503982d 8h" },
        };
        char buffer[DURATION_TEXT_MAX];

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                cr_assert_eq(duration_format(cases[i].usec, buffer), buffer);
                cr_assert_str_eq(buffer, cases[i].text);
        }
}

Test(duration, what_is_shown_can_be_read) {
        char buffer[DURATION_TEXT_MAX];

        for (uint64_t usec = 0; usec < 300000000 * SEC; usec = usec * 3 + 7) {
                uint64_t again = 0;
                cr_assert_eq(
                        duration_parse(duration_format(usec, buffer), &again), 0, "%s", buffer
                );
                cr_assert_leq(again, usec);
                cr_assert_geq(again, usec - usec / 2);
        }
}
