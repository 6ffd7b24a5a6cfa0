/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report: what people and programs are told. No secret is ever in it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/index.h"
#include "base/macro.h"
#include "base/timestamp.h"
#include "reconcile/core.h"
#include "reconcile/order.h"
#include "reconcile/place.h"

typedef struct Counting {
        unsigned of[LINK_STOPPED + 1];
        unsigned all;
        Index *names; /* how often a human name is used: ambiguous ones get their long form */
        json_t *rows;
        const Reconciler *reconciler;
} Counting;

static void count(Consumer *consumer, void *data) {
        Counting *counting = data;

        counting->of[consumer->state]++;
        counting->all++;
}

static void sentence_of_consumers(const Counting *counting, char *buffer, size_t size) {
        const struct {
                LinkState state;
                const char *word;
        } parts[] = {
                { LINK_WAITING, "waiting" }, { LINK_LINKING, "being linked" },
                { LINK_PENDING, "pending" }, { LINK_REFUSED, "refused" },
                { LINK_FAILED, "failed" },   { LINK_UNLINKED, "unlinked" },
                { LINK_STOPPED, "stopped" },
        };
        unsigned linked = counting->of[LINK_LINKED] + counting->of[LINK_ONE_STEP_LEFT];

        if (counting->all == 0) {
                (void) snprintf(buffer, size, "no consumers");
                return;
        }
        size_t used =
                (size_t) snprintf(buffer, size, "%u of %u consumers linked", linked, counting->all);
        for (size_t i = 0; i < ARRAY_LEN(parts) && used < size; i++)
                if (counting->of[parts[i].state] > 0)
                        used += (size_t) snprintf(
                                buffer + used, size - used, ", %u %s", counting->of[parts[i].state],
                                parts[i].word
                        );
}

/* Since when is said as a moment: the sentence stays the same while nothing changes. */
static void sentence_of_loss(const Reconciler *reconciler, char *buffer, size_t size) {
        char since[TIMESTAMP_TEXT_MAX];

        if (!error_is_set(&reconciler->lost))
                (void) snprintf(buffer, size, "Waiting for the Docker Engine");
        else
                (void) snprintf(
                        buffer, size, "Waiting for the Docker Engine: %s (since %s)",
                        error_text(&reconciler->lost),
                        timestamp_format(reconciler->lost_since, since)
                );
}

void reconciler_sentence(const Reconciler *reconciler, char *buffer, size_t size) {
        char pause[PAUSE_SENTENCE_MAX];
        char provider[240];
        char consumers[240];
        Counting counting = { 0 };

        if (!reconciler->standing) {
                sentence_of_loss(reconciler, buffer, size);
                return;
        }
        world_visit(reconciler->world, count, &counting);
        (void) pause_sentence(pause_get(reconciler->pause), pause);
        pause[0] = (char) toupper((unsigned char) pause[0]);
        provider_sentence(reconciler->provider, provider, sizeof provider);
        sentence_of_consumers(&counting, consumers, sizeof consumers);
        (void) snprintf(
                buffer, size, "%s%s%s; %s", pause, pause[0] != '\0' ? "; " : "", provider, consumers
        );
}

static void count_name(Consumer *consumer, void *data) {
        Counting *counting = data;
        void *seen = index_get(counting->names, consumer->identity.human);

        (void) index_put(
                counting->names, consumer->identity.human,
                seen ? (void *) counting : (void *) consumer
        );
}

static json_t *string_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

/* When the proxy last answered a request with its key, in seconds since 1970; null: never, or it
 * has none. */
static json_t *key_seen_of(const Reconciler *reconciler, const Consumer *consumer) {
        uint64_t number = place_number(reconciler, consumer);
        const Sighting *sighting = carrier_is_keyed(consumer->carrier)
                                           ? key_seen_find(reconciler->key_seen, number)
                                           : NULL;

        return sighting != NULL && sighting->answered > 0
                       ? json_integer((json_int_t) sighting->answered)
                       : json_null();
}

/* Whose label it is in by; null where that is its own, or none. */
static json_t *speaker_of(const Consumer *consumer) {
        const Project *project = consumer->project;
        bool spoken = consumer->opt_in == OPT_IN_STACK && project != NULL && project->speaker;

        return spoken ? json_string(project->speaker->identity.human) : json_null();
}

static void add_row(Consumer *consumer, void *data) {
        const Counting *counting = data;
        const Remembered *remembered =
                memory_get(counting->reconciler->memory, consumer->identity.key);
        bool ambiguous =
                index_get(counting->names, consumer->identity.human) == (const void *) counting;

        (void) json_array_append_new(
                counting->rows,
                json_pack(
                        "{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:s?, s:s?, s:o, s:o, s:i, s:i, s:i, s:I}",
                        "name", ambiguous ? consumer->identity.key : consumer->identity.human,
                        "identity", consumer->identity.key, "opted_in",
                        opt_in_to_string(consumer->opt_in), "spoken_by", speaker_of(consumer),
                        "access", access_to_string(consumer->granted), "asks_for",
                        string_or_null(consumer->asks ? access_to_string(consumer->asked) : NULL),
                        "rung", rung_to_json(order_rung(counting->reconciler, consumer)), "state",
                        link_state_to_string(consumer->state), "reason",
                        consumer->reason ? consumer->reason : "not looked at yet", "next",
                        string_or_null(consumer->next), "note", string_or_null(consumer->note),
                        "would_add", string_or_null(consumer->intent), "reach", consumer->way,
                        "reach_why", consumer->way_why, "carrier",
                        string_or_null(carrier_to_string(consumer->carrier)), "key_seen",
                        key_seen_of(counting->reconciler, consumer), "containers",
                        (int) consumer->replicas, "linked", (int) consumer->linked,
                        "failed_attempts", remembered ? (int) remembered->attempts : 0, "since",
                        (json_int_t) (consumer->since_usec / USEC_PER_SEC)
                )
        );
}

static json_t *consumers_status(const Reconciler *reconciler) {
        Counting counting = { .rows = json_array(), .reconciler = reconciler };

        if (counting.rows == NULL || index_new(WORLD_CONSUMERS_MAX, &counting.names) < 0) {
                json_decref(counting.rows);
                return NULL;
        }
        world_visit(reconciler->world, count_name, &counting);
        world_visit(reconciler->world, add_row, &counting);
        (void) index_free(counting.names);
        return counting.rows;
}

static json_t *pause_status(const Reconciler *reconciler) {
        const Pause *pause = pause_get(reconciler->pause);
        char sentence[PAUSE_SENTENCE_MAX];

        if (pause->kind == PAUSE_NONE)
                return json_null();
        return json_pack(
                "{s:s, s:s, s:I, s:o, s:s, s:s}", "kind", pause_kind_to_string(pause->kind), "by",
                pause->by, "since", (json_int_t) pause->since, "until",
                pause->until != 0 ? json_integer((json_int_t) pause->until) : json_null(),
                "sentence", pause_sentence(pause, sentence), "next", "coollama resume"
        );
}

static json_t *engine_status(const Reconciler *reconciler) {
        bool lost = error_is_set(&reconciler->lost);

        return json_pack(
                "{s:b, s:s, s:s, s:i, s:o, s:o}", "followed", reconciler->standing, "socket",
                reconciler->setup.config->docker.socket, "version",
                engine_version(reconciler->engine), "api", (int) engine_api(reconciler->engine),
                "lost_since",
                lost ? json_integer((json_int_t) reconciler->lost_since) : json_null(), "why",
                string_or_null(lost ? error_text(&reconciler->lost) : NULL)
        );
}

json_t *reconciler_status(const Reconciler *reconciler) {
        char sentence[500];

        reconciler_sentence(reconciler, sentence, sizeof sentence);
        return json_pack(
                "{s:i, s:I, s:s, s:o, s:o, s:o, s:o}", "version", 1, "now",
                (json_int_t) (clock_realtime_usec() / USEC_PER_SEC), "sentence", sentence, "pause",
                pause_status(reconciler), "engine", engine_status(reconciler), "provider",
                provider_status(reconciler->provider), "consumers", consumers_status(reconciler)
        );
}

static json_t *steps_of(const Plan *plan, size_t from) {
        json_t *steps = json_array();

        for (size_t i = from; steps != NULL && i < plan->n_actions; i++)
                (void) json_array_append_new(steps, json_string(plan->actions[i].what));
        return steps;
}

static void add_plan(Consumer *consumer, void *data) {
        json_t *rows = data;
        const Plan *plan = pass_plan_of(consumer);

        bool held = consumer->state == LINK_REFUSED || consumer->state == LINK_PENDING
                    || consumer->state == LINK_FAILED;

        if (plan == NULL && !held && (consumer->intent == NULL || consumer->state == LINK_LINKED))
                return;
        (void) json_array_append_new(
                rows,
                json_pack(
                        "{s:s, s:s, s:s, s:o, s:o, s:s?, s:s?, s:s?, s:o}", "name",
                        consumer->identity.human, "state", link_state_to_string(consumer->state),
                        "reason", consumer->reason ? consumer->reason : "", "next",
                        string_or_null(consumer->next), "would_add",
                        string_or_null(consumer->intent), "reach", consumer->way, "gap",
                        consumer->gap, "gap_why", consumer->gap_why, "steps",
                        plan ? steps_of(plan, 0) : json_array()
                )
        );
}

json_t *reconciler_plan(const Reconciler *reconciler) {
        json_t *rows = json_array();

        if (rows == NULL)
                return NULL;
        world_visit(reconciler->world, add_plan, rows);
        return json_pack(
                "{s:i, s:o, s:o}", "version", 1, "provider", provider_plan(reconciler->provider),
                "consumers", rows
        );
}
