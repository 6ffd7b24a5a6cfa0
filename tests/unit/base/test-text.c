/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "base/macro.h"
#include "base/text.h"

Test(text, grows_by_strings_bytes_and_formats) {
        Text text = TEXT_INIT(1000);

        cr_assert_eq(text_add(&text, "a"), 0);
        cr_assert_eq(text_add_bytes(&text, "bcx", 2), 0);
        cr_assert_eq(text_addf(&text, "%d%s", 12, "!"), 0);
        cr_assert_str_eq(text.data, "abc12!");
        cr_assert_eq(text.size, 6);
        text_done(&text);
}

Test(text, may_have_its_maximum_and_no_byte_more) {
        Text text = TEXT_INIT(200);

        for (unsigned i = 0; i < 200; i++)
                cr_assert_eq(text_add(&text, "x"), 0, "at %u", i);
        cr_assert_eq(strlen(text.data), 200);
        cr_assert_eq(text_add(&text, ""), 0);
        cr_assert_eq(text_add(&text, "x"), -E2BIG);
        text_done(&text);
}

Test(text, a_failure_frees_sticks_and_is_forgotten_by_done) {
        Text text = TEXT_INIT(3);

        cr_assert_eq(text_add(&text, "abc"), 0);
        cr_assert_eq(text_addf(&text, "%s", "d"), -E2BIG);
        cr_assert_null(text.data);
        cr_assert_eq(text_add(&text, ""), -E2BIG);
        cr_assert_null(text_take(&text));
        text_done(&text);
        cr_assert_eq(text_add(&text, "abc"), 0);
        text_done(&text);
}

Test(text, take_hands_the_string_over) {
        Text text = TEXT_INIT(10);

        (void) text_add(&text, "abc");
        char *taken = text_take(&text);
        cr_assert_str_eq(taken, "abc");
        cr_assert_null(text.data);
        free(taken);

        taken = text_take(&text);
        cr_assert_str_eq(taken, "");
        free(taken);
}

Test(text, a_size_that_would_wrap_is_refused) {
        Text text = TEXT_INIT(SIZE_MAX);

        (void) text_add(&text, "abc");
        cr_assert_eq(text_add_bytes(&text, "x", SIZE_MAX - 1), -E2BIG);
        text_done(&text);
}

Test(text, format_makes_a_new_string) {
        char *string = text_format("%s-%d", "a", 1);

        cr_assert_str_eq(string, "a-1");
        free(string);
}

Test(text, what_is_no_utf8_becomes_question_marks) {
        static const struct {
                const char *before;
                const char *after;
        } table[] = {
                { "", "" },
                { "plain", "plain" },
                { "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80" },
                { "cut \xc3", "cut ?" },
                { "cut \xe2\x82", "cut ??" },
                { "cut \xf0\x9f\x98", "cut ???" },
                { "\xc3\xbc\xc3", "\xc3\xbc?" },
                { "\xbc alone", "? alone" },
                { "\xc3(", "?(" },
                { "overlong \xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf", "overlong ?? ??? ????" },
                { "surrogate \xed\xa0\x80", "surrogate ???" },
                { "beyond \xf4\x90\x80\x80 \xff", "beyond ???? ?" },
        };

        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
                cleanup(freep) char *text = strdup(table[i].before);

                text_make_utf8(text);
                cr_assert_str_eq(text, table[i].after, "row %zu", i);
                json_t *json = json_string(text);
                cr_assert_not_null(json, "row %zu", i);
                json_decref(json);
        }
}

Test(text, what_a_url_would_take_for_something_else_is_escaped) {
        Text text = TEXT_INIT(100);

        cr_assert_eq(text_add_escaped(&text, "my net/100%?a=b#~\xc3\xbc"), 0);
        cr_assert_str_eq(text.data, "my%20net%2F100%25%3Fa%3Db%23~%C3%BC");
        text_done(&text);
}
