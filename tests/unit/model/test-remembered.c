/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "model/remembered.h"

static Remembered *make(void) {
        Remembered *remembered = NULL;

        cr_assert_eq(remembered_new("shop/app", &remembered), 0);
        return remembered;
}

static void count(Remembered *remembered, int attempt, uint64_t now) {
        json_t *json = json_pack(
                "{s:i, s:s, s:s, s:s}", "attempt", attempt, "of", "a", "tried", "f", "failure",
                "it exited"
        );

        cr_assert_eq(remembered_count(remembered, json, now), 0);
        json_decref(json);
}

Test(remembered, an_attempt_that_is_told_twice_counts_once) {
        cleanup(remembered_freep) Remembered *remembered = make();

        cr_expect(remembered_is_empty(remembered));
        count(remembered, 1, 100);
        count(remembered, 1, 105);
        count(remembered, 2, 110);
        cr_expect_eq(remembered->attempts, 2);
        cr_expect_eq(remembered->since, 105);
        cr_expect_str_eq(remembered->failure, "it exited");
        remembered_begin_anew(remembered);
        cr_expect(remembered_is_empty(remembered));
        cr_expect_null(remembered->tried);
}

Test(remembered, all_of_it_is_read_back) {
        static const char *const ids[] = { "a", "b" };
        cleanup(remembered_freep) Remembered *remembered = make();
        cleanup(remembered_freep) Remembered *again = NULL;

        count(remembered, 3, 100);
        cr_assert_eq(remembered_order(remembered, "shop"), 0);
        remembered->unlinked = true;
        remembered->trusted = TRUST_ACCESS | TRUST_PROVIDER;
        cr_assert_eq(remembered_consent(remembered, ids, 2), 0);
        json_t *json = remembered_to_json(remembered);
        cr_assert_eq(remembered_from_json(json, &again, NULL), 0);
        json_t *twice = remembered_to_json(again);
        cr_expect(json_equal(json, twice));
        json_decref(twice);
        json_decref(json);
}

Test(remembered, what_the_operator_said_outlives_the_rest) {
        static const char known[] = "{\"version\": 1, \"identity\": \"a\", \"ordered\": true, "
                                    "\"human\": \"A\", \"trusted\": [\"access\", \"moon\", 7]}";
        cleanup(remembered_freep) Remembered *remembered = NULL;
        json_t *json = json_loads(known, 0, NULL);

        cr_assert_eq(remembered_from_json(json, &remembered, NULL), 0);
        json_decref(json);
        cr_expect(remembered->ordered);
        cr_expect_str_eq(remembered->human, "A");
        cr_expect_eq(remembered->trusted, TRUST_ACCESS);
        remembered_begin_anew(remembered);
        cr_expect(remembered->ordered);
        remembered_end_order(remembered);
        cr_expect_not(remembered->ordered);
        cr_expect_not(remembered_is_empty(remembered), "it is trusted");
        remembered->trusted = 0;
        cr_expect(remembered_is_empty(remembered));
}

Test(remembered, an_order_takes_back_that_it_was_unlinked) {
        cleanup(remembered_freep) Remembered *remembered = make();

        remembered->unlinked = true;
        cr_assert_eq(remembered_order(remembered, "shop"), 0);
        cr_expect_not(remembered->unlinked);
}

Test(remembered, consent_is_for_the_containers_that_were_there) {
        static const char *const ids[] = { "a", "b" };
        cleanup(remembered_freep) Remembered *remembered = make();

        cr_assert_eq(remembered_consent(remembered, ids, 2), 0);
        cr_expect(remembered_consents(remembered, "a"));
        cr_expect_not(remembered_consents(remembered, "c"));
        cr_expect_not(remembered_keep_consents(remembered, ids, 2));
        cr_expect(remembered_keep_consents(remembered, ids + 1, 1));
        cr_expect_not(remembered_consents(remembered, "a"));
        cr_expect(remembered_consents(remembered, "b"));
        cr_expect(remembered_keep_consents(remembered, NULL, 0));
        cr_expect(remembered_is_empty(remembered));
}

static const char *const bad[] = {
        "{}",
        "[]",
        "{\"version\": 2, \"identity\": \"a\"}",
        "{\"version\": 1}",
        "{\"version\": 1, \"identity\": \"\"}",
        "{\"version\": 1, \"identity\": \"a\", \"attempts\": -1}",
        "{\"version\": 1, \"identity\": \"a\", \"attempts\": 99999999}",
};

Test(remembered, what_cannot_be_is_refused) {
        for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
                json_t *json = json_loads(bad[i], 0, NULL);
                Remembered *remembered = NULL;
                Error err = { 0 };

                cr_expect_eq(remembered_from_json(json, &remembered, &err), -EBADMSG, "%s", bad[i]);
                cr_expect_null(remembered);
                cr_expect(error_is_set(&err));
                json_decref(json);
        }
        cleanup(remembered_freep) Remembered *remembered = make();
        json_t *attempt = json_pack("{s:i}", "attempt", 0);
        cr_expect_eq(remembered_count(remembered, attempt, 1), -EINVAL);
        json_decref(attempt);
}
