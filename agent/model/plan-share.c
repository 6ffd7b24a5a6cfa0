/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing of namespaces, as a plan sees it.
 *
 * A container in the network of another one and that other one hang together: the first cannot be
 * given a host entry, the second cannot be re-created without cutting the first off. So neither is
 * touched where it would take both; the values in the definition of the second mend it, since what
 * is right already is linked without being touched.
 */
#include "model/plan-share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/dependents.h"
#include "model/donors.h"
#include "model/link.h"

/* It is observed first, and then planned again. */
static bool ask(Plan *plan, Need need, const Container *container, const char *what) {
        plan->needs |= need;
        free(plan->subject);
        plan->subject = strdup(container->id);
        if (plan->subject == NULL)
                plan->error = -ENOMEM;
        plan_say(plan, LINK_WAITING, "%s", what);
        return true;
}

static bool ask_for_donors(Plan *plan, const Container *container) {
        return ask(plan, NEED_DONORS, container, "looking at the container that it lives off");
}

static void next_by_hand(Plan *plan, const char *intent, const char *which) {
        bool any = intent != NULL && intent[0] != '\0';

        plan_next_step(
                plan, "write %s into %s own definition, and deploy both again",
                any ? intent : "the values", which
        );
}

static bool refuse_orphan(Plan *plan, const DonorRef *ref) {
        plan_say(
                plan, LINK_REFUSED, "it has %s from the container %.*s, which is gone",
                donor_kind_to_string(ref->kind), ref->length < 64 ? ref->length : 12, ref->who
        );
        plan_next_step(plan, "deploy both again");
        return true;
}

bool plan_lacks_host_entry(
        const ConsumerView *view,
        const ProviderFacts *provider,
        const Container *container,
        const char *intent,
        Plan *plan
) {
        const ConsumerObservations *observed = &view->observed;
        DonorRef ref;

        if (!provider->host_entry || !donors_network(container, &ref))
                return false;
        if (!observed->donors_known)
                return ask_for_donors(plan, container);

        const Container *owner = donors_owner(observed->donors, observed->n_donors, container);
        if (owner == NULL)
                return refuse_orphan(plan, &ref);
        const char *entry = container_host_entry(owner, LINK_HOST);
        if (entry != NULL) {
                if (strcmp(entry + strlen(LINK_HOST) + 1, "host-gateway") != 0)
                        plan_note(
                                plan,
                                "the host entry for " LINK_HOST
                                " of %.60s is kept as its user set it",
                                owner->name
                        );
                return false;
        }

        plan_say(
                plan, LINK_REFUSED,
                "it shares the network of %.60s, which has no host entry for " LINK_HOST,
                owner->name
        );
        plan_next_step(
                plan,
                "write the host entry " LINK_HOST_ENTRY
                " (extra_hosts) into the definition of %.60s, and deploy both again%s%s",
                owner->name, intent[0] != '\0' ? "; this one then gets " : "", intent
        );
        return true;
}

bool plan_lacks_donors(const ConsumerView *view, const Container *container, Plan *plan) {
        const ConsumerObservations *observed = &view->observed;
        DonorRef refs[DONOR_REFS_MAX];
        size_t n = donors_find(container->inspect, refs, DONOR_REFS_MAX);

        if (n > 0 && !observed->donors_known)
                return ask_for_donors(plan, container);
        for (size_t i = 0; i < n; i++) {
                const Donor *donor = donors_get(observed->donors, observed->n_donors, &refs[i]);

                if (donor == NULL || donor->container == NULL)
                        return refuse_orphan(plan, &refs[i]);
                if (refs[i].kind == DONOR_VOLUMES || container_is_up(donor->container))
                        continue;
                plan_say(
                        plan, LINK_WAITING, "it has %s from %.60s, which is %s",
                        donor_kind_to_string(refs[i].kind), donor->container->name,
                        container_state_to_string(donor->container->state)
                );
                plan_next_step(plan, "start that one");
                return true;
        }
        return false;
}

static bool knows_dependents(const ConsumerObservations *observed, const Container *container) {
        return observed->dependents_known && strcmp(observed->dependents_id, container->id) == 0;
}

bool plan_has_dependents(
        const ConsumerView *view, const Container *container, const char *intent, Plan *plan
) {
        if (!knows_dependents(&view->observed, container))
                return ask(
                        plan, NEED_DEPENDENTS, container,
                        "looking for others that live off it before it is re-created"
                );
        if (view->observed.dependents == NULL)
                return false;

        plan_say(
                plan, LINK_REFUSED,
                "others live off it, and would be cut off if it were re-created: %s",
                view->observed.dependents
        );
        next_by_hand(plan, intent, "its");
        return true;
}

bool plan_stop_needs_dependents(
        const ConsumerView *view, const Container *old, Plan *plan, const char **ret_why
) {
        *ret_why = NULL;
        if (!knows_dependents(&view->observed, old))
                return ask(
                        plan, NEED_DEPENDENTS, old,
                        "looking for others that live off it before it is stopped"
                );
        *ret_why = view->observed.dependents;
        return false;
}
