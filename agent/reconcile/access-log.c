/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AccessLog: lines are gathered over frames and pieces and read one by one; nothing is kept of
 * them.
 */
#include "reconcile/access-log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "docker/frames.h"

#define LINE_MAX_SIZE  16384
#define PIECE_MAX_SIZE ((size_t) 1024 * 1024)
#define SILENCE_USEC   (10 * USEC_PER_SEC)

struct AccessLog {
        AccessLogSetup setup;
        EngineSlot *slot;
        Frames frames;
        char line[LINE_MAX_SIZE];
        size_t line_size;
        bool line_too_long;
};

AccessLog *access_log_free(AccessLog *log) {
        if (log == NULL)
                return NULL;
        (void) engine_slot_free(log->slot);
        free(log);
        return NULL;
}

static void take_line(AccessLog *log) {
        ProxyRequest request;

        if (!log->line_too_long && proxy_log_read(log->line, log->line_size, &request))
                log->setup.request(&request, log->setup.data);
        log->line_size = 0;
        log->line_too_long = false;
}

static void take_text(AccessLog *log, const char *text, size_t size) {
        for (size_t i = 0; i < size; i++) {
                if (text[i] == '\n')
                        take_line(log);
                else if (log->line_size < sizeof log->line)
                        log->line[log->line_size++] = text[i];
                else
                        log->line_too_long = true;
        }
}

static int on_piece(const char *bytes, size_t size, void *data) {
        AccessLog *log = data;
        Text text = TEXT_INIT(PIECE_MAX_SIZE);

        int r = frames_take(&log->frames, bytes, size, &text);
        if (r >= 0 && text.data != NULL)
                take_text(log, text.data, text.size);
        text_done(&text);
        return r;
}

static int on_started(long status, void *data) {
        const AccessLog *log = data;

        (void) status;
        if (log->setup.begun != NULL)
                log->setup.begun(log->setup.data);
        return 0;
}

static void on_end(const EngineAnswer *answer, void *data) {
        AccessLog *log = data;

        log->slot = engine_slot_free(log->slot);
        log->setup.ended(answer, log->setup.data);
}

static char *path_of(const AccessLogSetup *setup) {
        if (setup->from_now)
                return text_format(
                        "/containers/%s/logs?stdout=1&tail=0&follow=%d", setup->proxy_id,
                        setup->follow
                );
        return text_format(
                "/containers/%s/logs?stdout=1&tail=50000&follow=%d&since=%llu", setup->proxy_id,
                setup->follow, (unsigned long long) setup->since
        );
}

int access_log_open(const AccessLogSetup *setup, AccessLog **ret) {
        cleanup(access_log_freep) AccessLog *log = calloc(1, sizeof *log);
        cleanup(freep) char *path = path_of(setup);
        if (log == NULL || path == NULL)
                return -ENOMEM;
        log->setup = *setup;

        const EngineStream stream = {
                .call = { .method = "GET", .path = path },
                .silence_usec = setup->follow ? 0 : SILENCE_USEC,
                .started = on_started,
                .piece = on_piece,
        };
        int r = engine_stream(setup->engine, &stream, on_end, log, &log->slot);
        if (r < 0)
                return r;
        *ret = take_ptr(log);
        return 0;
}
