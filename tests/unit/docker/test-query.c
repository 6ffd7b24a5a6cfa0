/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "docker/query.h"

Test(query, parameters_are_joined_and_escaped) {
        Text path = TEXT_INIT(256);

        cr_assert_eq(text_add(&path, "/containers/json"), 0);
        cr_assert_eq(query_add(&path, "all", "true"), 0);
        cr_assert_eq(query_add(&path, "filters", "{\"a\":[\"b=c&d\"]}"), 0);
        cr_assert_eq(query_add(&path, "name", "a-b_c.d~e/\xc3\xa9 %\n"), 0);
        cr_assert_eq(query_add(&path, "empty", ""), 0);
        char *text = text_take(&path);
        cr_assert_str_eq(
                text, "/containers/json?all=true&filters=%7B%22a%22%3A%5B%22b%3Dc%26d%22%5D%7D"
                      "&name=a-b_c.d~e%2F%C3%A9%20%25%0A&empty="
        );
        free(text);
}

Test(query, that_is_too_long_for_its_path_is_an_error) {
        Text path = TEXT_INIT(10);

        cr_assert_eq(text_add(&path, "/x"), 0);
        cr_assert_eq(query_add(&path, "key", "    "), -E2BIG);
        cr_assert_null(text_take(&path));
}
