/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <syslog.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "base/repeats.h"

#define MINUTE (60 * USEC_PER_SEC)

static Telling note(Repeats *repeats, const char *consumer, const char *message, uint64_t minute) {
        const LogEntry entry = { .level = LOG_WARNING,
                                 .message_id = "06b11d81d7fd4d83b637653569056875",
                                 .fields = consumer ? FIELDS({ "CONSUMER", consumer }) : NULL,
                                 .message = message };

        return repeats_note(repeats, &entry, minute * MINUTE);
}

static unsigned told_of(Repeats *repeats, const char *consumer, const char *message, unsigned n) {
        unsigned told = 0;

        for (unsigned i = 0; i < n; i++)
                told += note(repeats, consumer, message, 1).told;
        return told;
}

/* Each try at the longest distance that our back-offs know. */
Test(repeats, a_state_that_lasts_a_day_is_told_a_few_times_and_then_once_an_hour) {
        Repeats repeats = { 0 };
        unsigned told_in[24] = { 0 };
        unsigned untold = 0;
        unsigned said = 0;

        for (unsigned minute = 0; minute < 24 * 60; minute++) {
                Telling telling = note(&repeats, NULL, "could not start it", 1 + minute);

                told_in[minute / 60] += telling.told;
                untold += !telling.told;
                said += telling.untold;
                cr_assert_eq(telling.last, minute == REPEATS_TOLD - 1, "minute %u", minute);
        }
        cr_assert_eq(told_in[0], REPEATS_TOLD);
        for (size_t hour = 1; hour < ARRAY_LEN(told_in); hour++)
                cr_assert_eq(told_in[hour], 1, "hour %zu", hour);
        cr_assert_eq(untold - said, 59, "all but the last hour's were told of");
}

Test(repeats, what_differs_by_more_than_digits_is_told_apart) {
        static const struct {
                const char *consumer, *message;
                bool same;
        } others[] = {
                { "shop/web", "dial udp: lookup failed on port 40418", true },
                { "shop/web", "dial udp: lookup failed on port 9", true },
                { "shop/web", "dial udp: lookup failed on port a9f3", true },
                { "shop/web", "dial tcp: lookup failed on port 40417", false },
                { "shop/web2", "dial udp: lookup failed on port 40417", false },
                { NULL, "dial udp: lookup failed on port 40417", false },
        };

        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
                Repeats repeats = { 0 };

                cr_assert_eq(
                        told_of(&repeats, "shop/web", "dial udp: lookup failed on port 40417", 9),
                        REPEATS_TOLD
                );
                cr_assert_eq(
                        note(&repeats, others[i].consumer, others[i].message, 1).told,
                        !others[i].same, "%zu", i
                );
        }
}

Test(repeats, a_consumer_that_was_linked_begins_anew_and_nobody_else) {
        Repeats repeats = { 0 };

        (void) told_of(&repeats, "a", "waiting", 9);
        (void) told_of(&repeats, "b", "waiting", 9);
        (void) told_of(&repeats, NULL, "waiting", 9);
        repeats_forget(&repeats, "a");
        cr_assert_eq(told_of(&repeats, "a", "waiting", 9), REPEATS_TOLD);
        cr_assert_eq(told_of(&repeats, "b", "waiting", 9), 0);
        cr_assert_eq(told_of(&repeats, NULL, "waiting", 9), 0);
}

Test(repeats, where_there_is_no_room_the_one_of_longest_ago_makes_it) {
        Repeats repeats = { 0 };
        char consumer[16];

        for (unsigned i = 0; i <= REPEATS_MAX; i++) {
                (void) snprintf(consumer, sizeof consumer, "c%u", i);
                for (unsigned n = 0; n < REPEATS_TOLD; n++)
                        cr_assert(note(&repeats, consumer, "waiting", 1 + i / 16).told);
        }
        (void) snprintf(consumer, sizeof consumer, "c%u", REPEATS_MAX);
        cr_assert_not(note(&repeats, consumer, "waiting", 20).told);
        cr_assert(note(&repeats, "c0", "waiting", 20).told);
}
