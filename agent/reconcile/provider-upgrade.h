/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/action.h"
#include "model/upgrade.h"
#include "reconcile/provider.h"

/*
 * The open upgrade (model/upgrade.h), kept in STATE/upgrade.json; model/plan-upgrade.c decides.
 */

/* Reads what there is. One of another image than the configuration's is over. */
int provider_upgrade_open(Provider *provider, Error *err);

/* Performs an action of kind remember of the provider's plan. */
int provider_upgrade_note(const Action *action, Error *err, void *data);

/* Whoever waits for it is told how far it is. */
void provider_upgrade_tell(const Provider *provider);
