/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/plan-swap.h"

/*
 * What the parts of plan_swap() share: the steps that its decisions are made of. Not for others.
 */
#define SWAP_LOOK_AGAIN_USEC (1 * USEC_PER_SEC)

/* Is the old one called NAME.coollama-prev? */
bool swap_is_previous(const SwapRecord *record, const Container *old);

/* Coolify removes before it deploys, and by name: it wants what it removes to be gone. */
bool swap_is_of_coolify(const SwapRecord *record);

/* Have we stopped nothing yet? Then an old one that is down was stopped by its user. */
bool swap_has_stopped_nothing(const SwapRecord *record);

/* Runs, starts or is paused: as far as we have to do with it, it serves. Takes NULL. */
bool swap_is_serving(const Container *container);

/* Is somebody at work, or may be about to stumble over what we did? Then it is waited for. */
bool swap_is_awaited(Plan *plan, const SwapView *view, uint64_t now_usec);

/* Each adds one call about this container; verb is for people, the consumer's name follows it. */
void swap_add_stop(Plan *plan, const SwapView *view, const Container *container, const char *verb);
void swap_add_remove(
        Plan *plan, const SwapView *view, const Container *container, const char *verb
);
void swap_add_rename(
        Plan *plan, const SwapView *view, const Container *container, const char *verb
);
void swap_add_start(Plan *plan, const SwapView *view, const Container *container, const char *verb);

/* Of the old one; policy is taken over. */
void swap_add_policy(Plan *plan, const SwapView *view, json_t *policy, const char *verb);

/* The record in another phase, with the new one's id. */
void swap_add_phase(Plan *plan, const SwapView *view, SwapPhase phase, const char *what);

/* What a creation left out: the networks (API < 1.44) that this one is not in yet, and files. */
void swap_add_connects(Plan *plan, const json_t *connects, const Container *container);
void swap_add_copy(Plan *plan, const SwapView *view);

/* Nothing where there is none any more; volumes are kept. */
void swap_stop_made(Plan *plan, const SwapView *view);
void swap_remove_made(Plan *plan, const SwapView *view);
void swap_take_old_away(Plan *plan, const SwapView *view);

/* Copies and connects what is still to be, stops the old one, starts the new one, watches it. */
void swap_go_on(Plan *plan, const SwapView *view);

/* Ours is gone, and it was not us. */
void swap_plan_without_made(const SwapView *view, uint64_t now_usec, Plan *plan);

/* It has run and is down, and not by itself. */
bool swap_was_stopped_by_its_user(const Container *made);

/* Nothing is left to do: drops the record, as soon as nobody can stumble over what we did. */
void swap_finish(Plan *plan, const SwapView *view, uint64_t now_usec);

/* Is nothing left, and nobody meant that? (A compose that had seen two took ours away; both were
 * pruned.) Then the old one is made again. */
bool swap_is_to_be_made_again(const SwapView *view);
void swap_make_again(Plan *plan, const SwapView *view, uint64_t now_usec);

/* What must be done has failed, and is tried for ever: people see what is in its way. */
void swap_say_stuck(Plan *plan, const SwapView *view, const char *what);

/* How a swap is undone. */
typedef struct Undo {
        const char *reason;
        bool runs;   /* the old one is to run afterwards */
        bool counts; /* it counts against the limit of attempts */
} Undo;

/* Nobody's fault; and a failure that is the consumer's or the engine's. */
Undo swap_undo_for(const SwapView *view, const char *reason);
Undo swap_undo_after(const SwapView *view, const char *reason);

void swap_add_rollback(Plan *plan, const SwapView *view, const Undo *how);
void swap_undo(Plan *plan, const SwapView *view, uint64_t now_usec, Undo how);
