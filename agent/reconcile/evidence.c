/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine frames a container's log: 8 bytes (stream, 3 zeros, length in network order), then the
 * text. Lines are gathered over frames and read one by one; nothing but the numbers seen is kept.
 */
#include "reconcile/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "base/text.h"
#include "model/proxy-log.h"

#define CONSUMERS_MAX 8192
#define LINE_MAX_SIZE 16384
#define HEADER_SIZE   8
#define SILENCE_USEC  (10 * USEC_PER_SEC)

struct Evidence {
        EvidenceDone *done;
        void *data;
        EngineSlot *slot;
        Index *answered;
        unsigned char header[HEADER_SIZE];
        size_t header_size;
        size_t frame_left;
        char line[LINE_MAX_SIZE];
        size_t line_size;
        bool line_too_long;
};

Evidence *evidence_free(Evidence *evidence) {
        if (evidence == NULL)
                return NULL;
        (void) engine_slot_free(evidence->slot);
        (void) index_free(evidence->answered);
        free(evidence);
        return NULL;
}

static void take_line(Evidence *evidence) {
        char consumer[32];

        if (!evidence->line_too_long
            && proxy_log_answered(evidence->line, evidence->line_size, consumer, sizeof consumer))
                (void) index_put(evidence->answered, consumer, evidence);
        evidence->line_size = 0;
        evidence->line_too_long = false;
}

static void take_text(Evidence *evidence, const char *text, size_t size) {
        for (size_t i = 0; i < size; i++) {
                if (text[i] == '\n')
                        take_line(evidence);
                else if (evidence->line_size < sizeof evidence->line)
                        evidence->line[evidence->line_size++] = text[i];
                else
                        evidence->line_too_long = true;
        }
}

static size_t take_header(Evidence *evidence, const char *bytes, size_t size) {
        size_t wanted = HEADER_SIZE - evidence->header_size;
        size_t n = size < wanted ? size : wanted;
        const unsigned char *header = evidence->header;

        memcpy(evidence->header + evidence->header_size, bytes, n);
        evidence->header_size += n;
        if (evidence->header_size == HEADER_SIZE)
                evidence->frame_left = ((size_t) header[4] << 24) | ((size_t) header[5] << 16)
                                       | ((size_t) header[6] << 8) | header[7];
        return n;
}

static int on_piece(const char *bytes, size_t size, void *data) {
        Evidence *evidence = data;

        while (size > 0) {
                size_t n;

                if (evidence->frame_left == 0 && evidence->header_size < HEADER_SIZE) {
                        n = take_header(evidence, bytes, size);
                } else {
                        n = size < evidence->frame_left ? size : evidence->frame_left;
                        take_text(evidence, bytes, n);
                        evidence->frame_left -= n;
                }
                if (evidence->header_size == HEADER_SIZE && evidence->frame_left == 0)
                        evidence->header_size = 0;
                bytes += n;
                size -= n;
        }
        return 0;
}

static void on_end(const EngineAnswer *answer, void *data) {
        Evidence *evidence = data;

        evidence->slot = engine_slot_free(evidence->slot);
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

        cleanup(freep) char *path = text_format(
                "/containers/%s/logs?stdout=1&tail=50000&since=%llu", proxy_id,
                (unsigned long long) since
        );
        const EngineStream stream = {
                .call = { .method = "GET", .path = path },
                .silence_usec = SILENCE_USEC,
                .piece = on_piece,
        };
        int r = path ? index_new(CONSUMERS_MAX, &evidence->answered) : -ENOMEM;
        if (r >= 0)
                r = engine_stream(engine, &stream, on_end, evidence, &evidence->slot);
        if (r < 0) {
                (void) evidence_free(evidence);
                return r;
        }
        *ret = evidence;
        return 0;
}

bool evidence_has(const Evidence *evidence, uint64_t key_number) {
        char name[32];

        (void) snprintf(name, sizeof name, "c%llu", (unsigned long long) key_number);
        return index_get(evidence->answered, name) != NULL;
}
