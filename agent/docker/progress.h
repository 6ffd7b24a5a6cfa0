/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "docker/pull.h"

/*
 * Progress: the sum over an image's layers, out of the objects that a pull is told in. Pure.
 *
 * Bytes are those of the download; a layer that is being extracted has come in whole. A layer that
 * is there already is not counted.
 */
#define PROGRESS_LAYERS_MAX 256 /* an image has at most 127; what is above is not counted */
#define PROGRESS_ID_MAX     80

typedef struct ProgressLayer {
        char id[PROGRESS_ID_MAX];
        uint64_t done_bytes;
        uint64_t total_bytes;
} ProgressLayer;

typedef struct Progress {
        ProgressLayer layers[PROGRESS_LAYERS_MAX];
        size_t count;
} Progress;

/* True when the sum has changed. Anything else than a layer's progress changes nothing. */
bool progress_read(Progress *progress, const json_t *object);

PullProgress progress_sum(const Progress *progress);
