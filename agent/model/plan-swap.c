/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Swap: from any state that a crash, a fault or somebody else can leave, to a consumer that runs.
 *
 * The record says what we promised, the containers say what is. Each state has one decision: go on,
 * undo, give way to a successor, finish, or wait until whoever is at work has finished. Nothing
 * here remembers anything: the normal course of a swap and the recovery after a kill are the same
 * table.
 *
 * Going on never happens after a failure: the failed step may have been done, or not, and undoing
 * is the shorter way to a container that serves.
 *
 * "docker compose up" that finds nothing changed, but sees the old one and ours, removes one of
 * them and starts the other: which one depends on its version. So nobody's last container is
 * removed while that may be going on: ours goes once the old one runs again, the old one while ours
 * runs, and else only when it is quiet. What is left is a compose that listed both and removes ours
 * just after we removed the old one: then the old one is made again (swap-again.c).
 *
 * The record is dropped by a plan of its own, when there is nothing left to do and nobody, we
 * included, has done anything for a moment: whoever listed the containers before our last step may
 * be about to stumble over it, and only the record tells us to pick up what he leaves.
 *
 * What cannot be told apart, and is decided for the container that serves: that the old one was
 * stopped by its user instead of us, between the record "stopping" and our stop (it is replaced, or
 * started again); that its user stopped the new one while it proves itself, where no restart policy
 * would have brought it back (it looks as if it had failed: the old one is started). What a user
 * does to the half-made new one means nothing: stopping it changes nothing, removing it gives the
 * old one back. From its start on it is the consumer, and removing it means that one.
 */
#include "model/plan-swap.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/swap-beside.h"
#include "model/swap-steps.h"

#define STAY_UP_USEC \
        (2 * USEC_PER_SEC) /* without a health check: a look whether it exits at once */
#define STAY_UP_DEADLINE_USEC \
        (30 * USEC_PER_SEC) /* with one: healthy by then, or at least not unhealthy */

static void say_under_way(Plan *plan, const SwapView *view) {
        bool unlinks = strcmp(view->record->tried, SWAP_TRIED_UNLINK) == 0;

        plan_say(plan, LINK_LINKING, "being re-created %s the link", unlinks ? "without" : "with");
}

/* The old one is out of service: watch the new one, then finish. */
static void prove(Plan *plan, const SwapView *view) {
        say_under_way(plan, view);
        plan_add_stay_up(
                plan, view->made->id, STAY_UP_USEC, STAY_UP_DEADLINE_USEC,
                "watch that the new one stays up"
        );
        swap_add_phase(plan, view, SWAP_STARTED, "note that the new one proved itself");
}

void swap_go_on(Plan *plan, const SwapView *view) {
        json_t *no = json_pack("{s:s, s:i}", "Name", "no", "MaximumRetryCount", 0);

        if (view->record->phase == SWAP_PREPARE) {
                swap_add_copy(plan, view);
                swap_add_connects(plan, view->record->connects, view->made);
        }
        swap_add_phase(plan, view, SWAP_STOPPING, "note that we stop the old one");
        swap_add_stop(plan, view, view->old, "stop the old");
        swap_add_policy(plan, view, no, "switch off the restart policy of the old");
        swap_add_start(plan, view, view->made, "start the new");
        prove(plan, view);
}

static void clear_away(Plan *plan, const SwapView *view, uint64_t now_usec) {
        plan_say(plan, LINK_LINKING, "a newer deployment runs: taking ours away");
        plan->undoes = true;
        swap_remove_made(plan, view);
        swap_take_old_away(plan, view);
        if (plan->n_actions == 0)
                swap_finish(plan, view, now_usec);
}

/* Is it the one that compose replaces by this successor? It removes that one itself. */
static bool is_replaced_by(const Container *successor, const Container *container) {
        return container != NULL && strncmp(successor->name, container->id, 12) == 0;
}

/* Ours is about to keep the successor from its name. */
static void take_made_away(Plan *plan, const SwapView *view) {
        if (view->record->phase != SWAP_ROLLBACK) {
                const Undo how = swap_undo_for(view, "a newer deployment is being made");
                swap_add_rollback(plan, view, &how);
        }
        swap_remove_made(plan, view);
}

/*
 * Somebody made a newer container for the same name (compose, re-creating). Theirs is the
 * deployment that counts. While they are at it we only get out of the way; what they left "created"
 * because it collided with us is started once it is quiet, and tried for ever: nothing else of this
 * consumer is left by then.
 */
static void give_way(Plan *plan, const SwapView *view, uint64_t now_usec) {
        const Container *successor = view->successor;
        bool has_name = strcmp(successor->name, view->record->name) == 0;

        if (successor->ever_started) {
                clear_away(plan, view, now_usec);
                return;
        }
        plan->undoes = true;

        plan_say(plan, LINK_WAITING, "a newer deployment is being made");
        plan_wake_at(plan, now_usec + SWAP_LOOK_AGAIN_USEC);
        if (view->made != NULL && (view->quiet || !is_replaced_by(successor, view->made))) {
                take_made_away(plan, view);
                return;
        }
        if (!view->quiet && !view->successor_is_old)
                return;

        swap_take_old_away(plan, view);
        if (view->successor_is_old)
                swap_add_connects(plan, json_object_get(view->record->keep, "connects"), successor);
        if (!has_name)
                swap_add_rename(plan, view, successor, "give the newer deployment its name");
        swap_add_start(plan, view, successor, "start the newer deployment of");
        if (view->failure != NULL)
                swap_say_stuck(plan, view, "a newer deployment could not be started yet");
}

/* The one that rolls is proven while the old one runs. */
static void begin_to_go_on(Plan *plan, const SwapView *view) {
        if (view->record->rolls && container_is_up(view->old))
                swap_start_beside(plan, view);
        else
                swap_go_on(plan, view);
}

static void plan_prepare(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const Container *old = view->old;
        const Container *made = view->made;

        if (old == NULL)
                swap_undo(
                        plan, view, now_usec,
                        swap_undo_for(view, "the container was removed meanwhile")
                );
        else if (view->failure != NULL)
                swap_undo(plan, view, now_usec, swap_undo_after(view, view->failure));
        else if (made != NULL && container_is_up(made)) {
                /* Compose found it and started it: the sooner the old one goes, the better. */
                say_under_way(plan, view);
                begin_to_go_on(plan, view);
        } else if (!container_is_up(old))
                swap_undo(
                        plan, view, now_usec,
                        swap_undo_for(view, "the container was stopped meanwhile")
                );
        else if (made == NULL || !swap_is_previous(view->record, old))
                swap_undo(plan, view, now_usec, swap_undo_for(view, "it was interrupted"));
        else if (!view->quiet)
                swap_undo(
                        plan, view, now_usec,
                        swap_undo_for(view, "somebody else is working on its stack")
                );
        else
                begin_to_go_on(plan, view);
}

static void undo_because_it_exited(const SwapView *view, uint64_t now_usec, Plan *plan) {
        cleanup(freep) char *reason = text_format(
                "the new container did not stay up (%s, exit code %d)",
                container_state_to_string(view->made->state), view->made->exit_code
        );
        swap_undo(
                plan, view, now_usec,
                swap_undo_after(view, reason ? reason : "the new container did not stay up")
        );
}

/*
 * With such a policy the engine starts again what ends by itself: one that is down was stopped by
 * its user (or the engine is going down, and will start it again).
 */
bool swap_was_stopped_by_its_user(const Container *made) {
        const char *policy =
                json_string_value(json_object_get(container_restart_policy(made), "Name"));

        return made->ever_started && made->state == CONTAINER_EXITED && policy != NULL
               && (strcmp(policy, "always") == 0 || strcmp(policy, "unless-stopped") == 0);
}

/* Ours is gone, and it was not us: that is written down before we remove it. */
void swap_plan_without_made(const SwapView *view, uint64_t now_usec, Plan *plan) {
        Undo how = swap_undo_for(view, "the new container was removed meanwhile");
        /* Who stops a resource in Coolify removes what has its name: the old one is meant as well.
         */
        bool is_meant = swap_is_of_coolify(view->record);

        if (view->pruned)
                how.reason = "the new container was pruned";
        else if (view->failure != NULL && !view->removed && !is_meant)
                how = swap_undo_after(view, view->failure);
        else if (view->old != NULL && !container_is_up(view->old)) {
                /* By its user: not brought back, but not lost either. A prune says so at its end.
                 */
                how.runs = false;
                if (!view->quiet) {
                        plan_say(plan, LINK_LINKING, "%s", how.reason);
                        plan_wake_at(plan, now_usec + SWAP_LOOK_AGAIN_USEC);
                        return;
                }
        }
        swap_undo(plan, view, now_usec, how);
}

/*
 * Somebody removed the old one, although it is out of service: he has seen the new one, or not.
 * Compose, which keeps the new one, starts it itself; nobody else does.
 */
static void plan_without_old(const SwapView *view, uint64_t now_usec, Plan *plan) {
        plan->undoes = true;
        plan_say(plan, LINK_LINKING, "its old container was removed meanwhile");
        if (view->record->phase == SWAP_STOPPING && view->made->ever_started)
                swap_finish(plan, view, now_usec);
        else if (!swap_is_awaited(plan, view, now_usec)) {
                swap_add_phase(plan, view, SWAP_STARTED, "note that there is no way back");
                swap_add_start(plan, view, view->made, "start the new");
        }
}

static void plan_stopping(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const Container *old = view->old;
        const Container *made = view->made;

        if (made == NULL)
                swap_plan_without_made(view, now_usec, plan);
        else if (old == NULL)
                plan_without_old(view, now_usec, plan);
        else if (swap_was_stopped_by_its_user(made) && !container_is_up(old)) {
                plan_say(plan, LINK_LINKING, "it was stopped meanwhile");
                if (!swap_is_awaited(plan, view, now_usec))
                        swap_add_phase(
                                plan, view, SWAP_STARTED,
                                "note that the new one replaces the old one"
                        );
        } else if (view->failure != NULL)
                swap_undo(plan, view, now_usec, swap_undo_after(view, view->failure));
        else if (made->ever_started && made->state != CONTAINER_RUNNING && made->state != CONTAINER_PAUSED)
                undo_because_it_exited(view, now_usec, plan);
        else if (view->record->rolls && container_is_up(old) && made->health == HEALTH_UNHEALTHY)
                swap_undo(
                        plan, view, now_usec,
                        swap_undo_after(view, "the new container became unhealthy")
                );
        else if (container_is_up(old) || !made->ever_started)
                swap_go_on(plan, view);
        else
                prove(plan, view);
}

/* Compose, which saw both and keeps the old one, stops and removes the new one, and starts the old
 * one then. */
static void plan_started(const SwapView *view, uint64_t now_usec, Plan *plan) {
        if (!swap_is_serving(view->made) && swap_is_serving(view->old)) {
                swap_undo(
                        plan, view, now_usec,
                        swap_undo_for(view, "the new container was taken away, the old one kept")
                );
                return;
        }
        plan_say(plan, LINK_LINKING, "taking the old container away");
        plan->undoes = true;
        if (!swap_is_serving(view->made) && view->successor == NULL
            && swap_is_awaited(plan, view, now_usec))
                return;
        swap_take_old_away(plan, view);
        if (plan->n_actions == 0)
                swap_finish(plan, view, now_usec);
}

/*
 * A newer deployment under another name: a rolling one, which keeps the old one until the newer is
 * healthy, and then removes what is called as the consumer is. Until our new one was that, undoing
 * gives the platform back what it knows. Once ours is gone, or the old one, it has done its work.
 * (In phase prepare it cannot be told whether ours was there: the old one goes on then.)
 */
static void give_way_to_other_name(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const SwapRecord *record = view->record;
        bool replaced = record->phase == SWAP_STOPPING && view->failure == NULL
                        && view->successor->ever_started
                        && (view->made == NULL || view->old == NULL);

        if (!replaced) {
                swap_undo(plan, view, now_usec, swap_undo_for(view, "a newer deployment appeared"));
                return;
        }
        clear_away(plan, view, now_usec);
}

static void plan_rollback(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const SwapRecord *record = view->record;
        const Undo how = {
                .reason = record->reason[0] != '\0' ? record->reason : "interrupted",
                .runs = record->was_running,
                .counts = record->counts,
        };

        if (how.runs && view->old == NULL && view->made != NULL && !view->made->ever_started
            && view->successor == NULL)
                plan_without_old(view, now_usec, plan);
        else
                swap_undo(plan, view, now_usec, how);
}

void plan_swap(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const SwapRecord *record = view->record;

        if (view->successor != NULL && view->successor_takes_name) {
                give_way(plan, view, now_usec);
                return;
        }
        if (swap_is_to_be_made_again(view)) {
                swap_make_again(plan, view, now_usec);
                return;
        }
        if (view->successor != NULL
            && (swap_has_stopped_nothing(record) || record->phase == SWAP_STOPPING)) {
                give_way_to_other_name(view, now_usec, plan);
                return;
        }

        switch (record->phase) {
        case SWAP_PREPARE:
                plan_prepare(view, now_usec, plan);
                break;
        case SWAP_BESIDE:
                swap_plan_beside(view, now_usec, plan);
                break;
        case SWAP_STOPPING:
                plan_stopping(view, now_usec, plan);
                break;
        case SWAP_STARTED:
                plan_started(view, now_usec, plan);
                break;
        case SWAP_ROLLBACK:
                plan_rollback(view, now_usec, plan);
                break;
        }
}
