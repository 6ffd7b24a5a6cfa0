/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold: every reason to leave a container as it is for now, in the order of what asking costs.
 * Those that need a request come last.
 */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "model/deciding.h"
#include "model/plan-share.h"
#include "model/recreate.h"
#include "model/settle.h"
#include "model/target.h"

/* A container that runs longer may hold files that exist nowhere else. */
#define YOUNG_USEC (600 * USEC_PER_SEC)

bool deciding_is_own_member(const Deciding *deciding, const Container *container) {
        return provider_owns(deciding->context->provider, container);
}

const json_t *deciding_image_of(const Deciding *deciding, const Container *container) {
        const ConsumerObservations *observed = &deciding->view->observed;
        bool same = observed->image != NULL && observed->image_id != NULL
                    && strcmp(observed->image_id, container->image_id) == 0;
        return same ? observed->image : NULL;
}

bool deciding_is_refused(const Deciding *deciding, int r, const Error *err) {
        if (r >= 0)
                return false;
        plan_refuse(deciding->plan, err);
        return true;
}

/* What the container alone speaks against. What its owner can do is two things: change that, or
 * write the values himself. */
bool deciding_is_unfit(const Deciding *deciding, const Container *container) {
        Error err = { 0 };

        if (!deciding_is_refused(deciding, recreate_refusal(container->inspect, &err), &err))
                return false;

        const char *mend = recreate_mend(container->inspect);
        plan_next_step(
                deciding->plan, "%s%swrite %s into its own definition, and deploy it again",
                mend ? mend : "", mend ? ", or " : "", deciding->plan->intent
        );
        return true;
}

/* Its operator said that nothing is begun. */
bool deciding_is_paused(const Deciding *deciding) {
        const Pause *pause = deciding->context->pause;
        char sentence[PAUSE_SENTENCE_MAX];

        if (pause == NULL || pause->kind == PAUSE_NONE)
                return false;
        plan_say(deciding->plan, LINK_WAITING, "%s", pause_sentence(pause, sentence));
        plan_next_step(deciding->plan, "coollama resume");
        return true;
}

bool deciding_lacks_key(const Deciding *deciding, Carrier carrier) {
        const ConsumerView *view = deciding->view;

        return carrier != CARRIER_NONE
               && (view->key == NULL || (carrier == CARRIER_URL && !view->key_in_url));
}

/* One that stands in it already, as a variable or in a URL; cut behind it. NULL: none. */
static char *find_key(const Container *container) {
        const char *key = container_env(container, "OLLAMA_API_KEY");
        const json_t *env = json_object_get(json_object_get(container->inspect, "Config"), "Env");
        size_t i;
        json_t *entry;

        if (key != NULL && key[0] != '\0')
                return strdup(key);
        json_array_foreach(env, i, entry) {
                const char *text = json_string_value(entry);
                const char *at = text ? strstr(text, "/k/") : NULL;

                if (at != NULL)
                        return strndup(at + 3, strspn(at + 3, "0123456789abcdef"));
        }
        return NULL;
}

static void make_key(const Deciding *deciding, const Container *container, Carrier carrier) {
        char *found = find_key(container);

        plan_add_key(
                deciding->plan, found, carrier == CARRIER_URL,
                deciding->view->key ? "let its key into URLs" : "make its key"
        );
        if (found != NULL)
                explicit_bzero(found, strlen(found));
        free(found);
}

/* The provider, its key: what must be there before anything is touched. True when it is not. */
bool deciding_lacks_provider(
        const Deciding *deciding, const Container *container, Carrier carrier
) {
        const ConsumerView *view = deciding->view;
        const ProviderFacts *provider = deciding->context->provider;
        Plan *plan = deciding->plan;

        if (!provider->up) {
                plan_say(plan, LINK_WAITING, "Ollama is not up: %s", provider->why_down);
                return true;
        }
        if (carrier == CARRIER_NONE)
                return false;
        if (deciding_lacks_key(deciding, carrier)) {
                plan_say(plan, LINK_LINKING, "its key is being made");
                if (deciding->context->finishing)
                        return true;
                make_key(deciding, container, carrier);
                if (plan->granted != view->access)
                        plan_add_access(plan, plan->granted, "say what its key may do");
                return true;
        }
        if (!view->key_accepted) {
                plan_say(plan, LINK_WAITING, "the proxy does not know its key yet");
                return true;
        }
        return false;
}

/* Another link than the one that failed is a change, wherever it comes from: configuration,
 * profile, key. */
static bool is_another_try(const Deciding *deciding, const char *fingerprint) {
        const char *tried = deciding->view->tried;

        return tried != NULL && fingerprint != NULL && strcmp(tried, fingerprint) != 0;
}

bool deciding_must_wait_after_failures(const Deciding *deciding, const char *fingerprint) {
        const ConsumerView *view = deciding->view;
        const char *failure = view->failure ? view->failure : "unknown";

        if (is_another_try(deciding, fingerprint))
                return false;
        if (view->attempts >= LINK_ATTEMPTS_MAX) {
                plan_say(
                        deciding->plan, LINK_FAILED,
                        "given up after %u attempts, waiting for a change: %s", view->attempts,
                        failure
                );
                plan_next_step(
                        deciding->plan, "mend that and deploy it again, or coollama relink %s",
                        view->identity->human
                );
                return true;
        }
        if (view->attempts > 0 && view->retry_usec > deciding->now_usec) {
                plan_say(deciding->plan, LINK_WAITING, "trying again in a moment: %s", failure);
                plan_wake_at(deciding->plan, view->retry_usec);
                return true;
        }
        return false;
}

/*
 * Coolify does not say whom it deploys, so each of its applications may be meant; its services and
 * databases are deployed without a helper.
 */
DeploymentsVerdict deciding_judge_deployments(const Deciding *deciding, const SeenContainer *seen) {
        const Deployments *deployments = deciding->context->deployments;
        const char *type =
                json_string_value(json_object_get(seen->container->labels, "coolify.type"));

        if (deployments == NULL || type == NULL || strcmp(type, "application") != 0)
                return (DeploymentsVerdict){ .held = false };
        return deployments_judge(deployments, seen->up_since_usec, deciding->now_usec);
}

static bool is_being_deployed(const Deciding *deciding, const SeenContainer *seen) {
        if (seen->settled_since_usec == 0)
                return false;

        const DeploymentsVerdict verdict = deciding_judge_deployments(deciding, seen);
        if (verdict.overridden)
                plan_note(
                        deciding->plan, "linked although Coolify has been deploying for 10 minutes"
                );
        if (!verdict.held)
                return false;
        plan_say(deciding->plan, LINK_WAITING, "a deployment of Coolify is in progress");
        plan_wake_at(deciding->plan, verdict.until_usec);
        return true;
}

bool deciding_must_settle(const Deciding *deciding, const SeenContainer *seen) {
        SettleVerdict verdict;

        if (is_being_deployed(deciding, seen))
                return true;
        settle_judge(
                deciding->view, seen, deciding->context, deciding->ways.settle_usec,
                deciding->now_usec, &verdict
        );
        if (verdict.settled) {
                if (verdict.overridden)
                        plan_note(
                                deciding->plan,
                                "linked although its stack never became quiet for 10 minutes"
                        );
                return false;
        }
        if (verdict.needs_members) {
                deciding->plan->needs |= NEED_MEMBERS;
                plan_say(deciding->plan, LINK_WAITING, "looking at its stack");
                return true;
        }
        plan_say(deciding->plan, LINK_WAITING, "%s", verdict.reason);
        if (verdict.wake_usec > 0)
                plan_wake_at(deciding->plan, verdict.wake_usec);
        return true;
}

/* Files that would be lost: what can be copied is no reason, unless nobody could copy it. */
static bool may_lose_files(const Deciding *deciding, const SeenContainer *seen) {
        const ConsumerObservations *observed = &deciding->view->observed;
        const json_t *host = json_object_get(seen->container->inspect, "HostConfig");
        Plan *plan = deciding->plan;

        if (seen->age_usec > YOUNG_USEC && observed->precious != NULL && !seen->consented) {
                plan_say(
                        plan, LINK_PENDING,
                        "it has been running for more than 10 minutes and holds files that exist nowhere else: %s",
                        observed->precious
                );
                plan_next_step(
                        plan,
                        "deploy it again: it is linked right after its start; or lose them: coollama relink %s",
                        deciding->view->identity->human
                );
                return true;
        }
        if (observed->files_problem != NULL) {
                plan_say(plan, LINK_PENDING, "%s", observed->files_problem);
                return true;
        }
        if (json_array_size(observed->files) > 0
            && json_is_true(json_object_get(host, "ReadonlyRootfs"))) {
                plan_say(
                        plan, LINK_REFUSED,
                        "files were put into it before its start, and it is read-only: they cannot "
                        "be copied into a new one"
                );
                plan_next_step(plan, "mount them instead");
                return true;
        }
        return false;
}

/* By the gateway, which does not answer. */
static void refuse_gateway(const Deciding *deciding, const SeenContainer *seen) {
        const SeenPlace *place = &seen->place;
        Plan *plan = deciding->plan;
        char hindrance[HINDRANCE_MAX];

        plan->needs |= NEED_REACH; /* it is asked again, after a while */
        if (deciding_has_hindrance(deciding, seen, hindrance)) {
                plan_say(plan, LINK_REFUSED, "%s; %s", place->unreachable, hindrance);
                if (place->mend != NULL)
                        plan_next_step(plan, "%s", place->mend);
        } else {
                plan_say(plan, LINK_REFUSED, "%s", place->unreachable);
                plan_next_step(
                        plan, "%s%scoollama.reach=network", place->mend ? place->mend : "",
                        place->mend ? "; or " : ""
                );
        }
}

/* Files that would be lost, a gateway that does not answer: asked last, since asking costs a
 * request. */
bool deciding_lacks_observations(
        const Deciding *deciding, const SeenContainer *seen, bool asks_reach
) {
        const ConsumerObservations *observed = &deciding->view->observed;
        const SeenPlace *place = &seen->place;
        Plan *plan = deciding->plan;

        if (deciding_image_of(deciding, seen->container) == NULL)
                plan->needs |= NEED_IMAGE;
        if (!observed->changes_known || strcmp(observed->changes_id, seen->container->id) != 0)
                plan->needs |= NEED_CHANGES;
        if (asks_reach && !place->reach_known)
                plan->needs |= NEED_REACH;
        if (plan->needs != 0) {
                plan_say(plan, LINK_WAITING, "looking closer before it is re-created");
                return true;
        }
        if (may_lose_files(deciding, seen))
                return true;
        if (asks_reach && place->unreachable != NULL) {
                refuse_gateway(deciding, seen);
                return true;
        }
        return false;
}

/* The proxy is there before the consumer is: its first request must not fail. */
bool deciding_lacks_join(const Deciding *deciding, const SeenContainer *seen) {
        const SeenPlace *place = &seen->place;

        if (place->joined)
                return false;
        if (place->join_failure != NULL)
                plan_say(deciding->plan, LINK_WAITING, "%s", place->join_failure);
        else
                plan_say(
                        deciding->plan, LINK_WAITING, "the proxy is joining its network %s",
                        place->name
                );
        return true;
}

/* What its operator agreed to lose; NULL: nothing. */
const char *deciding_lost_files(const Deciding *deciding, const SeenContainer *seen) {
        return seen->age_usec > YOUNG_USEC ? deciding->view->observed.precious : NULL;
}
