/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name of an image that was pulled anew means another image, so the way there and the way back
 * are the same: make the name mean what is wanted, then re-create whoever runs something else.
 */
#include "model/plan-upgrade.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

typedef struct Upgrading {
        const ProviderView *view;
        const Upgrade *upgrade;
        const SeenObject *seen;
        Plan *plan;
} Upgrading;

static const char *text_at(const json_t *object, const char *a, const char *b) {
        const json_t *inner = b ? json_object_get(object, a) : object;
        const char *text = json_string_value(json_object_get(inner, b ? b : a));

        return text ? text : "";
}

static void remember(const Upgrading *now, Upgrade next, const char *what) {
        plan_add_remember(now->plan, upgrade_to_json(&next), what);
}

/* The story is over: said is told to whoever waits for it. */
static UpgradeSays end(const Upgrading *now, bool fine, char *said) {
        Upgrade over = *now->upgrade;
        cleanup(freep) char *text = said;

        over.phase = UPGRADE_OVER;
        json_t *json = upgrade_to_json(&over);
        if (text == NULL || json == NULL
            || json_object_set_new(json, "fine", json_boolean(fine)) < 0
            || json_object_set_new(json, "said", json_stringn_nocheck(text, strlen(text))) < 0)
                now->plan->error = -ENOMEM;
        plan_say(now->plan, LINK_LINKING, "%s", text ? text : "");
        plan_add_call(
                now->plan,
                (PlanCall){ .method = "DELETE",
                            .expect = EXPECT_DONE | EXPECT_GONE,
                            .what = "let go of the image before it" },
                "/images/" UPGRADE_KEPT_REPOSITORY ":" UPGRADE_KEPT_TAG
        );
        plan_add_remember(now->plan, json, "note that the upgrade is over");
        return UPGRADE_SAYS_TURN;
}

static UpgradeSays go_back(const Upgrading *now, const char *why) {
        Upgrade back = *now->upgrade;

        back.phase = UPGRADE_BACK;
        (void) snprintf(back.why, sizeof back.why, "%s", why);
        plan_say(now->plan, LINK_LINKING, "going back to the image before: %s", back.why);
        remember(now, back, "note that the image before is taken again");
        return UPGRADE_SAYS_TURN;
}

static UpgradeSays pull(const Upgrading *now) {
        const ProviderView *view = now->view;
        const Upgrade *upgrade = now->upgrade;
        cleanup(freep) char *what = text_format("pull %s", upgrade->image);
        Upgrade next = *upgrade;

        if (view->pull_failure != NULL)
                return end(now, false, text_format("nothing was changed: %s", view->pull_failure));
        if (view->failure != NULL)
                return end(now, false, text_format("nothing was changed: %s", view->failure));
        plan_say(now->plan, LINK_LINKING, "pulling %s", upgrade->image);
        plan_add_call(
                now->plan,
                (PlanCall){ .method = "POST", .what = "keep the image that Ollama runs" },
                "/images/%s/tag?repo=" UPGRADE_KEPT_REPOSITORY "&tag=" UPGRADE_KEPT_TAG,
                upgrade->old_id
        );
        plan_add_pull(now->plan, upgrade->image, what ? what : "pull");
        next.phase = UPGRADE_RENEW;
        remember(now, next, "note that the new image is there");
        return UPGRADE_SAYS_WORK;
}

static UpgradeSays remove_container(const Upgrading *now) {
        const char *id = text_at(now->seen->inspect, "Id", NULL);

        plan_say(now->plan, LINK_LINKING, "re-creating Ollama's container");
        plan_add_call(
                now->plan,
                (PlanCall){ .method = "POST",
                            .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                            .timeout_usec = 60 * USEC_PER_SEC,
                            .what = "stop Ollama's container" },
                "/containers/%s/stop?t=20", id
        );
        plan_add_call(
                now->plan,
                (PlanCall){ .method = "DELETE",
                            .expect = EXPECT_DONE | EXPECT_GONE,
                            .what = "remove Ollama's container" },
                "/containers/%s?v=0", id
        );
        return UPGRADE_SAYS_WORK;
}

/* Why the container will not come up any more; NULL: it may. */
static const char *hopeless(const Upgrading *now) {
        const json_t *inspect = now->seen->inspect;
        const json_t *state = json_object_get(inspect, "State");
        const char *status = text_at(state, "Status", NULL);

        if (now->view->failure != NULL)
                return now->view->failure;
        if (strcmp(status, "restarting") == 0 || strcmp(status, "exited") == 0
            || strcmp(status, "dead") == 0
            || json_integer_value(json_object_get(inspect, "RestartCount")) > 0)
                return "it does not stay up";
        if (strcmp(text_at(state, "Health", "Status"), "unhealthy") == 0)
                return "it is not healthy";
        return NULL;
}

static bool too_late(const Upgrading *now, uint64_t now_usec) {
        uint64_t limit_usec = now->view->upgrade_since_usec + UPGRADE_LIMIT_USEC;

        if (limit_usec > now_usec)
                plan_wake_at(now->plan, limit_usec);
        return limit_usec <= now_usec;
}

static UpgradeSays renew(const Upgrading *now, uint64_t now_usec) {
        const char *runs = text_at(now->seen->inspect, "Image", NULL);
        const char *means = now->seen->image_id;

        if (now->seen->inspect == NULL)
                return now->view->failure != NULL ? go_back(now, now->view->failure)
                                                  : UPGRADE_SAYS_NOTHING;
        if (means == NULL)
                return UPGRADE_SAYS_NOTHING;
        if (strcmp(runs, means) != 0)
                return remove_container(now);
        if (strcmp(runs, now->upgrade->old_id) == 0)
                return end(
                        now, true,
                        text_format("nothing new: Ollama runs the newest %s", now->upgrade->image)
                );
        if (now->view->api_up)
                return end(
                        now, true,
                        text_format(
                                "upgraded: Ollama runs the newest %s, and is up",
                                now->upgrade->image
                        )
                );
        const char *why = hopeless(now);
        if (why != NULL)
                return go_back(now, why);
        if (too_late(now, now_usec))
                return go_back(now, "it was not up within three minutes");
        return UPGRADE_SAYS_NOTHING;
}

/* "repo:tag" as the engine wants it: in two parts. A tag is what follows the last colon after the
 * last slash. */
static UpgradeSays tag_back(const Upgrading *now) {
        const char *image = now->upgrade->image;
        const char *slash = strrchr(image, '/');
        const char *colon = strchr(slash ? slash : image, ':');
        int size = colon ? (int) (colon - image) : (int) strlen(image);

        plan_say(now->plan, LINK_LINKING, "going back to the image before");
        plan_add_call(
                now->plan,
                (PlanCall){ .method = "POST", .what = "give the image before its name again" },
                "/images/%s/tag?repo=%.*s&tag=%s", now->upgrade->old_id, size, image,
                colon ? colon + 1 : "latest"
        );
        return UPGRADE_SAYS_WORK;
}

static UpgradeSays back(const Upgrading *now, uint64_t now_usec) {
        const Upgrade *upgrade = now->upgrade;
        const char *runs = text_at(now->seen->inspect, "Image", NULL);
        const char *means = now->seen->image_id ? now->seen->image_id : "";

        if (strcmp(means, upgrade->old_id) != 0 && now->view->failure != NULL)
                return end(
                        now, false,
                        text_format(
                                "the new image is no good (%s), and the one before cannot be taken "
                                "again: %s",
                                upgrade->why, now->view->failure
                        )
                );
        if (strcmp(means, upgrade->old_id) != 0)
                return tag_back(now);
        if (now->seen->inspect == NULL)
                return UPGRADE_SAYS_NOTHING;
        if (strcmp(runs, upgrade->old_id) != 0)
                return remove_container(now);
        if (now->view->api_up || too_late(now, now_usec))
                return end(
                        now, false,
                        text_format(
                                "the new image is no good (%s): Ollama runs the one before it "
                                "again%s",
                                upgrade->why, now->view->api_up ? ", and is up" : ""
                        )
                );
        return UPGRADE_SAYS_NOTHING;
}

UpgradeSays
plan_upgrade(const ProviderView *view, const SeenObject *seen, uint64_t now_usec, Plan *plan) {
        const Upgrading now = { view, view->upgrade, seen, plan };

        switch (view->upgrade ? view->upgrade->phase : UPGRADE_OVER) {
        case UPGRADE_OVER:
                return UPGRADE_SAYS_NOTHING;
        case UPGRADE_PULL:
                return pull(&now);
        case UPGRADE_RENEW:
                return renew(&now, now_usec);
        case UPGRADE_BACK:
                return back(&now, now_usec);
        }
        return UPGRADE_SAYS_NOTHING;
}
