/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "model/plan-consumer.h"

/*
 * Sharing: what the planner decides about containers that live off others, and about those that
 * others live off. Each returns true when it has said why nothing more can be done now (a refusal,
 * a reason to wait, or a Need with its subject).
 */

/*
 * One in another container's network: its hosts file is that one's, so the variables alone are
 * enough where that one has the host entry, and nothing is where it has not. Asked before the
 * container may count as linked. intent: what linking it would add.
 */
bool plan_lacks_host_entry(
        const ConsumerView *view,
        const ProviderFacts *provider,
        const Container *container,
        const char *intent,
        Plan *plan
);

/* Those whose namespaces or volumes it has must be there, and run, or the new one could not. */
bool plan_lacks_donors(const ConsumerView *view, const Container *container, Plan *plan);

/* Nobody may live off it. Asked last, right before it is touched; intent as above. */
bool plan_has_dependents(
        const ConsumerView *view, const Container *container, const char *intent, Plan *plan
);

/* The same once more, right before an old one is stopped: true when it must be asked first; *why is
 * set (borrowed) when there are some. */
bool plan_stop_needs_dependents(
        const ConsumerView *view, const Container *old, Plan *plan, const char **ret_why
);
