/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/plan-consumer.h"

/*
 * Settle: is a fresh container left alone long enough, and is its project quiet? Pure.
 */
typedef struct SettleVerdict {
        bool settled;
        bool overridden;    /* only restlessness held it, for too long: settled all the same */
        bool obsolete;      /* a newer deployment of it runs: that is never overridden */
        bool needs_members; /* ask for the members' states first */
        uint64_t wake_usec; /* look again then; 0: when something changes */
        char reason[240];   /* why not yet */
} SettleVerdict;

#define SETTLE_PATIENCE_USEC ((uint64_t) 600 * 1000000)

/* asked_usec: the quiet time that its label asks for; 0: none. */
void settle_judge(
        const ConsumerView *view,
        const SeenContainer *seen,
        const ConsumerContext *context,
        uint64_t asked_usec,
        uint64_t now_usec,
        SettleVerdict *ret
);
