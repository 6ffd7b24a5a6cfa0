/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rung.h"

Rung rung_find(bool linked, bool ours, bool lacks, Carrier carrier) {
        if (linked && ours)
                return RUNG_RECREATE;
        if (!linked && lacks)
                return RUNG_RECREATE;
        if (carrier == CARRIER_STACK)
                return RUNG_JOIN;
        return linked ? RUNG_NOTHING : RUNG_UNKNOWN;
}

json_t *rung_to_json(Rung rung) {
        return rung == RUNG_UNKNOWN ? json_null() : json_integer(rung);
}
