/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"

static bool same(const char *a, const char *b) {
        return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Replaces *target by a copy; without memory the old text stays, which is stale but never wrong to
 * free. */
static void replace(char **target, const char *text) {
        char *copy = text ? strdup(text) : NULL;

        if (text != NULL && copy == NULL)
                return;
        free(*target);
        *target = copy;
}

static const char *message_id_of(LinkState state) {
        switch (state) {
        case LINK_LINKED:
        case LINK_ONE_STEP_LEFT:
                return MSG_LINKED;
        case LINK_REFUSED:
        case LINK_PENDING:
                return MSG_REFUSED;
        case LINK_FAILED:
                return MSG_FAILED;
        case LINK_WAITING:
        case LINK_LINKING:
        case LINK_UNLINKED:
        case LINK_STOPPED:
                return NULL;
        }
        return NULL;
}

static int level_of(LinkState state) {
        switch (state) {
        case LINK_FAILED:
        case LINK_REFUSED:
                return LOG_WARNING;
        case LINK_LINKED:
        case LINK_ONE_STEP_LEFT:
        case LINK_PENDING:
                return LOG_NOTICE;
        case LINK_WAITING:
        case LINK_LINKING:
        case LINK_UNLINKED:
        case LINK_STOPPED:
                return LOG_INFO;
        }
        return LOG_INFO;
}

static void log_verdict(const Consumer *consumer) {
        log_event(
                level_of(consumer->state), message_id_of(consumer->state),
                FIELDS({ "CONSUMER", consumer->identity.key },
                       { "STATE", link_state_to_string(consumer->state) },
                       { "NEXT", consumer->next ? consumer->next : "" }),
                "%s: %s: %s%s%s", consumer->identity.human, link_state_to_string(consumer->state),
                consumer->reason, consumer->next ? "; next step: " : "",
                consumer->next ? consumer->next : ""
        );
}

/* What fails again in the same way, be it for hours, was told when it first did. */
static bool is_told_already(const Consumer *consumer) {
        return consumer->same_failures > 0 && consumer->record == NULL
               && (consumer->state == LINK_WAITING || consumer->state == LINK_LINKING);
}

void verdict_say(Consumer *consumer, const Plan *plan) {
        bool changed = consumer->state != plan->state || !same(consumer->reason, plan->reason);

        if (consumer->state != plan->state || consumer->since_usec == 0)
                consumer->since_usec = clock_realtime_usec();
        consumer->state = plan->state;
        replace(&consumer->reason, plan->reason);
        replace(&consumer->next, plan->next);
        replace(&consumer->note, plan->note);
        replace(&consumer->intent, plan->intent);
        if (plan->carrier != CARRIER_UNDECIDED)
                consumer->carrier = plan->carrier;
        consumer->recovery = plan->recovery;
        consumer->granted = plan->granted;
        consumer->asked = plan->asked;
        consumer->asks = plan->asks;
        if (plan->way != NULL) {
                consumer->way = plan->way;
                replace(&consumer->way_why, plan->way_why);
        }
        consumer->gap = plan->gap;
        consumer->gap_why = plan->gap_why;
        consumer->swap_lost = plan->lost;
        consumer->replicas = plan->replicas;
        consumer->linked = plan->linked;
        if (changed && !is_told_already(consumer))
                log_verdict(consumer);
}

/* How many failed before the attempt that this plan notes. */
static unsigned attempts_before(const Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++) {
                const Action *action = &plan->actions[i];
                json_int_t n =
                        action->kind == ACTION_REMEMBER
                                ? json_integer_value(json_object_get(action->u.record, "attempt"))
                                : 0;
                if (n > 0)
                        return (unsigned) n - 1;
        }
        return 0;
}

void verdict_plan_done(Consumer *consumer, const Plan *plan) {
        if (consumer->record != NULL) {
                /* The swap goes on; what has to be undone again and again is not done in a hurry.
                 */
                if (plan->undoes && consumer->undone++ > 0)
                        consumer->retry_usec = clock_monotonic_usec()
                                               + backoff_next(&consumer->backoff, random_u32());
                return;
        }

        replace(&consumer->failure, NULL);
        consumer->same_failures = 0;
        if (plan->undoes && plan->counts) {
                /* How hard it was to undo says nothing of the next attempt. */
                consumer->backoff.failures = attempts_before(plan);
                consumer->retry_usec =
                        clock_monotonic_usec() + backoff_next(&consumer->backoff, random_u32());
        } else {
                backoff_reset(&consumer->backoff);
                consumer->retry_usec = 0;
        }
        replace(&consumer->swap_failure, NULL);
        consumer->swap_removed = false;
        consumer->undone = 0;
}

/* Whoever removes a container that runs under the consumer's name means the consumer. */
static bool was_removed(const Plan *plan, const ExecutorResult *result) {
        return result->at < plan->n_actions && plan->actions[result->at].kind == ACTION_STAY_UP
               && result->outcome == OUTCOME_GONE;
}

void verdict_plan_failed(Consumer *consumer, const Plan *plan, const ExecutorResult *result) {
        const char *what =
                result->at < plan->n_actions ? plan->actions[result->at].what : "finish the plan";
        cleanup(freep) char *text =
                text_format("could not %s: %s", what, error_text(result->error));
        bool again = consumer->record == NULL || plan->undoes || consumer->swap_failure != NULL;

        bool told = consumer->record == NULL && text != NULL && same(consumer->failure, text);

        consumer->same_failures = told ? consumer->same_failures + 1 : 0;
        log_event(
                told ? LOG_DEBUG : LOG_WARNING, MSG_ACTION_FAILED,
                FIELDS({ "CONSUMER", consumer->identity.key },
                       { "OUTCOME", outcome_to_string(result->outcome) }),
                "%s: %s", consumer->identity.human, text ? text : what
        );
        if (consumer->record != NULL) {
                replace(&consumer->swap_failure, text);
                consumer->swap_removed = was_removed(plan, result);
        } else
                replace(&consumer->failure, text);
        /* The first failure of a swap is answered at once, since its consumer may be down. All else
         * is tried for ever, but not in a hurry. */
        if (again)
                consumer->retry_usec =
                        clock_monotonic_usec() + backoff_next(&consumer->backoff, random_u32());
}

void verdict_remember_swap(Consumer *consumer) {
        const SwapRecord *record = consumer->record;

        if (record != NULL && record->counts)
                replace(&consumer->failure, record->reason);
        if (consumer->project == NULL || record == NULL)
                return;
        (void) snprintf(
                consumer->project->last_old, sizeof consumer->project->last_old, "%s",
                record->old_id
        );
        (void) snprintf(
                consumer->project->last_new, sizeof consumer->project->last_new, "%s",
                record->new_id
        );
}
