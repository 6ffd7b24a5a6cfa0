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
          "db", false, false, false, NOW + 540 * S },
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
