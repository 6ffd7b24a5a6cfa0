/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "proxy/names.h"

static char dir[] = "/tmp/coollama-names-XXXXXX";
static char store[128];

static void setup(void) {
        cr_assert_not_null(mkdtemp(dir));
        (void) snprintf(store, sizeof store, "%s/names.json", dir);
}

static void teardown(void) {
        (void) file_remove_tree(dir, NULL);
}

TestSuite(names, .init = setup, .fini = teardown);

static Names *reopen(Names *old) {
        Names *names = NULL;
        Error err = { 0 };

        (void) names_free(old);
        cr_assert_eq(names_open(store, &names, &err), 0, "%s", err.text);
        return names;
}

static const char *ensure(Names *names, const char *owner) {
        const char *name = NULL;
        Error err = { 0 };

        cr_assert_eq(names_ensure(names, owner, &name, &err), 0, "%s", err.text);
        return name;
}

Test(names, an_owner_keeps_his_name_for_ever) {
        Names *names = reopen(NULL);
        char name[NAME_TEXT_MAX];

        cr_expect_null(names_find(names, "shop"));
        (void) snprintf(name, sizeof name, "%s", ensure(names, "shop"));
        cr_expect_str_eq(ensure(names, "shop"), name);
        names = reopen(names);
        cr_expect_str_eq(names_find(names, "shop"), name);
        (void) names_free(names);
}

Test(names, no_two_owners_have_the_same_one_and_each_has_a_random_part) {
        Names *names = reopen(NULL);
        const char *one = ensure(names, "one");
        const char *two = ensure(names, "two");

        cr_expect_str_neq(one, two);
        cr_expect_eq(strlen(one), strlen(NAME_PREFIX) + 16);
        (void) names_free(names);
}

Test(names, what_is_given_next_is_carried_before_and_what_was_given_last_still_is) {
        Names *names = reopen(NULL);
        const char *before[NAMES_CARRIED_MAX];
        const char *after[NAMES_CARRIED_MAX];

        cr_assert_eq(names_carried(names, before), NAMES_SPARE);
        cr_expect_str_eq(ensure(names, "shop"), before[0]);
        names = reopen(names);
        cr_assert_eq(names_carried(names, after), NAMES_SPARE + 1);
        cr_expect_str_eq(after[0], names_find(names, "shop"));
        cr_expect_str_eq(ensure(names, "blog"), after[1]);
        (void) names_free(names);
}

Test(names, however_many_there_are_only_so_many_are_carried) {
        Names *names = reopen(NULL);
        const char *carried[NAMES_CARRIED_MAX];
        char owner[8];

        for (int i = 0; i < 2 * NAMES_SPARE; i++) {
                (void) snprintf(owner, sizeof owner, "o%d", i);
                (void) ensure(names, owner);
        }
        cr_expect_eq(names_carried(names, carried), NAMES_CARRIED_MAX);
        cr_expect_str_eq(carried[NAMES_SPARE - 1], names_find(names, owner));
        (void) names_free(names);
}

Test(names, nobody_else_may_read_them) {
        struct stat st;

        (void) names_free(reopen(NULL));
        cr_assert_eq(stat(store, &st), 0);
        cr_expect_eq(st.st_mode & 0777, 0600);
}

Test(names, a_file_that_cannot_be_understood_is_an_error_and_left_alone) {
        static const char text[] = "{\"version\": 1, \"names\": [{\"name\": \"www\"}]}";
        Names *names = NULL;
        Error err = { 0 };
        char *left = NULL;
        size_t size = 0;

        cr_assert_eq(file_replace(store, text, strlen(text), 0600, NULL), 0);
        cr_expect_eq(names_open(store, &names, &err), -EBADMSG);
        cr_expect_not_null(strstr(err.text, "names.json"));
        cr_assert_eq(file_read(store, 1000, &left, &size, NULL), 0);
        cr_expect_str_eq(left, text);
        free(left);
}

Test(names, one_that_cannot_be_written_down_is_given_to_nobody) {
        Names *names = reopen(NULL);
        const char *name = NULL;

        (void) file_remove_tree(dir, NULL);
        cr_expect_lt(names_ensure(names, "shop", &name, NULL), 0);
        cr_expect_null(names_find(names, "shop"));
        (void) names_free(names);
        cr_assert_eq(mkdir(dir, 0700), 0);
}
