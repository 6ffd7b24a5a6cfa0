/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Api: which API version to speak with an engine, from what it says of itself. Pure.
 */
typedef struct ApiOffer {
        const char *engine; /* its own version, for people ("28.5.2"); "" when it did not say */
        const char *max;    /* Api-Version header: the newest it speaks */
        const char *min;    /* MinAPIVersion of GET /version; NULL or "" when it did not say */
} ApiOffer;

/*
 * Sets *ret to a minor version between ENGINE_API_MIN and ENGINE_API_MAX. -EPROTONOSUPPORT with a
 * sentence for the operator when there is none in common.
 */
int api_choose(const ApiOffer *offer, unsigned *ret, Error *err);

/* Is this the engine's way to say that the version of a call is not spoken (any more)? */
bool api_is_version_refusal(long status, const char *message);
