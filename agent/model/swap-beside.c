/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside: both run, and nothing was stopped. So nothing is urgent: what may be somebody else's
 * doing is waited for, and whatever fails is undone without a gap.
 *
 * The proof is no step of a plan but a state that is looked at: it may take minutes, in which a
 * newer deployment, its user or our own end must not have to wait.
 *
 * Whoever takes an application down or replaces it lists its containers and then stops and removes
 * one after the other, by the names that they have in his list. So while he may be at that, no name
 * is changed (swap-undo.c), and nothing is taken for meant that he has only half done.
 */
#include "model/swap-beside.h"

#include <errno.h>

#include "model/rolls.h"
#include "model/stay-up.h"
#include "model/swap-steps.h"

static StayUp judge(const SwapView *view, uint64_t *ret_again_usec, Error *why) {
        const Container *made = view->made;
        uint64_t proof_usec = rolls_proof_usec(made);
        const ActionStayUp wanted = { .stay_usec = proof_usec, .deadline_usec = UINT64_MAX };

        StayUp verdict = stay_up_judge(made, &wanted, view->made_up_usec, ret_again_usec, why);
        if (verdict != STAY_UP_NOT_YET || made->health != HEALTH_STARTING)
                return verdict;
        if (view->made_up_usec < proof_usec) {
                *ret_again_usec = proof_usec - view->made_up_usec;
                return STAY_UP_NOT_YET;
        }
        (void) error_set(why, -ETIME, "the new container did not become healthy");
        return STAY_UP_FAILED;
}

bool swap_is_proven_beside(const SwapView *view) {
        uint64_t again_usec = 0;
        Error why = { 0 };

        return view->record->phase == SWAP_BESIDE && view->failure == NULL && view->old != NULL
               && container_is_up(view->old) && view->made != NULL && container_is_up(view->made)
               && view->successor == NULL && judge(view, &again_usec, &why) == STAY_UP_PROVEN;
}

static void say_beside(Plan *plan) {
        plan_say(
                plan, LINK_LINKING,
                "its new container proves itself beside the old one, which goes on running"
        );
}

void swap_start_beside(Plan *plan, const SwapView *view) {
        say_beside(plan);
        if (view->record->phase == SWAP_PREPARE) {
                swap_add_copy(plan, view);
                swap_add_connects(plan, view->record->connects, view->made);
                swap_add_phase(plan, view, SWAP_BESIDE, "note that both are to run");
        }
        swap_add_start(plan, view, view->made, "start, beside the old one, the new");
}

static void undo(Plan *plan, const SwapView *view, uint64_t now_usec, const char *reason) {
        swap_undo(plan, view, now_usec, swap_undo_for(view, reason));
}

/* Both run. */
static void prove(const SwapView *view, uint64_t now_usec, Plan *plan) {
        uint64_t again_usec = 0;
        Error why = { 0 };

        switch (judge(view, &again_usec, &why)) {
        case STAY_UP_PROVEN:
                swap_go_on(plan, view);
                break;
        case STAY_UP_FAILED:
                swap_undo(plan, view, now_usec, swap_undo_after(view, error_text(&why)));
                break;
        case STAY_UP_NOT_YET:
                if (view->hurried) {
                        undo(plan, view, now_usec, "coollamad is stopping");
                        break;
                }
                say_beside(plan);
                plan_wake_at(plan, now_usec + again_usec);
                break;
        }
}

static void plan_made(const SwapView *view, uint64_t now_usec, Plan *plan) {
        const Container *made = view->made;

        if (made->state == CONTAINER_PAUSED && !view->hurried)
                plan_say(plan, LINK_LINKING, "its new container is paused");
        else if (!made->ever_started && container_is_up(view->old) && view->quiet)
                swap_start_beside(plan, view);
        else if (!made->ever_started)
                undo(plan, view, now_usec, "it was interrupted");
        else if (container_is_up(view->old) && made->state != CONTAINER_PAUSED)
                prove(view, now_usec, plan);
        else if (container_is_up(made))
                swap_go_on(plan, view);
        else
                undo(plan, view, now_usec, "the container was stopped meanwhile");
}

void swap_plan_beside(const SwapView *view, uint64_t now_usec, Plan *plan) {
        if (view->old == NULL)
                undo(plan, view, now_usec, "the container was removed meanwhile");
        else if (view->made == NULL)
                swap_plan_without_made(view, now_usec, plan);
        else if (swap_was_stopped_by_its_user(view->made))
                undo(plan, view, now_usec, "the new container was stopped meanwhile");
        else if (view->failure != NULL)
                swap_undo(plan, view, now_usec, swap_undo_after(view, view->failure));
        else
                plan_made(view, now_usec, plan);
}
