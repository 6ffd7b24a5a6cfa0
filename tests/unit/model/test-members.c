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
                { "created", "/0123456789ab_shop-db-1", "False", 99990, false },
                { "running", "/shop-db-1", "False", 99990, false },
                { "exited", "/shop-db-1", "False", 99990, false },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                MemberLeft left[MEMBERS_LEFT_MAX];
                json_t *list = json_pack(
                        "[{s:s, s:s, s:i}, {s:s, s:s, s:i, s:[s], s:{s:s}}]", "Id", "me", "State",
                        "created", "Created", 100000, "Id", "other", "State", cases[i].state,
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
