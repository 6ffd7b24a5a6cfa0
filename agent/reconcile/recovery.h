/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "config/config.h"
#include "docker/engine.h"
#include "model/outage.h"

/*
 * Recovery: who is owed a restart after an outage (model/outage.h), kept in STATE/recovery.json.
 *
 * Those that lived through it are due at once; those that were started during it once the grace is
 * over and the proxy's log shows no answered request of theirs.
 */
typedef struct RecoveryState RecoveryState;

typedef struct RecoverySetup {
        sd_event *event;
        Engine *engine;
        const char *state_dir;
        const Config *config;    /* borrowed */
        void (*due)(void *data); /* who is owed what changed: look at all consumers */
        void (*list_running
        )(RunList *ret,
          void *data); /* the containers that run now, of every consumer that may be restarted */
        void *data;
} RecoverySetup;

int recovery_new(const RecoverySetup *setup, RecoveryState **ret, Error *err);
RecoveryState *recovery_free(RecoveryState *recovery);
void recovery_configure(RecoveryState *recovery, const Config *config);

void recovery_went_down(RecoveryState *recovery, uint64_t since_usec);

/*
 * The provider has been up since that moment (monotonic) with this run of its container; proxy_id:
 * whose log holds the evidence, or NULL. To be called once every consumer was looked at: who is not
 * known to run now is owed nothing.
 */
void recovery_came_up(
        RecoveryState *recovery,
        const char *id,
        const char *started_at,
        uint64_t since_usec,
        const char *proxy_id
);

/* It runs anew, and was not down in between: nobody is owed anything, now or by a later daemon. */
void recovery_ran_anew(RecoveryState *recovery, const char *id, const char *started_at);

/* Is this run of a consumer's container to be restarted now? key_number 0: it has no key. One that
 * has proven to need no restart is owed it no longer: a later daemon could not see the proof. */
bool recovery_is_due(
        RecoveryState *recovery, const char *id, const char *started_at, uint64_t key_number
);

/* The container was seen in this run: debts of other runs of it are gone. running false: so are
 * all. */
void recovery_saw(RecoveryState *recovery, const char *id, const char *started_at, bool running);
