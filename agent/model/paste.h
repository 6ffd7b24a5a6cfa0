/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/plan-consumer.h"
#include "model/target.h"
#include "model/ways.h"

/*
 * Paste: which link somebody is shown to write into a container's own definition. Pure.
 *
 * For a consumer it is what was decided, so that pasting changes nothing. For whoever nobody has
 * looked at yet it is what is known of its network; what is not known is said.
 */
typedef struct PasteInput {
        const ProviderFacts *provider;
        const Container *container;
        const Ways *ways;
        Reach reach;     /* of the configuration */
        unsigned api;    /* as in ConsumerContext */
        bool linked;     /* what was decided is in place */
        const char *way; /* that was decided; NULL: none was */
        Carrier carrier; /* likewise; CARRIER_UNDECIDED */
        SeenPlace place; /* its network, and what is known of it */
} PasteInput;

typedef struct Paste {
        Way way;
        Carrier carrier;
        bool asks_reach;  /* whether the gateway answers on its network should be found out first */
        const char *note; /* what there is to know of it (static), or NULL */
} Paste;

/* -EHOSTUNREACH: by network was asked for, and err says why that cannot be; -ENODATA: it is to be
 * known by its network, and is not yet. */
int paste_choose(const PasteInput *input, Paste *ret, Error *err);
