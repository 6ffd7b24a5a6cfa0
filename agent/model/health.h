/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Health: from single probes to "up" and "down". Pure. Down after so many failures in a row; up at
 * once the first time, after an outage only with so many successes in a row.
 */
typedef struct HealthRule {
        unsigned down_after;
        unsigned up_after;
} HealthRule;

typedef struct Health {
        bool up;
        bool was_up;                 /* at least once */
        unsigned failures;           /* in a row */
        unsigned successes;          /* in a row */
        uint64_t first_failure_usec; /* of those in a row: when an outage began */
} Health;

/* Takes one probe's result; true when up changed. */
bool health_note(Health *health, bool ok, HealthRule rule, uint64_t now_usec);
