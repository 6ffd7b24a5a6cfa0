/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/joins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/index.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "model/joins.h"
#include "reconcile/executor.h"
#include "reconcile/joins-wishes.h"

#define LEAVING_MAX 16 /* by events, at a time; more of them go by the plan */

typedef struct Leaving {
        Joins *joins;
        EngineSlot *slot;
        char network[80];
} Leaving;

struct Joins {
        JoinsSetup setup;
        JoinWishes *wishes;
        char *proxy_id; /* NULL: none runs */
        char *home;
        json_t *proxy; /* its document at the last look; NULL: not looked at */
        EngineSlot *slot;
        Executor *executor;
        bool dirty;
        bool complete;
        bool news;        /* an action was done: told after the next look */
        char news_of[80]; /* about this network; "": about several */
        sd_event_source *timer;
        Backoff leave_backoff;
        uint64_t leave_retry_usec;
        Leaving leaving[LEAVING_MAX];
};

static void look(Joins *joins);

Joins *joins_free(Joins *joins) {
        if (joins == NULL)
                return NULL;
        for (size_t i = 0; i < LEAVING_MAX; i++)
                (void) engine_slot_free(joins->leaving[i].slot);
        (void) engine_slot_free(joins->slot);
        (void) executor_free(joins->executor);
        (void) join_wishes_free(joins->wishes);
        sd_event_source_disable_unref(joins->timer);
        json_decref(joins->proxy);
        free(joins->proxy_id);
        free(joins->home);
        free(joins);
        return NULL;
}

int joins_new(const JoinsSetup *setup, Joins **ret) {
        Joins *joins = calloc(1, sizeof *joins);
        if (joins == NULL)
                return -ENOMEM;
        joins->setup = *setup;
        joins->leave_backoff =
                (Backoff){ .min_usec = 1 * USEC_PER_SEC, .max_usec = 60 * USEC_PER_SEC };
        for (size_t i = 0; i < LEAVING_MAX; i++)
                joins->leaving[i].joins = joins;

        int r = join_wishes_new(&joins->wishes);
        if (r < 0) {
                (void) joins_free(joins);
                return r;
        }
        *ret = joins;
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
        (void) source;
        (void) usec;
        look(data);
        return 0;
}

static void wake_at(Joins *joins, uint64_t usec) {
        joins->timer = sd_event_source_disable_unref(joins->timer);
        (void) sd_event_add_time(
                joins->setup.event, &joins->timer, CLOCK_MONOTONIC, usec, 1, on_timer, joins
        );
}

/* network NULL: several. */
static void note_news(Joins *joins, const char *network) {
        if (joins->news && network != NULL && strcmp(joins->news_of, network) != 0)
                network = NULL;
        joins->news = true;
        (void) snprintf(joins->news_of, sizeof joins->news_of, "%s", network ? network : "");
}

/* ---- One plan ---- */

static void on_action(const Action *action, Outcome outcome, void *data) {
        (void) data;
        log_event(
                LOG_NOTICE, MSG_PROVIDER_ACTION,
                FIELDS({ "ACTION", action_kind_to_string(action->kind) },
                       { "OUTCOME", outcome_to_string(outcome) }),
                "Provider: %s: %s", action->what, outcome_to_string(outcome)
        );
}

static void on_failed(Joins *joins, const Plan *plan, const ExecutorResult *result) {
        const char *what =
                result->at < plan->n_actions ? plan->actions[result->at].what : "join a network";
        cleanup(freep) char *text =
                text_format("could not %s: %s", what, error_text(result->error));
        uint64_t now_usec = clock_monotonic_usec();

        if (!join_wishes_note_failure(
                    joins->wishes, plan->subject, text ? text : what, now_usec, random_u32()
            ))
                joins->leave_retry_usec =
                        now_usec + backoff_next(&joins->leave_backoff, random_u32());
        log_event(LOG_WARNING, MSG_PROVIDER_TROUBLE, NO_FIELDS, "Provider: %s", text ? text : what);
}

static void on_executed(const ExecutorResult *result, void *data) {
        Joins *joins = data;
        const Plan *plan = executor_plan(joins->executor);

        if (result->result < 0) {
                on_failed(joins, plan, result);
        } else {
                join_wishes_note_success(joins->wishes, plan->subject);
                backoff_reset(&joins->leave_backoff);
                joins->leave_retry_usec = 0;
        }
        note_news(joins, plan->subject);
        joins->executor = executor_free(joins->executor);
        look(joins);
}

static void execute(Joins *joins, Plan *plan) {
        const ExecutorSetup setup = {
                .event = joins->setup.event,
                .engine = joins->setup.engine,
                .store = joins->setup.store,
                .identity = "",
                .done = on_executed,
                .tell = on_action,
                .data = joins,
        };

        if (executor_start(&setup, plan, &joins->executor) < 0) {
                (void) plan_free(plan);
                wake_at(joins, clock_monotonic_usec() + USEC_PER_SEC);
        }
}

static void decide(Joins *joins) {
        const char *carried[NAMES_CARRIED_MAX];
        uint64_t now_usec = clock_monotonic_usec();
        Plan *plan = NULL;
        uint64_t wake_usec = joins->leave_retry_usec > now_usec ? joins->leave_retry_usec : 0;
        JoinsView view = {
                .proxy = joins->proxy,
                .home = joins->home,
                .carried = carried,
                .n_carried = names_carried(joins->setup.names, carried),
                .complete = joins->complete && wake_usec == 0,
                .held = !joins->setup.may_join(joins->setup.data),
                .api = engine_api(joins->setup.engine),
        };

        int r = join_wishes_list(joins->wishes, now_usec, &view.wanted, &view.n_wanted, &wake_usec);
        if (r >= 0)
                r = plan_joins(&view, &plan);
        if (r < 0) {
                wake_at(joins, now_usec + USEC_PER_SEC);
                return;
        }
        if (wake_usec > 0)
                wake_at(joins, wake_usec);
        if (plan->n_actions > 0)
                execute(joins, plan);
        else
                (void) plan_free(plan);
}

static void on_looked(const EngineAnswer *answer, void *data) {
        Joins *joins = data;

        joins->slot = engine_slot_free(joins->slot);
        if (answer->outcome == OUTCOME_DONE) {
                const json_t *state = json_object_get(answer->json, "State");

                json_decref(joins->proxy);
                joins->proxy = json_incref(answer->json);
                if (joins->news)
                        join_wishes_tell(
                                joins->wishes, joins->news_of, joins->setup.changed,
                                joins->setup.data
                        );
                joins->news = false;
                joins->setup.looked(joins->setup.data);
                if (json_is_true(json_object_get(state, "Running")))
                        decide(joins);
        } else if (answer->outcome != OUTCOME_GONE) {
                wake_at(joins, clock_monotonic_usec() + USEC_PER_SEC);
        }
        if (joins->dirty && joins->executor == NULL)
                look(joins);
}

static void look(Joins *joins) {
        if (joins->setup.finishing || joins->proxy_id == NULL)
                return;
        joins->dirty = joins->slot != NULL || joins->executor != NULL;
        if (joins->dirty)
                return;

        cleanup(freep) char *path = text_format("/containers/%s/json", joins->proxy_id);
        const EngineCall call = { .method = "GET", .path = path };
        if (path == NULL
            || engine_call(joins->setup.engine, &call, on_looked, joins, &joins->slot) < 0)
                wake_at(joins, clock_monotonic_usec() + USEC_PER_SEC);
}

/* ---- Leaving at once ---- */

static void on_left(const EngineAnswer *answer, void *data) {
        Leaving *leaving = data;

        leaving->slot = engine_slot_free(leaving->slot);
        log_event(
                LOG_NOTICE, MSG_PROVIDER_ACTION,
                FIELDS({ "ACTION", "call" }, { "OUTCOME", outcome_to_string(answer->outcome) }),
                "Provider: disconnect the proxy from the network %s, whose last consumer is gone: %s",
                leaving->network, outcome_to_string(answer->outcome)
        );
        note_news(leaving->joins, NULL);
        look(leaving->joins);
}

static void leave(Joins *joins, const char *network, const char *name) {
        Leaving *leaving = NULL;

        for (size_t i = 0; i < LEAVING_MAX && leaving == NULL; i++)
                if (joins->leaving[i].slot == NULL)
                        leaving = &joins->leaving[i];
        cleanup(freep) char *path = text_format("/networks/%s/disconnect", network);
        cleanup(json_decrefp) json_t *body = joins_leave_body(joins->proxy_id);
        const EngineCall call = { .method = "POST", .path = path, .body = body };

        if (leaving == NULL || path == NULL || body == NULL
            || engine_call(joins->setup.engine, &call, on_left, leaving, &leaving->slot) < 0) {
                look(joins);
                return;
        }
        (void) snprintf(leaving->network, sizeof leaving->network, "%s", name);
}

void joins_event(Joins *joins, const EngineEvent *event, bool held) {
        const char *network = NULL;
        const char *name = NULL;
        bool begins = event->kind == EVENT_START;
        bool ends = event->kind == EVENT_DIE || event->kind == EVENT_DESTROY;

        if ((event->kind == EVENT_CONNECT || event->kind == EVENT_DISCONNECT)
            && joins->proxy_id != NULL && strcmp(event->container_id, joins->proxy_id) == 0) {
                look(joins);
                return;
        }
        if ((!begins && !ends) || (ends && held)
            || !join_wishes_run(joins->wishes, event->container_id, begins, &network, &name))
                return;
        if (begins)
                look(joins);
        else if (network != NULL && joins->proxy_id != NULL && !joins->setup.finishing)
                leave(joins, network, name);
}

/* ---- What others say ---- */

int joins_set(Joins *joins, const char *owner, const char *why, const JoinWish *wishes, size_t n) {
        bool changed = false;
        int r = join_wishes_set(joins->wishes, owner, why, wishes, n, &changed);

        if (changed)
                look(joins);
        return r;
}

const char *joins_owner(const Joins *joins, const char *container_id) {
        return join_wishes_owner(joins->wishes, container_id);
}

bool joins_is_joined(
        const Joins *joins, const char *network, const char *alias, const char **ret_why
) {
        *ret_why = join_wishes_failure(joins->wishes, network);
        return joins->proxy != NULL && joins_is_in(joins->proxy, network, &alias, 1);
}

const json_t *joins_document(const Joins *joins) {
        return joins->proxy;
}

void joins_look(Joins *joins) {
        look(joins);
}

void joins_proxy(Joins *joins, const char *proxy_id, const char *home) {
        bool same = proxy_id != NULL && joins->proxy_id != NULL
                    && strcmp(proxy_id, joins->proxy_id) == 0;

        if (!same) {
                free(joins->proxy_id);
                joins->proxy_id = proxy_id ? strdup(proxy_id) : NULL;
                free(joins->home);
                joins->home = strdup(home);
                json_decref(joins->proxy);
                joins->proxy = NULL;
                joins->slot = engine_slot_free(joins->slot);
                note_news(joins, NULL);
                if (joins->home == NULL) {
                        free(joins->proxy_id);
                        joins->proxy_id = NULL;
                }
        }
        look(joins);
}

void joins_all_known(Joins *joins) {
        joins->complete = true;
        look(joins);
}

bool joins_are_known(const Joins *joins) {
        return joins->complete;
}

void joins_lost(Joins *joins) {
        joins->complete = false;
        joins->slot = engine_slot_free(joins->slot);
        joins->executor = executor_free(joins->executor);
        joins->timer = sd_event_source_disable_unref(joins->timer);
}

void joins_plan(const Joins *joins, json_t *steps) {
        const Plan *plan = joins->executor ? executor_plan(joins->executor) : NULL;

        for (size_t i = 0; plan != NULL && i < plan->n_actions; i++)
                (void) json_array_append_new(steps, json_string(plan->actions[i].what));
}
