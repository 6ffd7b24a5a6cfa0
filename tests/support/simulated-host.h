/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/plan-consumer.h"
#include "support/simulated-engine.h"

/*
 * Simulated host: a simulated engine, and a daemon on it that looks after the consumer shop/app as
 * the reconciler does: look, plan, perform, look again. What the daemon has in memory and what it
 * has on disk are kept apart, so that it can be killed.
 */
typedef enum SimFault {
        SIM_PLAIN,      /* the action is performed */
        SIM_KILL,       /* the daemon is killed before it, and started again */
        SIM_ERROR,      /* it ends in an error and has done nothing */
        SIM_ERROR_DONE, /* it ends in an error, but was done */
} SimFault;

typedef struct SimHost SimHost;

/* Asked before each action; n counts the actions since the beginning. May do things by itself. */
typedef SimFault SimBefore(SimHost *host, unsigned n, void *data);

/* Asked when the daemon has nothing to do at the moment; true when something was done. */
typedef bool SimIdle(SimHost *host, void *data);

struct SimHost {
        SimEngine engine;
        ProfileSet *profiles;
        json_t *image;
        json_t *members; /* the others of its stack; none at first */
        json_t *files;   /* put into each container before its start */
        ProviderFacts provider;
        ConsumerContext context;
        Identity identity;
        const char *key;
        bool key_accepted;
        bool key_in_url;
        const char *dependents; /* who lives off the consumer's container; NULL: nobody */
        SimBefore *before;
        SimIdle *idle;
        void *data;
        unsigned rotate; /* containers are shown in another order */

        json_t *record; /* on disk */
        json_t *kept;   /* likewise: what was replaced */
        unsigned attempts;
        char attempts_of[65];
        bool disk_full; /* no record can be written */

        uint64_t now_usec; /* in memory, from here on */
        uint64_t activity_usec;
        uint64_t touched_usec;
        char rolling[40];            /* StartedAt of the new one of a rolling swap, */
        uint64_t rolling_since_usec; /* and since when that is seen */
        bool failed;
        char failure[512];

        unsigned n;   /* actions begun */
        unsigned hot; /* failures in a row that nothing slows down */
        LinkState state;
        char reason[512];
        unsigned linked;
        unsigned replicas;
};

void sim_host_init(SimHost *host);
void sim_host_done(SimHost *host);

/* Somebody else created, removed or renamed in the project. */
void sim_host_activity(SimHost *host);

/* One plan for what is there now; freed by the caller. */
Plan *sim_host_plan(SimHost *host);

/* Lets the daemon work until it has nothing to do; false when that does not happen. */
bool sim_host_settle(SimHost *host);
