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
