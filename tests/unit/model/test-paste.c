/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/paste.h"
#include "support/inspect.h"

typedef enum Answer {
        UNKNOWN,
        YES,
        NO
} Answer;

static const struct {
        const char *what;
        const char *way; /* that was decided */
        bool linked;
        Carrier decided;
        Reach label, reach;
        const char *network; /* its name */
        Answer answer;
        bool likes_stack;
        int r;
        Way expect;
        Carrier carrier;
        bool asks;
        const char *note; /* a part of it; NULL: none */
} cases[] = {
        { "linked by the gateway, which a firewall closed since", "gateway", true, CARRIER_HEADER,
          .network = "net-a", .answer = NO, .expect = WAY_GATEWAY, .carrier = CARRIER_HEADER },
        { "linked by network", "network", true, CARRIER_URL, .network = "net-a", .answer = YES,
          .expect = WAY_NETWORK, .carrier = CARRIER_URL },
        { "to be linked by network", "network", false, CARRIER_HEADER, .network = "net-a",
          .answer = NO, .expect = WAY_NETWORK, .carrier = CARRIER_HEADER },
        { "to be linked by a gateway that answers", "gateway", false, CARRIER_HEADER,
          .network = "net-a", .answer = YES, .expect = WAY_GATEWAY, .carrier = CARRIER_HEADER },
        { "to be linked by a gateway that is to be found out", "gateway", false, CARRIER_HEADER,
          .network = "net-a", .expect = WAY_GATEWAY, .carrier = CARRIER_HEADER, .asks = true,
          .note = "ask again" },
        { "in the network of another", "gateway", false, CARRIER_HEADER, .expect = WAY_GATEWAY,
          .carrier = CARRIER_HEADER },
        { "nobody looked at it", .network = "net-a", .expect = WAY_GATEWAY,
          .carrier = CARRIER_HEADER, .asks = true, .note = "ask again" },
        { "nobody looked at it, its network is known", .network = "net-a", .answer = YES,
          .expect = WAY_GATEWAY, .carrier = CARRIER_HEADER },
        { "likewise, without a gateway", .network = "net-a", .answer = NO, .expect = WAY_NETWORK,
          .carrier = CARRIER_HEADER },
        { "likewise, on the default bridge", .network = "bridge", .answer = NO,
          .expect = WAY_GATEWAY, .carrier = CARRIER_HEADER },
        { "its label says network", .label = REACH_NETWORK, .network = "net-a",
          .expect = WAY_NETWORK, .carrier = CARRIER_HEADER },
        { "its label says network, on the default bridge", .label = REACH_NETWORK,
          .network = "bridge", .r = -EHOSTUNREACH },
        { "the configuration says gateway", .reach = REACH_GATEWAY, .network = "net-a",
          .answer = NO, .expect = WAY_GATEWAY, .carrier = CARRIER_HEADER },
        { "known by its network", "network", true, CARRIER_STACK, .network = "net-a",
          .likes_stack = true, .expect = WAY_NETWORK, .carrier = CARRIER_STACK,
          .note = "nothing has to be set: the proxy knows it" },
        { "to be known by its network, which it cannot", NULL, false, CARRIER_STACK,
          .network = "net-a", .likes_stack = true, .r = -ENODATA },
        { "nobody looked at one that may be", .network = "net-a", .answer = YES,
          .likes_stack = true, .expect = WAY_GATEWAY, .carrier = CARRIER_HEADER,
          .note = "once it has opted in" },
};

Test(paste, what_was_decided_and_else_what_is_known) {
        const ProviderFacts provider = {
                .secured = true, .joins = true, .probe_reach = true, .home = "0-coollama"
        };
        cleanup(container_freep) Container *container = inspect_container(&(InspectSpec){ 0 });

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Ways ways = {
                        .carriers = { cases[i].likes_stack ? AUTH_STACK : AUTH_HEADER,
                                      AUTH_HEADER },
                        .n_carriers = cases[i].likes_stack ? 2 : 1,
                        .reach = cases[i].label,
                };
                const PasteInput input = {
                        .provider = &provider,
                        .container = container,
                        .ways = &ways,
                        .reach = cases[i].reach,
                        .api = 44,
                        .linked = cases[i].linked,
                        .way = cases[i].way,
                        .carrier = cases[i].decided,
                        .place = { .network = cases[i].network ? "n1" : NULL,
                                   .name = cases[i].network,
                                   .reach_known = cases[i].answer != UNKNOWN,
                                   .unreachable = cases[i].answer == NO ? "a firewall" : NULL },
                };
                Paste paste;
                Error err = { 0 };

                cr_assert_eq(paste_choose(&input, &paste, &err), cases[i].r, "%s", cases[i].what);
                if (cases[i].r < 0)
                        continue;
                cr_expect_eq(paste.way, cases[i].expect, "%s", cases[i].what);
                cr_expect_eq(paste.carrier, cases[i].carrier, "%s", cases[i].what);
                cr_expect_eq(paste.asks_reach, cases[i].asks, "%s", cases[i].what);
                cr_expect_eq(paste.note == NULL, cases[i].note == NULL, "%s", cases[i].what);
                if (cases[i].note != NULL && paste.note != NULL)
                        cr_expect_not_null(strstr(paste.note, cases[i].note), "%s", paste.note);
        }
}
