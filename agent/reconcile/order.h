/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

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
