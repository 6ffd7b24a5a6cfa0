/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/rung.h"

static const struct {
        const char *what;
        bool linked, ours, lacks;
        Carrier carrier;
        Rung rung;
} cases[] = {
        { "pasted", true, false, false, CARRIER_HEADER, RUNG_NOTHING },
        { "pasted, its key in the URL", true, false, false, CARRIER_URL, RUNG_NOTHING },
        { "pasted, no key is asked for", true, false, false, CARRIER_NONE, RUNG_NOTHING },
        { "known by its network", true, false, false, CARRIER_STACK, RUNG_JOIN },
        { "to be known by it", false, false, false, CARRIER_STACK, RUNG_JOIN },
        { "re-created", true, true, false, CARRIER_HEADER, RUNG_RECREATE },
        { "re-created before it was known", true, true, false, CARRIER_STACK, RUNG_RECREATE },
        { "to be re-created", false, false, true, CARRIER_HEADER, RUNG_RECREATE },
        { "to be re-created with another key", false, true, true, CARRIER_URL, RUNG_RECREATE },
        { "not looked at", false, false, false, CARRIER_UNDECIDED, RUNG_UNKNOWN },
};

Test(rung, least_invasive_first) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                cr_expect_eq(
                        rung_find(cases[i].linked, cases[i].ours, cases[i].lacks, cases[i].carrier),
                        cases[i].rung, "%s", cases[i].what
                );
}

Test(rung, one_that_nobody_can_tell_has_no_number) {
        json_t *known = rung_to_json(RUNG_JOIN);
        json_t *unknown = rung_to_json(RUNG_UNKNOWN);

        cr_expect_eq(json_integer_value(known), 1);
        cr_expect(json_is_null(unknown));
        json_decref(known);
        json_decref(unknown);
}
