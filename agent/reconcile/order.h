/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/rung.h"
#include "reconcile/candidate.h"
#include "reconcile/core.h"

/*
 * Order: what an operator says of one consumer, written down before it is obeyed, so that a crash
 * forgets none of it.
 */
typedef enum Order {
        ORDER_UNLINK, /* take the link away, and link it no more */
        ORDER_RELINK, /* link it (again), also where that loses files or has failed before */
} Order;

/*
 * Gives the order. ret: what there is to say to whoever gave it (a new reference, NULL without
 * memory): {"name", "identity", "said", "next"}. Negative errno when it could not be written down;
 * nothing is done then.
 */
int order_give(Reconciler *reconciler, Consumer *consumer, Order order, json_t **ret, Error *err);

/* How invasive its link is, or will be. */
Rung order_rung(const Reconciler *reconciler, const Consumer *consumer);

/* Is one of its containers of our own making, with a link in it? Reads what is kept of it. */
bool order_has_link_of_ours(const Reconciler *reconciler, const Consumer *consumer);

/*
 * Links one by its operator's order, whatever labels it has or lacks; remembered by its identity.
 * ret as above. -EPERM: it may not be linked, -ENOSPC: there are too many orders; with the reason.
 */
int order_link(Reconciler *reconciler, const Candidate *candidate, json_t **ret, Error *err);

/*
 * Gives a container of somebody else's what its labels ask for (model/remembered.h: Trust), or
 * takes it back; remembered by its identity. ret as above. -ENODATA: there is nothing that it asks
 * for, or that it was given.
 */
int order_trust(
        Reconciler *reconciler, const Candidate *candidate, bool revoke, json_t **ret, Error *err
);

/*
 * What there is to say of a candidate before it is linked: {"name", "identity", "container",
 * "image", "database": bool, "refused": why it may not be, or null, "asks_for": what trust would
 * give it, or null}. A new reference, NULL without memory.
 */
json_t *order_describe(const Reconciler *reconciler, const Candidate *candidate);
