/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pull: a long answer whose status says little.
 *
 * The engine sends its 200 before it knows whether the image can be had; a failure after that is an
 * object in the stream, and the stream then ends as if all were well. So the stream is read to its
 * end and the first error in it counts; a stream that breaks, or a line that is no JSON, is a
 * failure too. The engine is silent while it extracts a large layer: hence ten minutes.
 */
#include "docker/pull.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "docker/image.h"
#include "docker/lines.h"
#include "docker/progress.h"
#include "docker/query.h"

#define SILENCE_USEC   (600 * USEC_PER_SEC)
#define LINE_MAX_BYTES ((size_t) 256 * 1024)

struct Pull {
        char *image;
        PullTell *tell; /* may be NULL */
        PullDone *done;
        void *data;
        EngineSlot *slot;
        Lines *lines;
        Progress progress;
        bool progressed; /* since it was told last */
        Error error;     /* the first one that the stream told */
};

DEFINE_CLEANUP(Pull, pull_free);

typedef struct Cause {
        const char *words;
        int code;
} Cause;

/* What a caller may want to treat in its own way; anything else is -EIO. */
static const Cause causes[] = {
        { "toomanyrequests", -EDQUOT },  { "no space left on device", -ENOSPC },
        { "manifest unknown", -ENOENT }, { "not found", -ENOENT },
        { "denied", -EACCES },           { "unauthorized", -EACCES },
};

static int cause_of(const char *message, int otherwise) {
        for (size_t i = 0; i < ARRAY_LEN(causes); i++)
                if (strcasestr(message, causes[i].words) != NULL)
                        return causes[i].code;
        return otherwise;
}

static const char *error_in(const json_t *object) {
        const char *message =
                json_string_value(json_object_get(json_object_get(object, "errorDetail"), "message")
                );

        return message != NULL ? message : json_string_value(json_object_get(object, "error"));
}

static int on_object(json_t *object, void *data) {
        Pull *pull = data;
        const char *message = error_in(object);

        if (message != NULL)
                (void) error_set(&pull->error, cause_of(message, -EIO), "%s", message);
        else if (progress_read(&pull->progress, object))
                pull->progressed = true;
        return 0;
}

static int on_piece(const char *bytes, size_t size, void *data) {
        Pull *pull = data;

        int r = lines_feed(pull->lines, bytes, size);
        if (r < 0)
                return error_set(&pull->error, r, "the engine's account of the pull is no JSON");

        if (pull->progressed && pull->tell != NULL) {
                PullProgress sum = progress_sum(&pull->progress);

                pull->progressed = false;
                pull->tell(&sum, pull->data);
                /* The pull may be freed now. */
        }
        return 0;
}

static void on_done(const EngineAnswer *answer, void *data) {
        Pull *pull = data;
        Error error = pull->error;

        if (!error_is_set(&error) && error_is_set(&answer->error)) {
                error = answer->error;
                error.code = cause_of(error.text, error.code);
        }
        if (error_is_set(&error))
                (void) error_prefix(&error, error.code, "%.200s", pull->image);
        pull->slot = engine_slot_free(pull->slot);
        pull->done(error.code, error_is_set(&error) ? &error : NULL, pull->data);
}

static int pull_send(Pull *pull, Engine *engine) {
        ImageName name;
        int r = image_name_parse(pull->image, &name);
        if (r < 0)
                return r;

        Text path = TEXT_INIT(8 * (size_t) IMAGE_NAME_MAX);
        (void) text_add(&path, "/images/create");
        (void) query_add(&path, "fromImage", name.repository);
        (void) query_add(&path, "tag", name.tag);
        cleanup(freep) char *text = text_take(&path);
        if (text == NULL)
                return -ENOMEM;

        EngineStream stream = {
                .call = { .method = "POST", .path = text },
                .silence_usec = SILENCE_USEC,
                .piece = on_piece,
        };
        return engine_stream(engine, &stream, on_done, pull, &pull->slot);
}

int pull_start(
        Engine *engine, const char *image, PullTell *tell, PullDone *done, void *data, Pull **ret
) {
        cleanup(pull_freep) Pull *pull = calloc(1, sizeof *pull);

        if (pull == NULL)
                return -ENOMEM;

        pull->tell = tell;
        pull->done = done;
        pull->data = data;
        int r = lines_new(LINE_MAX_BYTES, on_object, pull, &pull->lines);
        if (r < 0)
                return r;
        pull->image = strdup(image);
        if (pull->image == NULL)
                return -ENOMEM;
        r = pull_send(pull, engine);
        if (r < 0)
                return r;

        *ret = take_ptr(pull);
        return 0;
}

Pull *pull_free(Pull *pull) {
        if (pull == NULL)
                return NULL;

        (void) engine_slot_free(pull->slot);
        (void) lines_free(pull->lines);
        free(pull->image);
        free(pull);
        return NULL;
}
