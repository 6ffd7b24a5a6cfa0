/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/reconciler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "config/profiles.h"
#include "reconcile/core.h"
#include "reconcile/look-dependents.h"
#include "reconcile/place.h"
#include "reconcile/provider-order.h"
#include "reconcile/recall.h"

/* An engine that is busy answers late; one that does not answer for so long hangs. */
#define PING_MIN_USEC         (1 * USEC_PER_SEC)
#define PING_TIMEOUT_MIN_USEC (3 * USEC_PER_SEC)

static void on_provider_changed(void *data) {
        Reconciler *reconciler = data;

        follow_proxy(reconciler);
        joins_look(reconciler->joins);
        queue_add_all(reconciler);
        reconciler->setup.changed(reconciler->setup.data);
        reconciler_check(reconciler);
}

static void tell_proxy(const Reconciler *reconciler) {
        recovery_proxy(reconciler->recovery, provider_proxy_id(reconciler->provider));
}

static void on_provider_said(void *data) {
        Reconciler *reconciler = data;

        tell_proxy(reconciler);
        hold_check(reconciler);
        follow_proxy(reconciler);
        reconciler->setup.changed(reconciler->setup.data);
        reconciler_check(reconciler);
}

static bool on_may_go(void *data) {
        return hold_may_go(data);
}

/* Who is owed a restart is said of all who run, so all are looked at before. */
static void tell_recovery(Reconciler *reconciler) {
        const char *id;
        const char *started_at;
        uint64_t since_usec = reconciler->back_usec;

        if (since_usec == 0 || !reconciler->listed || reconciler->n_unseen > 0
            || !provider_run(reconciler->provider, &id, &started_at))
                return;
        reconciler->back_usec = 0;
        recovery_came_up(reconciler->recovery, id, started_at, since_usec);
}

static void on_answers(void *data) {
        const Reconciler *reconciler = data;

        recovery_answers(reconciler->recovery);
}

static void on_found_down(void *data) {
        const Reconciler *reconciler = data;

        recovery_found_down(reconciler->recovery);
}

static void on_came_up(void *data) {
        Reconciler *reconciler = data;

        reconciler->back_usec = clock_monotonic_usec();
        tell_recovery(reconciler);
}

static void on_ran_anew(const char *id, const char *started_at, void *data) {
        Reconciler *reconciler = data;

        if (reconciler->back_usec == 0)
                recovery_ran_anew(reconciler->recovery, id, started_at);
}

static void on_went_down(uint64_t since_usec, void *data) {
        Reconciler *reconciler = data;

        reconciler->back_usec = 0;
        recovery_went_down(reconciler->recovery, since_usec);
}

static void add_running(Consumer *consumer, void *data) {
        RunList *list = data;

        for (size_t i = 0; i < consumer->n_tracked; i++)
                if (consumer->tracked[i].up_since_usec > 0)
                        (void) run_list_add(
                                list, consumer->tracked[i].id, consumer->tracked[i].started_at,
                                false
                        );
}

/* Whoever is not linked is re-created anyway, if ever; of one that is being re-created the new
 * container may be there already. */
static void add_owed(Consumer *consumer, void *data) {
        bool linked = consumer->linked > 0 || consumer->record != NULL;

        if (linked && consumer->recovery != RECOVERY_NONE)
                add_running(consumer, data);
}

static void on_list_running(RunList *ret, bool owed, void *data) {
        const Reconciler *reconciler = data;

        world_visit(reconciler->world, owed ? add_owed : add_running, ret);
}

static void on_due(void *data) {
        queue_add_all(data);
}

static void on_broken_record(const Error *error, void *data) {
        (void) data;
        log_event(
                LOG_ERR, MSG_RECORD_BROKEN, NO_FIELDS,
                "A swap record cannot be used, so its consumer is not looked after; compare its container with "
                "NAME.coollama-prev by hand, then remove the file: %s",
                error_text(error)
        );
}

/* Of whom its own documents say it is; what is written is found again by that. */
static int
find_owner(Reconciler *reconciler, const SwapRecord *record, Consumer **ret, Error *err) {
        const json_t *labels = json_object_get(json_object_get(record->old, "Config"), "Labels");
        Identity identity;

        int r = identity_from_labels(labels, record->name, &identity, err);
        if (r < 0)
                return r;
        if (strcmp(identity.key, record->identity) != 0)
                return error_set(
                        err, -EBADMSG, "swap record of %s: its container is one of %s",
                        record->identity, identity.key
                );
        r = world_ensure(reconciler->world, &identity, ret);
        if (r >= 0)
                r = world_attach(reconciler->world, *ret, record->old_id, !labels_opt_in(labels));
        return r < 0 ? error_set(
                       err, r, "swap record of %s: %s", record->identity, strerrordesc_np(-r)
               )
                     : 0;
}

/* One that cannot be used keeps nobody else from what he was promised. */
static int take_record(SwapRecord *record, void *data) {
        Reconciler *reconciler = data;
        Consumer *consumer = NULL;
        Error err = { 0 };

        int r = find_owner(reconciler, record, &consumer, &err);
        if (r < 0 || consumer == NULL) {
                (void) swap_record_free(record);
                if (r != -ENOMEM)
                        on_broken_record(&err, NULL);
                return r == -ENOMEM ? r : 0;
        }
        consumer->record = record;
        if (consumer->project != NULL)
                consumer->project->swapping = consumer;
        reconciler_await(reconciler, consumer);
        return 0;
}

void reconciler_await(Reconciler *reconciler, Consumer *consumer) {
        if (consumer->awaited)
                return;
        consumer->awaited = true;
        reconciler->n_unseen++;
}

static void await_one(Consumer *consumer, void *data) {
        reconciler_await(data, consumer);
}

void reconciler_await_all(Reconciler *reconciler) {
        world_visit(reconciler->world, await_one, reconciler);
}

static int on_resync(sd_event_source *source, uint64_t usec, void *data) {
        Reconciler *reconciler = data;

        (void) usec;
        intake_resync(reconciler);
        (void
        ) sd_event_source_set_time_relative(source, reconciler->setup.config->health.resync_usec);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static bool has_container(const char *identity, void *data) {
        const Reconciler *reconciler = data;
        const Consumer *consumer = world_find(reconciler->world, identity);

        return consumer != NULL && consumer->n_tracked > 0;
}

static bool on_in_use(const char *id, const char *name, void *data) {
        const Reconciler *reconciler = data;

        return verify_uses(reconciler, name)
               || (reconciler->reach != NULL && reach_uses(reconciler->reach, id));
}

static void on_joins_changed(const char *owner, void *data) {
        Reconciler *reconciler = data;
        Consumer *consumer = world_find(reconciler->world, owner);

        if (consumer != NULL)
                queue_add(reconciler, consumer);
}

static void on_joins_looked(void *data) {
        place_publish(data);
}

/* An address that the proxy had in one network may come back in another: it must have forgotten
 * whose it was. */
static bool on_may_join(void *data) {
        const Reconciler *reconciler = data;

        return provider_networks_are_known(reconciler->provider);
}

static int open_joins(Reconciler *reconciler, Error *err) {
        cleanup(freep) char *path = text_format("%s/names.json", reconciler->setup.state_dir);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = names_open(path, &reconciler->names, err);
        if (r < 0)
                return r;
        const JoinsSetup setup = {
                .event = reconciler->setup.event,
                .engine = reconciler->engine,
                .store = reconciler->store,
                .names = reconciler->names,
                .finishing = reconciler->setup.finish,
                .changed = on_joins_changed,
                .looked = on_joins_looked,
                .may_join = on_may_join,
                .data = reconciler,
        };
        r = stacks_new(&reconciler->stacks);
        if (r >= 0)
                r = joins_new(&setup, &reconciler->joins);
        if (r >= 0)
                r = leftovers_new(
                        reconciler->engine, on_in_use, reconciler, &reconciler->leftovers
                );
        return r < 0 ? error_set(err, r, "out of memory") : 0;
}

static int open_parts(Reconciler *reconciler, Error *err) {
        const ReconcilerSetup *setup = &reconciler->setup;
        cleanup(freep) char *profiles = text_format("%s/profiles", setup->templates_dir);
        if (profiles == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = profiles_load(profiles, &reconciler->profiles, err);
        if (r < 0)
                return r;
        r = store_open(setup->state_dir, &reconciler->store, err);
        if (r < 0)
                return r;
        r = world_new(&reconciler->world);
        if (r >= 0)
                r = index_new(LONERS_MAX, &reconciler->loners);
        if (r < 0)
                return error_set(err, r, "out of memory");
        r = memory_open(setup->state_dir, has_container, reconciler, &reconciler->memory, err);
        if (r < 0)
                return r;
        r = kept_open(setup->state_dir, has_container, reconciler, &reconciler->kept, err);
        if (r < 0)
                return r;
        r = recall_orders(reconciler, err);
        if (r < 0)
                return r;
        r = store_load_swaps(reconciler->store, take_record, on_broken_record, reconciler, err);
        if (r < 0)
                return r;
        r = engine_new(
                setup->event, setup->http, setup->config->docker.socket, &reconciler->engine
        );
        if (r < 0)
                return error_set(
                        err, r, "cannot talk to %s: %s", setup->config->docker.socket,
                        strerrordesc_np(-r)
                );
        return open_joins(reconciler, err);
}

/* Where consumers go by the gateway, it is asked from their networks first. */
static int open_reach(Reconciler *reconciler, Error *err) {
        const Config *config = reconciler->setup.config;
        const ProviderFacts *facts = provider_facts(reconciler->provider);
        const ReachSetup setup = {
                .event = reconciler->setup.event,
                .engine = reconciler->engine,
                .templates_dir = reconciler->setup.templates_dir,
                .image = facts->secured ? config->proxy.image : config->provider.image,
                .port = facts->port,
                .secured = facts->secured,
                .known = on_due,
                .data = reconciler,
        };
        return facts->probe_reach ? reach_new(&setup, &reconciler->reach, err) : 0;
}

static int open_provider(Reconciler *reconciler, Error *err) {
        const ProviderSetup setup = {
                .event = reconciler->setup.event,
                .http = reconciler->setup.http,
                .engine = reconciler->engine,
                .store = reconciler->store,
                .memory = reconciler->memory,
                .config = reconciler->setup.config,
                .state_dir = reconciler->setup.state_dir,
                .templates_dir = reconciler->setup.templates_dir,
                .changed = on_provider_changed,
                .said = on_provider_said,
                .may_go = on_may_go,
                .came_up = on_came_up,
                .answers = on_answers,
                .found_down = on_found_down,
                .went_down = on_went_down,
                .ran_anew = on_ran_anew,
                .joins = reconciler->joins,
                .finishing = reconciler->setup.finish,
                .pause = pause_get(reconciler->pause),
                .story = reconciler->story,
                .data = reconciler,
        };

        int r = provider_new(&setup, &reconciler->provider, err);
        if (r < 0)
                return r;
        provider_helpers(reconciler->provider, &reconciler->helpers);
        return open_reach(reconciler, err);
}

static int open_recovery(Reconciler *reconciler, Error *err) {
        const RecoverySetup setup = {
                .event = reconciler->setup.event,
                .engine = reconciler->engine,
                .state_dir = reconciler->setup.state_dir,
                .config = reconciler->setup.config,
                .due = on_due,
                .list_running = on_list_running,
                .data = reconciler,
        };
        return recovery_new(&setup, &reconciler->recovery, err);
}

static bool has_open_swaps(const Reconciler *reconciler);

static uint64_t larger(uint64_t a, uint64_t b) {
        return a > b ? a : b;
}

static int begin(Reconciler *reconciler) {
        uint64_t probe_usec = reconciler->setup.config->health.probe_usec;
        const WatchTimes times = {
                .ping_usec = larger(3 * probe_usec, PING_MIN_USEC),
                .ping_timeout_usec = larger(2 * probe_usec, PING_TIMEOUT_MIN_USEC),
        };
        WatchHandler handler = intake_handler;

        handler.data = reconciler;
        int r = queue_open(reconciler);
        if (r >= 0)
                r = follow_open(reconciler);
        if (r >= 0)
                r = intake_open(reconciler);
        if (r < 0)
                return r;
        if (reconciler->setup.finish && !has_open_swaps(reconciler))
                return 0; /* nothing to do: do not even connect to the engine */

        r = sd_event_add_time_relative(
                reconciler->setup.event, &reconciler->resync, CLOCK_MONOTONIC,
                reconciler->setup.config->health.resync_usec, 0, on_resync, reconciler
        );
        if (r >= 0)
                r = watch_new(
                        reconciler->setup.event, reconciler->engine, &times, &handler,
                        &reconciler->watch
                );
        follow_check(reconciler);
        return r;
}

int reconciler_new(const ReconcilerSetup *setup, Reconciler **ret, Error *err) {
        Reconciler *reconciler = calloc(1, sizeof *reconciler);
        if (reconciler == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        reconciler->setup = *setup;

        int r = open_parts(reconciler, err);
        if (r >= 0)
                r = open_recovery(reconciler, err);
        if (r >= 0)
                r = hold_open(reconciler, err);
        if (r >= 0)
                r = follow_proxy_open(reconciler, err);
        if (r >= 0)
                r = open_provider(reconciler, err);
        if (r >= 0) {
                r = begin(reconciler);
                if (r < 0)
                        (void) error_set(err, r, "cannot start: %s", strerrordesc_np(-r));
        }
        if (r < 0) {
                (void) reconciler_free(reconciler);
                return r;
        }
        *ret = reconciler;
        return 0;
}

static void cancel(Consumer *consumer, void *data) {
        (void) data;
        pass_cancel(consumer);
}

Reconciler *reconciler_free(Reconciler *reconciler) {
        if (reconciler == NULL)
                return NULL;
        (void) watch_free(reconciler->watch);
        (void) prunes_free(reconciler->prunes);
        (void) listing_free(reconciler->listing);
        if (reconciler->world != NULL)
                world_visit(reconciler->world, cancel, NULL);
        verify_cancel_all(reconciler);
        question_cancel_all(reconciler);
        (void) provider_order_free(reconciler->provider_order);
        env_cancel_all(reconciler);
        (void) reach_free(reconciler->reach);
        (void) leftovers_free(reconciler->leftovers);
        (void) provider_free(reconciler->provider);
        (void) joins_free(reconciler->joins);
        (void) stacks_free(reconciler->stacks);
        (void) names_free(reconciler->names);
        (void) recovery_free(reconciler->recovery);
        (void) pause_free(reconciler->pause);
        (void) story_free(reconciler->story);
        (void) key_seen_free(reconciler->key_seen);
        (void) world_free(reconciler->world);
        (void) index_free(reconciler->loners);
        (void) engine_free(reconciler->engine);
        sd_event_source_disable_unref(reconciler->resync);
        sd_event_source_disable_unref(reconciler->queue_source);
        sd_event_source_disable_unref(reconciler->follow);
        (void) kept_free(reconciler->kept);
        (void) memory_free(reconciler->memory);
        (void) store_free(reconciler->store);
        (void) profile_set_free(reconciler->profiles);
        free(reconciler);
        return NULL;
}

/* What is gone and cannot be made again now is no swap to be finished: its record waits for more.
 */
static bool is_stuck(const Consumer *consumer) {
        return consumer->record != NULL && consumer->record->again
               && consumer->state == LINK_FAILED;
}

static void look_for_record(Consumer *consumer, void *data) {
        bool *found = data;
        *found = *found || (consumer->record != NULL && !is_stuck(consumer))
                 || consumer->pass == PASS_EXECUTING;
}

static bool has_open_swaps(const Reconciler *reconciler) {
        bool found = false;

        world_visit(reconciler->world, look_for_record, &found);
        return found;
}

/* Networks that nobody wants are left once everybody was asked, and no swap is under way. */
static void tell_joins(Reconciler *reconciler) {
        if (!joins_are_known(reconciler->joins) && reconciler->listed && reconciler->n_unseen == 0
            && provider_is_observed(reconciler->provider) && !has_open_swaps(reconciler))
                joins_all_known(reconciler->joins);
}

void reconciler_check(Reconciler *reconciler) {
        tell_recovery(reconciler);
        tell_joins(reconciler);
        hold_check(reconciler);
        /* Without an engine nothing can be brought to its end: the records wait for the next start.
         */
        bool helpless = reconciler->stopping && !reconciler->setup.finish && !reconciler->standing;
        if (helpless
            || ((reconciler->stopping || reconciler->setup.finish) && !has_open_swaps(reconciler)
            )) {
                reconciler->setup.finished(reconciler->setup.data);
                return;
        }
        if (reconciler->told_ready || !reconciler->listed || reconciler->n_unseen > 0
            || !provider_is_observed(reconciler->provider))
                return;
        reconciler->told_ready = true;
        reconciler->setup.ready(reconciler->setup.data);
}

void reconciler_stop(Reconciler *reconciler) {
        reconciler->stopping = true;
        reconciler_check(reconciler);
}

static void give_up_pass(Consumer *consumer, void *data) {
        Reconciler *reconciler = data;

        /* An open swap goes on with the containers it has; what only looks, looks again. */
        if (consumer->pass == PASS_OBSERVING) {
                pass_cancel(consumer);
                reconciler->n_passes--;
                queue_add(reconciler, consumer);
        }
}

int reconciler_reload(Reconciler *reconciler, const Config *config, Error *err) {
        Provider *old_provider = reconciler->provider;
        ReachBook *old_reach = reconciler->reach;
        const Config *old_config = reconciler->setup.config;

        if (strcmp(config->docker.socket, old_config->docker.socket) != 0)
                return error_set(
                        err, -EINVAL,
                        "another socket in [docker] needs a restart: systemctl restart coollamad"
                );

        world_visit(reconciler->world, give_up_pass, reconciler);
        reconciler->setup.config = config;
        reconciler->reach = NULL;
        int r = open_provider(reconciler, err);
        if (r < 0) {
                (void) reach_free(reconciler->reach);
                if (reconciler->provider != old_provider)
                        (void) provider_free(reconciler->provider);
                reconciler->provider = old_provider;
                provider_helpers(old_provider, &reconciler->helpers);
                reconciler->reach = old_reach;
                reconciler->setup.config = old_config;
                return r;
        }
        (void) reach_free(old_reach);
        provider_inherit(reconciler->provider, old_provider);
        (void) provider_free(old_provider);
        recovery_configure(reconciler->recovery, config);
        if (reconciler->standing)
                provider_look(reconciler->provider);
        intake_resync(reconciler);
        return 0;
}
