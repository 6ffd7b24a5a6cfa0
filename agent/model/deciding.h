/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/carrier.h"
#include "model/link.h"
#include "model/plan-consumer.h"
#include "model/target.h"
#include "model/targets.h"
#include "model/ways.h"

/*
 * Deciding: what the parts of plan_consumer() share. Not for others.
 */

/* One pass of deciding: who is meant, and what is known of the one at hand. */
typedef struct Deciding {
        const ConsumerView *view;
        const ConsumerContext *context;
        uint64_t now_usec;
        Plan *plan;
        Targets targets;
        Wish *wish;
        Ways ways; /* where there is a wish without a problem */
} Deciding;

/* Is it a member of the provider's own stack? */
bool deciding_is_own_member(const Deciding *deciding, const Container *container);

/* Must its key be made first, or let into URLs? */
bool deciding_lacks_key(const Deciding *deciding, Carrier carrier);

/* The document of its image; NULL while it is not known. */
const json_t *deciding_image_of(const Deciding *deciding, const Container *container);

/*
 * How it reaches the provider, told in the plan, and what linking it so would add, as
 * link_compute(). 1: something has to be found out first, which is asked for. -EHOSTUNREACH: by no
 * way, which err explains.
 */
int deciding_choose_way(
        const Deciding *deciding,
        const SeenContainer *seen,
        Way *ret,
        Carrier *carrier,
        Link *link,
        Error *err
);

/* Why the proxy cannot come into its network, in why; false: it can. */
#define HINDRANCE_MAX 300
bool deciding_has_hindrance(
        const Deciding *deciding, const SeenContainer *seen, char why[static HINDRANCE_MAX]
);

/*
 * Each is a reason not to re-create a container now; true: it is one, and it is said in the plan,
 * or asked for.
 */
bool deciding_is_refused(const Deciding *deciding, int r, const Error *err);
bool deciding_is_unfit(const Deciding *deciding, const Container *container);
bool deciding_is_paused(const Deciding *deciding);
bool deciding_lacks_provider(const Deciding *deciding, const Container *container, Carrier carrier);
bool deciding_must_wait_after_failures(const Deciding *deciding, const char *fingerprint);
bool deciding_must_settle(const Deciding *deciding, const SeenContainer *seen);
/* Is this one, an application of Coolify's, held by what Coolify deploys? */
DeploymentsVerdict deciding_judge_deployments(const Deciding *deciding, const SeenContainer *seen);
/* asks_reach: the gateway must answer. */
bool deciding_lacks_observations(
        const Deciding *deciding, const SeenContainer *seen, bool asks_reach
);
bool deciding_lacks_join(const Deciding *deciding, const SeenContainer *seen);

/* What its key may do is not what it should be: the plan changes that, and nothing else. */
bool deciding_changes_access(const Deciding *deciding);

/* Linked, but its label asks for what only its operator can give: true, and it is said. */
bool deciding_says_that_it_asks(const Deciding *deciding);

/* What its operator agreed to lose; NULL: nothing. */
const char *deciding_lost_files(const Deciding *deciding, const SeenContainer *seen);

/* Nothing is linked again; what holds a link of ours loses it. -ENOMEM. */
int deciding_unlink_targets(const Deciding *deciding);
