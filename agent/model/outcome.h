/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Outcome: what became of a call on the engine, as far as deciding what is next needs to know.
 */
typedef enum Outcome {
        OUTCOME_DONE,     /* 2xx */
        OUTCOME_ALREADY,  /* 304: it was so before */
        OUTCOME_GONE,     /* 404: what the call names does not exist (any more) */
        OUTCOME_CONFLICT, /* 409: somebody else is at it, or the name is taken */
        OUTCOME_REFUSED,  /* any other 4xx: the engine will not do this however often it is asked */
        OUTCOME_UNKNOWN,  /* 5xx, no or no whole answer: it may or may not have been done */
} Outcome;

const char *outcome_to_string(Outcome outcome);

/* From an HTTP status; 0 or less (no answer) is unknown. */
Outcome outcome_from_status(long status);
