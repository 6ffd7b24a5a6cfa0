/* SPDX-License-Identifier: Apache-2.0 */
#include "support/plan-text.h"

#include <stdlib.h>

#include "base/text.h"

static void add_json(Text *text, const json_t *json) {
        cleanup(freep) char *dumped = json ? json_dumps(json, JSON_SORT_KEYS) : NULL;

        (void) text_addf(text, " %s", dumped ? dumped : "-");
}

static void add_action(Text *text, const Action *action) {
        (void) text_addf(text, "%s: %s:", action_kind_to_string(action->kind), action->what);
        switch (action->kind) {
        case ACTION_RECORD:
        case ACTION_KEEP:
        case ACTION_REMEMBER:
                add_json(text, action->u.record);
                break;
        case ACTION_CALL:
                (void) text_addf(
                        text, " %s %s %u", action->u.call.method, action->u.call.path,
                        action->u.call.expect
                );
                add_json(text, action->u.call.body);
                break;
        case ACTION_STAY_UP:
                (void) text_addf(text, " %s", action->u.stay_up.id);
                break;
        case ACTION_COPY:
                (void) text_addf(text, " %s %s", action->u.copy.from, action->u.copy.to);
                add_json(text, action->u.copy.paths);
                break;
        case ACTION_PULL:
                (void) text_addf(text, " %s", action->u.image);
                break;
        case ACTION_KEY:
                (void) text_addf(
                        text, " %s%s", action->u.key.taken_over ? action->u.key.taken_over : "-",
                        action->u.key.in_url ? " in URLs" : ""
                );
                break;
        case ACTION_ACCESS:
                (void) text_addf(text, " %s", access_to_string(action->u.access));
                break;
        case ACTION_FORGET:
        case ACTION_GENERATION:
                break;
        }
        (void) text_addf(text, "\n");
}

char *plan_to_text(const Plan *plan) {
        Text text = TEXT_INIT((size_t) 1024 * 1024);

        (void) text_addf(
                &text, "%s: %s\nnext %s\nnote %s\nintent %s\nsubject %s\n",
                link_state_to_string(plan->state), plan->reason, plan->next ? plan->next : "-",
                plan->note ? plan->note : "-", plan->intent ? plan->intent : "-",
                plan->subject ? plan->subject : "-"
        );
        (void) text_addf(
                &text, "%u of %u, needs %u, wakes %llu, undoes %d, counts %d\n", plan->linked,
                plan->replicas, plan->needs, (unsigned long long) plan->wake_usec, plan->undoes,
                plan->counts
        );
        for (size_t i = 0; i < plan->n_actions; i++)
                add_action(&text, &plan->actions[i]);
        return text_take(&text);
}
