/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

/*
 * Models: the names that Ollama knows models by, and its own account of a pull. Pure.
 */
#define MODELS_MAX          32
#define MODEL_NAME_MAX_BYTE 128 /* with its final NUL */

typedef struct ModelNames {
        char names[MODELS_MAX][MODEL_NAME_MAX_BYTE];
        size_t n;
} ModelNames;

/* Names separated by blanks, each once. -EINVAL saying what is wrong. */
int model_names_parse(const char *text, ModelNames *ret, Error *err);

/* The same model? A name without a tag means latest. */
bool model_name_is(const char *a, const char *b);

/* Is it in the document of GET /api/tags? */
bool model_is_listed(const char *name, const json_t *tags);

/* A pull, as POST /api/pull tells it. */
typedef struct ModelPull {
        uint64_t done_bytes; /* of the part that is coming in */
        uint64_t total_bytes;
        bool succeeded;
        char error[240]; /* the first one: a stream that tells one is no success; "" for none */
} ModelPull;

/* Takes one object of its stream; true when there is something new to show. */
bool model_pull_read(ModelPull *pull, const json_t *object);
