/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "config/config.h"
#include "docker/engine.h"
#include "model/container.h"
#include "model/debt.h"
#include "model/outage.h"

/*
 * Recovery: who is owed a restart after an outage (model/outage.h), kept on disk (ledger.h), and
 * who has proven that he needs none (evidence.h).
 */
typedef struct RecoveryState RecoveryState;

typedef struct RecoverySetup {
        sd_event *event;
        Engine *engine;
        const char *state_dir;
        const Config *config;    /* borrowed */
        void (*due)(void *data); /* who is owed what changed: look at all consumers */
        /* The containers of consumers that run now. owed: only those that may be owed a restart. */
        void (*list_running)(RunList *ret, bool owed, void *data);
        void *data;
} RecoverySetup;

int recovery_new(const RecoverySetup *setup, RecoveryState **ret, Error *err);
RecoveryState *recovery_free(RecoveryState *recovery);

/* Another configuration; also the operator's word that restarts need not wait any longer. */
void recovery_configure(RecoveryState *recovery, const Config *config);

/* The running proxy, whose log is followed while it matters; NULL: none runs. */
void recovery_proxy(RecoveryState *recovery, const char *proxy_id);

/* since_usec: monotonic, the first of the failed probes. */
void recovery_went_down(RecoveryState *recovery, uint64_t since_usec);

/* It is down, and was not seen up since the daemon was started: if it was up before, nobody saw how
 * that outage began. */
void recovery_found_down(RecoveryState *recovery);

/* It answered for the first time since it was down: requests count as proof from here on. */
void recovery_answers(RecoveryState *recovery);

/*
 * The provider has been up since that moment (monotonic) with this run of its container. To be
 * called once every consumer was looked at: who is not known to run now is owed nothing.
 */
void recovery_came_up(
        RecoveryState *recovery, const char *id, const char *started_at, uint64_t since_usec
);

/* It runs anew, and was not down in between: nobody is owed anything, now or by a later daemon. */
void recovery_ran_anew(RecoveryState *recovery, const char *id, const char *started_at);

/* The container was seen: debts of other runs of it are gone, and all of them when it is not up. */
void recovery_saw(RecoveryState *recovery, const Container *container);

/* The container is not there any more. */
void recovery_gone(RecoveryState *recovery, const char *id);

/* What this run is owed. key_number 0: it has no key. */
Debt recovery_debt(RecoveryState *recovery, const Container *container, uint64_t key_number);

/* It is owed nothing any more. */
void recovery_forgive(RecoveryState *recovery, const char *id);

/* Restarts that the daemon before us asked for and that may still be under way. */
size_t recovery_under_way(const RecoveryState *recovery);

/* We are about to restart it: whatever happens from here on, it is not left stopped. */
void recovery_restarts(RecoveryState *recovery, const Container *container);
