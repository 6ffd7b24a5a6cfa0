/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/plan-upgrade.h"

#define NOW (1000 * USEC_PER_SEC)

static const struct {
        const char *title;
        UpgradePhase phase;
        const char *means;   /* the id of the image that the name means */
        const char *inspect; /* of Ollama's container; NULL: absent */
        const char *failure, *pull_failure;
        bool up, late;
        UpgradeSays says;
        const char *last; /* the last action: a call's path, "over", "back", "renew" */
        const char *reason;
} cases[] = {
        { "none is open", UPGRADE_OVER, "old", "{\"Image\":\"old\"}", NULL, NULL, true, false,
          UPGRADE_SAYS_NOTHING, NULL, NULL },
        { "it is pulled", UPGRADE_PULL, "old", "{\"Image\":\"old\"}", NULL, NULL, true, false,
          UPGRADE_SAYS_WORK, "renew", "pulling o/o:1" },
        { "it cannot be pulled", UPGRADE_PULL, "old", "{\"Image\":\"old\"}", NULL, "no route", true,
          false, UPGRADE_SAYS_TURN, "over", "nothing was changed: no route" },
        { "it cannot be kept", UPGRADE_PULL, "old", "{\"Image\":\"old\"}", "gone", NULL, true,
          false, UPGRADE_SAYS_TURN, "over", "nothing was changed: gone" },
        { "nothing new", UPGRADE_RENEW, "old", "{\"Image\":\"old\"}", NULL, NULL, true, false,
          UPGRADE_SAYS_TURN, "over", "nothing new" },
        { "an older one runs", UPGRADE_RENEW, "new", "{\"Id\":\"c1\",\"Image\":\"old\"}", NULL,
          NULL, true, false, UPGRADE_SAYS_WORK, "/containers/c1?v=0", "re-creating" },
        { "it is gone", UPGRADE_RENEW, "new", NULL, NULL, NULL, false, false, UPGRADE_SAYS_NOTHING,
          NULL, NULL },
        { "it cannot be made", UPGRADE_RENEW, "new", NULL, "no such user", NULL, false, false,
          UPGRADE_SAYS_TURN, "back", "no such user" },
        { "it starts", UPGRADE_RENEW, "new",
          "{\"Image\":\"new\",\"State\":{\"Status\":\"running\"}}", NULL, NULL, false, false,
          UPGRADE_SAYS_NOTHING, NULL, NULL },
        { "it is up", UPGRADE_RENEW, "new",
          "{\"Image\":\"new\",\"State\":{\"Status\":\"running\"}}", NULL, NULL, true, false,
          UPGRADE_SAYS_TURN, "over", "upgraded" },
        { "it ends again and again", UPGRADE_RENEW, "new",
          "{\"Image\":\"new\",\"RestartCount\":1,\"State\":{\"Status\":\"running\"}}", NULL, NULL,
          false, false, UPGRADE_SAYS_TURN, "back", "it does not stay up" },
        { "it is unhealthy", UPGRADE_RENEW, "new",
          "{\"Image\":\"new\",\"State\":{\"Status\":\"running\",\"Health\":{\"Status\":"
          "\"unhealthy\"}}}",
          NULL, NULL, false, false, UPGRADE_SAYS_TURN, "back", "it is not healthy" },
        { "it takes too long", UPGRADE_RENEW, "new",
          "{\"Image\":\"new\",\"State\":{\"Status\":\"running\"}}", NULL, NULL, false, true,
          UPGRADE_SAYS_TURN, "back", "within three minutes" },
        { "back: its name", UPGRADE_BACK, "new", "{\"Image\":\"new\"}", NULL, NULL, false, false,
          UPGRADE_SAYS_WORK, "/images/old/tag?repo=o/o&tag=1", "going back" },
        { "back: the old one is lost", UPGRADE_BACK, "new", "{\"Image\":\"new\"}", "no such image",
          NULL, false, false, UPGRADE_SAYS_TURN, "over", "cannot be taken again: no such image" },
        { "back: the new one runs", UPGRADE_BACK, "old", "{\"Id\":\"c2\",\"Image\":\"new\"}", NULL,
          NULL, true, false, UPGRADE_SAYS_WORK, "/containers/c2?v=0", "re-creating" },
        { "back: it starts", UPGRADE_BACK, "old", "{\"Image\":\"old\"}", NULL, NULL, false, false,
          UPGRADE_SAYS_NOTHING, NULL, NULL },
        { "back: it is up", UPGRADE_BACK, "old", "{\"Image\":\"old\"}", NULL, NULL, true, false,
          UPGRADE_SAYS_TURN, "over", "the one before it again, and is up" },
};

static const char *last_of(const Plan *plan) {
        const Action *action = plan->n_actions > 0 ? &plan->actions[plan->n_actions - 1] : NULL;

        if (action == NULL)
                return NULL;
        return action->kind == ACTION_CALL
                       ? action->u.call.path
                       : json_string_value(json_object_get(action->u.record, "phase"));
}

Test(plan_upgrade, every_state_has_its_next_step) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Upgrade upgrade = {
                        .phase = cases[i].phase, .image = "o/o:1", .old_id = "old", .why = "bad"
                };
                json_t *inspect = cases[i].inspect ? json_loads(cases[i].inspect, 0, NULL) : NULL;
                const SeenObject seen = { .inspect = inspect, .image_id = cases[i].means };
                const ProviderView view = {
                        .upgrade = &upgrade,
                        .failure = cases[i].failure,
                        .pull_failure = cases[i].pull_failure,
                        .api_up = cases[i].up,
                        .upgrade_since_usec = cases[i].late ? NOW - UPGRADE_LIMIT_USEC : NOW,
                };
                Plan *plan = plan_new();

                cr_assert(cases[i].inspect == NULL || inspect != NULL, "%s", cases[i].title);
                cr_expect_eq(
                        plan_upgrade(&view, &seen, NOW, plan), cases[i].says, "%s", cases[i].title
                );
                const char *last = last_of(plan);
                cr_expect_str_eq(
                        last ? last : "-", cases[i].last ? cases[i].last : "-", "%s", cases[i].title
                );
                if (cases[i].reason != NULL)
                        cr_expect_not_null(
                                strstr(plan->reason, cases[i].reason), "%s: %s", cases[i].title,
                                plan->reason
                        );
                json_decref(inspect);
                (void) plan_free(plan);
        }
}

Test(plan_upgrade, what_is_written_down_is_read_again) {
        const Upgrade upgrade = { UPGRADE_BACK, "o/o:1", "sha256:1", "it is not healthy" };
        json_t *json = upgrade_to_json(&upgrade);
        Upgrade read = { 0 };

        cr_assert_eq(upgrade_from_json(json, &read, NULL), 0);
        cr_expect_eq(read.phase, UPGRADE_BACK);
        cr_expect_str_eq(read.image, upgrade.image);
        cr_expect_str_eq(read.old_id, upgrade.old_id);
        cr_expect_str_eq(read.why, upgrade.why);
        json_decref(json);
        cr_expect_lt(upgrade_from_json(NULL, &read, NULL), 0);
}
