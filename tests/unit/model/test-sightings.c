/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/sightings.h"

static Sightings *sightings;

static void setup(void) {
        sightings = calloc(1, sizeof *sightings);
        cr_assert_not_null(sightings);
}

static void teardown(void) {
        free(sightings);
}

TestSuite(sightings, .init = setup, .fini = teardown);

static bool add(uint64_t number, uint64_t when, bool answered) {
        return sightings_add(
                sightings,
                &(ProxyRequest
                ){ .number = number, .when = when, .answered = answered, .refused = !answered }
        );
}

Test(sightings, the_last_request_counts_and_the_first_answered_one_is_told) {
        cr_expect_null(sightings_find(sightings, 17));
        cr_expect_not(add(17, 90, false));
        cr_expect(add(17, 100, true));
        cr_expect_not(add(17, 300, true));
        cr_expect_not(add(17, 200, true), "the log is read again after a restart");
        cr_expect(add(3, 150, true));
        cr_expect_eq(sightings_find(sightings, 17)->answered, 300);
        cr_expect_eq(sightings_find(sightings, 17)->refused, 90);
        cr_expect_eq(sightings_find(sightings, 3)->answered, 150);
        cr_expect_null(sightings_find(sightings, 4));
        cr_expect_eq(sightings->until, 300);
}

Test(sightings, a_request_that_failed_is_no_sighting) {
        cr_expect_not(sightings_add(sightings, &(ProxyRequest){ .number = 17, .when = 7 }));
        cr_expect_null(sightings_find(sightings, 17));
        cr_expect_eq(sightings->until, 7);
}

Test(sightings, they_are_the_same_after_they_were_written_down) {
        Sightings *again = calloc(1, sizeof *again);

        (void) add(17, 100, true);
        (void) add(3, 200, false);
        json_t *json = sightings_to_json(sightings);
        cr_assert_eq(sightings_from_json(json, again, NULL), 0);
        cr_expect_eq(again->n, 2);
        cr_expect_eq(again->until, 200);
        cr_expect_eq(sightings_find(again, 17)->answered, 100);
        cr_expect_eq(sightings_find(again, 3)->refused, 200);
        json_decref(json);
        free(again);
}

Test(sightings, what_is_no_such_list_is_refused_whole) {
        static const char *const bad[] = {
                "[]",
                "{}",
                "{\"version\": 2, \"seen\": []}",
                "{\"version\": 1, \"seen\": [[1, 2, 3], [0, 2, 3]]}",
                "{\"version\": 1, \"seen\": [[1, -2, 3]]}",
                "{\"version\": 1, \"seen\": [7]}",
        };

        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                json_t *json = json_loads(bad[i], 0, NULL);

                cr_expect_eq(sightings_from_json(json, sightings, NULL), -EBADMSG, "%s", bad[i]);
                cr_expect_eq(sightings->n, 0, "%s", bad[i]);
                json_decref(json);
        }
}

Test(sightings, beyond_the_maximum_the_oldest_is_forgotten) {
        for (uint64_t i = 1; i <= SIGHTINGS_MAX; i++)
                (void) add(i, 1000 + i, true);
        (void) add(1, 99999, true);
        cr_expect(add(SIGHTINGS_MAX + 1, 100000, true));
        cr_expect_eq(sightings->n, SIGHTINGS_MAX);
        cr_expect_null(sightings_find(sightings, 2));
        cr_expect_not_null(sightings_find(sightings, 1));
        cr_expect_not_null(sightings_find(sightings, SIGHTINGS_MAX + 1));
}
