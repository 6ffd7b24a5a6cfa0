/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LookFiles: the list of changes, then a look at each file in it, then one at each volume.
 *
 * Of a file the head of its archive is enough, which tells its times. Of a volume an archive is
 * begun and broken off as soon as a second member shows: empty is one where the directory itself is
 * all there is. A volume on a directory that the image has not is not asked about, since nothing
 * would be put into it.
 *
 * What cannot be found out within the bounds is a problem that the planner tells, not an error: the
 * container stays as it is.
 */
#include "reconcile/look-files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "docker/query.h"
#include "model/changes.h"
#include "model/injected.h"
#include "model/tar.h"

#define CHANGES_BODY_MAX ((size_t) 16 * 1024 * 1024)
#define VOLUMES_MAX      32
#define PATH_TEXT_MAX    ((size_t) 16 * 1024)
#define PROBE_BYTES_MAX  ((size_t) 256 * 1024)
#define SILENCE_USEC     (30 * USEC_PER_SEC)

struct LookFiles {
        Engine *engine;
        const Container *container;
        LookFilesDone *done;
        void *data;
        EngineSlot *slot;

        Changes *changes;
        size_t at; /* of changes, then of the mounts */
        InjectedBytes bytes;
        TarMember probe;
        bool probed; /* the volume's archive told what it had to */

        char *precious; /* "": none */
        json_t *paths;
        Error problem;
        const char *empty[VOLUMES_MAX];
        size_t n_empty;
        size_t n_volumes;
};

DEFINE_CLEANUP(LookFiles, look_files_free);

LookFiles *look_files_free(LookFiles *look) {
        if (look == NULL)
                return NULL;
        (void) engine_slot_free(look->slot);
        (void) changes_free(look->changes);
        tar_member_done(&look->probe);
        free(look->precious);
        json_decref(look->paths);
        free(look);
        return NULL;
}

static void fail(LookFiles *look, int result, const char *what, const Error *error) {
        Error err = { 0 };

        (void) error_set(
                &err, result, "%s: %s", what, error ? error_text(error) : strerrordesc_np(-result)
        );
        look->done(result, &err, look->data);
}

static char *archive_path(const LookFiles *look, const char *path) {
        Text text = TEXT_INIT(PATH_TEXT_MAX);

        (void) text_addf(&text, "/containers/%s/archive", look->container->id);
        (void) query_add(&text, "path", path);
        return text_take(&text);
}

static int look_at_volume(LookFiles *look);

/* ---- Volumes ---- */

static int on_probe_piece(const char *bytes, size_t size, void *data) {
        LookFiles *look = data;

        int r = tar_member_feed(&look->probe, bytes, size);
        if (r == 0)
                return 0;
        /* The rest is not wanted; what cannot be read is something, so that it is not empty. */
        look->probed = true;
        return -ECANCELED;
}

static void on_probed(const EngineAnswer *answer, void *data) {
        LookFiles *look = data;

        look->slot = engine_slot_free(look->slot);
        if (!look->probed && answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_GONE) {
                fail(look, -EIO, "cannot look into its volumes", &answer->error);
                return;
        }
        if (look->probe.state == TAR_ALONE && look->probe.is_dir)
                look->empty[look->n_empty++] = json_string_value(json_object_get(
                        json_array_get(
                                json_object_get(look->container->inspect, "Mounts"), look->at
                        ),
                        "Destination"
                ));
        tar_member_done(&look->probe);
        look->at++;
        int r = look_at_volume(look);
        if (r < 0)
                fail(look, r, "cannot look into its volumes", NULL);
}

static int probe(LookFiles *look, const char *destination) {
        cleanup(freep) char *path = archive_path(look, destination);
        const EngineStream stream = {
                .call = { .method = "GET", .path = path },
                .silence_usec = SILENCE_USEC,
                .piece = on_probe_piece,
        };

        look->probe = (TarMember){ .bytes = TEXT_INIT(PROBE_BYTES_MAX) };
        look->probed = false;
        return path ? engine_stream(look->engine, &stream, on_probed, look, &look->slot) : -ENOMEM;
}

static int look_at_volume(LookFiles *look) {
        const json_t *mounts = json_object_get(look->container->inspect, "Mounts");

        for (; look->at < json_array_size(mounts); look->at++) {
                const json_t *mount = json_array_get(mounts, look->at);
                const char *type = json_string_value(json_object_get(mount, "Type"));
                const char *to = json_string_value(json_object_get(mount, "Destination"));

                if (type == NULL || to == NULL || strcmp(type, "volume") != 0
                    || changes_added(look->changes, to))
                        continue;
                if (look->n_volumes++ < VOLUMES_MAX)
                        return probe(look, to);
                (void) error_set(
                        &look->problem, -E2BIG,
                        "it has more than %d volumes, too many to find out which of them are empty",
                        VOLUMES_MAX
                );
                break;
        }
        look->done(0, NULL, look->data);
        return 0;
}

/* ---- Files ---- */

static int end_of_files(LookFiles *look) {
        int r = injected_list(look->changes, &look->bytes, &look->paths, &look->problem);
        if (r < 0 && r != -E2BIG)
                return r;

        look->precious = changes_precious(look->changes);
        if (look->precious == NULL)
                return -ENOMEM;
        look->at = 0;
        return look_at_volume(look);
}

static int look_at_file(LookFiles *look);

static void on_stat(const EngineAnswer *answer, void *data) {
        LookFiles *look = data;
        Change *change = &look->changes->list[look->at];
        char header[8192];
        FileStat stat = { 0 };

        look->slot = engine_slot_free(look->slot);
        if (answer->outcome == OUTCOME_DONE) {
                /* One that cannot be read is copied: that is never wrong. */
                bool known = engine_answer_header(
                                     answer, "X-Docker-Container-Path-Stat", header, sizeof header
                             )
                             && file_stat_parse(header, &stat) >= 0;
                change->kept = !known || injected_was_before(&stat, look->container->started_at);
                change->doubtful =
                        known && change->kept
                        && injected_may_be_image_own(&stat, change, look->container->created);
                change->is_dir = stat.is_dir;
                if (change->kept)
                        *(change->doubtful ? &look->bytes.doubtful : &look->bytes.sure) +=
                                stat.size;
        } else if (answer->outcome != OUTCOME_GONE) {
                fail(look, -EIO, "cannot look at the files in it", &answer->error);
                return;
        }
        look->at++;
        int r = look_at_file(look);
        if (r < 0)
                fail(look, r, "cannot look at the files in it", NULL);
}

static int look_at_file(LookFiles *look) {
        const Changes *changes = look->changes;

        while (look->at < changes->n && !injected_is_candidate(&changes->list[look->at]))
                look->at++;
        if (look->at == changes->n)
                return end_of_files(look);

        cleanup(freep) char *path = archive_path(look, changes->list[look->at].path);
        const EngineCall call = { .method = "HEAD", .path = path };
        return path ? engine_call(look->engine, &call, on_stat, look, &look->slot) : -ENOMEM;
}

static void on_changes(const EngineAnswer *answer, void *data) {
        LookFiles *look = data;

        look->slot = engine_slot_free(look->slot);
        if (answer->outcome != OUTCOME_DONE) {
                fail(look, -EIO, "cannot read what changed in it", &answer->error);
                return;
        }
        int r = changes_new(answer->json, look->container->inspect, &look->changes);
        if (r >= 0 && injected_check_candidates(look->changes, &look->problem) < 0)
                r = end_of_files(look);
        else if (r >= 0)
                r = look_at_file(look);
        if (r < 0)
                fail(look, r, "cannot read what changed in it", NULL);
}

int look_files_start(
        Engine *engine, const Container *container, LookFilesDone *done, void *data, LookFiles **ret
) {
        cleanup(look_files_freep) LookFiles *look = calloc(1, sizeof *look);
        cleanup(freep) char *path = text_format("/containers/%s/changes", container->id);
        const EngineCall call = { .method = "GET", .path = path, .max_body = CHANGES_BODY_MAX };

        if (look == NULL || path == NULL)
                return -ENOMEM;
        look->engine = engine;
        look->container = container;
        look->done = done;
        look->data = data;
        int r = engine_call(engine, &call, on_changes, look, &look->slot);
        if (r < 0)
                return r;
        *ret = take_ptr(look);
        return 0;
}

/* ---- What was found ---- */

const char *look_files_precious(const LookFiles *look) {
        return look != NULL && look->precious != NULL && look->precious[0] != '\0' ? look->precious
                                                                                   : NULL;
}

json_t *look_files_paths(const LookFiles *look) {
        return look ? look->paths : NULL;
}

const char *look_files_problem(const LookFiles *look) {
        return look != NULL && error_is_set(&look->problem) ? error_text(&look->problem) : NULL;
}

const char *const *look_files_empty_volumes(const LookFiles *look, size_t *ret_n) {
        *ret_n = look ? look->n_empty : 0;
        return look ? look->empty : NULL;
}
