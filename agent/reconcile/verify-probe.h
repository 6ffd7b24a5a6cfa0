/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "docker/engine.h"
#include "model/proof.h"

/*
 * Verify probe: a container that lives for some seconds in the network namespace of another one
 * (templates/verify.json), asks for the models there and writes down what it got.
 *
 * Sharing the namespace means the consumer's own routes, resolver and host entries: what answers
 * the probe answers the consumer. The key travels in the probe's environment and from there through
 * a shell's own printf into nc, so it stands in no argument list. The container is removed before
 * done() comes, whatever happened; one that a crash has left goes with reach_clean().
 */
typedef struct VerifyProbe VerifyProbe;

typedef struct VerifyProbeResult {
        const Error *error; /* set: the probe could not ask */
        const char *output; /* all that it has written; borrowed */
        int exit_code;
} VerifyProbeResult;

/* Exactly once, from the loop; may free the probe. */
typedef void VerifyProbeDone(const VerifyProbeResult *result, void *data);

typedef struct VerifyProbeSetup { /* borrowed for the call alone, but for the engine */
        Engine *engine;
        const char *templates_dir;
        const char *image;
        const char *container; /* id of the one whose network it is */
        const char *mark;      /* of ProofOutput */
        ProofKind kind;
        const LinkTarget *target;
        VerifyProbeDone *done;
        void *data;
} VerifyProbeSetup;

int verify_probe_start(const VerifyProbeSetup *setup, VerifyProbe **ret, Error *err);

/* Of its container; as long as it is not freed the container is nobody else's to remove. */
const char *verify_probe_name(const VerifyProbe *probe);

/* Nothing is told any more; the container of one that is under way stays behind. */
VerifyProbe *verify_probe_free(VerifyProbe *probe);
