/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/seek.h"

static const struct {
        Identity identity;
        const char *ids[2];
} world[] = {
        { { .project = "p1", .member = "web", .key = "p1/web", .human = "shop/web" },
          { "aaaaaaaaaaaaaaaa1111", "aaaaaaaaaaaabbbb2222" } },
        { { .project = "p1", .member = "worker", .key = "p1/worker", .human = "shop/worker" },
          { "cccccccccccccccc" } },
        { { .project = "p2", .member = "app", .key = "p2/app", .human = "blog" },
          { "dddddddddddddddd" } },
        { { .project = "p3", .member = "app", .key = "p3/app", .human = "blog" },
          { "eeeeeeeeeeeeeeee" } },
        { { .member = "p2", .key = "p2", .human = "p2" }, { "ffffffffffffffff" } },
};

static int seek(const char *name, const Identity **ret, Error *err) {
        Seek seek;

        seek_begin(&seek, name);
        for (size_t i = 0; i < ARRAY_LEN(world); i++)
                seek_try(&seek, &world[i].identity, world[i].ids, world[i].ids[1] != NULL ? 2 : 1);
        return seek_end(&seek, ret, err);
}

static const struct {
        const char *name, *key;
} found[] = {
        { "p1/web", "p1/web" },
        { "shop/web", "p1/web" },
        { "aaaaaaaaaaaaaaaa1111", "p1/web" },
        { "aaaaaaaaaaaab", "p1/web" },
        { "aaaaaaaaaaaa", "p1/web" }, /* both are containers of one consumer */
        { "cccccccccccc", "p1/worker" },
        { "p3", "p3/app" },
        { "p2/app", "p2/app" },
        { "p2", "p2" }, /* a key goes before a project */
};

Test(seek, keys_human_names_ids_and_projects_of_one_consumer_are_names) {
        for (size_t i = 0; i < ARRAY_LEN(found); i++) {
                const Identity *identity = NULL;
                Error err = { 0 };

                cr_assert_eq(seek(found[i].name, &identity, &err), 0, "%s", error_text(&err));
                cr_expect_str_eq(identity->key, found[i].key, "%s", found[i].name);
        }
}

static const struct {
        const char *name;
        int code;
        const char *said;
} lost[] = {
        { "p1", -ENOTUNIQ, "'p1' may be any of 2, say which: p1/web, p1/worker" },
        { "shop", -ENOTUNIQ, "'shop' may be any of 2, say which: p1/web, p1/worker" },
        { "blog", -ENOTUNIQ, "'blog' may be any of 2, say which: p2/app, p3/app" },
        { "shop/wbe", -ENOENT, "no consumer 'shop/wbe'; did you mean shop/web?" },
        { "p1/wroker", -ENOENT, "no consumer 'p1/wroker'; did you mean shop/worker?" },
        { "dddddddddd", -ENOENT,
          "no consumer 'dddddddddd': coollama status shows those that there are" },
        { "", -ENOENT, "no consumer '': coollama status shows those that there are" },
};

Test(seek, the_unknown_and_the_ambiguous_are_told_with_those_that_may_be_meant) {
        for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
                const Identity *identity = NULL;
                Error err = { 0 };

                cr_expect_eq(seek(lost[i].name, &identity, &err), lost[i].code, "%s", lost[i].name);
                cr_expect_str_eq(error_text(&err), lost[i].said);
                cr_expect_null(identity);
        }
}

Test(seek, a_stack_of_one_member_is_called_by_its_name) {
        static const Identity one = {
                .project = "p7", .member = "web", .key = "p7/web", .human = "store/web#4"
        };
        static const char *const ids[] = { "0123456789abcdef" };
        const Identity *identity = NULL;
        Seek seek;

        seek_begin(&seek, "store");
        seek_try(&seek, &one, ids, 1);
        cr_expect_eq(seek_end(&seek, &identity, NULL), 0);
        cr_expect_eq(identity, &one);
        cr_expect_eq(seek_stack_length("store/web#4"), 5);
        cr_expect_eq(seek_stack_length("store#4"), 5);
        cr_expect_eq(seek_stack_length("store"), 5);
}

Test(seek, more_candidates_than_fit_are_counted) {
        static Identity many[SEEK_FOUND_MAX + 2];
        static const char *const ids[] = { "0123456789abcdef" };
        const Identity *identity = NULL;
        Error err = { 0 };
        Seek seek;

        seek_begin(&seek, "same");
        for (size_t i = 0; i < ARRAY_LEN(many); i++) {
                (void) snprintf(many[i].key, sizeof many[i].key, "p%zu/same", i);
                (void) snprintf(many[i].human, sizeof many[i].human, "same");
                seek_try(&seek, &many[i], ids, 1);
        }
        cr_expect_eq(seek_end(&seek, &identity, &err), -ENOTUNIQ);
        cr_expect_str_eq(
                error_text(&err),
                "'same' may be any of 10, say which: p0/same, p1/same, p2/same, p3/same, "
                "p4/same, p5/same, p6/same, p7/same, ..."
        );
}
