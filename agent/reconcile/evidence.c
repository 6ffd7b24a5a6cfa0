/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence: a stream that is begun "from now on" names no time, so that a clock which is set back
 * hides nothing. It ends with the proxy, and with the engine; then it is begun again from the
 * moment when it ended.
 */
#include "reconcile/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/sightings.h"
#include "reconcile/access-log.h"

#define RETRY_USEC (1 * USEC_PER_SEC)

struct Evidence {
        sd_event *event;
        Engine *engine;
        Sightings answered;
        char proxy_id[65]; /* whose log it is; "" before the first */
        bool following;    /* else it does not run */
        uint64_t since;    /* of the stream to come: evidence_follow() */
        AccessLog *log;
        bool begun; /* the engine answers */
        sd_event_source *retry;
};

int evidence_new(sd_event *event, Engine *engine, Evidence **ret) {
        Evidence *evidence = calloc(1, sizeof *evidence);
        if (evidence == NULL)
                return -ENOMEM;
        evidence->event = event;
        evidence->engine = engine;
        *ret = evidence;
        return 0;
}

Evidence *evidence_free(Evidence *evidence) {
        if (evidence == NULL)
                return NULL;
        (void) access_log_free(evidence->log);
        sd_event_source_disable_unref(evidence->retry);
        free(evidence);
        return NULL;
}

static void on_request(const ProxyRequest *request, void *data) {
        Evidence *evidence = data;

        if (request->answered)
                (void) sightings_add(&evidence->answered, request);
}

static void on_begun(void *data) {
        Evidence *evidence = data;

        evidence->begun = true;
}

static void begin(Evidence *evidence);

static int on_retry(sd_event_source *source, uint64_t usec, void *data) {
        (void) source;
        (void) usec;
        begin(data);
        return 0;
}

static void begin_later(Evidence *evidence) {
        int r;

        if (evidence->retry == NULL) {
                r = sd_event_add_time_relative(
                        evidence->event, &evidence->retry, CLOCK_MONOTONIC, RETRY_USEC, 0, on_retry,
                        evidence
                );
        } else {
                r = sd_event_source_set_time_relative(evidence->retry, RETRY_USEC);
                if (r >= 0)
                        r = sd_event_source_set_enabled(evidence->retry, SD_EVENT_ONESHOT);
        }
        if (r < 0)
                log_debug("The proxy's log: no timer: %s", strerrordesc_np(-r));
}

static void on_end(const EngineAnswer *answer, void *data) {
        Evidence *evidence = data;

        if (answer->outcome != OUTCOME_DONE)
                log_debug("The proxy's log cannot be read: %s", error_text(&answer->error));
        if (evidence->begun || evidence->since == EVIDENCE_FROM_NOW)
                evidence->since = clock_realtime_usec() / USEC_PER_SEC;
        evidence->log = access_log_free(evidence->log);
        begin_later(evidence);
}

static void begin(Evidence *evidence) {
        const AccessLogSetup setup = {
                .engine = evidence->engine,
                .proxy_id = evidence->proxy_id,
                .since = evidence->since,
                .from_now = evidence->since == EVIDENCE_FROM_NOW,
                .follow = true,
                .begun = on_begun,
                .request = on_request,
                .ended = on_end,
                .data = evidence,
        };

        evidence->log = access_log_free(evidence->log);
        evidence->begun = false;
        if (evidence->following && access_log_open(&setup, &evidence->log) < 0)
                begin_later(evidence);
}

void evidence_follow(Evidence *evidence, const char *proxy_id, uint64_t since) {
        bool same = proxy_id != NULL && strcmp(proxy_id, evidence->proxy_id) == 0;
        bool followed = evidence->following;

        evidence->following = proxy_id != NULL;
        if (proxy_id == NULL || (same && (followed || evidence->log != NULL)))
                return;
        if (!same) {
                (void) snprintf(evidence->proxy_id, sizeof evidence->proxy_id, "%s", proxy_id);
                evidence->since = since;
        }
        if (evidence->retry != NULL)
                (void) sd_event_source_set_enabled(evidence->retry, SD_EVENT_OFF);
        begin(evidence);
}

void evidence_forget(Evidence *evidence) {
        evidence->answered = (Sightings){ 0 };
}

bool evidence_has(const Evidence *evidence, uint64_t key_number) {
        return sightings_find(&evidence->answered, key_number) != NULL;
}
