/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/index.h"

static int one, two;

Test(index, finds_what_was_put_and_nothing_else) {
        cleanup(index_freep) Index *index = NULL;

        cr_assert_eq(index_new(10, &index), 0);
        cr_expect_null(index_get(index, "a"));
        cr_assert_eq(index_put(index, "a", &one), 0);
        cr_assert_eq(index_put(index, "b", &two), 0);
        cr_expect_eq(index_get(index, "a"), &one);
        cr_expect_eq(index_get(index, "b"), &two);
        cr_expect_null(index_get(index, "ab"));
        cr_expect_null(index_get(index, ""));
        cr_expect_eq(index_size(index), 2);
}

Test(index, keys_are_copied) {
        cleanup(index_freep) Index *index = NULL;
        char key[] = "a";

        cr_assert_eq(index_new(10, &index), 0);
        cr_assert_eq(index_put(index, key, &one), 0);
        key[0] = 'b';
        cr_expect_eq(index_get(index, "a"), &one);
        cr_expect_null(index_get(index, "b"));
}

Test(index, putting_again_replaces_also_when_it_is_full) {
        cleanup(index_freep) Index *index = NULL;

        cr_assert_eq(index_new(1, &index), 0);
        cr_assert_eq(index_put(index, "a", &one), 0);
        cr_assert_eq(index_put(index, "a", &two), 0);
        cr_expect_eq(index_get(index, "a"), &two);
        cr_expect_eq(index_size(index), 1);
        cr_expect_eq(index_put(index, "b", &one), -ENOSPC);
        cr_expect_null(index_get(index, "b"));
}

Test(index, removing_makes_room_and_removing_nothing_is_fine) {
        cleanup(index_freep) Index *index = NULL;

        cr_assert_eq(index_new(1, &index), 0);
        index_remove(index, "a");
        cr_assert_eq(index_put(index, "a", &one), 0);
        index_remove(index, "a");
        index_remove(index, "a");
        cr_expect_eq(index_size(index), 0);
        cr_expect_null(index_get(index, "a"));
        cr_expect_eq(index_put(index, "b", &two), 0);
}

typedef struct Visited {
        char last[16];
        size_t n;
} Visited;

static void visit(const char *key, void *value, void *data) {
        Visited *visited = data;

        cr_expect_eq(value, &one);
        cr_expect_lt(strcmp(visited->last, key), 0, "%s after %s", key, visited->last);
        (void) snprintf(visited->last, sizeof visited->last, "%s", key);
        visited->n++;
}

Test(index, visits_each_once_in_the_order_of_the_keys) {
        cleanup(index_freep) Index *index = NULL;
        Visited visited = { 0 };

        cr_assert_eq(index_new(1000, &index), 0);
        for (unsigned i = 0; i < 1000; i++) {
                char key[16];

                (void) snprintf(key, sizeof key, "k%03u", i * 7 % 1000);
                cr_assert_eq(index_put(index, key, &one), 0);
        }
        index_visit(index, visit, &visited);
        cr_expect_eq(visited.n, 1000);
}
