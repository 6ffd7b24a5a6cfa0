/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reach probe: look at the network > create > start > wait > remove > done.
 */
#include "reconcile/reach-probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/macro.h"
#include "base/random.h"
#include "base/text.h"
#include "model/pattern.h"

#define START_USEC (60 * USEC_PER_SEC)
#define WAIT_USEC  (10 * USEC_PER_SEC)

struct ReachProbe {
        ReachProbeSetup setup;
        EngineSlot *slot;
        char *container; /* its id */
        ReachResult result;
};

ReachProbe *reach_probe_free(ReachProbe *probe) {
        if (probe == NULL)
                return NULL;
        (void) engine_slot_free(probe->slot);
        free(probe->container);
        free(probe);
        return NULL;
}

const char *reach_probe_container(const ReachProbe *probe) {
        return probe->container;
}

static void conclude(ReachProbe *probe) {
        probe->setup.done(&probe->result, probe->setup.data);
}

static void note_trouble(ReachProbe *probe, const char *text) {
        (void) snprintf(probe->result.trouble, sizeof probe->result.trouble, "%s", text);
}

static int call_engine(ReachProbe *probe, const EngineCall *call, EngineDone *done) {
        probe->slot = engine_slot_free(probe->slot);
        return call->path ? engine_call(probe->setup.engine, call, done, probe, &probe->slot)
                          : -ENOMEM;
}

/* From a callback: what cannot be asked ends it. */
static void ask(ReachProbe *probe, const EngineCall *call, EngineDone *done) {
        int r = call_engine(probe, call, done);

        if (r < 0) {
                note_trouble(probe, strerrordesc_np(-r));
                conclude(probe);
        }
}

static void on_removed(const EngineAnswer *answer, void *data) {
        if (answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_GONE)
                log_debug("Reach: the probe could not be removed: %s", error_text(&answer->error));
        conclude(data);
}

static void remove_container(ReachProbe *probe) {
        cleanup(freep) char *path = text_format("/containers/%s?force=1&v=1", probe->container);

        ask(probe, &(EngineCall){ .method = "DELETE", .path = path }, on_removed);
}

static void on_waited(const EngineAnswer *answer, void *data) {
        ReachProbe *probe = data;
        const json_t *code = json_object_get(answer->json, "StatusCode");
        bool ended = answer->outcome == OUTCOME_DONE && json_is_integer(code);

        probe->result.tried = true;
        probe->result.answered = ended && json_integer_value(code) == 0;
        /* 1 is what asking ends with when it is refused; anything else is how it was cut short. */
        note_trouble(probe, ended && json_integer_value(code) == 1 ? "refused" : "no answer");
        remove_container(probe);
}

static void on_started(const EngineAnswer *answer, void *data) {
        ReachProbe *probe = data;
        cleanup(freep) char *path =
                text_format("/containers/%s/wait?condition=not-running", probe->container);

        if (answer->outcome != OUTCOME_DONE && answer->outcome != OUTCOME_ALREADY) {
                note_trouble(probe, error_text(&answer->error));
                remove_container(probe);
                return;
        }
        ask(probe, &(EngineCall){ .method = "POST", .path = path, .timeout_usec = WAIT_USEC },
            on_waited);
}

static void on_created(const EngineAnswer *answer, void *data) {
        ReachProbe *probe = data;
        const char *id = json_string_value(json_object_get(answer->json, "Id"));

        probe->container = answer->outcome == OUTCOME_DONE && id ? strdup(id) : NULL;
        if (probe->container == NULL) {
                note_trouble(probe, error_text(&answer->error));
                conclude(probe);
                return;
        }
        cleanup(freep) char *path = text_format("/containers/%s/start", probe->container);
        ask(probe, &(EngineCall){ .method = "POST", .path = path, .timeout_usec = START_USEC },
            on_started);
}

static int make_body(const ReachProbe *probe, json_t **ret) {
        const ReachProbeSetup *setup = &probe->setup;
        const char *const when[] = { setup->secured ? "secured" : "unsecured", NULL };
        json_t *values = json_pack(
                "{s:s, s:s, s:s}", "image", setup->image, "port", setup->port, "network",
                setup->network
        );
        const PatternScope scope = { .values = values, .when = when };

        int r = values ? pattern_expand(setup->pattern, &scope, ret, NULL) : -ENOMEM;
        json_decref(values);
        return r;
}

static void create_container(ReachProbe *probe) {
        cleanup(freep) char *path =
                text_format("/containers/create?name=coollama-probe-%08x", random_u32());
        json_t *body = NULL;

        int r = make_body(probe, &body);
        if (r >= 0)
                ask(probe, &(EngineCall){ .method = "POST", .path = path, .body = body },
                    on_created);
        json_decref(body);
        if (r < 0) {
                note_trouble(probe, strerrordesc_np(-r));
                conclude(probe);
        }
}

static void take_subnet(ReachProbe *probe, const json_t *network) {
        const json_t *config = json_object_get(json_object_get(network, "IPAM"), "Config");
        const char *subnet =
                json_string_value(json_object_get(json_array_get(config, 0), "Subnet"));

        (void
        ) snprintf(probe->result.subnet, sizeof probe->result.subnet, "%s", subnet ? subnet : "");
}

static void on_network(const EngineAnswer *answer, void *data) {
        ReachProbe *probe = data;

        if (answer->outcome != OUTCOME_DONE) {
                probe->result.gone = answer->outcome == OUTCOME_GONE;
                note_trouble(probe, error_text(&answer->error));
                conclude(probe);
                return;
        }
        take_subnet(probe, answer->json);
        probe->result.internal = json_is_true(json_object_get(answer->json, "Internal"));
        if (probe->result.internal)
                conclude(probe);
        else
                create_container(probe);
}

int reach_probe_start(const ReachProbeSetup *setup, ReachProbe **ret) {
        ReachProbe *probe = calloc(1, sizeof *probe);
        cleanup(freep) char *path = text_format("/networks/%s", setup->network);
        if (probe == NULL)
                return -ENOMEM;

        probe->setup = *setup;
        int r = call_engine(probe, &(EngineCall){ .method = "GET", .path = path }, on_network);
        if (r < 0) {
                (void) reach_probe_free(probe);
                return r;
        }
        *ret = probe;
        return 0;
}
