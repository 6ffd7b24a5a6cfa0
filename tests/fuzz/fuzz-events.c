/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a stream of events: framing, JSON, decoding. The first byte says how long the pieces are
 * in which they come; what comes out must not depend on it, and that is checked.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "docker/event.h"
#include "docker/lines.h"
#include "fuzz/fuzz.h"

#define MAX_LINE 1024

typedef struct Seen {
        unsigned objects;
        unsigned events;
        size_t bytes;
} Seen;

static int on_object(json_t *object, void *data) {
        Seen *seen = data;
        EngineEvent event;

        seen->objects++;
        if (event_decode(object, &event) < 0)
                return 0;

        seen->events++;
        seen->bytes += strlen(event.container_id) + strlen(event.name) + strlen(event.actor);
        seen->bytes += event.project != NULL ? strlen(event.project) : 0;
        seen->bytes += strlen(event_kind_to_string(event.kind));
        return 0;
}

static int run(const char *bytes, size_t size, size_t step, Seen *seen) {
        Lines *lines = NULL;
        int r = 0;

        if (lines_new(MAX_LINE, on_object, seen, &lines) < 0)
                abort();
        for (size_t at = 0; at < size && r == 0; at += step)
                r = lines_feed(lines, bytes + at, size - at < step ? size - at : step);
        (void) lines_free(lines);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size < 1)
                return 0;

        const char *bytes = (const char *) data + 1;
        Seen whole = { 0 };
        Seen pieces = { 0 };
        int whole_result = run(bytes, size - 1, size, &whole);
        int pieces_result = run(bytes, size - 1, (size_t) data[0] + 1, &pieces);

        assert(whole_result == pieces_result);
        assert(whole.objects == pieces.objects && whole.events == pieces.events);
        assert(whole.bytes == pieces.bytes);
        return 0;
}
