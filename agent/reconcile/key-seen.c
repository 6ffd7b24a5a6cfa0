/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/key-seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "reconcile/access-log.h"

#define FILE_SIZE_MAX ((size_t) 1024 * 1024)
#define WRITE_USEC    (30 * USEC_PER_SEC)

struct KeySeen {
        KeySeenSetup setup;
        char *path;
        char proxy_id[65]; /* "": none */
        AccessLog *log;
        sd_event_source *again; /* the stream ended although the proxy runs */
        sd_event_source *write;
        Backoff backoff;
        bool unwritten;
        Sightings sightings;
};

static void write_down(KeySeen *seen) {
        json_t *json = seen->unwritten ? sightings_to_json(&seen->sightings) : NULL;
        char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        Error err = { 0 };

        if (text != NULL && file_replace(seen->path, text, strlen(text), 0600, &err) < 0)
                log_debug("Cannot write down whose key was seen: %s", error_text(&err));
        seen->unwritten = false;
        free(text);
        json_decref(json);
}

static int on_write(sd_event_source *source, uint64_t usec, void *data) {
        KeySeen *seen = data;

        (void) source;
        (void) usec;
        seen->write = sd_event_source_disable_unref(seen->write);
        write_down(seen);
        return 0;
}

/* A request costs no writing: what comes meanwhile is written with it. */
static void write_later(KeySeen *seen) {
        seen->unwritten = true;
        if (seen->write == NULL)
                (void) sd_event_add_time_relative(
                        seen->setup.event, &seen->write, CLOCK_MONOTONIC, WRITE_USEC, USEC_PER_SEC,
                        on_write, seen
                );
}

static void on_request(const ProxyRequest *request, void *data) {
        KeySeen *seen = data;

        bool first = sightings_add(&seen->sightings, request);
        backoff_reset(&seen->backoff);
        write_later(seen);
        if (first)
                seen->setup.first(request->number, seen->setup.data);
}

static void follow(KeySeen *seen);

static int on_again(sd_event_source *source, uint64_t usec, void *data) {
        KeySeen *seen = data;

        (void) source;
        (void) usec;
        seen->again = sd_event_source_disable_unref(seen->again);
        follow(seen);
        return 0;
}

static void follow_later(KeySeen *seen) {
        uint64_t delay_usec = backoff_next(&seen->backoff, random_u32());

        if (seen->again == NULL)
                (void) sd_event_add_time_relative(
                        seen->setup.event, &seen->again, CLOCK_MONOTONIC, delay_usec, USEC_PER_MSEC,
                        on_again, seen
                );
}

/* Where the proxy has ended, or the engine is gone, we are told; else it is tried again. */
static void on_end(const EngineAnswer *answer, void *data) {
        KeySeen *seen = data;

        if (answer->outcome != OUTCOME_DONE)
                log_debug("The proxy's log cannot be read: %s", error_text(&answer->error));
        seen->log = access_log_free(seen->log);
        follow_later(seen);
}

static void follow(KeySeen *seen) {
        const AccessLogSetup setup = {
                .engine = seen->setup.engine,
                .proxy_id = seen->proxy_id,
                .since = seen->sightings.until,
                .follow = true,
                .request = on_request,
                .ended = on_end,
                .data = seen,
        };

        if (access_log_open(&setup, &seen->log) < 0)
                follow_later(seen);
}

void key_seen_follow(KeySeen *seen, const char *proxy_id) {
        const char *id = proxy_id ? proxy_id : "";

        if (strcmp(id, seen->proxy_id) == 0)
                return;
        seen->log = access_log_free(seen->log);
        seen->again = sd_event_source_disable_unref(seen->again);
        backoff_reset(&seen->backoff);
        (void) snprintf(seen->proxy_id, sizeof seen->proxy_id, "%s", id);
        if (seen->proxy_id[0] != '\0')
                follow(seen);
}

const Sighting *key_seen_find(const KeySeen *seen, uint64_t number) {
        return sightings_find(&seen->sightings, number);
}

static int load(KeySeen *seen) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;
        Error err = { 0 };

        int r = file_read(seen->path, FILE_SIZE_MAX, &text, &size, &err);
        if (r == -ENOENT)
                return 0;
        json_t *json = r >= 0 ? json_loadb(text, size, 0, NULL) : NULL;
        if (r >= 0)
                r = sightings_from_json(json, &seen->sightings, &err);
        json_decref(json);
        if (r == -ENOMEM)
                return r;
        if (r >= 0)
                return 0;
        bool aside = file_set_aside(seen->path, NULL) >= 0;
        log_event(
                LOG_WARNING, MSG_STATE_BROKEN, NO_FIELDS,
                "What is known of keys that were seen cannot be read, so it begins anew%s: %s: %s",
                aside ? " (the file is kept as key-seen.json.broken)" : "", seen->path,
                error_text(&err)
        );
        return 0;
}

int key_seen_new(const KeySeenSetup *setup, KeySeen **ret, Error *err) {
        KeySeen *seen = calloc(1, sizeof *seen);
        if (seen == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        seen->setup = *setup;
        seen->backoff = (Backoff){ .min_usec = USEC_PER_SEC, .max_usec = 60 * USEC_PER_SEC };
        seen->path = text_format("%s/key-seen.json", setup->state_dir);

        int r = seen->path ? load(seen) : -ENOMEM;
        if (r < 0) {
                (void) key_seen_free(seen);
                return error_set(err, r, "out of memory");
        }
        *ret = seen;
        return 0;
}

KeySeen *key_seen_free(KeySeen *seen) {
        if (seen == NULL)
                return NULL;
        (void) access_log_free(seen->log);
        sd_event_source_disable_unref(seen->again);
        sd_event_source_disable_unref(seen->write);
        if (seen->path != NULL)
                write_down(seen);
        free(seen->path);
        free(seen);
        return NULL;
}

bool key_seen_was(const KeySeen *seen, uint64_t number) {
        const Sighting *sighting = key_seen_find(seen, number);

        return sighting != NULL && sighting->answered > 0;
}
