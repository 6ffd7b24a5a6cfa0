/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/prunes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "docker/event.h"
#include "docker/lines.h"
#include "docker/query.h"

#define LINE_MAX_BYTES ((size_t) 1024 * 1024)
#define PATH_MAX_BYTES 512
#define SILENCE_USEC   (10 * USEC_PER_SEC)
#define TIME_FORMAT    "%llu.%06llu"

struct Prunes {
        PrunesDone *done;
        void *data;
        EngineSlot *slot;
        Lines *lines;
        uint64_t pruned_usec;
};

static int on_object(json_t *object, void *data) {
        Prunes *prunes = data;
        EngineEvent event;

        int r = event_decode(object, &event);
        if (r >= 0 && event.kind == EVENT_PRUNE && event.time_usec > prunes->pruned_usec)
                prunes->pruned_usec = event.time_usec;
        return r;
}

static int on_piece(const char *bytes, size_t size, void *data) {
        Prunes *prunes = data;

        return lines_feed(prunes->lines, bytes, size);
}

static void on_done(const EngineAnswer *answer, void *data) {
        Prunes *prunes = data;

        (void) answer; /* what came before it broke counts */
        prunes->done(prunes->pruned_usec, prunes->data);
}

static void add_time(Text *path, const char *key, uint64_t usec) {
        (void) text_addf(
                path, "&%s=" TIME_FORMAT, key, (unsigned long long) (usec / USEC_PER_SEC),
                (unsigned long long) (usec % USEC_PER_SEC)
        );
}

/* With an end that is over, the engine tells what it remembers, and ends. */
static int send(Prunes *prunes, Engine *engine, uint64_t since_usec) {
        uint64_t now_usec = clock_realtime_usec();
        Text path = TEXT_INIT(PATH_MAX_BYTES);

        (void) text_add(&path, "/events");
        (void) query_add(&path, "filters", "{\"type\":[\"container\"],\"event\":[\"prune\"]}");
        add_time(&path, "since", since_usec < now_usec ? since_usec : now_usec);
        add_time(&path, "until", now_usec);
        cleanup(freep) char *text = text_take(&path);
        if (text == NULL)
                return -ENOMEM;

        const EngineStream stream = {
                .call = { .method = "GET", .path = text },
                .silence_usec = SILENCE_USEC,
                .piece = on_piece,
        };
        return engine_stream(engine, &stream, on_done, prunes, &prunes->slot);
}

int prunes_ask(Engine *engine, uint64_t since_usec, PrunesDone *done, void *data, Prunes **ret) {
        cleanup(prunes_freep) Prunes *prunes = calloc(1, sizeof *prunes);
        if (prunes == NULL)
                return -ENOMEM;

        prunes->done = done;
        prunes->data = data;
        int r = lines_new(LINE_MAX_BYTES, on_object, prunes, &prunes->lines);
        if (r >= 0)
                r = send(prunes, engine, since_usec);
        if (r < 0)
                return r;
        *ret = take_ptr(prunes);
        return 0;
}

Prunes *prunes_free(Prunes *prunes) {
        if (prunes == NULL)
                return NULL;
        (void) engine_slot_free(prunes->slot);
        (void) lines_free(prunes->lines);
        free(prunes);
        return NULL;
}
