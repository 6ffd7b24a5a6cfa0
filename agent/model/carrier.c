/* SPDX-License-Identifier: Apache-2.0 */
#include "model/carrier.h"

#include <assert.h>

#include "base/macro.h"

static const struct {
        const char *name;
        Auth auth;
} carriers[] = {
        [CARRIER_UNDECIDED] = { NULL, AUTH_AUTO }, [CARRIER_HEADER] = { "header", AUTH_HEADER },
        [CARRIER_URL] = { "url", AUTH_URL },       [CARRIER_STACK] = { "stack", AUTH_STACK },
        [CARRIER_NONE] = { "none", AUTH_AUTO },
};
static_assert(ARRAY_LEN(carriers) == CARRIER_NONE + 1, "a row for each Carrier");

const char *carrier_to_string(Carrier carrier) {
        assert((size_t) carrier < ARRAY_LEN(carriers));
        return carriers[carrier].name;
}

const char *carrier_hint(const Ways *ways, Carrier carrier) {
        assert((size_t) carrier < ARRAY_LEN(carriers));
        return ways->hints[carriers[carrier].auth];
}

CarrierChoice carrier_choose(const Ways *ways, Carrier asked, NetworkAnswer network) {
        if (asked == CARRIER_NONE)
                return (CarrierChoice){ .carrier = CARRIER_NONE };

        for (size_t i = 0; i < ways->n_carriers; i++) {
                switch (ways->carriers[i]) {
                case AUTH_STACK:
                        if (network != NETWORK_SHARED)
                                return (CarrierChoice){ .carrier = CARRIER_STACK,
                                                        .needs_network =
                                                                network == NETWORK_UNKNOWN };
                        break;
                case AUTH_URL:
                        return (CarrierChoice){ .carrier = CARRIER_URL };
                case AUTH_AUTO:
                case AUTH_HEADER:
                        return (CarrierChoice){ .carrier = CARRIER_HEADER };
                }
        }
        return (CarrierChoice){ .carrier = CARRIER_STACK, .impossible = true };
}
