/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/error.h"
#include "model/outage.h"

/*
 * Ledger: what recovery must know after a crash, on disk: STATE/recovery.json (who is owed what)
 * and STATE/restarting.json (whom we are restarting right now: at most so many as may be restarted
 * at a time).
 *
 * The owner changes the facts and saves them. What cannot be written is tried again until it is.
 */
typedef struct LedgerFacts {
        Outage outage;
        uint64_t down_since_usec; /* of the open outage, monotonic; 0: nobody saw it begin */
        uint64_t answers_since;   /* seconds since 1970, for the proxy's log alone: from when on
                                     requests count as proof; 0: no outage yet */
        RunList begun; /* those being restarted; lived: seen since this daemon was started */
} LedgerFacts;

typedef struct Ledger {
        LedgerFacts facts;
        sd_event *event;
        sd_event_source *later;
        char *path;
        char *begun_path;
        bool troubled; /* the last write failed, which was said */
} Ledger;

/* Reads what is there; a file that is none of ours is set aside, and said. Negative errno, the text
 * says what to do, where not even that can be done. */
int ledger_open(sd_event *event, const char *state_dir, Ledger *ret, Error *err);
/* Writes what is not written yet, and frees. */
void ledger_done(Ledger *ledger);

void ledger_save(Ledger *ledger);       /* at once */
void ledger_save_later(Ledger *ledger); /* soon, together with what comes until then */
void ledger_save_begun(Ledger *ledger); /* at once */
