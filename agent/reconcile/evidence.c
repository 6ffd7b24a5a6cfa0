/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/evidence.h"

#include <errno.h>
#include <stdlib.h>

#include "model/sightings.h"
#include "reconcile/access-log.h"

struct Evidence {
        EvidenceDone *done;
        void *data;
        AccessLog *log;
        Sightings answered;
};

Evidence *evidence_free(Evidence *evidence) {
        if (evidence == NULL)
                return NULL;
        (void) access_log_free(evidence->log);
        free(evidence);
        return NULL;
}

static void on_request(const ProxyRequest *request, void *data) {
        Evidence *evidence = data;

        if (request->answered)
                (void) sightings_add(&evidence->answered, request);
}

static void on_end(const EngineAnswer *answer, void *data) {
        Evidence *evidence = data;

        evidence->done(answer->outcome == OUTCOME_DONE ? 0 : -EIO, &answer->error, evidence->data);
}

int evidence_start(
        Engine *engine,
        const char *proxy_id,
        uint64_t since,
        EvidenceDone *done,
        void *data,
        Evidence **ret
) {
        Evidence *evidence = calloc(1, sizeof *evidence);
        if (evidence == NULL)
                return -ENOMEM;
        evidence->done = done;
        evidence->data = data;

        const AccessLogSetup setup = {
                .engine = engine,
                .proxy_id = proxy_id,
                .since = since,
                .request = on_request,
                .ended = on_end,
                .data = evidence,
        };
        int r = access_log_open(&setup, &evidence->log);
        if (r < 0) {
                (void) evidence_free(evidence);
                return r;
        }
        *ret = evidence;
        return 0;
}

bool evidence_has(const Evidence *evidence, uint64_t key_number) {
        return sightings_find(&evidence->answered, key_number) != NULL;
}
