/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"
#include "model/proxy-log.h"

/*
 * Sightings: when the proxy last answered a request of each consumer, and when it last refused one.
 * Pure. As a document:
 *
 *   {"version": 1, "until": seconds since 1970, "seen": [[17, answered, refused], ...]}
 */
#define SIGHTINGS_MAX 4096

typedef struct Sighting {
        uint64_t number;
        uint64_t answered; /* seconds since 1970; 0: never */
        uint64_t refused;  /* likewise */
} Sighting;

typedef struct Sightings {
        uint64_t until;               /* everything up to this second is in it */
        Sighting list[SIGHTINGS_MAX]; /* ordered by number */
        size_t n;
} Sightings;

/* True when this is the first answered request of its consumer. Beyond the maximum the one that was
 * not seen for the longest time is forgotten. */
bool sightings_add(Sightings *sightings, const ProxyRequest *request);

/* NULL: never. Valid until the next is added. */
const Sighting *sightings_find(const Sightings *sightings, uint64_t number);

json_t *sightings_to_json(const Sightings *sightings);

/* -EBADMSG, with nothing seen then. */
int sightings_from_json(const json_t *json, Sightings *ret, Error *err);
