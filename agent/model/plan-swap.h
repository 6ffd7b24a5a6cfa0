/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/container.h"
#include "model/plan.h"
#include "model/swap-record.h"

/*
 * What is seen of an open swap: its record, and who is who among the containers of its identity.
 */
typedef struct SwapView {
        const SwapRecord *record;
        const Container *old;       /* NULL: gone */
        const Container *made;      /* the one we created; NULL: none (any more) */
        const Container *successor; /* the newest newer container, of somebody else's making; NULL:
                                       none */
        bool successor_takes_name;  /* it is, or is about to be, called as the consumer is */
        bool successor_is_old;      /* it is the old one, made again by us (SwapRecord.again) */
        bool quiet;  /* nobody has created, removed or renamed in the project for a moment */
        bool rested; /* nor have we done anything for this record */
        const json_t *members; /* of its project, as members.h has them; NULL: not asked for yet */
        uint64_t made_up_usec; /* for how long ours has been seen up */
        bool hurried;          /* we are about to end: what takes long is undone */
        const char *failure;   /* why the last plan for this record ended early; NULL: it did not */
        bool lost;             /* started: ours went right after we took the old one away */
        bool pruned;           /* since it began, containers that did not run were pruned */
        bool removed;          /* that was because ours was removed while it was proving itself */
} SwapView;

/*
 * Finds old, made and successor among containers; those of another identity are not looked at. What
 * is found does not depend on their order.
 */
void swap_look(
        const SwapRecord *record, const Container *const *containers, size_t n, SwapView *ret
);

/* Who is being stopped: for a successor's sake by whoever makes it (a rolling one may be about to),
 * or by a stop of ours that the engine did not answer in time and may still do. NULL: nobody who is
 * up. */
const Container *swap_victim(const SwapView *view);

/*
 * What to do about an open swap. The states and the decisions are the table in agent/README.md, row
 * by row. A plan without actions waits for the project to become quiet, or has needs.
 */
void plan_swap(const SwapView *view, uint64_t now_usec, Plan *plan);
