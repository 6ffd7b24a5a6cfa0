/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "reconcile/core.h"

/*
 * Find: which consumer an operator means by a name (model/seek.h); names of containers are asked of
 * the engine.
 */
typedef struct Find Find;

/* consumer: the one that is meant; else NULL, with an HTTP status and what to say. */
typedef void FindDone(Consumer *consumer, unsigned status, const char *text, void *data);

/*
 * done comes exactly once, maybe at once, and *slot is NULL by then; find_cancel() before that
 * keeps it from coming. name is copied.
 */
void find_start(Reconciler *reconciler, const char *name, FindDone *done, void *data, Find **slot);
void find_cancel(Find **slot);

/* Could the engine know a container by this name? */
bool find_may_be_container(const char *name);

/* Is this document's container the one that is called so? The beginning of an id counts from
 * SEEK_ID_MIN characters on. */
bool find_is_meant(const json_t *inspect, const char *name);
