/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "model/carrier.h"

static const struct {
        Auth carriers[3]; /* AUTH_AUTO ends it */
        NetworkAnswer network;
        CarrierChoice choice;
} cases[] = {
        { { AUTH_HEADER }, NETWORK_OWN, { .carrier = CARRIER_HEADER } },
        { { AUTH_URL }, NETWORK_OWN, { .carrier = CARRIER_URL } },
        { { AUTH_STACK, AUTH_HEADER }, NETWORK_OWN, { .carrier = CARRIER_STACK } },
        { { AUTH_STACK, AUTH_HEADER }, NETWORK_SHARED, { .carrier = CARRIER_HEADER } },
        { { AUTH_STACK, AUTH_URL }, NETWORK_SHARED, { .carrier = CARRIER_URL } },
        { { AUTH_STACK, AUTH_URL },
          NETWORK_UNKNOWN,
          { .carrier = CARRIER_STACK, .needs_network = true } },
        { { AUTH_HEADER, AUTH_STACK }, NETWORK_UNKNOWN, { .carrier = CARRIER_HEADER } },
        { { AUTH_STACK }, NETWORK_OWN, { .carrier = CARRIER_STACK } },
        { { AUTH_STACK }, NETWORK_SHARED, { .carrier = CARRIER_STACK, .impossible = true } },
};

Test(carrier, the_first_that_is_possible_counts) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Ways ways = { .n_carriers = 0 };

                while (ways.n_carriers < 3 && cases[i].carriers[ways.n_carriers] != AUTH_AUTO) {
                        ways.carriers[ways.n_carriers] = cases[i].carriers[ways.n_carriers];
                        ways.n_carriers++;
                }
                CarrierChoice choice = carrier_choose(&ways, CARRIER_HEADER, cases[i].network);
                cr_expect_eq(choice.carrier, cases[i].choice.carrier, "%zu", i);
                cr_expect_eq(choice.needs_network, cases[i].choice.needs_network, "%zu", i);
                cr_expect_eq(choice.impossible, cases[i].choice.impossible, "%zu", i);

                choice = carrier_choose(&ways, CARRIER_NONE, cases[i].network);
                cr_expect_eq(choice.carrier, CARRIER_NONE, "where no key is asked for");
                cr_expect_not(choice.needs_network || choice.impossible);
        }
}

Test(carrier, a_hint_is_that_of_its_carrier) {
        const Ways ways = { .hints = { [AUTH_STACK] = "a", [AUTH_HEADER] = "b" } };

        cr_expect_str_eq(carrier_hint(&ways, CARRIER_STACK), "a");
        cr_expect_str_eq(carrier_hint(&ways, CARRIER_HEADER), "b");
        cr_expect_null(carrier_hint(&ways, CARRIER_URL));
        cr_expect_null(carrier_hint(&ways, CARRIER_NONE));
        cr_expect_str_eq(carrier_to_string(CARRIER_NONE), "none");
        cr_expect_str_eq(carrier_to_string(CARRIER_URL), "url");
}
