/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "support/simulated-host.h"

/*
 * Simulated compose: "docker compose up" that re-creates shop/app as VER=2, call by call, as
 * another program does beside ours: it lists, creates "<12 hex>_NAME", stops and removes what it
 * listed, renames, starts. All by id, as compose does. Where nothing has changed it makes nothing:
 * of several that it listed it keeps its target, stops and removes the others, starts the target.
 */
typedef enum ComposeTarget {
        COMPOSE_TAKES_OLDEST, /* of several containers it re-creates the oldest, others go */
        COMPOSE_TAKES_NEWEST,
} ComposeTarget;

typedef struct SimCompose {
        unsigned start_at;  /* it lists before our action of this number */
        unsigned pace;      /* one of its calls for so many of our actions; 0: all at once */
        uint64_t stop_usec; /* how long its stop takes */
        ComposeTarget target;
        bool tolerant;    /* what is gone already is as good as removed */
        bool tears_down;  /* "down" instead: stops and removes what it listed */
        bool no_change;   /* what is deployed is what it would make */
        bool too_late;    /* it came to stop ours when the swap was proven already */
        const char *hash; /* config hash of the new deployment */

        unsigned step;
        bool done;
        bool gave_up;
        bool created;
        char id[65];
        char listed[8][65]; /* the target is the last one */
        size_t n_listed;
        size_t at;
        uint64_t next_usec;
} SimCompose;

/* SimBefore and SimIdle; data is the SimCompose. */
SimFault sim_compose_before(SimHost *host, unsigned n, void *data);
bool sim_compose_idle(SimHost *host, void *data);

/* The request of a deployment by somebody else: VER=2. */
json_t *sim_deployment(const char *hash);
