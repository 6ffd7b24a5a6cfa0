/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/recovery.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "reconcile/evidence.h"

#define FILE_SIZE_MAX ((size_t) 16 * 1024 * 1024)

struct RecoveryState {
        RecoverySetup setup;
        char *path;
        Outage outage;
        uint64_t down_since_usec; /* monotonic; 0: it went down before we watched */
        uint64_t ended;           /* seconds since 1970: from when on requests count as evidence */
        char *proxy_id;
        sd_event_source *grace;
        Evidence *evidence;
        bool graced; /* the grace is over and the evidence was read (or there is none to read) */
};

static void save(RecoveryState *recovery) {
        json_t *json = outage_to_json(&recovery->outage);
        Error err = { 0 };

        if (json != NULL)
                (void
                ) json_object_set_new(json, "ended", json_integer((json_int_t) recovery->ended));
        char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        json_decref(json);
        int r = text ? file_replace(recovery->path, text, strlen(text), 0600, &err) : -ENOMEM;
        free(text);
        if (r < 0)
                log_event(
                        LOG_WARNING, MSG_PROVIDER_TROUBLE, NO_FIELDS,
                        "Cannot write down who is owed a restart; after a crash some would not get theirs: %s",
                        error_text(&err)
                );
}

static int load(RecoveryState *recovery, Error *err) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;

        int r = file_read(recovery->path, FILE_SIZE_MAX, &text, &size, err);
        if (r == -ENOENT) {
                *err = (Error){ 0 };
                return 0;
        }
        if (r < 0)
                return r;

        json_t *json = json_loadb(text, size, 0, NULL);
        r = outage_from_json(json, &recovery->outage, err);
        recovery->ended = (uint64_t) json_integer_value(json_object_get(json, "ended"));
        json_decref(json);
        return r < 0 ? error_prefix(
                       err, r, "%s (remove the file, then start again)", recovery->path
               )
                     : 0;
}

int recovery_new(const RecoverySetup *setup, RecoveryState **ret, Error *err) {
        RecoveryState *recovery = calloc(1, sizeof *recovery);
        if (recovery == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        recovery->setup = *setup;
        recovery->path = text_format("%s/recovery.json", setup->state_dir);

        int r = recovery->path ? load(recovery, err) : error_set(err, -ENOMEM, "out of memory");
        if (r < 0) {
                (void) recovery_free(recovery);
                return r;
        }
        *ret = recovery;
        return 0;
}

RecoveryState *recovery_free(RecoveryState *recovery) {
        if (recovery == NULL)
                return NULL;
        sd_event_source_disable_unref(recovery->grace);
        (void) evidence_free(recovery->evidence);
        outage_done(&recovery->outage);
        free(recovery->proxy_id);
        free(recovery->path);
        free(recovery);
        return NULL;
}

void recovery_configure(RecoveryState *recovery, const Config *config) {
        recovery->setup.config = config;
}

void recovery_went_down(RecoveryState *recovery, uint64_t since_usec) {
        RunList running = { 0 };

        if (!recovery->outage.open)
                recovery->down_since_usec = since_usec;
        recovery->setup.list_running(&running, recovery->setup.data);
        outage_begin(&recovery->outage, &running);
        save(recovery);
}

static void on_evidence(int result, const Error *error, void *data) {
        RecoveryState *recovery = data;

        if (result < 0)
                log_debug("Recovery: the proxy's log cannot be read: %s", error_text(error));
        recovery->graced = true;
        recovery->setup.due(recovery->setup.data);
}

static int on_grace(sd_event_source *source, uint64_t usec, void *data) {
        RecoveryState *recovery = data;

        (void) source;
        (void) usec;
        recovery->evidence = evidence_free(recovery->evidence);
        if (recovery->proxy_id == NULL
            || evidence_start(
                       recovery->setup.engine, recovery->proxy_id, recovery->ended, on_evidence,
                       recovery, &recovery->evidence
               ) < 0)
                on_evidence(0, NULL, recovery);
        return 0;
}

static void begin_grace(RecoveryState *recovery, const char *proxy_id) {
        uint64_t grace_usec = recovery->setup.config->recovery.grace_usec;

        free(recovery->proxy_id);
        recovery->proxy_id = proxy_id ? strdup(proxy_id) : NULL;
        recovery->graced = false;
        recovery->evidence = evidence_free(recovery->evidence);
        recovery->grace = sd_event_source_disable_unref(recovery->grace);
        int r = sd_event_add_time_relative(
                recovery->setup.event, &recovery->grace, CLOCK_MONOTONIC, grace_usec, USEC_PER_MSEC,
                on_grace, recovery
        );
        if (r < 0)
                log_debug("Recovery: no timer: %s", strerrordesc_np(-r));
}

/* It lasted long enough, or nobody knows how long it lasted. */
static bool counts(const RecoveryState *recovery, uint64_t up_since_usec) {
        return recovery->down_since_usec == 0
               || up_since_usec - recovery->down_since_usec
                          >= recovery->setup.config->recovery.min_outage_usec;
}

static void end_outage(RecoveryState *recovery, bool counted) {
        RunList running = { 0 };

        recovery->setup.list_running(&running, recovery->setup.data);
        int r = outage_end(&recovery->outage, &running, counted);
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
                counted ? "" : " after a short outage", recovery->outage.owed.n
        );
}

void recovery_ran_anew(RecoveryState *recovery, const char *id, const char *started_at) {
        if (recovery->outage.open)
                return;
        (void) outage_remember_provider(&recovery->outage, id, started_at);
        save(recovery);
}

void recovery_came_up(
        RecoveryState *recovery,
        const char *id,
        const char *started_at,
        uint64_t since_usec,
        const char *proxy_id
) {
        Outage *outage = &recovery->outage;
        bool unwatched = outage_is_unwatched(outage, id, started_at);

        if (outage->open || unwatched) {
                end_outage(recovery, unwatched || counts(recovery, since_usec));
                recovery->ended = clock_realtime_usec() / USEC_PER_SEC;
        }
        recovery->down_since_usec = 0;
        (void) outage_remember_provider(outage, id, started_at);
        save(recovery);
        if (outage->owed.n > 0) {
                begin_grace(recovery, proxy_id);
                recovery->setup.due(recovery->setup.data);
        }
}

static void drop(RecoveryState *recovery, const char *id) {
        run_list_remove(&recovery->outage.owed, id);
        save(recovery);
}

/* Its request was answered: it has found Ollama again by itself. */
static bool is_proven(const RecoveryState *recovery, uint64_t key_number) {
        return recovery->evidence != NULL && key_number != 0
               && evidence_has(recovery->evidence, key_number);
}

bool recovery_is_due(
        RecoveryState *recovery, const char *id, const char *started_at, uint64_t key_number
) {
        const Run *run = outage_owes(&recovery->outage, id, started_at);

        if (run == NULL || run->lived)
                return run != NULL;
        if (!recovery->graced)
                return false;
        if (!is_proven(recovery, key_number))
                return true;
        drop(recovery, id);
        return false;
}

static const Run *any_run_of(const RecoveryState *recovery, const char *id) {
        for (size_t i = 0; i < recovery->outage.owed.n; i++)
                if (strcmp(recovery->outage.owed.runs[i].id, id) == 0)
                        return &recovery->outage.owed.runs[i];
        return NULL;
}

void recovery_saw(RecoveryState *recovery, const char *id, const char *started_at, bool running) {
        const Run *run = any_run_of(recovery, id);

        if (run == NULL || recovery->outage.open)
                return;
        if (!running || strcmp(run->started_at, started_at) != 0)
                drop(recovery, id);
}
