/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verify probe: create > start > wait > read what it wrote > remove > done.
 *
 * It is named by us, so it can be removed also where the engine's answer to its creation was lost.
 */
#include "reconcile/verify-probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "docker/frames.h"
#include "model/pattern.h"

#define START_USEC   (60 * USEC_PER_SEC)
#define WAIT_USEC    (40 * USEC_PER_SEC)
#define OUTPUT_MAX   ((size_t) 3 * 1024 * 1024)
#define REMOVALS_MAX 2

struct VerifyProbe {
        Engine *engine;
        EngineSlot *slot;
        VerifyProbeDone *done;
        void *data;
        char name[40];
        unsigned removals;
        int exit_code;
        Frames frames;
        Text output;
        Error error;
};

DEFINE_CLEANUP(VerifyProbe, verify_probe_free);

VerifyProbe *verify_probe_free(VerifyProbe *probe) {
        if (probe == NULL)
                return NULL;
        (void) engine_slot_free(probe->slot);
        text_done(&probe->output);
        free(probe);
        return NULL;
}

const char *verify_probe_name(const VerifyProbe *probe) {
        return probe->name;
}

static void conclude(VerifyProbe *probe) {
        const VerifyProbeResult result = {
                .error = &probe->error,
                .output = probe->output.data ? probe->output.data : "",
                .exit_code = probe->exit_code,
        };

        probe->done(&result, probe->data);
}

static void remove_probe(VerifyProbe *probe);

/* What went wrong first is what is told; then the container goes. */
static void fail(VerifyProbe *probe, const char *why) {
        (void) error_set(&probe->error, -EIO, "%s", why);
        remove_probe(probe);
}

static int ask(VerifyProbe *probe, const EngineCall *call, EngineDone *done) {
        probe->slot = engine_slot_free(probe->slot);
        return call->path ? engine_call(probe->engine, call, done, probe, &probe->slot) : -ENOMEM;
}

static void on_removed(const EngineAnswer *answer, void *data) {
        VerifyProbe *probe = data;

        if (answer->outcome == OUTCOME_UNKNOWN && probe->removals < REMOVALS_MAX) {
                remove_probe(probe);
                return;
        }
        if (answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_GONE)
                log_debug("%s could not be removed: %s", probe->name, error_text(&answer->error));
        conclude(probe);
}

static void remove_probe(VerifyProbe *probe) {
        cleanup(freep) char *path = text_format("/containers/%s?force=1&v=1", probe->name);
        const EngineCall call = { .method = "DELETE", .path = path };

        probe->removals++;
        int r = ask(probe, &call, on_removed);
        if (r < 0) {
                (void) error_set(&probe->error, r, "%s", strerrordesc_np(-r));
                conclude(probe);
        }
}

static int on_output(const char *bytes, size_t size, void *data) {
        VerifyProbe *probe = data;

        return frames_take(&probe->frames, bytes, size, &probe->output);
}

static void on_output_read(const EngineAnswer *answer, void *data) {
        VerifyProbe *probe = data;

        if (answer->outcome == OUTCOME_DONE)
                remove_probe(probe);
        else
                fail(probe, error_text(&answer->error));
}

static void read_output(VerifyProbe *probe) {
        cleanup(freep) char *path =
                text_format("/containers/%s/logs?stdout=1&stderr=1", probe->name);
        const EngineStream stream = {
                .call = { .method = "GET", .path = path, .timeout_usec = WAIT_USEC },
                .piece = on_output,
        };

        probe->slot = engine_slot_free(probe->slot);
        int r = path ? engine_stream(probe->engine, &stream, on_output_read, probe, &probe->slot)
                     : -ENOMEM;
        if (r < 0)
                fail(probe, strerrordesc_np(-r));
}

static void on_waited(const EngineAnswer *answer, void *data) {
        VerifyProbe *probe = data;
        const json_t *code = json_object_get(answer->json, "StatusCode");

        if (answer->outcome != OUTCOME_DONE) {
                fail(probe, error_text(&answer->error));
                return;
        }
        probe->exit_code = (int) json_integer_value(code);
        read_output(probe);
}

static void on_started(const EngineAnswer *answer, void *data) {
        VerifyProbe *probe = data;
        cleanup(freep) char *path =
                text_format("/containers/%s/wait?condition=not-running", probe->name);
        const EngineCall call = { .method = "POST", .path = path, .timeout_usec = WAIT_USEC };

        if (answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_ALREADY) {
                fail(probe, error_text(&answer->error));
                return;
        }
        int r = ask(probe, &call, on_waited);
        if (r < 0)
                fail(probe, strerrordesc_np(-r));
}

static void on_created(const EngineAnswer *answer, void *data) {
        VerifyProbe *probe = data;
        cleanup(freep) char *path = text_format("/containers/%s/start", probe->name);
        const EngineCall call = { .method = "POST", .path = path, .timeout_usec = START_USEC };

        if (answer->outcome != OUTCOME_DONE) {
                fail(probe, error_text(&answer->error)); /* it may be there all the same */
                return;
        }
        int r = ask(probe, &call, on_started);
        if (r < 0)
                fail(probe, strerrordesc_np(-r));
}

static int read_pattern(const char *templates_dir, json_t **ret, Error *err) {
        cleanup(freep) char *path = text_format("%s/verify.json", templates_dir);
        cleanup(freep) char *text = NULL;
        size_t size = 0;

        int r = path ? file_read(path, 65536, &text, &size, err)
                     : error_set(err, -ENOMEM, "out of memory");
        if (r < 0)
                return r;
        *ret = json_loadb(text, size, 0, NULL);
        return *ret ? 0 : error_set(err, -EBADMSG, "%s is not JSON", path);
}

static int make_body(const VerifyProbeSetup *setup, json_t **ret, Error *err) {
        static const char *const keyed[] = { "shell", "keyed", NULL };
        static const char *const in_url[] = { "shell", "keyed", "in-url", NULL };
        static const char *const open[] = { "shell", NULL };
        static const char *const listed[] = { "list", NULL };
        static const char *const *const when[] = {
                [PROOF_KEYED] = keyed, [PROOF_OPEN] = open, [PROOF_LISTED] = listed
        };
        const LinkTarget *target = setup->target;
        json_t *pattern = NULL;

        int r = read_pattern(setup->templates_dir, &pattern, err);
        if (r < 0)
                return r;
        json_t *values = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "image", setup->image, "url", target->url,
                "host", target->host, "port", target->port, "mark", setup->mark, "key",
                target->key ? target->key : "", "container", setup->container
        );
        bool by_url = setup->kind == PROOF_KEYED && target->key_in_url;
        const PatternScope scope = { .values = values,
                                     .when = by_url ? in_url : when[setup->kind] };
        r = values ? pattern_expand(pattern, &scope, ret, err)
                   : error_set(err, -ENOMEM, "out of memory");
        json_decref(values);
        json_decref(pattern);
        return r;
}

int verify_probe_start(const VerifyProbeSetup *setup, VerifyProbe **ret, Error *err) {
        cleanup(verify_probe_freep) VerifyProbe *probe = calloc(1, sizeof *probe);
        json_t *body = NULL;

        if (probe == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        probe->engine = setup->engine;
        probe->done = setup->done;
        probe->data = setup->data;
        probe->output.max = OUTPUT_MAX;
        (void) snprintf(probe->name, sizeof probe->name, "coollama-verify-%08x", random_u32());

        int r = make_body(setup, &body, err);
        if (r < 0)
                return r;
        cleanup(freep) char *path = text_format("/containers/create?name=%s", probe->name);
        r = ask(probe, &(EngineCall){ .method = "POST", .path = path, .body = body }, on_created);
        json_decref(body);
        if (r < 0)
                return error_set(err, r, "cannot ask the engine: %s", strerrordesc_np(-r));
        *ret = take_ptr(probe);
        return 0;
}
