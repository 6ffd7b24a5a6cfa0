/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/duration.h"
#include "base/macro.h"
#include "model/deployments.h"
#include "support/day.h"

#define S     USEC_PER_SEC
#define GRACE (10 * S)
#define UUID  "k8wk0cswkgo8wwokc0o4s04s"

Test(deployments, a_helper_is_told_by_its_image_and_a_bare_name) {
        static const struct {
                const char *image, *name;
                bool helper;
        } cases[] = {
                { "docker.io/coollabsio/coolify-helper:1.0.15", UUID, true },
                { "ghcr.io/coollabsio/coolify-helper:1.0.12", UUID, true },
                { "coollabsio/coolify-helper", UUID, true },
                { "registry.example.org:5000/coollabsio/coolify-helper:latest", UUID, true },
                { "coollabsio/coolify-helper@sha256:00", UUID, true },
                { "coollabsio/coolify-helper:1", "backup-of-" UUID, false },
                { "coollabsio/coolify-helper:1", "volume-backup-" UUID, false },
                { "coollabsio/coolify-helper:1", "volume-upload-" UUID, false },
                { "coollabsio/coolify-helper:1", "s3-restore-" UUID, false },
                { "coollabsio/coolify-helper:1", "eager_lamport", false },
                { "coollabsio/coolify-helper:1", "short", false },
                { "coollabsio/coolify-helper:1", "", false },
                { "coollabsio/coolify-realtime:1", UUID, false },
                { "evil/coolify-helper:1", UUID, false },
                { "coollabsio/coolify-helper-next:1", UUID, false },
                { UUID, UUID, false },
                { NULL, UUID, false },
                { "coollabsio/coolify-helper:1", NULL, false },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                cr_expect_eq(
                        deployments_is_helper(cases[i].image, cases[i].name), cases[i].helper,
                        "%s %s", cases[i].image, cases[i].name
                );
}

/* begin and end are of the deployment; up is since when the container runs; 0: never. */
typedef struct Case {
        const char *what;
        uint64_t begin, end, again, up, now;
        bool held, overridden;
        uint64_t until;
} Case;

/* clang-format off */
static const Case cases[] = {
        { "none", 0, 0, 0, 1, 2000, false, false, 0 },
        { "in progress", 2000, 0, 0, 2100, 2200, true, false, 2700 },
        { "one that was up before waits no longer", 2000, 0, 0, 1, 2200, true, false, 2600 },
        { "its helper went a moment ago", 2000, 2300, 0, 2100, 2309, true, false, 2310 },
        { "its helper went a grace ago", 2000, 2300, 0, 2100, 2310, false, false, 0 },
        { "its helper came again", 2000, 2300, 2305, 2250, 2400, true, false, 2850 },
        { "after ten minutes it holds nobody that was up", 2000, 0, 0, 1, 2600, false, true, 0 },
        { "but whoever started meanwhile", 2000, 0, 0, 2500, 2600, true, false, 3100 },
        { "for ten minutes", 2000, 0, 0, 2500, 3100, false, true, 0 },
        { "one that was forgotten holds nobody after an hour", 2000, 0, 0, 5590, 5600, false, false, 0 },
        { "until then it does", 2000, 0, 0, 5590, 5599, true, false, 5600 },
};
/* clang-format on */

Test(deployments, hold_for_a_time) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Case *c = &cases[i];
                Deployments deployments = { .grace_usec = GRACE };

                if (c->begin != 0)
                        deployments_begin(&deployments, UUID, c->begin * S, c->begin * S);
                if (c->end != 0)
                        deployments_end(&deployments, UUID, c->end * S);
                if (c->again != 0)
                        deployments_begin(&deployments, UUID, c->again * S, c->again * S);
                const DeploymentsVerdict verdict =
                        deployments_judge(&deployments, c->up * S, c->now * S);
                cr_expect_eq(verdict.held, c->held, "%s", c->what);
                cr_expect_eq(verdict.overridden, c->overridden, "%s", c->what);
                cr_expect_eq(
                        verdict.until_usec, c->until * S, "%s: %lu", c->what, verdict.until_usec / S
                );
        }
}

Test(deployments, one_after_the_other_hold_nobody_for_more_than_ten_minutes) {
        Deployments deployments = { .grace_usec = GRACE };
        char name[DEPLOYMENT_NAME_MAX];

        for (uint64_t i = 0; i < 20;
             i++) { /* each takes 40 s, and the next one comes in the grace */
                (void) snprintf(name, sizeof name, "deployment%lu", i);
                deployments_begin(&deployments, name, (2000 + 45 * i) * S, (2000 + 45 * i) * S);
                deployments_end(&deployments, name, (2040 + 45 * i) * S);
        }
        cr_expect(deployments_judge(&deployments, S, 2599 * S).held);
        cr_expect(deployments_judge(&deployments, S, 2600 * S).overridden);
        cr_expect_leq(deployments.n, 2, "those that are over are dropped");

        deployments_begin(&deployments, name, 9000 * S, 9000 * S);
        cr_expect(deployments_judge(&deployments, S, 9001 * S).held, "it was quiet since");
}

Test(deployments, of_too_many_the_oldest_is_forgotten) {
        Deployments deployments = { .grace_usec = GRACE };
        char name[DEPLOYMENT_NAME_MAX];

        for (unsigned i = 0; i < DEPLOYMENTS_MAX + 1; i++) {
                (void) snprintf(name, sizeof name, "deployment%u", i);
                deployments_begin(&deployments, name, (2000 + i) * S, (2000 + i) * S);
        }
        cr_expect_eq(deployments.n, DEPLOYMENTS_MAX);
        cr_expect_str_eq(deployments.list[0].name, "deployment1");
        cr_expect_str_eq(deployments.list[DEPLOYMENTS_MAX - 1].name, name);
}

Test(deployments, what_ends_unknown_is_nothing_and_a_new_engine_begins_anew) {
        Deployments deployments = { .grace_usec = GRACE };

        deployments_end(&deployments, UUID, 2000 * S);
        cr_expect_not(deployments_judge(&deployments, S, 2000 * S).held);
        deployments_begin(&deployments, UUID, 2000 * S, 2000 * S);
        deployments_forget(&deployments);
        cr_expect_not(deployments_judge(&deployments, S, 2001 * S).held);
}

static const char *const of_application[] = { "coolify.type", "application", NULL };
static const char *const of_service[] = { "coolify.type", "service", NULL };

/* Of a container that is settled otherwise, on a day with a deployment in progress. */
static Plan *plan_while_deploying(Day *day, const char *const *labels, Deployments *deployments) {
        day_begin(day, 1, &(InspectSpec){ .labels = labels });
        *deployments = (Deployments){ .grace_usec = GRACE };
        deployments_begin(deployments, UUID, NOW - 60 * S, NOW - 60 * S);
        day->context.deployments = deployments;
        return plan_of(day);
}

Test(deployments, no_swap_of_an_application_is_begun_while_one_is_in_progress) {
        Deployments deployments;
        Day day;

        Plan *plan = plan_while_deploying(&day, of_application, &deployments);
        cr_expect_eq(plan->n_actions, 0);
        cr_expect_eq(plan->state, LINK_WAITING);
        cr_expect_str_eq(plan->reason, "a deployment of Coolify is in progress");
        cr_expect_eq(plan->wake_usec, NOW + 540 * S, "%lu", plan->wake_usec);
        day_end(&day, plan);
}

Test(deployments, what_coolify_deploys_without_a_helper_is_not_held_by_one) {
        Deployments deployments;
        Day day;

        day_end(&day, plan_while_deploying(&day, NULL, &deployments));
        Plan *plan = plan_while_deploying(&day, of_service, &deployments);
        cr_expect_eq(plan->n_actions, 3);
        day_end(&day, plan);
}

Test(deployments, one_that_goes_on_and_on_is_overridden_and_that_is_said) {
        Deployments deployments = { .grace_usec = GRACE };
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .labels = of_application });
        deployments_begin(&deployments, UUID, NOW - 600 * S, NOW - 600 * S);
        day.seen[0].up_since_usec = NOW - 600 * S;
        day.context.deployments = &deployments;
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 3);
        cr_assert_not_null(plan->note);
        cr_expect_not_null(strstr(plan->note, "Coolify has been deploying"));
        day_end(&day, plan);
}

Test(deployments, a_swap_that_is_open_goes_on) {
        Deployments deployments = { .grace_usec = GRACE };
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .labels = of_application });
        deployments_begin(&deployments, UUID, NOW, NOW);
        day.context.deployments = &deployments;
        cleanup(swap_record_freep) SwapRecord *record = NULL;
        cr_assert_geq(
                swap_record_new(day.identity.key, day.seen[0].container, &record), 0, "a record"
        );
        day.view.record = record;
        Plan *plan = plan_of(&day);
        cr_expect_null(strstr(plan->reason ? plan->reason : "", "deployment of Coolify"));
        day_end(&day, plan);
}
