/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "base/error.h"

Test(error, the_first_text_wins_and_the_code_is_returned) {
        Error err = { 0 };

        cr_assert_not(error_is_set(&err));
        cr_assert_eq(error_set(&err, -EINVAL, "line %d", 7), -EINVAL);
        cr_assert_eq(error_set(&err, -EIO, "later"), -EIO);
        cr_assert(error_is_set(&err));
        cr_assert_eq(err.code, -EINVAL);
        cr_assert_str_eq(error_text(&err), "line 7");
}

Test(error, context_goes_before_the_text) {
        Error err = { 0 };

        (void) error_set(&err, -EINVAL, "unknown key");
        cr_assert_eq(error_prefix(&err, -EINVAL, "line %d", 7), -EINVAL);
        (void) error_prefix(&err, -EINVAL, "/etc/x.conf");
        cr_assert_str_eq(err.text, "/etc/x.conf: line 7: unknown key");
}

Test(error, context_without_a_text_gets_the_errnos) {
        Error err = { 0 };

        (void) error_prefix(&err, -ENOENT, "/etc/x.conf");
        cr_assert_str_eq(err.text, "/etc/x.conf: No such file or directory");
}

Test(error, a_caller_may_not_want_the_text) {
        cr_assert_eq(error_set(NULL, -EIO, "nobody reads this"), -EIO);
        cr_assert_eq(error_prefix(NULL, -EIO, "nor this"), -EIO);
        cr_assert_not(error_is_set(NULL));
        cr_assert_str_eq(error_text(NULL), "no error");
}

Test(error, what_is_too_long_is_cut_at_the_end) {
        char reason[1000];
        char place[1000];
        Error err = { 0 };

        memset(reason, 'r', sizeof reason - 1);
        reason[sizeof reason - 1] = '\0';
        memset(place, 'p', sizeof place - 1);
        place[sizeof place - 1] = '\0';
        (void) error_set(&err, -EIO, "%s", reason);
        cr_assert_eq(strlen(err.text), sizeof err.text - 1);
        (void) error_prefix(&err, -EIO, "here");
        cr_assert_eq(strncmp(err.text, "here: rrr", 9), 0);
        (void) error_prefix(&err, -EIO, "%s", place);
        cr_assert_eq(strncmp(err.text, place, sizeof err.text / 2 - 1), 0);
        cr_assert_not_null(strstr(err.text, "p: here: r"));
}

Test(error, an_unset_text_is_the_errnos_own) {
        const Error coded = { .code = -EACCES };
        const Error none = { 0 };

        cr_assert_str_eq(error_text(&coded), "Permission denied");
        cr_assert_str_eq(error_text(&none), "no error");
}

/* Else no document could hold it, a swap's record above all. */
Test(error, what_is_cut_within_a_character_is_still_utf8) {
        char reason[1001];

        for (size_t i = 0; i < sizeof reason - 1; i++)
                reason[i] = (char) (i % 2 == 0 ? 0xc3 : 0xbc);
        reason[sizeof reason - 1] = '\0';
        for (int skip = 0; skip < 2; skip++) {
                Error err = { 0 };

                (void) error_set(&err, -EIO, "%s%s", skip ? "x" : "", reason);
                (void) error_prefix(&err, -EIO, "%s", skip ? "here" : "there");
                (void) error_prefix(&err, -EIO, "%s", reason);
                json_t *json = json_string(err.text);
                cr_assert_not_null(json, "skip %d", skip);
                json_decref(json);
        }
}
