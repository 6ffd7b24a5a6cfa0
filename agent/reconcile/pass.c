/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: one look at one consumer, and what follows from it.
 *
 *   look at its containers > plan (> look closer, plan again) > execute > queue again
 *
 * A pass that executed anything, with whatever result, is followed by another: what an action did
 * is seen, never assumed. A pass whose plan is empty leaves a timer at most.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "reconcile/core.h"
#include "reconcile/place.h"
#include "reconcile/recall.h"
#include "reconcile/verdict.h"

#define CLOSER_LOOKS_MAX 6

typedef struct Pass {
        Reconciler *reconciler;
        Consumer *consumer;
        Look *look;
        Executor *executor;
        unsigned closer_looks;
        SeenContainer seen[LOOK_CONTAINERS_MAX];
        size_t n_seen;
        json_t *kept[LOOK_CONTAINERS_MAX]; /* what was replaced by those that are seen */
} Pass;

static void forget_kept(Pass *pass) {
        for (size_t i = 0; i < ARRAY_LEN(pass->kept); i++) {
                json_decref(pass->kept[i]);
                pass->kept[i] = NULL;
        }
}

static Pass *pass_free(Pass *pass) {
        (void) look_free(pass->look);
        (void) executor_free(pass->executor);
        forget_kept(pass);
        free(pass);
        return NULL;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
        Consumer *consumer = data;

        (void) source;
        (void) usec;
        queue_add(consumer->reconciler, consumer);
        return 0;
}

static void wake_at(Reconciler *reconciler, Consumer *consumer, uint64_t usec) {
        uint64_t accuracy_usec = 1;
        int r;

        consumer->reconciler = reconciler;
        if (consumer->timer == NULL) {
                r = sd_event_add_time(
                        reconciler->setup.event, &consumer->timer, CLOCK_MONOTONIC, usec,
                        accuracy_usec, on_timer, consumer
                );
        } else {
                r = sd_event_source_set_time(consumer->timer, usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(consumer->timer, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_debug("%s: no timer: %s", consumer->identity.human, strerrordesc_np(-r));
}

/* Others of the project may have waited for this one's swap. */
static void release_project(Reconciler *reconciler, Consumer *consumer) {
        Project *project = consumer->project;

        if (project == NULL || project->swapping != consumer)
                return;
        project->swapping = NULL;
        for (Consumer *other = project->first; other != NULL; other = other->next_in_project)
                if (other != consumer)
                        queue_add(reconciler, other);
}

static void pass_end(Pass *pass) {
        Reconciler *reconciler = pass->reconciler;
        Consumer *consumer = pass->consumer;

        consumer->current = NULL;
        consumer->pass = PASS_IDLE;
        reconciler->n_passes--;
        /* What failed because the engine went away is awaited when it is back. */
        bool seen = consumer->awaited && (reconciler->standing || consumer->n_tracked == 0);
        if (seen) {
                consumer->awaited = false;
                reconciler->n_unseen--;
        }
        if (consumer->record == NULL)
                release_project(reconciler, consumer);
        (void) pass_free(pass);
        queue_restart_next(reconciler);

        if (consumer->dirty) {
                consumer->dirty = false;
                queue_add(reconciler, consumer);
        } else {
                (void) world_drop_if_empty(reconciler->world, consumer);
        }
        if (reconciler->queue_first != NULL)
                (void) sd_event_source_set_enabled(reconciler->queue_source, SD_EVENT_ONESHOT);
        reconciler->setup.changed(reconciler->setup.data);
        reconciler_check(reconciler);
}

/* The engine did not answer, or no memory: look again after a while. */
static void pass_fail(Pass *pass, const char *reason) {
        Consumer *consumer = pass->consumer;
        uint64_t delay_usec = backoff_next(&consumer->backoff, random_u32());

        log_debug("%s: cannot look at it: %s", consumer->identity.human, reason);
        wake_at(pass->reconciler, consumer, clock_monotonic_usec() + delay_usec);
        pass_end(pass);
}

static void on_looked(int result, const Error *error, void *data);
static void pass_plan(Pass *pass);

void pass_begin(Reconciler *reconciler, Consumer *consumer) {
        Pass *pass = calloc(1, sizeof *pass);
        const SwapRecord *record = consumer->record;

        if (pass == NULL)
                return;
        pass->reconciler = reconciler;
        pass->consumer = consumer;
        consumer->current = pass;
        consumer->pass = PASS_OBSERVING;
        consumer->dirty = false;
        reconciler->n_passes++;

        int r = look_new(reconciler->engine, &reconciler->loners, on_looked, pass, &pass->look);
        for (size_t i = 0; r >= 0 && i < consumer->n_tracked; i++)
                r = look_add_container(pass->look, consumer->tracked[i].id, false);
        if (r >= 0 && record != NULL)
                r = look_add_container(pass->look, record->old_id, false);
        if (r >= 0 && record != NULL && record->new_id[0] != '\0')
                r = look_add_container(pass->look, record->new_id, false);
        if (r >= 0 && record != NULL && (record->new_id[0] == '\0' || record->again))
                r = look_add_container(pass->look, record->name, true);
        if (r >= 0)
                r = look_start(pass->look);
        if (r < 0)
                pass_fail(pass, strerrordesc_np(-r));
}

void pass_cancel(Consumer *consumer) {
        if (consumer->current != NULL)
                consumer->current = pass_free(consumer->current);
        consumer->pass = PASS_IDLE;
}

void pass_container_changed(Consumer *consumer, const char *container_id) {
        if (consumer->pass == PASS_EXECUTING)
                executor_container_changed(consumer->current->executor, container_id);
}

/* Wall-clock age: whether a container had time to collect files of its own. */
static uint64_t age_of(const Container *container) {
        int64_t started_sec = 0;
        uint32_t nsec = 0;

        if (!container->ever_started
            || timestamp_parse(container->started_at, &started_sec, &nsec) < 0 || started_sec < 0)
                return 0;
        uint64_t started_usec = (uint64_t) started_sec * USEC_PER_SEC;
        uint64_t now_usec = clock_realtime_usec();
        return now_usec > started_usec ? now_usec - started_usec : 0;
}

/* Whoever has taken the name in the middle of a swap may be somebody else's, and stays that. */
static bool is_of(const Consumer *consumer, const Container *container) {
        Identity identity;

        return identity_from_labels(container->labels, container->name, &identity, NULL) >= 0
               && strcmp(identity.key, consumer->identity.key) == 0;
}

/* What was found becomes what is tracked, and what the planner sees. */
static int take_look(Pass *pass) {
        Reconciler *reconciler = pass->reconciler;
        Consumer *consumer = pass->consumer;
        uint64_t now_usec = clock_monotonic_usec();
        size_t n = 0;
        const LookContainer *looked = look_containers(pass->look, &n);
        const OptInSources sources = world_sources(reconciler->world, &consumer->identity);

        pass->n_seen = 0;
        for (size_t i = 0; i < n; i++) {
                Container *container = looked[i].container;

                if (container == NULL) {
                        if (!looked[i].by_name)
                                recovery_gone(reconciler->recovery, looked[i].id);
                        if (!looked[i].by_name
                            && world_find_container(reconciler->world, looked[i].id) == consumer)
                                world_detach(reconciler->world, looked[i].id);
                        continue;
                }
                if (looked[i].by_name && !is_of(consumer, container))
                        continue;
                OptIn opt_in = opt_in_of(container->labels, container->image, &sources);
                if (opt_in == OPT_IN_NOT && consumer->record == NULL) {
                        world_detach(reconciler->world, container->id);
                        continue;
                }
                int r = world_attach(
                        reconciler->world, consumer, container->id, opt_in != OPT_IN_LABEL
                );
                if (r < 0)
                        return r;
                Tracked *tracked = consumer_tracked(consumer, container->id);
                tracked_update(tracked, container, now_usec);
                recovery_saw(reconciler->recovery, container);
                pass->seen[pass->n_seen++] = (SeenContainer){
                        .container = container,
                        .debt = recovery_debt(
                                reconciler->recovery, container, place_number(reconciler, consumer)
                        ),
                        .signalled_usec = tracked->signalled_usec,
                        .settled_since_usec = tracked->settled_since_usec,
                        .up_since_usec = tracked->up_since_usec,
                        .age_usec = age_of(container),
                };
        }
        return 0;
}

static const Container *newest_of(const Pass *pass) {
        const Container *newest = NULL;

        for (size_t i = 0; i < pass->n_seen; i++)
                if (newest == NULL || container_is_newer(pass->seen[i].container, newest))
                        newest = pass->seen[i].container;
        return newest;
}

/* Why it is a consumer, and what its newest container says for its project: one that is gone says
 * nothing. */
static void hear_newest(const Pass *pass) {
        const Container *newest = newest_of(pass);
        const OptInSources sources =
                world_sources(pass->reconciler->world, &pass->consumer->identity);

        if (newest != NULL)
                pass->consumer->opt_in = opt_in_of(newest->labels, newest->image, &sources);
        else
                pass->consumer->opt_in = sources.ordered ? OPT_IN_ORDER : OPT_IN_NOT;
        if (newest != NULL || pass->consumer->record == NULL)
                intake_speak(
                        pass->reconciler, pass->consumer,
                        newest ? opt_in_speech(newest->labels) : NULL
                );
}

static void on_looked(int result, const Error *error, void *data) {
        Pass *pass = data;

        if (result >= 0 && pass->closer_looks == 0) {
                result = take_look(pass);
                if (result >= 0)
                        hear_newest(pass);
                follow_check(pass->reconciler);
        }
        if (result < 0) {
                pass_fail(pass, error ? error_text(error) : strerrordesc_np(-result));
                return;
        }
        pass_plan(pass);
}

/* A new newest container is a change: what failed with the last one may work with this one. */
static void forget_attempts_of_others(const Pass *pass) {
        Consumer *consumer = pass->consumer;
        const Container *newest = newest_of(pass);

        if (consumer->record != NULL || newest == NULL)
                return;
        recall_forget(pass->reconciler, consumer, pass->seen, pass->n_seen);
        if (strcmp(consumer->newest, newest->id) == 0)
                return;

        (void) snprintf(consumer->newest, sizeof consumer->newest, "%s", newest->id);
        free(consumer->failure);
        consumer->failure = NULL;
        consumer->retry_usec = 0;
        backoff_reset(&consumer->backoff);
}

static ConsumerObservations observations(const Pass *pass) {
        const Look *look = pass->look;
        const LookFiles *files = look_files(look);
        size_t n_empty_volumes = 0;
        const char *const *empty_volumes = look_files_empty_volumes(files, &n_empty_volumes);
        size_t n_donors = 0;
        const Donor *donors = look_donors(look, &n_donors);

        return (ConsumerObservations){
                .image = look_image(look),
                .image_name_is_current = look_image_name_is_current(look),
                .image_id = look_image_id(look),
                .members_known = look_members(look) != NULL,
                .members = look_members(look),
                .busy_member = look_busy_member(look),
                .changes_known = look_changes_known(look),
                .changes_id = look_changes_id(look),
                .precious = look_files_precious(files),
                .files = look_files_paths(files),
                .empty_volumes = empty_volumes,
                .n_empty_volumes = n_empty_volumes,
                .files_problem = look_files_problem(files),
                .donors_known = look_donors_known(look),
                .donors = donors,
                .n_donors = n_donors,
                .dependents_known = look_dependents_known(look),
                .dependents_id = look_dependents_id(look),
                .dependents = look_dependents(look),
        };
}

/* Why the last attempt failed: of an open swap, of a plan without one, of the series. */
static const char *failure_of(const Consumer *consumer, const Remembered *remembered) {
        if (consumer->record != NULL)
                return consumer->swap_failure;
        if (consumer->failure != NULL)
                return consumer->failure;
        return remembered ? remembered->failure : NULL;
}

static int make_plan(Pass *pass, Plan **ret) {
        const Reconciler *reconciler = pass->reconciler;
        const Consumer *consumer = pass->consumer;
        const Remembered *remembered = memory_get(reconciler->memory, consumer->identity.key);
        uint64_t number = place_number(reconciler, consumer);
        const Config *config = reconciler->setup.config;
        const ConsumerContext context = {
                .provider = provider_facts(reconciler->provider),
                .profiles = reconciler->profiles,
                .api = engine_api(reconciler->engine),
                .recovery = config->recovery.action,
                .access = config->proxy.access,
                .reach = config->link.reach,
                .settle_usec = config->link.settle_usec,
                .settle_unchecked_usec = config->link.settle_unchecked_usec,
                .wall_usec = clock_realtime_usec(),
                .finishing = reconciler->stopping || reconciler->setup.finish,
                .pause = pause_get(reconciler->pause),
                .deployments = &reconciler->deployments,
        };
        const ConsumerView view = {
                .identity = &consumer->identity,
                .containers = pass->seen,
                .n_containers = pass->n_seen,
                .record = consumer->record,
                .key = provider_key(reconciler->provider, consumer->identity.key),
                .access = provider_access(reconciler->provider, consumer->identity.key),
                .trusted = remembered ? remembered->trusted : 0,
                .key_accepted =
                        provider_key_is_accepted(reconciler->provider, consumer->identity.key),
                .key_in_url = provider_key_is_in_url(reconciler->provider, consumer->identity.key),
                .key_seen = key_seen_was(reconciler->key_seen, number),
                .name = place_name(reconciler, &consumer->identity),
                .activity_usec = consumer->project ? consumer->project->activity_usec : 0,
                .touched_usec = consumer->touched_usec,
                .opt_in = world_sources(reconciler->world, &consumer->identity),
                .unlinked = recall_unlinks(reconciler, consumer),
                .attempts = remembered ? remembered->attempts : 0,
                .tried = remembered ? remembered->tried : NULL,
                .failure = failure_of(consumer, remembered),
                .removed = consumer->swap_removed,
                .lost = consumer->swap_lost,
                .pruned_usec = reconciler->pruned_usec,
                .removed_usec = reconciler->removed_usec,
                .retry_usec = consumer->retry_usec,
                .observed = observations(pass),
        };
        for (size_t i = 0; i < pass->n_seen; i++)
                place_container(reconciler, consumer, pass->look, &pass->seen[i]);
        return plan_consumer(&view, &context, clock_monotonic_usec(), ret);
}

static const Container *subject_of(const Pass *pass, const Plan *plan) {
        for (size_t i = 0; plan->subject != NULL && i < pass->n_seen; i++)
                if (strcmp(pass->seen[i].container->id, plan->subject) == 0)
                        return pass->seen[i].container;
        return NULL;
}

static int on_note(const Action *action, Error *err, void *data) {
        const Pass *pass = data;

        return recall_note(pass->reconciler, pass->consumer, action, err);
}

static void on_action(const Action *action, Outcome outcome, void *data) {
        Pass *pass = data;
        Consumer *consumer = pass->consumer;

        consumer->touched_usec = clock_monotonic_usec();
        if (action->kind == ACTION_RECORD) {
                SwapRecord *record = NULL;

                if (swap_record_from_json(action->u.record, &record, NULL) >= 0) {
                        (void) swap_record_free(consumer->record);
                        consumer->record = record;
                }
        } else if (action->kind == ACTION_FORGET) {
                verdict_remember_swap(consumer);
                consumer->record = swap_record_free(consumer->record);
        }
        log_event(
                LOG_INFO, NULL,
                FIELDS({ "CONSUMER", consumer->identity.key },
                       { "ACTION", action_kind_to_string(action->kind) },
                       { "OUTCOME", outcome_to_string(outcome) }),
                "%s: %s: %s", consumer->identity.human, action->what, outcome_to_string(outcome)
        );
}

static void on_executed(const ExecutorResult *result, void *data) {
        Pass *pass = data;
        Consumer *consumer = pass->consumer;
        const Plan *plan = executor_plan(pass->executor);

        consumer->touched_usec = clock_monotonic_usec();
        if (plan->restarts) {
                pass->reconciler->n_restarting--;
                if (result->result >= 0)
                        log_event(
                                LOG_NOTICE, MSG_RESTARTED,
                                FIELDS({ "CONSUMER", consumer->identity.key }),
                                "%s: restarted, since Ollama is back", consumer->identity.human
                        );
        }
        if (result->result < 0)
                verdict_plan_failed(consumer, plan, result);
        else
                verdict_plan_done(consumer, plan);
        consumer->dirty = true;
        pass_end(pass);
}

/* Takes the plan over. */
static void execute(Pass *pass, Plan *plan) {
        Reconciler *reconciler = pass->reconciler;
        Consumer *consumer = pass->consumer;
        const ExecutorSetup setup = {
                .event = reconciler->setup.event,
                .engine = reconciler->engine,
                .store = reconciler->store,
                .identity = consumer->identity.key,
                .note = on_note,
                .helpers = &reconciler->helpers,
                .done = on_executed,
                .tell = on_action,
                .data = pass,
        };

        int r = executor_start(&setup, plan, &pass->executor);
        if (r < 0) {
                (void) plan_free(plan);
                pass_fail(pass, strerrordesc_np(-r));
                return;
        }
        consumer->pass = PASS_EXECUTING;
        if (plan->restarts) {
                const Container *subject = subject_of(pass, plan);

                reconciler->n_restarting++;
                if (subject != NULL)
                        recovery_restarts(reconciler->recovery, subject);
        } else if (consumer->project != NULL && !plan_is_about_key(plan))
                consumer->project->swapping = consumer;
}

/* True when the plan has to wait for something that the planner cannot know. */
static bool is_held_back(const Pass *pass, Plan *plan) {
        Consumer *consumer = pass->consumer;
        const Project *project = consumer->project;

        if (plan->n_actions == 0)
                return false;
        if (consumer->retry_usec > clock_monotonic_usec()) {
                if (consumer->record == NULL)
                        plan_say(
                                plan, LINK_WAITING, "trying again in a moment: %s",
                                consumer->failure ? consumer->failure : "it failed"
                        );
                plan_wake_at(plan, consumer->retry_usec);
                return true;
        }
        if (plan_is_about_key(plan))
                return false;
        if (plan->restarts && !queue_may_restart(pass->reconciler)) {
                queue_wait_for_restart(pass->reconciler, consumer);
                return true;
        }
        if (project != NULL && project->swapping != NULL && project->swapping != consumer) {
                plan_say(
                        plan, LINK_WAITING, "waiting until %s of its stack is re-created",
                        project->swapping->identity.human
                );
                return true;
        }
        return false;
}

/* Whoever is owed nothing, now that its wishes are known. */
static void forgive(const Pass *pass, const Plan *plan) {
        for (size_t i = 0; i < pass->n_seen; i++) {
                const SeenContainer *seen = &pass->seen[i];

                if (seen->debt.owed && debt_due(&seen->debt, plan->recovery) == DUE_NOTHING)
                        recovery_forgive(pass->reconciler->recovery, seen->container->id);
        }
}

/* What others find out comes by itself. True when the pass has gone on, or ended, in here. */
static bool asks_others(Pass *pass, const Plan *plan, const Container *subject) {
        Error err = { 0 };

        for (size_t i = 0; i < pass->n_seen && (plan->needs & NEED_REACH) != 0; i++)
                if (pass->seen[i].container == subject)
                        place_ask_reach(pass->reconciler, &pass->seen[i].place);
        if ((plan->needs & NEED_NAME) == 0)
                return false;
        if (place_give_name(pass->reconciler, &pass->consumer->identity, &err) < 0)
                pass_fail(pass, error_text(&err));
        else
                pass_plan(pass);
        return true;
}

static void pass_plan(Pass *pass) {
        Reconciler *reconciler = pass->reconciler;
        Plan *plan = NULL;

        forget_attempts_of_others(pass);
        forget_kept(pass);
        recall(pass->reconciler, pass->consumer, pass->seen, pass->n_seen, pass->kept);
        int r = make_plan(pass, &plan);
        if (r < 0) {
                pass_fail(pass, strerrordesc_np(-r));
                return;
        }

        const Container *subject = subject_of(pass, plan);
        if (asks_others(pass, plan, subject)) {
                (void) plan_free(plan);
                return;
        }
        if ((plan->needs & ~(unsigned) NEED_REACH) != 0 && subject != NULL
            && pass->closer_looks < CLOSER_LOOKS_MAX) {
                pass->closer_looks++;
                r = look_closer(pass->look, plan->needs, subject);
                plan = plan_free(plan);
                if (r < 0)
                        pass_fail(pass, strerrordesc_np(-r));
                return;
        }

        forgive(pass, plan);
        place_want(reconciler, pass->consumer, plan, pass->look);
        bool held_back = is_held_back(pass, plan);
        verdict_say(pass->consumer, plan);
        if (plan->bare)
                recall_end_order(reconciler, pass->consumer);
        if (plan->n_actions > 0 && !held_back) {
                execute(pass, plan);
                return;
        }
        if (plan->wake_usec > 0)
                wake_at(reconciler, pass->consumer, plan->wake_usec);
        plan = plan_free(plan);
        pass_end(pass);
}

const Plan *pass_plan_of(const Consumer *consumer) {
        return consumer->pass == PASS_EXECUTING ? executor_plan(consumer->current->executor) : NULL;
}
