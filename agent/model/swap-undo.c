/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undoing a swap: the old one goes on, as it did before, and ours goes.
 */
#include <string.h>

#include "model/swap-steps.h"

static const json_t *recorded_policy(const SwapRecord *record) {
        return json_object_get(json_object_get(record->old, "HostConfig"), "RestartPolicy");
}

/*
 * Undone already, as far as its start goes: it has run since, or was up all the time, and is down
 * by its own doing or its user's. Starting it again and again would be a loop.
 */
static bool has_ended_again(const SwapView *view) {
        const SwapRecord *record = view->record;

        return record->phase == SWAP_ROLLBACK && record->last_run[0] != '\0'
               && strcmp(record->last_run, view->old->started_at) != 0
               && json_equal(recorded_policy(record), container_restart_policy(view->old));
}

/* The run that is over, or is about to be: an engine that was too slow to answer our stop in time
 * may do it after all, and nobody but us wanted that. */
static const char *run_that_ends(const SwapView *view) {
        if (view->old == NULL)
                return "";
        if (swap_is_serving(view->old) && view->record->phase != SWAP_STOPPING)
                return SWAP_RUN_NONE;
        return view->old->started_at;
}

void swap_add_rollback(Plan *plan, const SwapView *view, const Undo *how) {
        json_t *json = swap_record_json_in_phase(
                view->record, SWAP_ROLLBACK, view->made ? view->made->id : NULL, how->reason
        );

        if (json != NULL
            && (json_object_set_new(json, "was_running", json_boolean(how->runs)) < 0
                || json_object_set_new(json, "counts", json_boolean(how->counts)) < 0
                || json_object_set_new(json, "last_run", json_string(run_that_ends(view))) < 0)) {
                json_decref(json);
                json = NULL;
        }
        plan_add_record(plan, json, "note that the swap is undone");
        if (plan->n_actions > 0)
                plan->actions[plan->n_actions - 1].optional = true;
}

/*
 * Both may have been listed by somebody who stops and removes them by their names, as Coolify does:
 * where ours is gone, or both have run (swap-beside.c). So the old one gets its name back by
 * itself, once it is quiet.
 */
static bool keeps_its_name_for_now(Plan *plan, const SwapView *view, uint64_t now_usec) {
        return (view->record->rolls || view->made == NULL)
               && (plan->n_actions > 0 || swap_is_awaited(plan, view, now_usec));
}

/*
 * Puts the old one back as it was: restart policy, running, name. Everything is by its id. Ours
 * goes only once the old one runs: somebody may be removing that at this very moment, because he
 * sees ours. Where both may run it is stopped as late as that, too. The name comes last, as
 * somebody may have taken it for good.
 */
static void restore_old(Plan *plan, const SwapView *view, uint64_t now_usec, bool runs) {
        const Container *old = view->old;
        const json_t *policy = recorded_policy(view->record);

        runs = runs && !has_ended_again(view);
        if (view->made != NULL && !view->record->rolls)
                swap_stop_made(plan, view);
        if (json_is_object(policy) && !json_equal(policy, container_restart_policy(old)))
                swap_add_policy(
                        plan, view, json_deep_copy(policy), "restore the restart policy of"
                );
        if (runs && !swap_is_serving(old))
                swap_add_start(plan, view, old, "start the old");
        if (view->made != NULL && view->record->rolls)
                swap_stop_made(plan, view);
        if (view->made != NULL)
                swap_add_remove(plan, view, view->made, "remove our new");
        if (swap_is_previous(view->record, old) && !keeps_its_name_for_now(plan, view, now_usec))
                swap_add_rename(plan, view, old, "give the old one its name back");
}

/*
 * Nothing would run once ours is removed. Right where its user wanted that; but compose, which saw
 * both and keeps ours, also stops and removes the old one first, and starts ours then.
 */
static bool leaves_nothing(const SwapView *view, const Undo *how) {
        return view->made != NULL && view->successor == NULL && !swap_is_serving(view->old)
               && (view->old == NULL || !how->runs);
}

void swap_undo(Plan *plan, const SwapView *view, uint64_t now_usec, Undo how) {
        const SwapRecord *record = view->record;
        /* The old one is gone, and ours has run: that is the consumer now, and the last of it. */
        bool made_stays = view->old == NULL && view->made != NULL && view->made->ever_started;
        size_t before = plan->n_actions;

        plan_say(plan, LINK_LINKING, "undoing the re-creation: %s", how.reason);
        plan->undoes = true;
        plan->counts = how.counts;
        if (!made_stays && leaves_nothing(view, &how) && swap_is_awaited(plan, view, now_usec))
                return;
        if (record->phase != SWAP_ROLLBACK && (view->old != NULL || view->made != NULL))
                swap_add_rollback(plan, view, &how);
        if (view->old != NULL)
                restore_old(plan, view, now_usec, how.runs);
        else if (!made_stays)
                swap_remove_made(plan, view);
        if (plan->n_actions == before)
                swap_finish(plan, view, now_usec);
        else if (record->phase == SWAP_ROLLBACK && view->failure != NULL)
                swap_say_stuck(plan, view, "its old container could not be put back yet");
}

/* Nobody's fault: the old one goes on as it did before. */
Undo swap_undo_for(const SwapView *view, const char *reason) {
        return (Undo){
                .reason = reason,
                .runs = swap_has_stopped_nothing(view->record)
                                ? view->old != NULL && container_is_up(view->old)
                                : view->record->was_running,
        };
}

/* A failure that is the consumer's or the engine's. */
Undo swap_undo_after(const SwapView *view, const char *reason) {
        Undo how = swap_undo_for(view, reason);

        how.counts = true;
        return how;
}
