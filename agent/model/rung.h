/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "model/carrier.h"

/*
 * Rung: how invasive a consumer's link is, or will be. Pure.
 */
typedef enum Rung {
        RUNG_NOTHING, /* the right values were there already: it is not touched */
        RUNG_JOIN, /* nothing has to be set: the proxy is in its network, and it is not touched */
        RUNG_RECREATE, /* it is re-created with what it lacks, after each of its deployments */
        RUNG_UNKNOWN,  /* nobody could tell yet */
} Rung;

/* ours: it holds a link that a swap of ours put there. lacks: something would have to be set. */
Rung rung_find(bool linked, bool ours, bool lacks, Carrier carrier);

/* Its number, or null. A new reference. */
json_t *rung_to_json(Rung rung);
