/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/*
 * Unreachable: why the gateway does not answer from a network, and what mends it, in words. Pure.
 */
typedef struct UnreachableFacts {
        const char *network; /* its name */
        const char *subnet;  /* "172.18.0.0/16"; "": not known */
        const char *port;
        const char *trouble; /* what was heard, for people */
        bool internal;       /* the network has no way out of itself */
        bool tried;          /* somebody asked, and had no answer */
} UnreachableFacts;

#define UNREACHABLE_WHY_MAX  400
#define UNREACHABLE_MEND_MAX 200

/* mend is "" where nothing is known. */
void unreachable_explain(
        const UnreachableFacts *facts,
        char why[static UNREACHABLE_WHY_MAX],
        char mend[static UNREACHABLE_MEND_MAX]
);
