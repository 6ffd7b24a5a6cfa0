/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "reconcile/joins-wishes.h"

static const char *const names[] = { "ollama-proxy-1" };
static const char *const other_names[] = { "ollama-proxy-2" };
static const JoinWish web = { .container = "c1",
                              .network = "n1",
                              .network_name = "shop_default",
                              .aliases = names,
                              .n_aliases = 1 };

static JoinWishes *wishes;

static void setup(void) {
        cr_assert_eq(join_wishes_new(&wishes), 0);
}

static void teardown(void) {
        (void) join_wishes_free(wishes);
}

TestSuite(joins_wishes, .init = setup, .fini = teardown);

static bool set(const char *owner, const JoinWish *list, size_t n) {
        bool changed = false;

        cr_assert_eq(join_wishes_set(wishes, owner, "for it", list, n, &changed), 0);
        return changed;
}

static size_t list(const JoinWanted **ret, uint64_t now_usec) {
        size_t n = 0;
        uint64_t wake_usec = 0;

        cr_assert_eq(join_wishes_list(wishes, now_usec, ret, &n, &wake_usec), 0);
        return n;
}

static const char *ended(const char *container) {
        const char *network = NULL;
        const char *name = NULL;

        (void) join_wishes_run(wishes, container, false, &network, &name);
        return network;
}

Test(joins_wishes, the_same_again_is_no_change) {
        cr_expect(set("shop", &web, 1));
        cr_expect_not(set("shop", &web, 1));
        cr_expect(set("shop", NULL, 0));
        cr_expect_not(set("shop", NULL, 0));
}

Test(joins_wishes, several_owners_in_one_network_are_one_network_with_all_their_names) {
        JoinWish other = web;
        const JoinWanted *wanted;

        other.container = "c2";
        other.aliases = other_names;
        (void) set("shop", &web, 1);
        (void) set("blog", &other, 1);
        cr_assert_eq(list(&wanted, 1), 1);
        cr_expect_eq(wanted[0].n_aliases, 2);
        cr_expect_str_eq(wanted[0].id, "n1");
}

Test(joins_wishes, a_network_ends_with_the_last_run_in_it) {
        JoinWish two[] = { web, web };
        const JoinWanted *wanted;

        two[1].container = "c2";
        (void) set("shop", two, 2);
        cr_expect_null(ended("c1"));
        cr_expect_null(ended("c1"), "again");
        cr_expect_str_eq(ended("c2"), "n1");
        cr_expect_eq(list(&wanted, 1), 0);
        cr_expect_null(ended("who"));
}

Test(joins_wishes, a_container_that_runs_again_wants_it_again) {
        const JoinWanted *wanted;
        const char *network;
        const char *name;

        (void) set("shop", &web, 1);
        (void) ended("c1");
        cr_expect(join_wishes_run(wishes, "c1", true, &network, &name));
        cr_expect_eq(list(&wanted, 1), 1);
}

Test(joins_wishes, another_container_of_the_same_owner_takes_its_place) {
        JoinWish newer = web;
        const JoinWanted *wanted;

        newer.container = "c2";
        (void) set("shop", &web, 1);
        (void) set("shop", &newer, 1);
        cr_expect_null(ended("c1"), "it is not known any more");
        cr_expect_eq(list(&wanted, 1), 1);
        cr_expect_str_eq(ended("c2"), "n1");
}

Test(joins_wishes, what_failed_is_held_for_a_while_and_says_why) {
        const JoinWanted *wanted;
        size_t n = 0;
        uint64_t wake_usec = 0;

        (void) set("shop", &web, 1);
        cr_expect(join_wishes_note_failure(wishes, "n1", "no room", 1000, 0));
        cr_expect_str_eq(join_wishes_failure(wishes, "n1"), "no room");
        cr_assert_eq(join_wishes_list(wishes, 1000, &wanted, &n, &wake_usec), 0);
        cr_assert_eq(n, 1);
        cr_expect(wanted[0].held);
        cr_expect_gt(wake_usec, 1000);
        cr_assert_eq(join_wishes_list(wishes, wake_usec, &wanted, &n, &wake_usec), 0);
        cr_expect_not(wanted[0].held);
        join_wishes_note_success(wishes, "n1");
        cr_expect_null(join_wishes_failure(wishes, "n1"));
        cr_expect_not(join_wishes_note_failure(wishes, "n9", "", 1, 0), "nobody wants it");
}

static void count(const char *owner, void *data) {
        (void) owner;
        ++*(int *) data;
}

Test(joins_wishes, only_those_of_a_network_are_told_of_it) {
        JoinWish other = web;
        int told = 0;

        other.container = "c2";
        other.network = "n2";
        (void) set("shop", &web, 1);
        (void) set("blog", &other, 1);
        join_wishes_tell(wishes, "n1", count, &told);
        cr_expect_eq(told, 1);
        join_wishes_tell(wishes, "", count, &told);
        cr_expect_eq(told, 3);
}
