/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "model/ways.h"

/*
 * Which way a consumer shows its key, decided: the first of those that its labels and profiles
 * allow (model/ways.h) which is possible where it is. Pure.
 */

/* What a consumer shows to be let in. */
typedef enum Carrier {
        CARRIER_UNDECIDED, /* nothing is known of it yet */
        CARRIER_HEADER,    /* a variable that the app sends as Bearer or x-api-key */
        CARRIER_URL,       /* as a part of the URL's path */
        CARRIER_STACK,     /* the network that it comes from */
        CARRIER_NONE,      /* nothing: no key is asked for */
} Carrier;

static inline bool carrier_is_keyed(Carrier carrier) {
        return carrier == CARRIER_HEADER || carrier == CARRIER_URL || carrier == CARRIER_STACK;
}

/* The network that would tell it from others; see model/own-network.h. */
typedef enum NetworkAnswer {
        NETWORK_UNKNOWN, /* nobody looked yet */
        NETWORK_OWN,     /* nobody but its own compose project is in it */
        NETWORK_SHARED,  /* none of its networks is such a one */
} NetworkAnswer;

typedef struct CarrierChoice {
        Carrier carrier;
        bool needs_network; /* cannot be told before its networks were looked at */
        bool impossible;    /* the one that its label names cannot be had */
} CarrierChoice;

/* asked: what the provider asks for (model/target.h); without a key nothing is carried. */
CarrierChoice carrier_choose(const Ways *ways, Carrier asked, NetworkAnswer network);

/* "header", "url", "stack", "none"; NULL: undecided. */
const char *carrier_to_string(Carrier carrier);

/* What its user must still do once, with this carrier; NULL: nothing. Borrowed from the ways. */
const char *carrier_hint(const Ways *ways, Carrier carrier);
