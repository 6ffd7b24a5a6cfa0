/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char *const state_names[] = {
        [LINK_LINKED] = "linked",   [LINK_ONE_STEP_LEFT] = "one step left",
        [LINK_WAITING] = "waiting", [LINK_LINKING] = "linking",
        [LINK_PENDING] = "pending", [LINK_REFUSED] = "refused",
        [LINK_FAILED] = "failed",   [LINK_UNLINKED] = "unlinked",
        [LINK_STOPPED] = "stopped",
};
static_assert(ARRAY_LEN(state_names) == LINK_STOPPED + 1, "a name for every state");

const char *link_state_to_string(LinkState state) {
        return state_names[state];
}

Plan *plan_new(void) {
        return calloc(1, sizeof(Plan));
}

Plan *plan_free(Plan *plan) {
        if (plan == NULL)
                return NULL;
        for (size_t i = 0; i < plan->n_actions; i++)
                action_done(&plan->actions[i]);
        free(plan->reason);
        free(plan->next);
        free(plan->note);
        free(plan->intent);
        free(plan->hint);
        free(plan->subject);
        free(plan->way_why);
        json_decref(plan->joins);
        free(plan);
        return NULL;
}

static void plan_fail(Plan *plan, int error) {
        if (plan->error == 0)
                plan->error = error;
}

static char *format_text(Plan *plan, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));

static char *format_text(Plan *plan, const char *format, va_list args) {
        char *text = NULL;

        if (vasprintf(&text, format, args) < 0) {
                plan_fail(plan, -ENOMEM);
                return NULL;
        }
        text_make_utf8(text);
        return text;
}

void plan_say(Plan *plan, LinkState state, const char *format, ...) {
        va_list args;

        va_start(args, format);
        char *reason = format_text(plan, format, args);
        va_end(args);
        free(plan->reason);
        plan->reason = reason;
        plan->state = state;
}

void plan_refuse(Plan *plan, const Error *err) {
        plan_say(plan, LINK_REFUSED, "%s", error_text(err));
        plan_next_step(plan, "change that and deploy it again");
}

void plan_next_step(Plan *plan, const char *format, ...) {
        va_list args;

        va_start(args, format);
        char *next = format_text(plan, format, args);
        va_end(args);
        free(plan->next);
        plan->next = next;
}

void plan_note(Plan *plan, const char *format, ...) {
        va_list args;

        va_start(args, format);
        char *note = format_text(plan, format, args);
        va_end(args);
        free(plan->note);
        plan->note = note;
}

void plan_set_way(Plan *plan, const char *way, const char *format, ...) {
        va_list args;

        va_start(args, format);
        char *why = format_text(plan, format, args);
        va_end(args);
        free(plan->way_why);
        plan->way_why = why;
        plan->way = way;
}

void plan_add_join(
        Plan *plan, const char *container, const char *network, const char *name, bool as_host
) {
        if (plan->joins == NULL)
                plan->joins = json_array();
        if (plan->joins == NULL
            || json_array_append_new(
                       plan->joins, json_pack(
                                            "{s:s, s:s, s:s, s:b}", "container", container,
                                            "network", network, "name", name, "as_host", as_host
                                    )
               ) < 0)
                plan_fail(plan, -ENOMEM);
}

void plan_wake_at(Plan *plan, uint64_t usec) {
        if (plan->wake_usec == 0 || usec < plan->wake_usec)
                plan->wake_usec = usec;
}

/* The next free action, with its text; NULL (and the plan failed) when there is none. */
static Action *plan_append(Plan *plan, ActionKind kind, const char *what) {
        if (plan->n_actions == PLAN_ACTIONS_MAX) {
                plan_fail(plan, -E2BIG);
                return NULL;
        }

        char *copy = strdup(what);
        if (copy == NULL) {
                plan_fail(plan, -ENOMEM);
                return NULL;
        }

        Action *action = &plan->actions[plan->n_actions++];
        *action = (Action){ .kind = kind, .what = copy };
        return action;
}

static void add_document(Plan *plan, ActionKind kind, json_t *document, const char *what) {
        Action *action = document ? plan_append(plan, kind, what) : NULL;

        if (document == NULL)
                plan_fail(plan, -ENOMEM);
        if (action == NULL) {
                json_decref(document);
                return;
        }
        action->u.record = document;
}

void plan_add_record(Plan *plan, json_t *record, const char *what) {
        add_document(plan, ACTION_RECORD, record, what);
}

void plan_add_keep(Plan *plan, json_t *kept, const char *what) {
        add_document(plan, ACTION_KEEP, kept, what);
}

/* Optional: a full disk keeps no swap open; what was not written is still known until the end. */
void plan_add_remember(Plan *plan, json_t *attempt, const char *what) {
        size_t before = plan->n_actions;

        add_document(plan, ACTION_REMEMBER, attempt, what);
        if (plan->n_actions > before)
                plan->actions[before].optional = true;
}

void plan_add_forget(Plan *plan, const char *what) {
        (void) plan_append(plan, ACTION_FORGET, what);
}

void plan_add_stay_up(
        Plan *plan, const char *id, uint64_t stay_usec, uint64_t deadline_usec, const char *what
) {
        Action *action = plan_append(plan, ACTION_STAY_UP, what);
        if (action == NULL)
                return;

        action->u.stay_up = (ActionStayUp){
                .id = strdup(id),
                .stay_usec = stay_usec,
                .deadline_usec = deadline_usec,
        };
        if (action->u.stay_up.id == NULL)
                plan_fail(plan, -ENOMEM);
}

void plan_add_copy(Plan *plan, const char *from, const char *to, json_t *paths, const char *what) {
        Action *action = plan_append(plan, ACTION_COPY, what);
        if (action == NULL)
                return;

        action->u.copy = (ActionCopy){
                .from = strdup(from),
                .to = strdup(to),
                .paths = json_incref(paths),
        };
        if (action->u.copy.from == NULL || action->u.copy.to == NULL)
                plan_fail(plan, -ENOMEM);
}

void plan_add_pull(Plan *plan, const char *image, const char *what) {
        Action *action = plan_append(plan, ACTION_PULL, what);
        if (action == NULL)
                return;

        action->u.image = strdup(image);
        if (action->u.image == NULL)
                plan_fail(plan, -ENOMEM);
}

void plan_add_key(Plan *plan, const char *taken_over, bool in_url, const char *what) {
        Action *action = plan_append(plan, ACTION_KEY, what);
        if (action == NULL)
                return;

        action->u.key = (ActionKey){ .in_url = in_url };
        if (taken_over == NULL)
                return;
        action->u.key.taken_over = strdup(taken_over);
        if (action->u.key.taken_over == NULL)
                plan_fail(plan, -ENOMEM);
}

void plan_add_access(Plan *plan, Access access, const char *what) {
        Action *action = plan_append(plan, ACTION_ACCESS, what);

        if (action != NULL)
                action->u.access = access;
}

void plan_add_generation(Plan *plan, const char *what) {
        (void) plan_append(plan, ACTION_GENERATION, what);
}

void plan_add_call(Plan *plan, PlanCall call, const char *path, ...) {
        Action *action = plan_append(plan, ACTION_CALL, call.what);
        if (action == NULL) {
                json_decref(call.body);
                return;
        }

        action->u.call = (ActionCall){
                .method = call.method,
                .body = call.body,
                .expect = call.expect ? call.expect : EXPECT_DONE,
                .timeout_usec = call.timeout_usec,
        };
        va_list args;
        va_start(args, path);
        action->u.call.path = format_text(plan, path, args);
        va_end(args);
}

bool plan_is_about_key(const Plan *plan) {
        return plan->n_actions > 0
               && (plan->actions[0].kind == ACTION_KEY || plan->actions[0].kind == ACTION_ACCESS);
}
