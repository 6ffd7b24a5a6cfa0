/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Way: how a consumer reaches the provider.
 *
 * What is right already is left as it is, by whichever way its values go; only where they go by
 * none does it matter what a probe found out. Nothing is injected for a way that does not work.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/deciding.h"
#include "model/donors.h"
#include "model/joins.h"
#include "model/template.h"

/* What its profile asks of its user, with what can be told by now. */
static void take_hint(const Deciding *deciding, const Target *target, Carrier carrier) {
        const char *hint = carrier_hint(&deciding->ways, carrier);
        const TemplateValues values = { .host = target->link.host, .port = target->link.port };
        char *text = NULL;

        if (hint == NULL || deciding->plan->hint != NULL
            || template_expand(hint, &values, &text, NULL) < 0)
                return;
        deciding->plan->hint = text;
}

static TargetInput
aim_by(const Deciding *deciding, const SeenContainer *seen, Way way, Carrier carrier) {
        return (TargetInput){
                .provider = deciding->context->provider,
                .way = way,
                .carrier = carrier,
                .key = deciding->view->key,
                .name = deciding->view->name,
                .host_is_taken = container_host_entry(seen->container, LINK_HOST) != NULL,
        };
}

/* What the container lacks by this way. */
static int
compute(const Deciding *deciding,
        const SeenContainer *seen,
        const TargetInput *aim,
        Target *target,
        Link *link,
        Error *err) {
        int r = target_make(aim, target);
        if (r < 0)
                return r;
        const LinkInput input = {
                .container = seen->container,
                .wish = deciding->wish,
                .profiles = deciding->context->profiles,
                .target = &target->link,
                .image = deciding_image_of(deciding, seen->container),
        };
        return link_compute(&input, link, err);
}

static Carrier carrier_by(const Deciding *deciding, Way way) {
        Carrier asked = carrier_of(deciding->context->provider, way);

        return carrier_choose(&deciding->ways, asked, NETWORK_SHARED).carrier;
}

static bool is_in_place(const Deciding *deciding, const SeenContainer *seen, Way way) {
        cleanup(link_done) Link link = { 0 };
        Carrier carrier = carrier_by(deciding, way);
        const TargetInput aim = aim_by(deciding, seen, way, carrier);
        Target target;
        Error err = { 0 };

        return !deciding_lacks_key(deciding, carrier)
               && compute(deciding, seen, &aim, &target, &link, &err) >= 0
               && link_is_in_place(&link);
}

bool deciding_has_hindrance(
        const Deciding *deciding, const SeenContainer *seen, char why[static HINDRANCE_MAX]
) {
        const ProviderFacts *provider = deciding->context->provider;
        const SeenPlace *place = &seen->place;

        if (!provider->joins)
                (void) snprintf(why, HINDRANCE_MAX, "there is no proxy of ours that could join it");
        else if (place->network == NULL)
                (void
                ) snprintf(why, HINDRANCE_MAX, "it is in no network that the proxy could join");
        else if (strcmp(place->name, "bridge") == 0)
                (void) snprintf(
                        why, HINDRANCE_MAX,
                        "the default bridge knows no names: it needs a network of its own"
                );
        else if (joins_is_refused(provider->home, place->name, deciding->context->api))
                (void) snprintf(
                        why, HINDRANCE_MAX,
                        "the name of its network %.60s sorts before %s: joining it would cut everybody's streams on this engine",
                        place->name, provider->home
                );
        else
                return false;
        return true;
}

/* In the network of a container that is known to have no host entry, which cannot be given one. */
static const Container *owner_without_entry(const Deciding *deciding, const SeenContainer *seen) {
        const ConsumerObservations *observed = &deciding->view->observed;
        DonorRef ref;

        if (!deciding->context->provider->host_entry || !donors_network(seen->container, &ref)
            || !observed->donors_known)
                return NULL;
        const Container *owner =
                donors_owner(observed->donors, observed->n_donors, seen->container);
        return owner != NULL && container_host_entry(owner, LINK_HOST) == NULL ? owner : NULL;
}

static void say(const Deciding *deciding, Way way, const char *why) {
        plan_set_way(deciding->plan, way_to_string(way), "%s", why);
}

/* What its values say already; true when they are right by one way. */
static bool is_right_already(const Deciding *deciding, const SeenContainer *seen, Way *ret) {
        char hindrance[HINDRANCE_MAX];

        if (seen->place.unreachable == NULL && owner_without_entry(deciding, seen) == NULL
            && is_in_place(deciding, seen, WAY_GATEWAY))
                *ret = WAY_GATEWAY;
        else if (deciding->view->name != NULL && !deciding_has_hindrance(deciding, seen, hindrance) && is_in_place(deciding, seen, WAY_NETWORK))
                *ret = WAY_NETWORK;
        else
                return false;
        say(deciding, *ret, "its values say so");
        return true;
}

static Way choose_by_probe(const Deciding *deciding, const SeenContainer *seen) {
        const SeenPlace *place = &seen->place;
        const Container *owner = owner_without_entry(deciding, seen);
        char text[HINDRANCE_MAX];

        if (place->unreachable == NULL && owner == NULL) {
                (void) snprintf(
                        text, sizeof text, "it answers on its network %.60s",
                        place->name ? place->name : "?"
                );
                say(deciding, WAY_GATEWAY, place->reach_known ? text : "to be found out");
                return WAY_GATEWAY;
        }
        if (deciding_has_hindrance(deciding, seen, text)) {
                say(deciding, WAY_GATEWAY, text);
                return WAY_GATEWAY;
        }
        if (owner != NULL) {
                (void) snprintf(
                        text, sizeof text, "%.60s, whose network it shares, has no host entry",
                        owner->name
                );
                say(deciding, WAY_NETWORK, text);
        } else {
                say(deciding, WAY_NETWORK, place->unreachable);
        }
        return WAY_NETWORK;
}

/* By what was asked for, in the label or the configuration. */
static int
choose_as_asked(const Deciding *deciding, const SeenContainer *seen, Way *ret, Error *err) {
        const Wish *wish = deciding->wish;
        Reach reach = deciding->ways.reach != REACH_AUTO ? deciding->ways.reach
                                                         : deciding->context->reach;
        const char *who = wish->has_reach                      ? "coollama.reach"
                          : deciding->ways.reach != REACH_AUTO ? "its profile"
                                                               : "reach in [link]";
        char text[HINDRANCE_MAX];

        if (reach == REACH_AUTO) {
                if (!is_right_already(deciding, seen, ret))
                        *ret = choose_by_probe(deciding, seen);
                return 0;
        }
        *ret = reach == REACH_NETWORK ? WAY_NETWORK : WAY_GATEWAY;
        if (*ret == WAY_NETWORK && deciding_has_hindrance(deciding, seen, text))
                return error_set(err, -EHOSTUNREACH, "%s says network, but %s", who, text);
        (void) snprintf(text, sizeof text, "%s says so", who);
        say(deciding, *ret, text);
        return 0;
}

static void ask(const Deciding *deciding, const SeenContainer *seen, Need need, const char *what) {
        Plan *plan = deciding->plan;

        plan->needs |= need;
        free(plan->subject);
        plan->subject = strdup(seen->container->id);
        if (plan->subject == NULL)
                plan->error = -ENOMEM;
        plan_say(plan, LINK_WAITING, "%s", what);
}

/* In another one's network it is that one's place that counts. */
static bool lacks_donors(const Deciding *deciding, const SeenContainer *seen) {
        DonorRef ref;

        if (deciding->view->observed.donors_known || !donors_network(seen->container, &ref))
                return false;
        ask(deciding, seen, NEED_DONORS, "looking at the container that it lives off");
        return true;
}

static bool lacks_name(const Deciding *deciding, const SeenContainer *seen, Way way) {
        if (way != WAY_NETWORK || deciding->view->name != NULL)
                return false;
        if (deciding->context->finishing)
                plan_say(deciding->plan, LINK_WAITING, "coollamad is stopping");
        else
                ask(deciding, seen, NEED_NAME, "the proxy is given a name for its network");
        return true;
}

static bool is_forced(const Deciding *deciding) {
        return deciding->ways.n_carriers == 1;
}

/* Is it in a network of its stack alone? What its user wrote into its hosts counts there before any
 * name that the proxy has. */
static NetworkAnswer network_answer(
        const Deciding *deciding, const SeenContainer *seen, char why[static HINDRANCE_MAX]
) {
        const ProviderFacts *provider = deciding->context->provider;
        const SeenPlace *place = &seen->place;
        DonorRef ref;

        if (!provider->joins || place->own_network == NULL
            || joins_is_refused(provider->home, place->own_name, deciding->context->api)) {
                (void) snprintf(
                        why, HINDRANCE_MAX,
                        "it is in no network of its stack's own that the proxy could join"
                );
                return NETWORK_SHARED;
        }
        if (donors_network(seen->container, &ref)) {
                (void) snprintf(why, HINDRANCE_MAX, "it has the network of another container");
                return NETWORK_SHARED;
        }
        if (!is_forced(deciding) && container_host_entry(seen->container, LINK_HOST) != NULL) {
                (void) snprintf(why, HINDRANCE_MAX, "it has a host entry " LINK_HOST " of its own");
                return NETWORK_SHARED;
        }
        if (seen->place.own == NETWORK_SHARED)
                (void) snprintf(why, HINDRANCE_MAX, "%s", seen->place.shared);
        return seen->place.own;
}

/* 1: it is to be known by its network; 0: by something else; 2: that is to be found out. */
static int choose_stack(const Deciding *deciding, const SeenContainer *seen, Error *err) {
        const Ways *ways = &deciding->ways;
        Carrier asked = carrier_of(deciding->context->provider, WAY_NETWORK);
        char why[HINDRANCE_MAX] = "";
        Way way;

        if (ways->carriers[0] != AUTH_STACK || asked == CARRIER_NONE
            || way_is_given(deciding->context->provider, seen->container, &way)
            || (!is_forced(deciding) && is_right_already(deciding, seen, &way)))
                return 0;

        CarrierChoice choice = carrier_choose(ways, asked, network_answer(deciding, seen, why));
        if (choice.impossible)
                return error_set(err, -EXDEV, "coollama.auth says stack, but %s", why);
        if (choice.needs_network) {
                ask(deciding, seen, NEED_NETWORK, "looking at who is in its network");
                return 2;
        }
        if (choice.carrier != CARRIER_STACK)
                return 0;
        say(deciding, WAY_NETWORK, "it is known by its network");
        return 1;
}

int deciding_choose_way(
        const Deciding *deciding,
        const SeenContainer *seen,
        Way *ret,
        Carrier *carrier,
        Link *link,
        Error *err
) {
        const ProviderFacts *provider = deciding->context->provider;
        Target target;

        if (!provider->external && lacks_donors(deciding, seen))
                return 1;
        int stack = choose_stack(deciding, seen, err);
        if (stack < 0 || stack == 2)
                return stack < 0 ? stack : 1;
        int r = 0;
        if (stack == 1)
                *ret = WAY_NETWORK;
        else if (way_is_given(provider, seen->container, ret))
                say(deciding, *ret,
                    *ret == WAY_EXTERNAL ? "url in [provider] says so"
                                         : "it is a member of Ollama's own stack");
        else
                r = choose_as_asked(deciding, seen, ret, err);
        if (r < 0)
                return r;
        if (lacks_name(deciding, seen, *ret))
                return 1;
        *carrier = stack == 1 ? CARRIER_STACK : carrier_by(deciding, *ret);
        deciding->plan->carrier = *carrier;
        const TargetInput aim = aim_by(deciding, seen, *ret, *carrier);
        r = compute(deciding, seen, &aim, &target, link, err);
        if (r != -ENOMEM && target.link.host != NULL)
                take_hint(deciding, &target, *carrier);
        return r;
}
