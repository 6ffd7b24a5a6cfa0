/* SPDX-License-Identifier: Apache-2.0 */
#include "model/paste.h"

#include <errno.h>

#include "model/deciding.h"

static bool has_hindrance(const PasteInput *input, char why[static HINDRANCE_MAX]) {
        const ConsumerContext context = { .provider = input->provider, .api = input->api };
        const Deciding deciding = { .context = &context };
        const SeenContainer seen = { .container = input->container, .place = input->place };

        return deciding_has_hindrance(&deciding, &seen, why);
}

static int choose_way(const PasteInput *input, Paste *ret, Error *err) {
        const SeenPlace *place = &input->place;
        Reach reach = input->ways->reach != REACH_AUTO ? input->ways->reach : input->reach;
        char why[HINDRANCE_MAX];

        ret->way = WAY_GATEWAY;
        if (way_is_given(input->provider, input->container, &ret->way))
                return 0;
        bool decided = way_from_string(input->way, &ret->way);
        if (decided && (input->linked || ret->way != WAY_GATEWAY))
                return 0;
        if (reach == REACH_NETWORK) {
                ret->way = WAY_NETWORK;
                return has_hindrance(input, why) ? error_set(
                               err, -EHOSTUNREACH, "it is to be reached by network, but %s", why
                       )
                                                 : 0;
        }
        if (decided && place->network == NULL)
                return 0;
        if (reach == REACH_AUTO && place->unreachable != NULL && !has_hindrance(input, why))
                ret->way = WAY_NETWORK;
        ret->asks_reach = reach == REACH_AUTO && input->provider->probe_reach && !place->reach_known
                          && place->network != NULL;
        return 0;
}

int paste_choose(const PasteInput *input, Paste *ret, Error *err) {
        *ret = (Paste){ 0 };
        int r = choose_way(input, ret, err);
        if (r < 0)
                return r;

        Carrier asked = carrier_of(input->provider, ret->way);
        bool decided = carrier_is_keyed(input->carrier) && carrier_is_keyed(asked);
        ret->carrier = decided ? input->carrier
                               : carrier_choose(input->ways, asked, NETWORK_SHARED).carrier;
        if (ret->carrier == CARRIER_STACK && !input->linked)
                return error_set(
                        err, -ENODATA,
                        "there is nothing to paste: the proxy is to know it by its network; where it "
                        "does not yet, coollama status says why"
                );
        if (ret->carrier == CARRIER_STACK)
                ret->note = "nothing has to be set: the proxy knows it by its network";
        else if (ret->asks_reach)
                ret->note = "whether the gateway answers on its network is being found out: ask "
                            "again in a moment, another address may be right";
        else if (!decided && carrier_is_keyed(asked) && input->ways->carriers[0] == AUTH_STACK)
                ret->note = "once it has opted in, and is alone with its stack in a network, "
                            "nothing has to be set";
        return 0;
}
