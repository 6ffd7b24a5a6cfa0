/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/place.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "reconcile/look.h"

/* All of a stack call the proxy the same; a consumer without one has a name of its own. */
static const char *owner_of(const Consumer *consumer) {
        return consumer->project ? consumer->project->name : consumer->identity.key;
}

const char *place_name(const Reconciler *reconciler, const Consumer *consumer) {
        return names_find(reconciler->names, owner_of(consumer));
}

int place_give_name(Reconciler *reconciler, const Consumer *consumer, Error *err) {
        const char *name = NULL;

        return names_ensure(reconciler->names, owner_of(consumer), &name, err);
}

/* In another container's network it is that one's that counts. */
void place_container(
        const Reconciler *reconciler,
        const Consumer *consumer,
        const Donor *donors,
        size_t n_donors,
        SeenContainer *seen
) {
        const Container *owner = donors_owner(donors, n_donors, seen->container);
        const char *name = place_name(reconciler, consumer);
        SeenPlace *place = &seen->place;

        *place = (SeenPlace){ 0 };
        place->network = owner ? container_network(owner, &place->name) : NULL;
        if (place->network == NULL)
                return;
        const ProviderFacts *facts = provider_facts(reconciler->provider);
        if (facts->no_gateway != NULL) {
                place->reach_known = true;
                place->unreachable = facts->no_gateway;
        } else if (reconciler->reach != NULL) {
                reach_get(reconciler->reach, place);
        }
        place->joined =
                name != NULL
                && joins_is_joined(reconciler->joins, place->network, name, &place->join_failure);
}

void place_ask_reach(Reconciler *reconciler, const SeenPlace *place) {
        bool hopeless = provider_facts(reconciler->provider)->no_gateway != NULL;

        if (place->network != NULL && reconciler->reach != NULL && !hopeless)
                reach_ask(reconciler->reach, place->network, place->name);
}

void place_want(Reconciler *reconciler, const Consumer *consumer, const Plan *plan) {
        const char *name = place_name(reconciler, consumer);
        JoinWish wishes[LOOK_CONTAINERS_MAX];
        size_t n = 0;
        size_t i;
        json_t *item;

        /* With an open swap they stay as they are until its end. */
        if (consumer->record != NULL)
                return;
        json_array_foreach(plan->joins, i, item) {
                if (n == LOOK_CONTAINERS_MAX || name == NULL)
                        break;
                wishes[n++] = (JoinWish){
                        .container = json_string_value(json_object_get(item, "container")),
                        .network = json_string_value(json_object_get(item, "network")),
                        .network_name = json_string_value(json_object_get(item, "name")),
                        .aliases = &name,
                        .n_aliases = 1,
                };
        }
        cleanup(freep) char *why = text_format("for %s", consumer->identity.human);
        int r = joins_set(
                reconciler->joins, consumer->identity.key, why ? why : "for a consumer", wishes, n
        );
        if (r < 0)
                log_debug(
                        "%s: cannot be joined: %s", consumer->identity.human, strerrordesc_np(-r)
                );
}
