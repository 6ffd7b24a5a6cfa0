/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/plan-provider.h"

/*
 * The part of plan_provider() that an open upgrade has (model/upgrade.h). Pure.
 */
typedef enum UpgradeSays {
        UPGRADE_SAYS_NOTHING, /* the rest of the plan is made as ever */
        UPGRADE_SAYS_WORK,    /* the plan is made; it is tried again after a while where it fails */
        UPGRADE_SAYS_TURN,    /* the plan is made: the story goes on or ends, whatever failed */
} UpgradeSays;

/* How long the new one may take to be up, from the moment in which the image is there. */
#define UPGRADE_LIMIT_USEC (180 * USEC_PER_SEC)

/* seen: of Ollama's container. What an action of kind remember takes: upgrade_to_json(); at the end
 * of the story also "fine" and "said". */
UpgradeSays
plan_upgrade(const ProviderView *view, const SeenObject *seen, uint64_t now_usec, Plan *plan);
