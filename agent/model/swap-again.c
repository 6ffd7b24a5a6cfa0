/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made again: the cases in which a container that somebody removed comes back. Nothing is left of
 * a consumer then that nobody wanted to remove, and the record has all that it takes to make the
 * old one again. From then on it is as if compose had left it created: it is started, and linked
 * again in its time.
 *
 * Lost: a "docker compose up" that finds nothing changed, but listed the old one and ours, takes
 * ours away to go on with the old one, which we had removed by then. It is done once it is quiet,
 * so that whoever did mean to take the stack down has removed its networks by then, and only where
 * the creation alone gives the whole of it. No compose ever sees both of one that rolls, each of
 * its deployments being a service of its own: whoever removes that means it. Nor is it taken back
 * from Coolify, which removes first and deploys then, but for one part of a service by itself; who
 * stops a service stands at that place a hundred times as often.
 *
 * Pruned: "docker container prune" removes all that does not run, so both, between our stop of the
 * one and our start of the other. There is no doubt whom it meant, and nothing is waited for: a
 * prune of volumes and networks often follows, and what a container has is not pruned. That it is
 * to be made again is written down first, and tried for ever.
 */
#include <errno.h>

#include "base/text.h"
#include "model/swap-steps.h"

#define NAME_MAX_BYTES 4096
#define CHECKS_MAX     (PLAN_ACTIONS_MAX / 2) /* the more there are, the more are believed */

static const char *const pruned = "it was pruned in the middle of being re-created";

static const json_t *body_of(const SwapRecord *record) {
        return json_object_get(record->keep, "create");
}

static bool is_lost(const SwapView *view) {
        const SwapRecord *record = view->record;
        const json_t *config = json_object_get(record->old, "Config");
        const json_t *labels = json_object_get(config, "Labels");

        return view->lost && !record->rolls && !swap_is_of_coolify(record) && view->failure == NULL
               && json_is_object(body_of(record))
               && json_object_get(labels, "com.docker.compose.project") != NULL
               && json_array_size(record->connects) == 0 && json_array_size(record->files) == 0;
}

/*
 * Where we have stopped nothing it is its user who stopped the old one; started, the new one has
 * run, but where it took the place of an old one that was removed.
 */
static bool is_pruned(const SwapView *view) {
        SwapPhase phase = view->record->phase;

        return view->pruned && !swap_has_stopped_nothing(view->record)
               && (phase != SWAP_STARTED || view->failure != NULL);
}

bool swap_is_to_be_made_again(const SwapView *view) {
        return view->old == NULL && view->made == NULL && view->successor == NULL
               && view->record->was_running
               && (view->record->again || is_pruned(view) || is_lost(view));
}

/* What is gone ends the plan: a network of a stack that was taken down, a volume with its data. */
static void add_check(Plan *plan, const char *kind, const char *name) {
        Text text = TEXT_INIT(NAME_MAX_BYTES);

        if (plan->n_actions >= CHECKS_MAX)
                return;
        (void) text_add_escaped(&text, name);
        cleanup(freep) char *escaped = text_take(&text);
        cleanup(freep) char *what = text_format("see whether its %s is there", kind);
        if (escaped == NULL || what == NULL) {
                plan->error = -ENOMEM;
                return;
        }
        plan_add_call(plan, (PlanCall){ .method = "GET", .what = what }, "/%ss/%s", kind, escaped);
}

static void add_checks(Plan *plan, const SwapRecord *record, const json_t *body) {
        json_t *endpoints =
                json_object_get(json_object_get(body, "NetworkingConfig"), "EndpointsConfig");
        const char *network;
        json_t *item;
        size_t i;

        json_object_foreach(endpoints, network, item)
                add_check(plan, "network", network);
        json_array_foreach(json_object_get(record->keep, "connects"), i, item) {
                network = json_string_value(json_object_get(item, "network"));
                if (network != NULL)
                        add_check(plan, "network", network);
        }
        json_array_foreach(json_object_get(record->old, "Mounts"), i, item) {
                const char *volume = json_string_value(json_object_get(item, "Name"));
                if (volume != NULL && volume[0] != '\0')
                        add_check(plan, "volume", volume);
        }
}

/* A full disk keeps nobody from his service. */
static void note_it(Plan *plan, const SwapRecord *record) {
        json_t *json = swap_record_to_json(record);

        if (json != NULL && json_object_set_new(json, "again", json_true()) < 0) {
                json_decref(json);
                json = NULL;
        }
        plan_add_record(plan, json, "note that its old one is to be made again");
        if (plan->n_actions > 0)
                plan->actions[plan->n_actions - 1].optional = true;
}

static void make(Plan *plan, const SwapRecord *record) {
        const char *platform = json_string_value(json_object_get(record->keep, "platform"));
        json_t *body = json_deep_copy(body_of(record));

        add_checks(plan, record, body);
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST", .body = body, .what = "make the old one again" },
                "/containers/create?name=%s%s%s", record->name, platform ? "&platform=" : "",
                platform ? platform : ""
        );
}

/* The record stays: it holds all that is left of this consumer. */
static bool cannot_be_made(Plan *plan, const SwapRecord *record) {
        const char *why = json_array_size(record->files) > 0
                                  ? "files were put into it before its start, which are gone"
                          : !json_is_object(body_of(record))
                                  ? "its record, of an earlier version, does not say how"
                                  : NULL;

        if (why == NULL)
                return false;
        plan_say(plan, LINK_FAILED, "%s, and cannot be made again: %s", pruned, why);
        plan_next_step(plan, "deploy it again; what it was stands in its swap record, which stays");
        return true;
}

void swap_make_again(Plan *plan, const SwapView *view, uint64_t now_usec) {
        const SwapRecord *record = view->record;
        bool lost = !record->again && !is_pruned(view);

        plan->undoes = true;
        if (lost) {
                plan_say(
                        plan, LINK_LINKING,
                        "its container was removed just as its old one was: it is made again"
                );
                if (!swap_is_awaited(plan, view, now_usec))
                        make(plan, record);
                return;
        }
        if (!record->again)
                note_it(plan, record);
        if (cannot_be_made(plan, record))
                return;
        plan_say(plan, LINK_LINKING, "%s: its old container is made again", pruned);
        make(plan, record);
        if (record->again && view->failure != NULL) {
                swap_say_stuck(plan, view, "it was pruned, and could not be made again yet");
                plan_next_step(
                        plan, "bring back what is missing, then it is made by itself; or deploy it "
                              "again"
                );
        }
}
