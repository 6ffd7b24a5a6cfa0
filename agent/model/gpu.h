/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/choice.h"
#include "model/stack.h"

/*
 * Gpu: which graphics card our own Ollama gets, from what is configured and what the engine and the
 * host say. Pure.
 */
#define GPU_SENTENCE_MAX 400

/* What no engine tells. */
typedef struct GpuHost {
        bool kfd; /* /dev/kfd is there */
        bool dri; /* /dev/dri is there */
        bool cdi; /* one of the engine's CDI directories holds a file about nvidia */
} GpuHost;

typedef struct GpuVerdict {
        StackGpu gpu;
        char why[GPU_SENTENCE_MAX]; /* "GPU: nvidia", "CPU: gpu = amd, but ...": never "" */
} GpuVerdict;

/*
 * info: the engine's GET /info. refused: with which GPU the engine would not start it, and why
 * (NULL: it would): then it gets none.
 */
void gpu_choose(
        Gpu wish, const json_t *info, const GpuHost *host, const char *refused, GpuVerdict *ret
);

/* Does this text, from a container that could not be made or started, speak of its GPU? */
bool gpu_is_meant(const char *text);

/* What the fallback is remembered with: when any of it changes, the GPU is tried again. engine:
 * what tells one start of the engine from another. */
typedef struct GpuRefusal {
        char wish[16];
        char gpu[16];
        char image[300];
        char engine[80];
        char why[GPU_SENTENCE_MAX];
} GpuRefusal;

int gpu_refusal_from_json(const json_t *json, GpuRefusal *ret);
json_t *gpu_refusal_to_json(const GpuRefusal *refusal);
