/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/macro.h"
#include "base/timestamp.h"
#include "reconcile/evidence.h"
#include "reconcile/ledger.h"

/* The engine's own work in a restart, besides the container's time to stop. */
#define RESTART_USEC (3 * USEC_PER_SEC)

/* Restarts that are written down: what crashes have left is forgotten above this. */
#define BEGUN_MAX 1024

/* So much longer than the grace it must stay up after restarts for these not to be blamed. */
#define SOON_GRACES 10

struct RecoveryState {
        RecoverySetup setup;
        Ledger ledger;
        char proxy_id[65]; /* of the one that runs; "": none */
        Evidence *evidence;
        uint64_t log_since;    /* of a log that is followed anew: evidence_follow() */
        uint64_t answers_usec; /* monotonic: when it answered first since it was down; 0: unknown */
        RunList inherited;     /* restarts that the daemon before us had asked for */
        uint64_t since_usec;   /* monotonic: we are there since then */
        sd_event_source *inherited_timer;
        uint64_t inherited_usec; /* when it fires; 0: it does not */
        sd_event_source *grace;
        sd_event_source *calm;
        bool graced;
        bool held;         /* until Ollama has been up for a while */
        unsigned in_a_row; /* times that it went down soon after restarts */
        bool restarted;    /* somebody, since it came up */
        uint64_t
                undisturbed_usec; /* monotonic: since it came up, or the last restart; 0: unknown */
};

static Outage *outage_of(RecoveryState *recovery) {
        return &recovery->ledger.facts.outage;
}

static void inherit(RecoveryState *recovery) {
        RunList *begun = &recovery->ledger.facts.begun;

        for (size_t i = 0; i < begun->n; i++) {
                Run *run = &begun->runs[i];

                run->lived = false;
                (void) run_list_add(&recovery->inherited, run->id, run->started_at, false);
        }
}

int recovery_new(const RecoverySetup *setup, RecoveryState **ret, Error *err) {
        RecoveryState *recovery = calloc(1, sizeof *recovery);
        if (recovery == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        recovery->setup = *setup;

        recovery->since_usec = clock_monotonic_usec();

        int r = ledger_open(setup->event, setup->state_dir, &recovery->ledger, err);
        if (r < 0) {
                free(recovery);
                return r;
        }
        inherit(recovery);
        recovery->log_since = outage_of(recovery)->open ? EVIDENCE_FROM_NOW
                                                        : recovery->ledger.facts.answers_since;
        *ret = recovery;
        return 0;
}

RecoveryState *recovery_free(RecoveryState *recovery) {
        if (recovery == NULL)
                return NULL;
        sd_event_source_disable_unref(recovery->inherited_timer);
        run_list_done(&recovery->inherited);
        sd_event_source_disable_unref(recovery->grace);
        sd_event_source_disable_unref(recovery->calm);
        (void) evidence_free(recovery->evidence);
        ledger_done(&recovery->ledger);
        free(recovery);
        return NULL;
}

/* Nobody is asked for a proof while nobody is owed anything. */
static void follow(RecoveryState *recovery) {
        const Outage *outage = outage_of(recovery);

        if (!outage->open && outage->owed.n == 0) {
                recovery->evidence = evidence_free(recovery->evidence);
                return;
        }
        if (recovery->evidence == NULL) {
                int r = evidence_new(
                        recovery->setup.event, recovery->setup.engine, &recovery->evidence
                );
                if (r < 0) {
                        log_debug("Recovery: nobody can prove anything: %s", strerrordesc_np(-r));
                        return;
                }
        }
        const char *proxy_id = recovery->proxy_id[0] != '\0' ? recovery->proxy_id : NULL;
        evidence_follow(recovery->evidence, proxy_id, recovery->log_since);
        if (proxy_id != NULL)
                recovery->log_since = 0; /* one that is made anew later: all of it */
}

/* What was read before is forgotten, and the log is read from another moment on. */
static void follow_anew(RecoveryState *recovery, uint64_t since) {
        recovery->evidence = evidence_free(recovery->evidence);
        recovery->log_since = since;
        follow(recovery);
}

void recovery_proxy(RecoveryState *recovery, const char *proxy_id) {
        (void
        ) snprintf(recovery->proxy_id, sizeof recovery->proxy_id, "%s", proxy_id ? proxy_id : "");
        follow(recovery);
}

static void release(RecoveryState *recovery) {
        recovery->held = false;
        recovery->calm = sd_event_source_disable_unref(recovery->calm);
}

void recovery_configure(RecoveryState *recovery, const Config *config) {
        recovery->setup.config = config;
        recovery->in_a_row = 0;
        release(recovery);
}

static void begin_outage(RecoveryState *recovery, RunList *running, uint64_t since_usec) {
        recovery->ledger.facts.down_since_usec = since_usec;
        outage_begin(outage_of(recovery), running);
        ledger_save(&recovery->ledger);
        follow_anew(recovery, EVIDENCE_FROM_NOW);
}

/* Restarts that bring Ollama down, or an Ollama that comes and goes: is it the next time? */
static void count_in_a_row(RecoveryState *recovery, uint64_t since_usec) {
        uint64_t soon_usec = SOON_GRACES * recovery->setup.config->recovery.grace_usec;

        if (recovery->undisturbed_usec == 0)
                return;
        if (since_usec > recovery->undisturbed_usec + soon_usec)
                recovery->in_a_row = 0;
        else if (recovery->restarted)
                recovery->in_a_row++;
        recovery->restarted = false;
}

void recovery_went_down(RecoveryState *recovery, uint64_t since_usec) {
        RunList running = { 0 };

        if (outage_of(recovery)->open)
                return;
        count_in_a_row(recovery, since_usec);
        recovery->setup.list_running(&running, false, recovery->setup.data);
        begin_outage(recovery, &running, since_usec);
        run_list_done(&running);
}

void recovery_found_down(RecoveryState *recovery) {
        const Outage *outage = outage_of(recovery);
        RunList nobody = { 0 };

        if (outage->open || outage->provider_id == NULL || outage->provider_id[0] == '\0')
                return;
        begin_outage(recovery, &nobody, 0);
}

void recovery_answers(RecoveryState *recovery) {
        if (!outage_of(recovery)->open)
                return;
        recovery->answers_usec = clock_monotonic_usec();
        if (recovery->evidence != NULL)
                evidence_forget(recovery->evidence);
}

static void begin_timer(
        RecoveryState *recovery,
        sd_event_source **source,
        uint64_t usec,
        sd_event_time_handler_t handler
) {
        *source = sd_event_source_disable_unref(*source);
        int r = sd_event_add_time_relative(
                recovery->setup.event, source, CLOCK_MONOTONIC, usec, USEC_PER_MSEC, handler,
                recovery
        );
        if (r < 0)
                log_debug("Recovery: no timer: %s", strerrordesc_np(-r));
}

static int on_grace(sd_event_source *source, uint64_t usec, void *data) {
        RecoveryState *recovery = data;

        (void) source;
        (void) usec;
        recovery->graced = true;
        recovery->setup.due(recovery->setup.data);
        return 0;
}

static int on_calm(sd_event_source *source, uint64_t usec, void *data) {
        RecoveryState *recovery = data;

        (void) source;
        (void) usec;
        recovery->held = false;
        recovery->setup.due(recovery->setup.data);
        return 0;
}

static void hold(RecoveryState *recovery) {
        uint64_t grace_usec = recovery->setup.config->recovery.grace_usec;
        uint64_t calm_usec = outage_calm_usec(recovery->in_a_row, grace_usec);
        char text[DURATION_TEXT_MAX];

        release(recovery);
        if (calm_usec == 0)
                return;
        recovery->held = true;
        begin_timer(recovery, &recovery->calm, calm_usec, on_calm);
        log_event(
                LOG_WARNING, MSG_PROVIDER_TROUBLE, NO_FIELDS,
                "Ollama went down soon after restarts %u times in a row: nobody is restarted before it has been up for %s; "
                "see what ends it (memory?), then systemctl reload coollamad restarts them at once",
                recovery->in_a_row, duration_format(calm_usec, text)
        );
}

/* It lasted long enough, or nobody knows how long it lasted. */
static bool counts(const RecoveryState *recovery, uint64_t up_since_usec) {
        uint64_t down_since_usec = recovery->ledger.facts.down_since_usec;

        return down_since_usec == 0
               || up_since_usec
                          >= down_since_usec + recovery->setup.config->recovery.min_outage_usec;
}

static void end_outage(RecoveryState *recovery, bool counted) {
        RunList running = { 0 };

        recovery->setup.list_running(&running, true, recovery->setup.data);
        int r = outage_end(outage_of(recovery), &running, counted);
        run_list_done(&running);
        if (r < 0) {
                log_event(
                        LOG_WARNING, MSG_PROVIDER_TROUBLE, NO_FIELDS,
                        "Nobody is restarted after this outage: %s", strerrordesc_np(-r)
                );
                return;
        }
        log_event(
                LOG_NOTICE, MSG_OUTAGE_OVER, NO_FIELDS,
                "Ollama is back%s; running containers that may need a restart: %zu",
                counted ? "" : " after a short outage", outage_of(recovery)->owed.n
        );
}

/*
 * From when on the log is to be read, where nobody watched: the start of this run of Ollama, if it
 * is another one than before, in the engine's own time.
 */
static uint64_t unwatched_since(const char *started_at) {
        int64_t sec = 0;
        uint32_t nsec = 0;

        return timestamp_parse(started_at, &sec, &nsec) < 0 || sec <= 0 ? EVIDENCE_FROM_NOW
                                                                        : (uint64_t) sec;
}

static uint64_t on_wall_clock(uint64_t monotonic_usec) {
        return (clock_realtime_usec() - (clock_monotonic_usec() - monotonic_usec)) / USEC_PER_SEC;
}

/* From when on requests count, for a daemon that comes after us; watched: we saw it answer first.
 */
static void note_answers(RecoveryState *recovery, const char *started_at, bool watched) {
        uint64_t since = watched ? EVIDENCE_FROM_NOW : unwatched_since(started_at);

        if (!watched)
                follow_anew(recovery, since);
        if (since == EVIDENCE_FROM_NOW)
                since = on_wall_clock(
                        recovery->answers_usec != 0 ? recovery->answers_usec
                                                    : clock_monotonic_usec()
                );
        recovery->ledger.facts.answers_since = since;
        recovery->answers_usec = 0;
}

void recovery_ran_anew(RecoveryState *recovery, const char *id, const char *started_at) {
        if (outage_of(recovery)->open)
                return;
        (void) outage_remember_provider(outage_of(recovery), id, started_at);
        ledger_save(&recovery->ledger);
}

/* All were looked at: nobody waits for one that was not seen. It stays written down, in case that
 * its look failed. */
static void forget_strangers(RecoveryState *recovery) {
        const RunList *begun = &recovery->ledger.facts.begun;

        for (size_t i = 0; i < begun->n; i++)
                if (!begun->runs[i].lived)
                        run_list_remove(&recovery->inherited, begun->runs[i].id);
}

void recovery_came_up(
        RecoveryState *recovery, const char *id, const char *started_at, uint64_t since_usec
) {
        Outage *outage = outage_of(recovery);
        bool unwatched = outage_is_unwatched(outage, id, started_at);

        forget_strangers(recovery);
        if (outage->open || unwatched) {
                /* Of one that was open when we came we saw the end, unless that was before. */
                bool watched = !unwatched
                               && (recovery->undisturbed_usec != 0
                                   || !outage_is_another_run(outage, id, started_at));

                end_outage(recovery, unwatched || counts(recovery, since_usec));
                recovery->ledger.facts.down_since_usec = 0;
                note_answers(recovery, started_at, watched);
        }
        (void) outage_remember_provider(outage, id, started_at);
        ledger_save(&recovery->ledger);
        recovery->undisturbed_usec = since_usec;
        recovery->graced = false;
        follow(recovery);
        if (outage->owed.n == 0)
                return;
        hold(recovery);
        begin_timer(
                recovery, &recovery->grace, recovery->setup.config->recovery.grace_usec, on_grace
        );
        recovery->setup.due(recovery->setup.data);
}

void recovery_forgive(RecoveryState *recovery, const char *id) {
        run_list_remove(&outage_of(recovery)->owed, id);
        ledger_save_later(&recovery->ledger);
        follow(recovery);
}

static void resolve(RecoveryState *recovery, const char *id) {
        RunList *begun = &recovery->ledger.facts.begun;

        run_list_remove(&recovery->inherited, id);
        if (run_list_find(begun, id, NULL) == NULL)
                return;
        run_list_remove(begun, id);
        ledger_save_begun(&recovery->ledger);
}

static int on_inherited(sd_event_source *source, uint64_t usec, void *data) {
        RecoveryState *recovery = data;

        (void) source;
        (void) usec;
        recovery->inherited_usec = 0;
        recovery->setup.due(recovery->setup.data);
        return 0;
}

/* Its restart may have reached the engine, or not: that shows before this time. */
static bool is_under_way(RecoveryState *recovery, const Container *container) {
        uint64_t until_usec = recovery->since_usec + RESTART_USEC
                              + container_stop_timeout(container) * USEC_PER_SEC;
        uint64_t now_usec = clock_monotonic_usec();

        if (run_list_find(&recovery->inherited, container->id, container->started_at) == NULL)
                return false;
        if (now_usec >= until_usec) {
                run_list_remove(&recovery->inherited, container->id);
                return false;
        }
        if (recovery->inherited_usec == 0 || until_usec < recovery->inherited_usec) {
                recovery->inherited_usec = until_usec;
                begin_timer(
                        recovery, &recovery->inherited_timer, until_usec - now_usec, on_inherited
                );
        }
        return true;
}

size_t recovery_under_way(const RecoveryState *recovery) {
        return recovery->inherited.n;
}

void recovery_saw(RecoveryState *recovery, const Container *container) {
        Outage *outage = outage_of(recovery);
        RunList *begun = &recovery->ledger.facts.begun;
        const Run *owed = run_list_find(&outage->owed, container->id, NULL);
        Run *restart = run_list_find(begun, container->id, NULL);
        bool up = container_is_up(container);

        if (owed != NULL && !outage->open
            && (!up || strcmp(owed->started_at, container->started_at) != 0))
                recovery_forgive(recovery, container->id);
        if (restart == NULL)
                return;
        restart->lived = true;
        if (strcmp(restart->started_at, container->started_at) != 0
            || (up && !is_under_way(recovery, container)))
                resolve(recovery, container->id);
}

void recovery_gone(RecoveryState *recovery, const char *id) {
        if (!outage_of(recovery)->open && run_list_find(&outage_of(recovery)->owed, id, NULL))
                recovery_forgive(recovery, id);
        resolve(recovery, id);
}

Debt recovery_debt(RecoveryState *recovery, const Container *container, uint64_t key_number) {
        const char *id = container->id;
        const Run *run = outage_owes(outage_of(recovery), id, container->started_at);
        const Run *restart =
                run_list_find(&recovery->ledger.facts.begun, id, container->started_at);
        bool shown = recovery->evidence != NULL && key_number != 0
                     && evidence_has(recovery->evidence, key_number);
        bool under_way = restart != NULL && is_under_way(recovery, container);

        return (Debt){
                .owed = run != NULL,
                .lived = run != NULL && run->lived,
                .held = recovery->held,
                .shown = shown              ? SHOWN_YES
                         : recovery->graced ? SHOWN_NO
                                            : SHOWN_NOT_YET,
                .under_way = under_way,
                .cut_short = restart != NULL && !under_way && container->state == CONTAINER_EXITED,
        };
}

void recovery_restarts(RecoveryState *recovery, const Container *container) {
        RunList *begun = &recovery->ledger.facts.begun;

        if (begun->n >= BEGUN_MAX)
                run_list_done(begun); /* those of crashes long ago */
        run_list_remove(begun, container->id);
        (void) run_list_add(begun, container->id, container->started_at, true);
        ledger_save_begun(&recovery->ledger);
        recovery->restarted = true;
        recovery->undisturbed_usec = clock_monotonic_usec();
}
