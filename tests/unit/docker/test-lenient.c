/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "docker/lenient.h"

static void expect_read(const char *text, const char *wanted) {
        json_error_t error;
        json_t *json = lenient_load(text, strlen(text), &error);
        char *read =
                json ? json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

        cr_assert_not_null(read, "%s: %s", text, error.text);
        cr_expect_str_eq(read, wanted, "%s", text);
        free(read);
        json_decref(json);
}

Test(lenient, a_name_with_nul_makes_nothing_unreadable) {
        expect_read("[{\"a\\u0000b\":\"c\\u0000\"},1]", "[{\"a\\uFFFDb\":\"c\\uFFFD\"},1]");
        expect_read("{\"\\\\\\u0000\":1}", "{\"\\\\\\uFFFD\":1}");
}

Test(lenient, without_one_every_value_is_as_it_was) {
        expect_read("{\"a\":\"b\\u0000\"}", "{\"a\":\"b\\u0000\"}");
        expect_read("{\"a\\\\u0000\":1}", "{\"a\\\\u0000\":1}");
}

Test(lenient, an_escaped_backslash_before_the_digits_is_no_nul) {
        expect_read("{\"\\u0000\":1,\"\\\\u0000\":2}", "{\"\\uFFFD\":1,\"\\\\u0000\":2}");
}

Test(lenient, what_is_broken_otherwise_stays_broken) {
        static const char *const broken[] = { "", "{", "{\"\\u0000\":", "[1,]", "{\"\\u00" };
        json_error_t error;

        for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
                cr_expect_null(lenient_load(broken[i], strlen(broken[i]), &error), "%s", broken[i]);
}
