/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outcome: six words for every answer that the engine can give.
 *
 * The plan only asks whether a step was done, need not be done, met something that has changed, can
 * never be done, or may have been done: the last one is why a server's error and silence are the
 * same here.
 */
#include "model/outcome.h"

#include <assert.h>
#include <stddef.h>

static const char *const outcome_names[] = {
        [OUTCOME_DONE] = "done",       [OUTCOME_ALREADY] = "already",
        [OUTCOME_GONE] = "gone",       [OUTCOME_CONFLICT] = "conflict",
        [OUTCOME_REFUSED] = "refused", [OUTCOME_UNKNOWN] = "unknown",
};
static_assert(
        sizeof outcome_names / sizeof outcome_names[0] == OUTCOME_UNKNOWN + 1,
        "each outcome has a name"
);

const char *outcome_to_string(Outcome outcome) {
        assert((size_t) outcome <= OUTCOME_UNKNOWN);
        return outcome_names[outcome];
}

Outcome outcome_from_status(long status) {
        if (status >= 200 && status < 300)
                return OUTCOME_DONE;
        if (status == 304)
                return OUTCOME_ALREADY;
        if (status == 404)
                return OUTCOME_GONE;
        if (status == 409)
                return OUTCOME_CONFLICT;
        if (status >= 400 && status < 500)
                return OUTCOME_REFUSED;
        return OUTCOME_UNKNOWN;
}
