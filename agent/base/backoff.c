/* SPDX-License-Identifier: Apache-2.0 */
#include "base/backoff.h"

#include <limits.h>

/*
 * Backoff: pure arithmetic. The jitter comes on top of the wait, so that the wait itself never
 * falls below min; with it the longest is max and a quarter.
 */
uint64_t backoff_next(Backoff *backoff, uint32_t random) {
        uint64_t wait = backoff->min_usec;

        for (unsigned i = 0; i < backoff->failures && wait < backoff->max_usec; i++)
                wait = wait > UINT64_MAX / 2 ? backoff->max_usec : wait * 2;
        if (wait > backoff->max_usec)
                wait = backoff->max_usec;
        if (backoff->failures < UINT_MAX)
                backoff->failures++;

        uint64_t quarter = wait / 4;
        uint64_t jitter = (quarter >> 32) * random + (((quarter & UINT32_MAX) * random) >> 32);
        return wait > UINT64_MAX - jitter ? UINT64_MAX : wait + jitter;
}

void backoff_reset(Backoff *backoff) {
        backoff->failures = 0;
}
