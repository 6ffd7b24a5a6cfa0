/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/donors.h"
#include "model/plan-consumer.h"
#include "reconcile/core.h"
#include "reconcile/look.h"

/*
 * Place: what a pass knows of the network that a container is in, and what it wants there.
 */

/* How the proxy is called for this identity; NULL: it has no name for it yet. */
const char *place_name(const Reconciler *reconciler, const Identity *identity);

/* Gives it one, on disk. Negative errno with the text. */
int place_give_name(Reconciler *reconciler, const Identity *identity, Error *err);

/* Its own network, and what is known of the gateway there; valid as below. */
void place_look(const Reconciler *reconciler, const Container *container, SeenPlace *place);

/* Fills seen->place, with what is known. Valid until the look, or the answers, change. */
void place_container(
        const Reconciler *reconciler,
        const Consumer *consumer,
        const Look *look,
        SeenContainer *seen
);

/* Somebody wants to know whether the gateway answers there. */
void place_ask_reach(Reconciler *reconciler, const SeenPlace *place);

/* Joins what the plan says, instead of what the consumer wanted so far. */
void place_want(
        Reconciler *reconciler, const Consumer *consumer, const Plan *plan, const Look *look
);

/* The proxy gets to know who is known by which network, and where it is there. */
void place_publish(Reconciler *reconciler);

/* A run of this container that ends now ends nothing that is wanted: it is being re-created or
 * restarted by us, or was until right now, and told of late. */
bool place_is_held(const Reconciler *reconciler, const char *container_id);

/* The number that the proxy's log has for a consumer. */
uint64_t place_number(const Reconciler *reconciler, const Consumer *consumer);
