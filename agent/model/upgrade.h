/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"

/*
 * Upgrade: a newer image for our own Ollama, as a story that several passes carry on, and that
 * outlives the daemon. The old image is kept until the new one has proven itself.
 *
 *   pull > renew (re-create the container; is it up?) > over
 *                   or: > back (its name means the old image again; re-create) > over
 */
typedef enum UpgradePhase {
        UPGRADE_OVER, /* there is none */
        UPGRADE_PULL,
        UPGRADE_RENEW,
        UPGRADE_BACK,
} UpgradePhase;

const char *upgrade_phase_to_string(UpgradePhase phase);

/* The name under which the old image is kept meanwhile, so that no clean-up takes it. */
#define UPGRADE_KEPT_REPOSITORY "coollama-previous"
#define UPGRADE_KEPT_TAG        "api"

typedef struct Upgrade {
        UpgradePhase phase;
        char image[300];  /* the name that the configuration has */
        char old_id[100]; /* of the image that Ollama ran before */
        char why[240];    /* back: why the new one is not kept */
} Upgrade;

/* -EBADMSG with what is wrong. */
int upgrade_from_json(const json_t *json, Upgrade *ret, Error *err);
json_t *upgrade_to_json(const Upgrade *upgrade);
