/* SPDX-License-Identifier: Apache-2.0 */
#include "support/simulated-host.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "model/kept.h"
#include "model/labels.h"
#include "model/stay-up.h"
#include "support/inspect.h"

#define ROUNDS_MAX 400
#define STEP_USEC  (20 * USEC_PER_MSEC)

static void start_daemon(SimHost *host) {
        host->activity_usec = 0;
        host->touched_usec = 0;
        host->rolling[0] = '\0';
        host->failed = false;
        host->hot = 0;
        host->now_usec += 5 * USEC_PER_SEC;
}

void sim_host_init(SimHost *host) {
        *host = (SimHost){ .key = "k1", .key_accepted = true, .now_usec = 7200 * USEC_PER_SEC };
        sim_init(&host->engine);
        host->profiles = inspect_profiles();
        host->image = inspect_image();
        host->members = json_array();
        host->provider = (ProviderFacts){
                .up = true,
                .why_down = "",
                .secured = true,
                .url = "http://host.docker.internal:11434",
                .host = "host.docker.internal",
                .port = "11434",
                .host_entry = true,
        };
        host->context = (ConsumerContext){
                .provider = &host->provider,
                .profiles = host->profiles,
                .api = 44,
                .settle_usec = 10 * USEC_PER_SEC,
                .settle_unchecked_usec = 30 * USEC_PER_SEC,
        };
        json_t *document = inspect_new(&(InspectSpec){ 0 });
        int r = identity_from_labels(
                json_object_get(json_object_get(document, "Config"), "Labels"), "shop-app-1",
                &host->identity, NULL
        );
        json_decref(document);
        assert(r == 0);
        start_daemon(host);
}

void sim_host_done(SimHost *host) {
        sim_done(&host->engine);
        (void) profile_set_free(host->profiles);
        json_decref(host->image);
        json_decref(host->record);
        json_decref(host->kept);
        json_decref(host->members);
}

void sim_host_activity(SimHost *host) {
        host->activity_usec = host->now_usec;
}

/* As intake does it: by label and identity; as a pass does it: by what the record names. */
static bool
is_looked_at(const SimHost *host, const Container *container, const SwapRecord *record) {
        Identity identity;

        if (record != NULL
            && (strcmp(container->id, record->old_id) == 0
                || strcmp(container->id, record->new_id) == 0
                || (record->new_id[0] == '\0' && strcmp(container->name, record->name) == 0)))
                return true;
        return json_object_get(container->labels, LABEL_ENABLE) != NULL
               && identity_from_labels(container->labels, container->name, &identity, NULL) == 0
               && strcmp(identity.key, host->identity.key) == 0;
}

/* All but the new one of a rolling swap have been up for ever: nobody counts that. */
static uint64_t up_since(SimHost *host, const Container *container, const SwapRecord *record) {
        if (!container_is_up(container))
                return 0;
        if (record == NULL || !record->rolls || strcmp(container->id, record->new_id) != 0)
                return 1;
        if (strcmp(host->rolling, container->started_at) != 0) {
                (void) snprintf(host->rolling, sizeof host->rolling, "%s", container->started_at);
                host->rolling_since_usec = host->now_usec;
        }
        return host->rolling_since_usec;
}

static void look(SimHost *host, const SwapRecord *record, SeenContainer *seen, size_t *ret_n) {
        size_t n = 0;

        for (size_t i = 0; i < host->engine.n; i++) {
                size_t at = (i + host->rotate) % host->engine.n;
                Container *container = sim_inspect(&host->engine.containers[at]);

                if (!is_looked_at(host, container, record)) {
                        (void) container_free(container);
                        continue;
                }
                bool up = container_is_up(container);
                bool well = up && container->health != HEALTH_STARTING
                            && container->health != HEALTH_UNHEALTHY;
                seen[n++] = (SeenContainer){
                        .container = container,
                        .up_since_usec = up_since(host, container, record),
                        .settled_since_usec = well ? 1 : 0,
                };
        }
        *ret_n = n;
}

static void forget_attempts_of_others(SimHost *host, const SeenContainer *seen, size_t n) {
        const Container *newest = NULL;

        for (size_t i = 0; i < n; i++)
                if (newest == NULL
                    || container_compare_created(seen[i].container->created, newest->created) > 0)
                        newest = seen[i].container;
        if (host->record != NULL || newest == NULL || strcmp(host->attempts_of, newest->id) == 0)
                return;
        (void) snprintf(host->attempts_of, sizeof host->attempts_of, "%s", newest->id);
        host->attempts = 0;
}

Plan *sim_host_plan(SimHost *host) {
        cleanup(swap_record_freep) SwapRecord *record = NULL;
        SeenContainer seen[SIM_CONTAINERS_MAX];
        size_t n = 0;
        Plan *plan = NULL;

        if (host->record != NULL) {
                int r = swap_record_from_json(host->record, &record, NULL);
                assert(r == 0);
        }
        look(host, record, seen, &n);
        forget_attempts_of_others(host, seen, n);

        ConsumerView view = {
                .identity = &host->identity,
                .containers = seen,
                .n_containers = n,
                .record = record,
                .key = host->key,
                .key_accepted = host->key_accepted,
                .key_in_url = host->key_in_url,
                .activity_usec = host->activity_usec,
                .touched_usec = host->touched_usec,
                .attempts = host->attempts,
                .failure = host->failed ? host->failure : NULL,
                .observed = {
                        .image = host->image,
                        .image_id = json_string_value(json_object_get(host->image, "Id")),
                        .image_name_is_current = true,
                        .members_known = true,
                        .members = host->members,
                        .changes_known = true,
                        .changes_id = "",
                        .files = host->files,
                },
        };
        int r = plan_consumer(&view, &host->context, host->now_usec, &plan);
        assert(r == 0 && plan != NULL);
        /* They are those of whoever is asked about. */
        cleanup(freep) char *changes_id = NULL;
        cleanup(freep) char *dependents_id = NULL;
        while (plan->needs == NEED_CHANGES || plan->needs == NEED_DEPENDENTS) {
                char **id = plan->needs == NEED_CHANGES ? &changes_id : &dependents_id;

                free(*id);
                *id = take_ptr(plan->subject);
                (void) plan_free(plan);
                view.observed.changes_id = changes_id ? changes_id : "";
                view.observed.dependents_known = dependents_id != NULL;
                view.observed.dependents_id = dependents_id;
                view.observed.dependents = host->dependents;
                r = plan_consumer(&view, &host->context, host->now_usec, &plan);
                assert(r == 0 && plan != NULL);
        }
        for (size_t i = 0; i < n; i++)
                (void) container_free((Container *) (uintptr_t) seen[i].container);
        return plan;
}

static bool call(SimHost *host, const ActionCall *wanted, SimFault fault) {
        if (fault == SIM_ERROR)
                return false;
        int status = sim_call(&host->engine, wanted);
        return fault == SIM_PLAIN && (wanted->expect & (1u << outcome_from_status(status))) != 0;
}

static bool stay_up(SimHost *host, const ActionStayUp *wanted, SimFault fault) {
        const SimContainer *found = sim_find(&host->engine, wanted->id);
        uint64_t again_usec = 0;

        if (fault != SIM_PLAIN || found == NULL)
                return false;
        cleanup(container_freep) Container *container = sim_inspect(found);
        return stay_up_judge(container, wanted, 3600 * USEC_PER_SEC, &again_usec, NULL)
               == STAY_UP_PROVEN;
}

static bool copy(SimHost *host, const ActionCopy *wanted, SimFault fault) {
        return fault == SIM_PLAIN && sim_find(&host->engine, wanted->from) != NULL
               && sim_find(&host->engine, wanted->to) != NULL;
}

/* What another daemon would find, and what this one then knows. */
static bool write_record(SimHost *host, json_t *record, SimFault fault) {
        if (fault == SIM_ERROR || (host->disk_full && record != NULL))
                return false;
        json_decref(host->record);
        host->record = json_deep_copy(record);
        return fault == SIM_PLAIN;
}

static bool keep(SimHost *host, json_t *kept, SimFault fault) {
        if (fault == SIM_ERROR || host->disk_full)
                return false;
        json_t *merged = kept_merge(host->kept, kept);
        json_decref(host->kept);
        host->kept = merged;
        return fault == SIM_PLAIN;
}

/* The daemon knows its record also where it could not be written. */
static void remember(SimHost *host, json_t *record) {
        json_decref(host->record);
        host->record = json_deep_copy(record);
}

static bool perform(SimHost *host, const Action *action, SimFault fault) {
        switch (action->kind) {
        case ACTION_RECORD:
                return write_record(host, action->u.record, fault);
        case ACTION_FORGET:
                return write_record(host, NULL, fault);
        case ACTION_KEEP:
                return keep(host, action->u.record, fault);
        case ACTION_REMEMBER:
                host->attempts =
                        (unsigned) json_integer_value(json_object_get(action->u.record, "attempt"));
                return fault == SIM_PLAIN && !host->disk_full;
        case ACTION_CALL:
                return call(host, &action->u.call, fault);
        case ACTION_STAY_UP:
                return stay_up(host, &action->u.stay_up, fault);
        case ACTION_COPY:
                return copy(host, &action->u.copy, fault);
        case ACTION_KEY:
                host->key = "k1";
                host->key_accepted = true;
                host->key_in_url = action->u.key.in_url;
                return fault == SIM_PLAIN;
        case ACTION_PULL:
        case ACTION_ACCESS:
        case ACTION_GENERATION:
                break;
        }
        return false;
}

static void plan_failed(SimHost *host, const Plan *plan, const Action *action) {
        (void) snprintf(host->failure, sizeof host->failure, "could not %s", action->what);
        host->failed = true;
        if (host->record == NULL)
                host->attempts++;
        if (host->record == NULL || plan->undoes) {
                host->now_usec += 10 * USEC_PER_SEC; /* the back-off */
                host->hot = 0;
        } else {
                host->hot++;
        }
}

static void plan_done(SimHost *host) {
        host->hot = 0;
        if (host->record != NULL)
                return;
        host->failed = false;
}

static void execute(SimHost *host, const Plan *plan) {
        for (size_t i = 0; i < plan->n_actions; i++) {
                SimFault fault = host->before ? host->before(host, host->n, host->data) : SIM_PLAIN;

                host->n++;
                host->now_usec += STEP_USEC;
                if (fault == SIM_KILL) {
                        start_daemon(host);
                        return;
                }
                if (!perform(host, &plan->actions[i], fault)) {
                        if (plan->actions[i].optional) {
                                if (plan->actions[i].kind == ACTION_RECORD)
                                        remember(host, plan->actions[i].u.record);
                                continue;
                        }
                        plan_failed(host, plan, &plan->actions[i]);
                        return;
                }
                host->touched_usec = host->now_usec;
        }
        plan_done(host);
}

bool sim_host_settle(SimHost *host) {
        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                cleanup(plan_freep) Plan *plan = sim_host_plan(host);

                host->state = plan->state;
                host->linked = plan->linked;
                host->replicas = plan->replicas;
                (void) snprintf(host->reason, sizeof host->reason, "%s", plan->reason);
                /* Nothing slows these down: what fails twice in a row would fail for ever. */
                if (host->hot > 2 || plan->needs != 0)
                        return false;
                if (plan->n_actions > 0)
                        execute(host, plan);
                else if (host->idle != NULL && host->idle(host, host->data))
                        host->now_usec += STEP_USEC;
                else if (plan->wake_usec > host->now_usec)
                        host->now_usec = plan->wake_usec;
                else
                        return true;
        }
        return false;
}
