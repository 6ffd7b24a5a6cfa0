/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/choice.h"
#include "model/labels.h"
#include "model/profile.h"

/*
 * Ways: what a consumer's labels and its profiles say together of how it is treated. A label counts
 * before a profile, a profile before the configuration. Pure; borrowed from both.
 */
typedef struct Ways {
        Auth carriers[AUTH_STACK]; /* in the order of preference; never AUTH_AUTO */
        size_t n_carriers;         /* at least 1 */
        Reach reach;               /* REACH_AUTO: the configuration's counts */
        Recovery recovery;
        bool has_recovery;    /* else the configuration's counts */
        uint64_t settle_usec; /* where the configuration's is shorter */
        const char
                *hints[AUTH_STACK + 1]; /* by carrier: what its user must do once; NULL: nothing */
} Ways;

/* image: as the container names it. -EINVAL with the name of a profile that there is not. */
int ways_find(
        const Wish *wish, const ProfileSet *profiles, const char *image, Ways *ret, Error *err
);
