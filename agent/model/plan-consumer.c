/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_consumer: from what is seen of one consumer to what is done about it.
 *
 * The steps are asked in the order of how little they touch: an open swap comes first, since
 * somebody's container may be down; then what needs no action; then every reason to wait, refuse or
 * give up; a re-creation begins only where none of them holds.
 */
#include "model/plan-consumer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"
#include "model/deciding.h"
#include "model/kept.h"
#include "model/labels.h"
#include "model/link.h"
#include "model/plan-begin.h"
#include "model/plan-share.h"
#include "model/plan-swap.h"
#include "model/recreate.h"
#include "model/rolls.h"
#include "model/settle.h"
#include "model/swap-beside.h"
#include "model/swap-steps.h"
#include "model/target.h"
#include "model/targets.h"
#include "model/unlink.h"

#define SWAP_CONTAINERS_MAX 128

/* What a stop takes longer than its timeout. */
#define STOP_SLACK_SEC 2

static bool is_network(Way way) {
        return way == WAY_NETWORK;
}

/* Its gateway must answer before it is linked by it. */
static bool asks_reach(const Deciding *deciding, Way way) {
        return way == WAY_GATEWAY && deciding->context->provider->probe_reach;
}

static void add_join(const Deciding *deciding, const SeenContainer *seen) {
        plan_add_join(
                deciding->plan, seen->container->id, seen->place.network, seen->place.name,
                /* as_host= */ false
        );
}

static bool is_paused(const ConsumerContext *context) {
        return context->pause != NULL && context->pause->kind != PAUSE_NONE;
}

/* Not linked, and up: every reason to wait, then the swap. */
static void link_one(
        const Deciding *deciding,
        const SeenContainer *seen,
        Way way,
        Carrier carrier,
        const Link *link
) {
        deciding->plan->gap = rolls_gap(seen->container);
        deciding->plan->gap_why = rolls_gap_why(seen->container);
        deciding->plan->intent = link_describe(link);
        deciding->plan->subject = strdup(seen->container->id);
        if (deciding->plan->subject == NULL || deciding->plan->intent == NULL) {
                deciding->plan->error = -ENOMEM;
                return;
        }
        if (is_paused(deciding->context)) {
                if (!deciding_is_unfit(deciding, seen->container))
                        (void) deciding_is_paused(deciding);
                return;
        }
        if (deciding_lacks_provider(deciding, seen->container, carrier))
                return;
        if (deciding_is_unfit(deciding, seen->container))
                return;
        cleanup(freep) char *fingerprint = link_fingerprint(link);
        if (deciding_must_wait_after_failures(deciding, fingerprint))
                return;
        if (is_network(way) && carrier != CARRIER_STACK)
                add_join(deciding, seen);
        if (deciding_must_settle(deciding, seen)
            || deciding_lacks_observations(deciding, seen, asks_reach(deciding, way))
            || plan_lacks_donors(deciding->view, seen->container, deciding->plan))
                return;
        if (is_network(way) && carrier != CARRIER_STACK && deciding_lacks_join(deciding, seen))
                return;
        if (deciding->context->finishing) {
                plan_say(deciding->plan, LINK_WAITING, "coollamad is stopping");
                return;
        }
        if (plan_has_dependents(
                    deciding->view, seen->container, deciding->plan->intent, deciding->plan
            ))
                return;

        const Begin begin = {
                .container = seen->container,
                .link = link,
                .lost = deciding_lost_files(deciding, seen),
                .image = deciding_image_of(deciding, seen->container),
        };
        plan_begin_swap(deciding->view, deciding->context, &begin, deciding->plan);
}

/* After an outage; by id, and only what runs: one that its user stopped stays stopped. */
static void restart(const Deciding *deciding, const SeenContainer *seen) {
        Plan *plan = deciding->plan;

        plan->restarts = true;
        free(plan->subject);
        plan->subject = strdup(seen->container->id);
        plan_say(plan, LINK_LINKED, "being restarted: Ollama is back");
        plan_add_call(
                plan,
                (PlanCall){ .method = "POST",
                            .expect = EXPECT_DONE | EXPECT_GONE,
                            .timeout_usec =
                                    (container_stop_timeout(seen->container) + 60) * USEC_PER_SEC,
                            .what = "restart it, since Ollama is back" },
                "/containers/%s/restart", seen->container->id
        );
}

/* The engine, or we, were killed between its stop and its start, or it did not come up: nobody else
 * starts it. */
static bool start_what_was_cut_short(const Deciding *deciding) {
        Plan *plan = deciding->plan;

        for (size_t i = 0; i < deciding->targets.n; i++) {
                const SeenContainer *seen = deciding->targets.list[i];

                if (!seen->debt.cut_short)
                        continue;
                plan_say(plan, LINK_WAITING, "being started again: its restart was cut short");
                plan_add_call(
                        plan,
                        (PlanCall){ .method = "POST",
                                    .expect = EXPECT_DONE | EXPECT_ALREADY | EXPECT_GONE,
                                    .what = "start it again, since its restart was cut short" },
                        "/containers/%s/start", seen->container->id
                );
                return true;
        }
        return false;
}

/* Its user may be stopping it right now: our restart would start it again. */
static bool is_being_stopped(const Deciding *deciding, const SeenContainer *seen) {
        uint64_t until_usec =
                seen->signalled_usec
                + (container_stop_timeout(seen->container) + STOP_SLACK_SEC) * USEC_PER_SEC;

        if (seen->signalled_usec == 0 || until_usec <= deciding->now_usec)
                return false;
        plan_wake_at(deciding->plan, until_usec);
        return true;
}

static bool is_to_be_restarted(const Deciding *deciding, const SeenContainer *seen) {
        return debt_due(&seen->debt, deciding->plan->recovery) == DUE_RESTART
               && deciding->context->provider->up && !deciding->context->finishing
               && !is_paused(deciding->context) && !is_being_stopped(deciding, seen);
}

static bool has_paused_container(const Deciding *deciding) {
        for (size_t i = 0; i < deciding->targets.n; i++)
                if (deciding->targets.list[i]->container->state == CONTAINER_PAUSED)
                        return true;
        return false;
}

static void say_linked(const Deciding *deciding) {
        Plan *plan = deciding->plan;

        if (plan->replicas == 0 && has_paused_container(deciding)) {
                plan_say(plan, LINK_STOPPED, "paused");
                plan_next_step(plan, "docker unpause");
        } else if (plan->replicas == 0) {
                plan_say(plan, LINK_STOPPED, "not running");
        } else if (deciding_says_that_it_asks(deciding)) {
                return;
        } else if (plan->note != NULL) {
                plan_say(plan, LINK_ONE_STEP_LEFT, "%s", plan->note);
                plan_next_step(plan, "if that is not meant, take it away and deploy it again");
        } else if (plan->carrier == CARRIER_STACK) {
                plan_say(plan, LINK_LINKED, "the proxy knows it by its network");
                if (plan->hint != NULL && !deciding->view->key_seen)
                        plan_next_step(plan, "%s", plan->hint);
        } else if (plan->hint != NULL && !deciding->view->key_seen) {
                plan_say(
                        plan, LINK_ONE_STEP_LEFT,
                        "the right values are in place, but no request with its key was answered yet"
                );
                plan_next_step(plan, "%s", plan->hint);
        } else
                plan_say(plan, LINK_LINKED, "the right values are in place");
}

/* In another container's network, which has no host entry. *acted as below. */
static bool lacks_host_entry(
        const Deciding *deciding, const SeenContainer *seen, const Link *link, bool *acted
) {
        cleanup(freep) char *intent = link_describe(link);
        cleanup(plan_freep) Plan *aside = *acted ? plan_new() : NULL;
        Plan *plan = *acted ? aside : deciding->plan;

        if (intent == NULL || plan == NULL) {
                deciding->plan->error = -ENOMEM;
                return true;
        }
        if (!plan_lacks_host_entry(
                    deciding->view, deciding->context->provider, seen->container, intent, plan
            ))
                return false;
        if (!*acted && plan->intent == NULL)
                plan->intent = take_ptr(intent);
        *acted = true;
        return true;
}

static void ask_for_image(const Deciding *deciding, const SeenContainer *seen) {
        Plan *plan = deciding->plan;

        plan->needs |= NEED_IMAGE;
        plan->subject = strdup(seen->container->id);
        plan->error = plan->subject ? plan->error : -ENOMEM;
        plan_say(plan, LINK_WAITING, "looking at its image");
}

/* One that does not show its key in URLs (any more): nobody shall. */
static bool closes_urls(const Deciding *deciding, Carrier carrier, bool acted) {
        if (acted || carrier == CARRIER_URL || !deciding->view->key_in_url
            || deciding->context->finishing || is_paused(deciding->context))
                return false;
        plan_say(deciding->plan, LINK_LINKED, "the right values are in place");
        plan_add_key(deciding->plan, NULL, false, "keep its key out of URLs");
        return true;
}

/* Known by its network it will be once the proxy is there, and knows by which address. */
static void be_known(const Deciding *deciding, const SeenContainer *seen, bool *acted) {
        const SeenPlace *place = &seen->place;
        Plan *plan = deciding->plan;

        plan_add_join(
                plan, seen->container->id, place->own_network, place->own_name, /* as_host= */ true
        );
        if (place->known) {
                plan->linked++;
        } else if (!*acted) {
                *acted = true;
                plan_say(
                        plan, LINK_LINKING, "the proxy joins its network %s, to know it by that",
                        place->own_name
                );
        }
}

/* The right values are in place. *acted as below. */
static void keep_linked(
        const Deciding *deciding, const SeenContainer *seen, Way way, Carrier carrier, bool *acted
) {
        Plan *plan = deciding->plan;
        bool by_network = is_network(way) && carrier != CARRIER_STACK;
        bool cut_off = by_network && !seen->place.joined;

        if (carrier == CARRIER_STACK) {
                be_known(deciding, seen, acted);
                cut_off = !seen->place.known;
        } else
                plan->linked++;
        if (by_network)
                add_join(deciding, seen);
        if (by_network && cut_off && seen->place.join_failure != NULL && !*acted) {
                *acted = true;
                (void) deciding_lacks_join(deciding, seen);
        }
        /* Whatever holds up the others keeps it from no restart. */
        if (closes_urls(deciding, carrier, *acted)) {
                *acted = true;
        } else if (!cut_off && plan->n_actions == 0 && plan->needs == 0 && is_to_be_restarted(deciding, seen)) {
                *acted = true;
                restart(deciding, seen);
        }
}

/* One target that is up. *acted: something is done about one of them; then no other is touched. */
static int link_target(const Deciding *deciding, const SeenContainer *seen, bool *acted) {
        Plan *plan = deciding->plan;
        cleanup(plan_freep) Plan *aside = *acted ? plan_new() : NULL;
        cleanup(link_done) Link link = { 0 };
        Deciding choosing = *deciding;
        Carrier carrier = CARRIER_NONE;
        Error err = { 0 };
        Way way = WAY_GATEWAY;

        if (*acted) /* then nothing is asked for any more */
                choosing.plan = aside;
        int r = choosing.plan ? deciding_choose_way(&choosing, seen, &way, &carrier, &link, &err)
                              : -ENOMEM;
        if (r == -ENOMEM)
                return r;

        bool keyless = deciding_lacks_key(deciding, carrier);
        bool by_host = way == WAY_GATEWAY || way == WAY_EXTERNAL;
        if (r > 0 || (r < 0 && !(r == -ENODATA && keyless))) {
                *acted = *acted || r > 0 || deciding_is_refused(deciding, r, &err);
        } else if (by_host && lacks_host_entry(deciding, seen, &link, acted)) {
                return 0;
        } else if (r >= 0 && link_is_in_place(&link) && !keyless) {
                if (link.note[0] != '\0')
                        plan_note(plan, "%s", link.note);
                keep_linked(deciding, seen, way, carrier, acted);
        } else if (!*acted) {
                *acted = true;
                if (link.needs_image)
                        ask_for_image(deciding, seen);
                else
                        link_one(deciding, seen, way, carrier, &link);
        }
        return 0;
}

/* Looks at all targets; acts on the first that is up and not linked. */
static int link_targets(const Deciding *deciding) {
        bool acted = false;

        for (size_t i = 0; i < deciding->targets.n; i++) {
                if (!container_is_up(deciding->targets.list[i]->container))
                        continue;
                deciding->plan->replicas++;
                int r = link_target(deciding, deciding->targets.list[i], &acted);
                if (r < 0)
                        return r;
        }
        if (!acted)
                say_linked(deciding);
        return 0;
}

static int find_ways(Deciding *deciding, Error *err) {
        return ways_find(
                deciding->wish, deciding->context->profiles,
                deciding->targets.list[0]->container->image, &deciding->ways, err
        );
}

/* An adopted Ollama that has opted in, or whose stack has. */
static bool is_the_provider(const Deciding *deciding) {
        const ConsumerView *view = deciding->view;
        const char *provider = deciding->context->provider->own_identity;
        const Container *first = deciding->targets.list[0]->container;
        Plan *plan = deciding->plan;

        if (provider == NULL || strcmp(provider, view->identity->key) != 0)
                return false;
        plan_say(plan, LINK_REFUSED, "it is the shared Ollama itself, which is never changed");
        switch (opt_in_of(first->labels, first->image, &view->opt_in)) {
        case OPT_IN_LABEL:
                plan_next_step(plan, "take the label coollama.enable off it");
                break;
        case OPT_IN_STACK:
                plan_next_step(plan, "give it the label coollama.enable=false");
                break;
        case OPT_IN_ORDER:
        case OPT_IN_NOT:
                plan_next_step(plan, "coollama unlink %s", view->identity->human);
                break;
        }
        return true;
}

static int decide(Deciding *deciding) {
        Plan *plan = deciding->plan;
        Error err = { 0 };

        targets_find(deciding->view, &deciding->targets);
        if (deciding->targets.n == 0) {
                plan_say(plan, LINK_STOPPED, "no container");
                plan->bare = deciding->view->unlinked;
                return 0;
        }
        if (start_what_was_cut_short(deciding))
                return 0;
        if (deciding->view->unlinked)
                return deciding_unlink_targets(deciding);
        if (is_the_provider(deciding))
                return 0;

        const Container *first = deciding->targets.list[0]->container;
        int r = opt_in_wish(
                first->labels, first->image, &deciding->view->opt_in, deciding->context->profiles,
                &deciding->wish
        );
        if (r < 0)
                return r;
        if (wish_has_problem(deciding->wish)) {
                plan_say(plan, LINK_REFUSED, "%s", deciding->wish->problem);
                plan_next_step(plan, "change the label and deploy it again");
                return 0;
        }
        if (deciding_is_refused(deciding, find_ways(deciding, &err), &err))
                return 0;
        plan->recovery =
                deciding->ways.has_recovery ? deciding->ways.recovery : deciding->context->recovery;
        if (deciding_changes_access(deciding))
                return 0;
        return link_targets(deciding);
}

/* How long nobody must have done anything: compose's own calls follow each other faster, but for
 * its stop. */
static uint64_t swap_quiet_usec(const Deciding *deciding, const SwapView *swap) {
        uint64_t settle_usec = deciding->context->settle_usec;
        uint64_t quiet_usec = settle_usec < 3 * USEC_PER_SEC ? settle_usec : 3 * USEC_PER_SEC;
        const Container *victim = swap_victim(swap);

        return quiet_usec + (victim ? container_stop_timeout(victim) * USEC_PER_SEC : 0);
}

/* Whoever came to live off it since the swap began is seen here: nothing has been stopped yet, and
 * what was begun is undone. */
static bool may_be_stopped(const SwapView *swap) {
        if (swap_is_proven_beside(swap))
                return true;
        return swap->record->phase == SWAP_PREPARE && swap->failure == NULL && swap->old != NULL
               && swap->made != NULL && swap->successor == NULL && container_is_up(swap->old);
}

/* Whoever had listed both acts within this time. */
#define LOST_USEC (3 * USEC_PER_SEC)

/* Our last action was to take the old one away. */
static bool is_lost(const Deciding *deciding, const SwapView *swap) {
        uint64_t touched_usec = deciding->view->touched_usec;

        return swap->record->phase == SWAP_STARTED && swap->old == NULL && swap->made == NULL
               && touched_usec != 0 && deciding->now_usec < touched_usec + LOST_USEC;
}

/*
 * A prune removes one after the other, and is told at its end. While containers are being removed,
 * whoever they are, it is not yet known what took away what is missing, nor whether the rest of it
 * goes the same way. Where they always are, that is not waited for.
 */
#define PRUNE_LULL_USEC (3 * USEC_PER_SEC)
#define PRUNE_MAX_USEC  (60 * USEC_PER_SEC)

static bool may_be_pruning(const Deciding *deciding, const SwapView *swap) {
        const ConsumerView *view = deciding->view;
        bool is_down = swap->made == NULL && swap->successor == NULL
                       && (swap->old == NULL || !container_is_up(swap->old));
        bool is_half = swap->made == NULL && swap->old != NULL
                       && swap_is_previous(swap->record, swap->old);

        return (is_down || is_half) && view->removed_usec != 0
               && deciding->now_usec < view->removed_usec + PRUNE_LULL_USEC
               && deciding->now_usec < view->touched_usec + PRUNE_MAX_USEC;
}

/* NULL for NULL. */
static const SeenContainer *find_seen(const Deciding *deciding, const Container *container) {
        const ConsumerView *view = deciding->view;

        for (size_t i = 0; i < view->n_containers; i++)
                if (view->containers[i].container == container)
                        return &view->containers[i];
        return NULL;
}

static uint64_t up_for(const Deciding *deciding, const Container *container) {
        const SeenContainer *seen = find_seen(deciding, container);

        return seen != NULL && seen->up_since_usec != 0 ? deciding->now_usec - seen->up_since_usec
                                                        : 0;
}

/* Coolify gives what it stops this time, whatever the container's own is, and removes it by its
 * name then. */
#define COOLIFY_STOP_USEC (35 * USEC_PER_SEC)

/*
 * What may have been listed with ours, which is gone, keeps its name as long as that. A rolling
 * deployment lists all others once its new one is healthy: until it is over it may be about to stop
 * what it has listed.
 */
static bool may_be_taken_by_name(const Deciding *deciding, const SwapView *swap) {
        const SeenContainer *old = find_seen(deciding, swap->old);
        bool rolls = swap->record->rolls;

        if (old == NULL || swap->record->phase != SWAP_ROLLBACK || (!rolls && swap->made != NULL))
                return false;
        if (old->signalled_usec != 0
            && old->signalled_usec + COOLIFY_STOP_USEC > deciding->now_usec)
                return true;
        return rolls && swap->successor != NULL && !deciding->context->finishing
               && deciding_judge_deployments(deciding, old).held;
}

/* An open swap: the record's containers, and quiet as compose needs it. */
static void decide_swap(const Deciding *deciding) {
        const ConsumerView *view = deciding->view;
        const Container *containers[SWAP_CONTAINERS_MAX];
        size_t n = 0;
        SwapView swap;

        for (size_t i = 0; i < view->n_containers && n < SWAP_CONTAINERS_MAX; i++)
                containers[n++] = view->containers[i].container;
        swap_look(view->record, containers, n, &swap);

        uint64_t quiet_usec = swap_quiet_usec(deciding, &swap);
        swap.quiet =
                (view->activity_usec == 0 || view->activity_usec + quiet_usec <= deciding->now_usec)
                && !may_be_pruning(deciding, &swap) && !may_be_taken_by_name(deciding, &swap);
        swap.rested = deciding->context->finishing || view->touched_usec == 0
                      || view->touched_usec + quiet_usec <= deciding->now_usec;
        swap.made_up_usec = up_for(deciding, swap.made);
        swap.hurried = deciding->context->finishing;
        swap.failure = view->failure;
        swap.removed = view->removed;
        swap.pruned =
                view->record->begun_usec != 0 && view->pruned_usec >= view->record->begun_usec;
        swap.lost = view->lost || is_lost(deciding, &swap);
        deciding->plan->lost = swap.lost;
        swap.members = view->observed.members;
        if (may_be_stopped(&swap)) {
                const char *dependents = NULL;

                if (plan_stop_needs_dependents(view, swap.old, deciding->plan, &dependents))
                        return;
                swap.failure = dependents;
        }
        plan_swap(&swap, deciding->now_usec, deciding->plan);
        if (view->retry_usec > deciding->now_usec && deciding->plan->n_actions > 0)
                deciding->plan->wake_usec = view->retry_usec;
}

int plan_consumer(
        const ConsumerView *view, const ConsumerContext *context, uint64_t now_usec, Plan **ret
) {
        cleanup(plan_freep) Plan *plan = plan_new();
        if (plan == NULL)
                return -ENOMEM;

        Deciding deciding = {
                .view = view, .context = context, .now_usec = now_usec, .plan = plan
        };
        int r = 0;
        if (view->record != NULL)
                decide_swap(&deciding);
        else
                r = decide(&deciding);
        deciding.wish = wish_free(deciding.wish);

        if (r < 0 || plan->error < 0)
                return r < 0 ? r : plan->error;
        *ret = take_ptr(plan);
        return 0;
}
