/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "model/choice.h"

/*
 * Debt: what one run of a container is owed after an outage (model/outage.h), and what that comes
 * to for a consumer with this action. Pure.
 */

/* Has it shown that it found Ollama again: a request with its key that was answered since? */
typedef enum Shown {
        SHOWN_NOT_YET, /* not yet, and the grace is not over */
        SHOWN_YES,
        SHOWN_NO, /* the grace is over */
} Shown;

typedef struct Debt {
        bool owed;  /* it is on the list */
        bool lived; /* it lived through the outage; else it was started during it */
        bool held;  /* nobody is restarted yet: Ollama goes down again and again */
        Shown shown;
        bool under_way; /* the daemon before us had asked for its restart: the engine may be at it
                         */
        bool cut_short; /* whatever else: our restart stopped it, and nobody started it again */
} Debt;

typedef enum Due {
        DUE_NOTHING, /* and never will be: its entry may go */
        DUE_LATER,   /* a restart, unless it proves meanwhile that it needs none */
        DUE_RESTART,
} Due;

Due debt_due(const Debt *debt, Recovery action);
