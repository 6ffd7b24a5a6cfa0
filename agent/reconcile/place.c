/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/place.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "model/joins.h"
#include "model/own-network.h"
#include "reconcile/look.h"

/* All of a stack call the proxy the same; a consumer without one has a name of its own. */
static const char *owner_of(const Identity *identity) {
        return identity->project[0] != '\0' ? identity->project : identity->key;
}

const char *place_name(const Reconciler *reconciler, const Identity *identity) {
        return names_find(reconciler->names, owner_of(identity));
}

int place_give_name(Reconciler *reconciler, const Identity *identity, Error *err) {
        const char *name = NULL;

        return names_ensure(reconciler->names, owner_of(identity), &name, err);
}

/* Is a network its stack's alone, and does the proxy know it by that? */
static void look_whose(
        const Reconciler *reconciler,
        const Consumer *consumer,
        const Look *look,
        SeenContainer *seen
) {
        SeenPlace *place = &seen->place;
        const json_t *network = look_network(look);
        const char *id = json_string_value(json_object_get(network, "Id"));
        const char *why = NULL;

        place->own_network = own_network_find(seen->container, &place->own_name);
        if (place->own_network == NULL)
                place->own = NETWORK_SHARED;
        if (place->own_network == NULL || network == NULL)
                return;

        const char *const ours[] = { provider_proxy_id(reconciler->provider),
                                     reconciler->reach ? reach_at_work(reconciler->reach) : NULL };
        const OwnNetworkInput input = {
                .project = seen->container->project,
                .name = place->own_name,
                .network = id != NULL && strcmp(id, place->own_network) == 0 ? network : NULL,
                .containers = look_inmates(look),
                .ours = ours,
                .n_ours = ARRAY_LEN(ours),
        };
        bool own = own_network_is(&input, place->shared);
        const char *address = stacks_address(joins_document(reconciler->joins), place->own_network);

        place->own = own ? NETWORK_OWN : NETWORK_SHARED;
        place->known = own && address != NULL
                       && joins_is_joined(reconciler->joins, place->own_network, LINK_HOST, &why)
                       && provider_knows_network(
                               reconciler->provider,
                               stacks_number(reconciler->stacks, consumer->identity.key), address
                       );
}

/* The host's own address in the network. */
static const char *gateway_of(const json_t *network) {
        const json_t *config = json_object_get(json_object_get(network, "IPAM"), "Config");
        const char *gateway =
                json_string_value(json_object_get(json_array_get(config, 0), "Gateway"));

        return gateway ? gateway : "";
}

static void know_by_network(
        Reconciler *reconciler, const Consumer *consumer, const Plan *plan, const Look *look
) {
        const json_t *item = json_array_get(plan->joins, 0);
        bool as_host = json_is_true(json_object_get(item, "as_host"));
        const char *network = json_string_value(json_object_get(item, "network"));

        if (stacks_set(
                    reconciler->stacks, consumer->identity.key,
                    provider_key_number(reconciler->provider, consumer->identity.key),
                    as_host ? network : NULL, gateway_of(look_network(look))
            ))
                place_publish(reconciler);
}

void place_publish(Reconciler *reconciler) {
        ProxyNetwork list[JOINS_MAX];

        /* Before that, what the proxy knows already is as good as what is known here. */
        if (!joins_are_known(reconciler->joins) || reconciler->setup.finish)
                return;
        size_t n = stacks_list(
                reconciler->stacks, joins_document(reconciler->joins), list, ARRAY_LEN(list)
        );
        provider_know_networks(reconciler->provider, list, n);
}

void place_look(const Reconciler *reconciler, const Container *container, SeenPlace *place) {
        const ProviderFacts *facts = provider_facts(reconciler->provider);

        place->network = container_network(container, &place->name);
        if (place->network != NULL && facts->no_gateway != NULL) {
                place->reach_known = true;
                place->unreachable = facts->no_gateway;
        } else if (place->network != NULL && reconciler->reach != NULL) {
                reach_get(reconciler->reach, place);
        }
}

/* In another container's network it is that one's that counts. */
void place_container(
        const Reconciler *reconciler,
        const Consumer *consumer,
        const Look *look,
        SeenContainer *seen
) {
        size_t n_donors = 0;
        const Donor *donors = look_donors(look, &n_donors);
        const Container *owner = donors_owner(donors, n_donors, seen->container);
        const char *name = place_name(reconciler, &consumer->identity);
        SeenPlace *place = &seen->place;

        *place = (SeenPlace){ 0 };
        look_whose(reconciler, consumer, look, seen);
        if (owner != NULL)
                place_look(reconciler, owner, place);
        place->joined =
                name != NULL && place->network != NULL
                && joins_is_joined(reconciler->joins, place->network, name, &place->join_failure);
}

void place_ask_reach(Reconciler *reconciler, const SeenPlace *place) {
        bool hopeless = provider_facts(reconciler->provider)->no_gateway != NULL;

        if (place->network != NULL && reconciler->reach != NULL && !hopeless)
                reach_ask(reconciler->reach, place->network, place->name);
}

void place_want(
        Reconciler *reconciler, const Consumer *consumer, const Plan *plan, const Look *look
) {
        const char *const names[] = { place_name(reconciler, &consumer->identity), LINK_HOST,
                                      "ollama-proxy" };
        const char *name = names[0];
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
                        .aliases = names,
                        .n_aliases = json_is_true(json_object_get(item, "as_host")) ? 3 : 1,
                };
        }
        know_by_network(reconciler, consumer, plan, look);
        cleanup(freep) char *why = text_format("for %s", consumer->identity.human);
        int r = joins_set(
                reconciler->joins, consumer->identity.key, why ? why : "for a consumer", wishes, n
        );
        if (r < 0)
                log_debug(
                        "%s: cannot be joined: %s", consumer->identity.human, strerrordesc_np(-r)
                );
}

bool place_is_held(const Reconciler *reconciler, const char *container_id) {
        const Consumer *consumer = world_find_container(reconciler->world, container_id);
        if (consumer != NULL)
                return consumer->record != NULL || consumer->pass == PASS_EXECUTING;

        /* Its end was seen before it was heard of: that look will say what is wanted instead. */
        const char *owner = joins_owner(reconciler->joins, container_id);
        consumer = owner ? world_find(reconciler->world, owner) : NULL;
        return consumer != NULL && (consumer->record != NULL || consumer->pass != PASS_IDLE);
}

uint64_t place_number(const Reconciler *reconciler, const Consumer *consumer) {
        uint64_t by_network = stacks_number(reconciler->stacks, consumer->identity.key);

        return by_network != 0 ? by_network
                               : provider_key_number(reconciler->provider, consumer->identity.key);
}
