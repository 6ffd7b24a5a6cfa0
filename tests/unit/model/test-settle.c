/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "model/settle.h"
#include "support/inspect.h"

#define S   USEC_PER_SEC
#define NOW (2000 * S)

typedef struct Case {
        const char *what;
        const char *state, *health;
        uint64_t up_since_usec, settled_since_usec, activity_usec, asked_usec;
        bool alone; /* no compose project */
        bool members_known;
        const char *busy;
        bool settled, overridden, needs_members;
        uint64_t wake_usec;
} Case;

/* The configuration says 10 s after healthy, 30 s where there is no check. */
/* */
static const Case cases[] = {
        { "healthy for long enough", "running", "healthy", NOW - 20 * S, NOW - 10 * S, 0, 0, false,
          true, NULL, true, false, false, 0 },
        { "healthy, one second too few", "running", "healthy", NOW - 20 * S, NOW - 9 * S, 0, 0,
          false, true, NULL, false, false, false, NOW + 1 * S },
        { "without a check it takes longer", "running", NULL, NOW - 10 * S, NOW - 10 * S, 0, 0,
          false, true, NULL, false, false, false, NOW + 20 * S },
        { "without a check, long enough", "running", NULL, NOW - 30 * S, NOW - 30 * S, 0, 0, false,
          true, NULL, true, false, false, 0 },
        { "its label asks for more", "running", "healthy", NOW - 60 * S, NOW - 50 * S, 0, 60 * S,
          false, true, NULL, false, false, false, NOW + 10 * S },
        { "its label asks for less", "running", NULL, NOW - 10 * S, NOW - 10 * S, 0, 5 * S, false,
          true, NULL, false, false, false, NOW + 20 * S },
        { "not healthy yet", "running", "starting", NOW - 60 * S, 0, 0, 0, false, true, NULL, false,
          false, false, 0 },
        { "unhealthy for an hour", "running", "unhealthy", 1, 0, 0, 0, false, true, NULL, false,
          false, false, 0 },
        { "paused", "paused", "healthy", 0, 0, 0, 0, false, true, NULL, false, false, false, 0 },
        { "its stack is worked on", "running", "healthy", NOW - 60 * S, NOW - 60 * S, NOW - 4 * S,
          0, false, true, NULL, false, false, false, NOW + 6 * S },
        { "its stack was worked on", "running", "healthy", NOW - 60 * S, NOW - 60 * S, NOW - 10 * S,
          0, false, true, NULL, true, false, false, 0 },
        { "its members are not known", "running", "healthy", NOW - 60 * S, NOW - 60 * S, 0, 0,
          false, false, NULL, false, false, true, 0 },
        { "it has no members", "running", "healthy", NOW - 60 * S, NOW - 60 * S, 0, 0, true, false,
          NULL, true, false, false, 0 },
        { "a member starts", "running", "healthy", NOW - 60 * S, NOW - 60 * S, 0, 0, false, true,
          "db", false, false, false, NOW + 10 * S },
        { "a member starts, and patience ends soon", "running", "healthy", NOW - 598 * S,
          NOW - 598 * S, 0, 0, false, true, "db", false, false, false, NOW + 2 * S },
        { "a member has been starting for ten minutes", "running", "healthy", NOW - 600 * S,
          NOW - 590 * S, 0, 0, false, true, "db", true, true, false, 0 },
        { "its stack has been worked on for ten minutes", "running", "healthy", NOW - 600 * S,
          NOW - 590 * S, NOW - 1 * S, 0, false, true, NULL, true, true, false, 0 },
        { "only restlessness is overridden", "running", "healthy", NOW - 700 * S, NOW - 5 * S, NOW,
          0, false, true, NULL, false, false, false, NOW + 5 * S },
        { "up for ten minutes, its members are looked at all the same", "running", "healthy",
          NOW - 700 * S, NOW - 690 * S, 0, 0, false, false, NULL, false, false, true, 0 },
};
/* clang-format on */

Test(settle, verdicts) {
        const ConsumerContext context = { .settle_usec = 10 * S, .settle_unchecked_usec = 30 * S };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Case *c = &cases[i];
                cleanup(container_freep) Container *container =
                        inspect_container(&(InspectSpec){ .state = c->state, .health = c->health });
                const Identity identity = { .project = "shop" }, alone = { .member = "x" };
                const SeenContainer seen = { .container = container,
                                             .up_since_usec = c->up_since_usec,
                                             .settled_since_usec = c->settled_since_usec };
                const ConsumerView view = { .identity = c->alone ? &alone : &identity,
                                            .activity_usec = c->activity_usec,
                                            .observed = { .members_known = c->members_known,
                                                          .busy_member = c->busy } };
                SettleVerdict verdict;

                settle_judge(&view, &seen, &context, c->asked_usec, NOW, &verdict);
                cr_expect_eq(verdict.settled, c->settled, "%s: %s", c->what, verdict.reason);
                cr_expect_eq(verdict.overridden, c->overridden, "%s", c->what);
                cr_expect_eq(verdict.needs_members, c->needs_members, "%s", c->what);
                cr_expect_eq(
                        verdict.wake_usec, c->wake_usec, "%s: %lu", c->what, verdict.wake_usec
                );
                if (!c->settled && !c->needs_members)
                        cr_expect_str_not_empty(verdict.reason, "%s", c->what);
        }
}

/* Of a rolling update: both have the same labels but for the name that Coolify gives each. */
static json_t *list_of_two(const char *state, int created, const char *number, const char *oneoff) {
        const char *labels = "{s:s, s:s, s:s, s:s}";
        json_t *list = json_array();

        for (int i = 0; i < 2; i++) {
                json_t *own = json_pack(
                        labels, "com.docker.compose.project", "shop", "com.docker.compose.service",
                        i == 0 ? "shop-120000000001" : "shop-120000000002",
                        "com.docker.compose.container-number", i == 0 ? "1" : number,
                        "com.docker.compose.oneoff", i == 0 ? "False" : oneoff
                );
                json_array_append_new(
                        list,
                        json_pack(
                                "{s:s, s:s, s:i, s:[s], s:o}", "Id", i == 0 ? "a" : "b", "State",
                                i == 0 ? "running" : state, "Created", i == 0 ? 1000 : created,
                                "Names", i == 0 ? "/shop-120000000001" : "/shop-120000000002",
                                "Labels", own
                        )
                );
        }
        return list;
}

Test(settle, two_deployments_of_one_place_are_told_apart) {
        static const struct {
                const char *what, *state;
                int created;
                const char *number, *oneoff;
                uint64_t up_since_usec;
                bool settled, obsolete;
        } rows[] = {
                { "the older one still runs", "running", 900, "1", "False", 60, false, false },
                { "for ten minutes", "running", 900, "1", "False", 600, true, false },
                { "it has ended", "exited", 900, "1", "False", 60, true, false },
                { "a newer one runs", "running", 1100, "1", "False", 60, false, true },
                { "for as long as it does", "running", 1100, "1", "False", 6000, false, true },
                { "a newer one has ended", "exited", 1100, "1", "False", 60, true, false },
                { "a replica", "running", 1100, "2", "False", 60, true, false },
                { "a command that somebody runs", "running", 1100, "1", "True", 60, true, false },
        };
        const ConsumerContext context = { .settle_usec = 10 * S, .settle_unchecked_usec = 30 * S };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                cleanup(container_freep) Container *container = inspect_container(&(InspectSpec
                ){ .id = "a", .name = "shop-120000000001", .service = "shop-120000000001" });
                json_t *list =
                        list_of_two(rows[i].state, rows[i].created, rows[i].number, rows[i].oneoff);
                json_object_set_new(json_array_get(list, 0), "Id", json_string(container->id));
                const SeenContainer seen = { .container = container,
                                             .up_since_usec = NOW - rows[i].up_since_usec * S,
                                             .settled_since_usec = NOW - 50 * S };
                SettleVerdict verdict;
                Identity identity;

                cr_assert_geq(
                        identity_from_labels(container->labels, container->name, &identity, NULL), 0
                );
                const ConsumerView view = { .identity = &identity,
                                            .observed = { .members_known = true,
                                                          .members = list } };
                settle_judge(&view, &seen, &context, 0, NOW, &verdict);
                cr_expect_eq(
                        verdict.settled, rows[i].settled, "%s: %s", rows[i].what, verdict.reason
                );
                cr_expect_eq(verdict.obsolete, rows[i].obsolete, "%s", rows[i].what);
                if (rows[i].obsolete)
                        cr_expect_eq(
                                verdict.wake_usec, 0, "%s: nothing is asked again", rows[i].what
                        );
                json_decref(list);
        }
}
