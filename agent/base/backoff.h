/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * Backoff: how long to wait before the next try. Doubles from min to max; jitter of up to a quarter
 * comes on top. Its randomness is given by the caller (base/random.h): the arithmetic stays pure.
 */
typedef struct Backoff {
        uint64_t min_usec;
        uint64_t max_usec;
        unsigned failures;
} Backoff;

/* Counts one failure and returns how long to wait, in microseconds. random is any 32 bits. */
uint64_t backoff_next(Backoff *backoff, uint32_t random);

void backoff_reset(Backoff *backoff);
