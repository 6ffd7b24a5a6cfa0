/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/members.h"

static json_t *member(const char *id, const char *state, const char *status) {
        return json_pack(
                "{s:s, s:s, s:s, s:[s]}", "Id", id, "State", state, "Status", status, "Names",
                "/web"
        );
}

Test(members, busy_is_who_will_start_or_is_starting) {
        static const struct {
                const char *state, *status;
                bool busy;
        } cases[] = {
                { "created", "Created", true },
                { "restarting", "Restarting (1) 2 seconds ago", true },
                { "running", "Up 2 seconds (health: starting)", true },
                { "running", "Up 2 seconds (healthy)", false },
                { "running", "Up 2 seconds (unhealthy)", false },
                { "running", "Up 2 seconds", false },
                { "exited", "Exited (0) 2 seconds ago", false },
                { "paused", "Up 2 minutes (Paused)", false },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *list = json_array();
                json_array_append_new(list, member("other", cases[i].state, cases[i].status));
                const char *busy = members_find_busy(list, "me");

                cr_expect_eq(busy != NULL, cases[i].busy, "%s", cases[i].status);
                if (busy != NULL)
                        cr_expect_str_eq(busy, "web");
                cr_expect_null(members_find_busy(list, "other"), "it asks for itself");
                json_decref(list);
        }
}

Test(members, a_list_of_odd_entries_is_nobody) {
        json_t *list = json_pack("[{}, s, n, {s:s}]", "x", "Id", "y");

        cr_expect_null(members_find_busy(list, "me"));
        cr_expect_null(members_find_busy(NULL, "me"));
        json_decref(list);
}

Test(members, left_is_what_was_made_with_it_and_never_started) {
        static const struct {
                const char *state, *name, *oneoff;
                int created;
                bool left;
        } cases[] = {
                { "created", "/shop-db-1", "False", 99990, true },
                { "created", "/shop-db-1", "False", 100010, true },
                { "created", "/shop-db-1", "False", 99000, false },
                { "created", "/shop-run-1", "True", 99990, false },
                { "created", "/0123456789ab_shop-db-1", "False", 99990, false }, /* no label */
                { "running", "/shop-db-1", "False", 99990, false },
                { "exited", "/shop-db-1", "False", 99990, false },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                MemberLeft left[MEMBERS_LEFT_MAX];
                json_t *list = json_pack(
                        "[{s:s, s:s, s:i}, {s:s, s:s, s:i, s:[s], s:{s:s}}]", "Id", "me", "State",
                        "running", "Created", 100000, "Id", "other", "State", cases[i].state,
                        "Created", cases[i].created, "Names", cases[i].name, "Labels",
                        "com.docker.compose.oneoff", cases[i].oneoff
                );
                size_t n = members_find_left(list, "me", left);

                cr_expect_eq(n, cases[i].left, "%zu", i);
                if (n > 0)
                        cr_expect_str_eq(left[0].name, "shop-db-1");
                cr_expect_eq(members_find_left(list, "nobody", left), 0);
                json_decref(list);
        }
        MemberLeft none[MEMBERS_LEFT_MAX];
        cr_expect_eq(members_find_left(NULL, "me", none), 0);
}

#define OLD "0123456789abcdef"

Test(members, what_was_to_replace_another_one_gets_its_name_once_that_is_down) {
        static const struct {
                const char *what, *old_state, *third, *label;
                bool left;
                const char *replaced;
        } cases[] = {
                { "compose had stopped it", "exited", "/x", "com.docker.compose.replace", true,
                  OLD },
                { "compose had removed it", NULL, "/x", "com.docker.compose.replace", true, NULL },
                { "it still runs", "running", "/x", "com.docker.compose.replace", false, NULL },
                { "its name is another one's", NULL, "/shop-db-1", "com.docker.compose.replace",
                  false, NULL },
                { "only called so", "exited", "/x", "other", false, NULL },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                MemberLeft left[MEMBERS_LEFT_MAX];
                json_t *list = json_pack(
                        "[{s:s, s:s, s:i}, {s:s, s:s, s:i, s:[s], s:{s:s}},"
                        " {s:s, s:s, s:i, s:[s]}]",
                        "Id", "me", "State", "running", "Created", 100000, "Id", "other", "State",
                        "created", "Created", 99990, "Names", "/0123456789ab_shop-db-1", "Labels",
                        cases[i].label, OLD, "Id", "third", "State", "running", "Created", 1000,
                        "Names", cases[i].third
                );
                if (cases[i].old_state != NULL)
                        json_array_append_new(
                                list,
                                json_pack(
                                        "{s:s, s:s, s:i, s:[s]}", "Id", OLD, "State",
                                        cases[i].old_state, "Created", 1000, "Names", "/shop-db-1"
                                )
                        );
                size_t n = members_find_left(list, "me", left);

                cr_expect_eq(n, cases[i].left, "%s", cases[i].what);
                if (n > 0) {
                        cr_expect_str_eq(left[0].name, "shop-db-1", "%s", cases[i].what);
                        cr_expect(left[0].renamed, "%s", cases[i].what);
                        cr_expect_str_eq(
                                left[0].replaced ? left[0].replaced : "",
                                cases[i].replaced ? cases[i].replaced : "", "%s", cases[i].what
                        );
                }
                json_decref(list);
        }
}

Test(members, left_is_also_the_one_that_is_asked_for) {
        MemberLeft left[MEMBERS_LEFT_MAX];
        json_t *list = json_pack(
                "[{s:s, s:s, s:i, s:[s], s:{s:s}}]", "Id", "me", "State", "created", "Created",
                100000, "Names", "/0123456789ab_shop-web-142530123456", "Labels",
                "com.docker.compose.replace", "x"
        );

        cr_assert_eq(members_find_left(list, "me", left), 1);
        cr_expect_str_eq(left[0].name, "shop-web-142530123456");
        cr_expect(left[0].renamed);
        cr_expect_null(left[0].replaced);
        json_decref(list);
}
