/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unlinking, which its operator asked for: a swap like any other, whose body lacks what a link of
 * ours put there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/deciding.h"
#include "model/kept.h"
#include "model/plan-begin.h"
#include "model/plan-share.h"
#include "model/recreate.h"
#include "model/rolls.h"
#include "model/unlink.h"

/* Not this one alone: coollama down --unlink. */
static bool is_taken_down(const Deciding *deciding) {
        const Pause *pause = deciding->context->pause;

        return pause != NULL && pause->kind == PAUSE_UNLINK_DOWN;
}

/* One that still has its link: every reason to wait but the provider's, then the swap. */
static int unlink_one(const Deciding *deciding, const SeenContainer *seen) {
        Plan *plan = deciding->plan;
        SeenContainer calm = *seen;
        Unlink made = { 0 };
        Error err = { 0 };

        plan->gap = rolls_gap(seen->container);
        plan->gap_why = rolls_gap_why(seen->container);
        plan->subject = strdup(seen->container->id);
        if (plan->subject == NULL)
                return -ENOMEM;
        /* Whoever wants its link away may want it because it is not healthy with it. */
        if (calm.settled_since_usec == 0)
                calm.settled_since_usec = calm.up_since_usec;
        if (deciding_is_refused(deciding, recreate_refusal(seen->container->inspect, &err), &err)
            || (!is_taken_down(deciding) && deciding_is_paused(deciding))
            || deciding_must_wait_after_failures(deciding, SWAP_TRIED_UNLINK)
            || deciding_must_settle(deciding, &calm)
            || deciding_lacks_observations(deciding, seen, false)
            || plan_lacks_donors(deciding->view, seen->container, plan))
                return 0;
        if (deciding->context->finishing) {
                plan_say(plan, LINK_WAITING, "coollamad is stopping");
                return 0;
        }
        if (plan_has_dependents(deciding->view, seen->container, "what it had", plan))
                return 0;

        int r = unlink_compute(seen->container, seen->kept, &made, &err);
        const Begin begin = {
                .container = seen->container,
                .unlink = &made,
                .kept = seen->kept,
                .lost = deciding_lost_files(deciding, seen),
                .image = deciding_image_of(deciding, seen->container),
        };
        if (r >= 0)
                plan_begin_swap(deciding->view, deciding->context, &begin, plan);
        else if (r != -ENOMEM)
                plan_refuse(plan, &err);
        unlink_done(&made);
        return r == -ENOMEM ? r : 0;
}

/* Nothing is linked again; what holds a link of ours loses it. */
int deciding_unlink_targets(const Deciding *deciding) {
        Plan *plan = deciding->plan;
        const char *who = is_taken_down(deciding) ? "everything is taken down" : "unlinked by you";
        bool down = false;

        plan_say(plan, LINK_UNLINKED, "%s", who);
        for (size_t i = 0; i < deciding->targets.n; i++) {
                const SeenContainer *seen = deciding->targets.list[i];
                bool linked = kept_is_link_of(seen->kept, seen->container);

                plan->replicas += container_is_up(seen->container);
                if (linked && container_is_up(seen->container))
                        return unlink_one(deciding, seen);
                down = down || linked;
        }
        plan->bare = !down;
        if (down)
                plan_say(plan, LINK_UNLINKED, "%s; its link is taken out when it runs again", who);
        if (is_taken_down(deciding))
                plan_next_step(plan, "coollama resume goes on with it");
        else
                plan_next_step(
                        plan, "coollama relink %s links it again", deciding->view->identity->human
                );
        return 0;
}
