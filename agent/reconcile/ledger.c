/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-id128.h>

#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"

#define FILE_SIZE_MAX ((size_t) 24 * 1024 * 1024)
#define LATER_USEC    (200 * USEC_PER_MSEC)
#define RETRY_USEC    (5 * USEC_PER_SEC)

/* Monotonic times mean something until the next boot only. "" when it cannot be told. */
static const char *boot_id(char buffer[SD_ID128_STRING_MAX]) {
        sd_id128_t id;

        if (sd_id128_get_boot(&id) < 0)
                return "";
        return sd_id128_to_string(id, buffer);
}

static json_t *facts_to_json(const LedgerFacts *facts) {
        json_t *json = outage_to_json(&facts->outage);
        char boot[SD_ID128_STRING_MAX];

        if (json == NULL || json_object_set_new(json, "boot", json_string(boot_id(boot))) < 0
            || json_object_set_new(
                       json, "down_since_usec", json_integer((json_int_t) facts->down_since_usec)
               ) < 0
            || json_object_set_new(
                       json, "answers_since", json_integer((json_int_t) facts->answers_since)
               ) < 0) {
                json_decref(json);
                return NULL;
        }
        return json;
}

static uint64_t number(const json_t *json, const char *name) {
        json_int_t value = json_integer_value(json_object_get(json, name));
        return value > 0 ? (uint64_t) value : 0;
}

static int facts_from_json(const json_t *json, LedgerFacts *facts, Error *err) {
        const char *boot = json_string_value(json_object_get(json, "boot"));
        char now[SD_ID128_STRING_MAX];

        int r = outage_from_json(json, &facts->outage, err);
        if (r < 0)
                return r;
        facts->answers_since = number(json, "answers_since");
        if (boot != NULL && boot[0] != '\0' && strcmp(boot, boot_id(now)) == 0)
                facts->down_since_usec = number(json, "down_since_usec");
        return 0;
}

/* NULL without an error: there is no such file. */
static int read_json(const char *path, json_t **ret, Error *err) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;

        int r = file_read(path, FILE_SIZE_MAX, &text, &size, err);
        if (r == -ENOENT) {
                *err = (Error){ 0 };
                return 0;
        }
        if (r < 0)
                return r;
        *ret = json_loadb(text, size, 0, NULL);
        return *ret ? 0 : error_set(err, -EBADMSG, "no JSON");
}

/* What it says is worth less than a daemon that runs: whoever was owed a restart by it can be
 * restarted by hand. */
static int set_aside(const char *path, int result, const Error *why, Error *err) {
        Error failed = { 0 };

        if (result == -ENOMEM)
                return error_set(err, result, "out of memory");
        int r = file_set_aside(path, &failed);
        if (r < 0)
                return error_set(
                        err, r, "%s: %s (remove it, then start again; %s)", path, error_text(why),
                        error_text(&failed)
                );
        log_event(
                LOG_WARNING, MSG_STATE_BROKEN, NO_FIELDS,
                "%s cannot be used, and is set aside as %s.broken; who was owed a restart by it gets "
                "none: %s",
                path, path, error_text(why)
        );
        return 0;
}

static int read_facts(Ledger *ledger, Error *err) {
        json_t *json = NULL;
        Error why = { 0 };

        int r = read_json(ledger->path, &json, &why);
        if (r >= 0 && json != NULL)
                r = facts_from_json(json, &ledger->facts, &why);
        json_decref(json);
        if (r >= 0)
                return 0;
        outage_done(&ledger->facts.outage);
        ledger->facts = (LedgerFacts){ 0 };
        return set_aside(ledger->path, r, &why, err);
}

static int read_begun(Ledger *ledger, Error *err) {
        json_t *json = NULL;
        Error why = { 0 };

        int r = read_json(ledger->begun_path, &json, &why);
        if (r >= 0 && json != NULL) {
                r = run_list_from_json(json, &ledger->facts.begun);
                if (r < 0)
                        (void) error_set(&why, r, "not a list of who is being restarted");
        }
        json_decref(json);
        if (r >= 0)
                return 0;
        run_list_done(&ledger->facts.begun);
        return set_aside(ledger->begun_path, r, &why, err);
}

int ledger_open(sd_event *event, const char *state_dir, Ledger *ret, Error *err) {
        Ledger ledger = {
                .event = event,
                .path = text_format("%s/recovery.json", state_dir),
                .begun_path = text_format("%s/restarting.json", state_dir),
        };

        int r = ledger.path && ledger.begun_path ? 0 : error_set(err, -ENOMEM, "out of memory");
        if (r >= 0)
                r = read_facts(&ledger, err);
        if (r >= 0)
                r = read_begun(&ledger, err);
        *ret = ledger;
        if (r < 0)
                ledger_done(ret);
        return r;
}

/* Takes json. */
static int write_json(const char *path, json_t *json, Error *err) {
        cleanup(freep) char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

        json_decref(json);
        if (text == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        return file_replace(path, text, strlen(text), 0600, err);
}

static bool is_awaited(const Ledger *ledger) {
        int enabled = SD_EVENT_OFF;

        return ledger->later != NULL && sd_event_source_get_enabled(ledger->later, &enabled) >= 0
               && enabled != SD_EVENT_OFF;
}

void ledger_done(Ledger *ledger) {
        if (is_awaited(ledger))
                ledger_save(ledger);
        sd_event_source_disable_unref(ledger->later);
        outage_done(&ledger->facts.outage);
        run_list_done(&ledger->facts.begun);
        free(ledger->path);
        free(ledger->begun_path);
        *ledger = (Ledger){ 0 };
}

static int on_later(sd_event_source *source, uint64_t usec, void *data) {
        Ledger *ledger = data;
        bool both = ledger->troubled;

        (void) source;
        (void) usec;
        ledger_save(ledger);
        if (both)
                ledger_save_begun(ledger);
        return 0;
}

static void save_after(Ledger *ledger, uint64_t usec) {
        int r;

        if (ledger->later == NULL) {
                r = sd_event_add_time_relative(
                        ledger->event, &ledger->later, CLOCK_MONOTONIC, usec, 1, on_later, ledger
                );
        } else {
                r = sd_event_source_set_time_relative(ledger->later, usec);
                if (r >= 0)
                        r = sd_event_source_set_enabled(ledger->later, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_debug("Recovery: no timer: %s", strerrordesc_np(-r));
}

/* Said once, however often it is tried. */
static void note_write(Ledger *ledger, int result, const Error *err) {
        if (result < 0 && !ledger->troubled)
                log_event(
                        LOG_WARNING, MSG_PROVIDER_TROUBLE, NO_FIELDS,
                        "Cannot write down who is owed a restart, trying again; after a crash some would not get theirs: %s",
                        error_text(err)
                );
        ledger->troubled = result < 0;
        if (result < 0)
                save_after(ledger, RETRY_USEC);
}

void ledger_save(Ledger *ledger) {
        Error err = { 0 };

        if (ledger->later != NULL)
                (void) sd_event_source_set_enabled(ledger->later, SD_EVENT_OFF);
        int r = write_json(ledger->path, facts_to_json(&ledger->facts), &err);
        note_write(ledger, r, &err);
}

void ledger_save_later(Ledger *ledger) {
        if (!is_awaited(ledger))
                save_after(ledger, LATER_USEC);
}

void ledger_save_begun(Ledger *ledger) {
        Error err = { 0 };

        int r = write_json(ledger->begun_path, run_list_to_json(&ledger->facts.begun), &err);
        note_write(ledger, r, &err);
}
