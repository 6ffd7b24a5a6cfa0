/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CopyFiles: for each path its archive from the one container, and that into the same directory of
 * the other.
 *
 * Of a directory the archive goes on with all that is in it: it is broken off after the directory
 * itself. The archive's first member is sent on as it came, so that owner, mode, time and extended
 * attributes are what they were. Any path that cannot be had or set is a failure of the whole.
 */
#include "reconcile/copy-files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "docker/query.h"
#include "model/injected.h"
#include "model/tar.h"

#define PATH_TEXT_MAX ((size_t) 16 * 1024)
/* Headers, and what may have come beyond a member before it was broken off. */
#define AROUND_MAX   ((size_t) 256 * 1024)
#define SILENCE_USEC (60 * USEC_PER_SEC)
#define PUT_USEC     (60 * USEC_PER_SEC)

struct CopyFiles {
        Engine *engine;
        const ActionCopy *action;
        CopyFilesDone *done;
        void *data;
        EngineSlot *slot;
        size_t at;       /* of the paths */
        uint64_t copied; /* bytes */
        TarMember member;
        int bad; /* the archive is one that we do not take */
};

DEFINE_CLEANUP(CopyFiles, copy_files_free);

CopyFiles *copy_files_free(CopyFiles *copy) {
        if (copy == NULL)
                return NULL;
        (void) engine_slot_free(copy->slot);
        tar_member_done(&copy->member);
        free(copy);
        return NULL;
}

static const char *current(const CopyFiles *copy) {
        const char *path = json_string_value(json_array_get(copy->action->paths, copy->at));
        return path ? path : "";
}

static void fail(CopyFiles *copy, int result, const EngineAnswer *answer) {
        Error err = { 0 };
        const char *why = answer != NULL && error_is_set(&answer->error)
                                  ? error_text(&answer->error)
                                  : strerrordesc_np(-result);

        (void) error_set(&err, result, "cannot copy %.200s: %s", current(copy), why);
        copy->done(result, answer ? answer->outcome : OUTCOME_UNKNOWN, &err, copy->data);
}

/* length: of path. */
static char *archive_path(const char *id, const char *path, size_t length) {
        cleanup(freep) char *part = strndup(path, length);
        Text text = TEXT_INIT(PATH_TEXT_MAX);

        if (part == NULL)
                return NULL;
        (void) text_addf(&text, "/containers/%s/archive", id);
        (void) query_add(&text, "path", part);
        return text_take(&text);
}

static int get(CopyFiles *copy);

static void next(CopyFiles *copy) {
        int r = get(copy);
        if (r < 0)
                fail(copy, r, NULL);
}

static void on_put(const EngineAnswer *answer, void *data) {
        CopyFiles *copy = data;

        copy->slot = engine_slot_free(copy->slot);
        if (answer->outcome != OUTCOME_DONE) {
                fail(copy, -EIO, answer);
                return;
        }
        copy->at++;
        next(copy);
}

static int put(CopyFiles *copy) {
        const char *path = current(copy);
        size_t length = (size_t) (strrchr(path, '/') - path);

        cleanup(freep) char *to = archive_path(copy->action->to, path, length > 0 ? length : 1);
        const EngineCall call = {
                .method = "PUT",
                .path = to,
                .archive = copy->member.bytes.data,
                .archive_size = copy->member.bytes.size,
                .timeout_usec = PUT_USEC,
        };
        int r = to ? engine_call(copy->engine, &call, on_put, copy, &copy->slot) : -ENOMEM;
        tar_member_done(&copy->member);
        return r;
}

static int on_piece(const char *bytes, size_t size, void *data) {
        CopyFiles *copy = data;

        int r = tar_member_feed(&copy->member, bytes, size);
        if (r == 0)
                return 0;
        copy->bad = r < 0 ? r : 0;
        return -ECANCELED;
}

static void on_got(const EngineAnswer *answer, void *data) {
        CopyFiles *copy = data;

        copy->slot = engine_slot_free(copy->slot);
        if (copy->bad < 0) {
                fail(copy, copy->bad, NULL);
                return;
        }
        if (copy->member.state == TAR_READING) { /* it ended before the member was whole */
                fail(copy, -EIO, answer);
                return;
        }
        copy->copied += copy->member.bytes.size;
        int r = copy->copied > INJECTED_BYTES_MAX + AROUND_MAX * 4 ? -EFBIG : put(copy);
        if (r < 0)
                fail(copy, r, NULL);
}

static int get(CopyFiles *copy) {
        if (copy->at == json_array_size(copy->action->paths)) {
                copy->done(0, OUTCOME_DONE, NULL, copy->data);
                return 0;
        }

        const char *path = current(copy);
        if (path[0] != '/')
                return -EINVAL;
        cleanup(freep) char *from = archive_path(copy->action->from, path, strlen(path));
        const EngineStream stream = {
                .call = { .method = "GET", .path = from },
                .silence_usec = SILENCE_USEC,
                .piece = on_piece,
        };

        copy->bad = 0;
        copy->member = (TarMember){ .bytes = TEXT_INIT(INJECTED_BYTES_MAX + AROUND_MAX) };
        return from ? engine_stream(copy->engine, &stream, on_got, copy, &copy->slot) : -ENOMEM;
}

int copy_files_start(
        Engine *engine, const ActionCopy *action, CopyFilesDone *done, void *data, CopyFiles **ret
) {
        cleanup(copy_files_freep) CopyFiles *copy = calloc(1, sizeof *copy);
        if (copy == NULL)
                return -ENOMEM;
        if (json_array_size(action->paths) == 0)
                return -EINVAL;

        copy->engine = engine;
        copy->action = action;
        copy->done = done;
        copy->data = data;
        int r = get(copy);
        if (r < 0)
                return r;
        *ret = take_ptr(copy);
        return 0;
}
