/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "docker/event.h"
#include "reconcile/reconciler.h"

/*
 * Deploying: which deployments of Coolify are in progress (model/deployments.h), by the events that
 * come of every container, and by one list when these begin to come. Nothing is inspected, and
 * nothing is asked again while they come.
 */

/* Adds them to what is listed next. */
void deploying_ask(Reconciler *reconciler);

/* One container of a list, or what happened to one; whichever it is. */
void deploying_found(Reconciler *reconciler, const json_t *item);
void deploying_event(Reconciler *reconciler, const EngineEvent *event);
