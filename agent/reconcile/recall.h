/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reconcile/core.h"

/*
 * Recall: what a pass needs of what outlives the daemon (memory.h, kept.h).
 */

/* At the beginning: those whose operator had them linked are consumers, with or without a
 * container. Negative errno with the reason. */
int recall_orders(Reconciler *reconciler, Error *err);

/* Fills in what was kept of these containers, and what their operator agreed to. ret_kept: one
 * reference for each container, which the planner borrows; NULL stays where there is nothing. */
void recall(
        const Reconciler *reconciler,
        const Consumer *consumer,
        SeenContainer *seen,
        size_t n,
        json_t **ret_kept
);

/* Is it to lose its link: it alone, or with everybody else? */
bool recall_unlinks(const Reconciler *reconciler, const Consumer *consumer);

/* These are its containers: what failed with one that is gone, or has a newer one in its place, and
 * what its operator agreed to for others, counts no longer. */
void recall_forget(
        Reconciler *reconciler, const Consumer *consumer, const SeenContainer *seen, size_t n
);

/* Its operator took its link away, and it is gone: where it was linked by order alone, it is no
 * consumer any more. */
void recall_end_order(Reconciler *reconciler, Consumer *consumer);

/* Performs an action of kind keep or remember. */
int recall_note(Reconciler *reconciler, const Consumer *consumer, const Action *action, Error *err);
