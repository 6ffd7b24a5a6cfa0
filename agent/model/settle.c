/* SPDX-License-Identifier: Apache-2.0 */
#include "model/settle.h"

#include <stdio.h>

#include "base/duration.h"
#include "base/macro.h"
#include "model/members.h"

static uint64_t larger(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

static void wait_for_health(const Container *container, SettleVerdict *verdict) {
        const char *state = container->state == CONTAINER_RUNNING
                                    ? container_health_to_string(container->health)
                                    : container_state_to_string(container->state);
        const char *what =
                container->health == HEALTH_NONE ? "is" : "has a health check, which says";

        (void) snprintf(verdict->reason, sizeof verdict->reason, "it %s %s", what, state);
}

/* What only other containers of the project can hold up. */
static bool is_restless(
        const ConsumerView *view,
        const SeenContainer *seen,
        uint64_t quiet_usec,
        uint64_t now_usec,
        SettleVerdict *verdict
) {
        MemberTwin twin;

        if (view->activity_usec > 0 && view->activity_usec + quiet_usec > now_usec) {
                verdict->wake_usec = view->activity_usec + quiet_usec;
                (void
                ) snprintf(verdict->reason, sizeof verdict->reason, "its stack is being worked on");
                return true;
        }
        if (!view->observed.members_known) {
                verdict->needs_members = view->identity->project[0] != '\0';
                return verdict->needs_members;
        }
        if (view->observed.busy_member != NULL) {
                (void) snprintf(
                        verdict->reason, sizeof verdict->reason,
                        "%s of its stack is still starting", view->observed.busy_member
                );
                return true;
        }
        twin = members_find_twin(view->observed.members, view->identity->key, seen->container);
        verdict->obsolete = twin.name != NULL && twin.newer;
        if (twin.name != NULL)
                (void) snprintf(
                        verdict->reason, sizeof verdict->reason,
                        twin.newer ? "%s has taken its place"
                                   : "%s, whose place it takes, still runs",
                        twin.name
                );
        return twin.name != NULL;
}

void settle_judge(
        const ConsumerView *view,
        const SeenContainer *seen,
        const ConsumerContext *context,
        uint64_t asked_usec,
        uint64_t now_usec,
        SettleVerdict *ret
) {
        *ret = (SettleVerdict){ 0 };

        bool checked = seen->container->health != HEALTH_NONE;
        uint64_t quiet_usec =
                larger(asked_usec, checked ? context->settle_usec : context->settle_unchecked_usec);
        bool patient =
                seen->up_since_usec == 0 || now_usec - seen->up_since_usec < SETTLE_PATIENCE_USEC;

        if (seen->settled_since_usec == 0) {
                wait_for_health(seen->container, ret);
                return;
        }
        if (seen->settled_since_usec + quiet_usec > now_usec) {
                char text[DURATION_TEXT_MAX];

                ret->wake_usec = seen->settled_since_usec + quiet_usec;
                (void) snprintf(
                        ret->reason, sizeof ret->reason,
                        "settling: it is left alone until it has run quietly for %s",
                        duration_format(quiet_usec, text)
                );
                return;
        }
        if (!is_restless(view, seen, quiet_usec, now_usec, ret)) {
                ret->settled = true;
                return;
        }
        if (!patient && !ret->needs_members && !ret->obsolete) {
                ret->settled = true;
                ret->overridden = true;
                ret->wake_usec = 0;
                return;
        }
        /* No event comes of the health of a member that is no consumer: it is looked at again. */
        if (!ret->needs_members && !ret->obsolete) {
                uint64_t end_usec = seen->up_since_usec + SETTLE_PATIENCE_USEC;

                if (ret->wake_usec == 0)
                        ret->wake_usec = now_usec + quiet_usec;
                if (end_usec < ret->wake_usec)
                        ret->wake_usec = end_usec;
        }
}
