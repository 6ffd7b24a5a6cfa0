/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "docker/engine.h"
#include "model/container.h"

/*
 * LookFiles: what a re-creation of one container could lose, read from the engine: the files that
 * only it has, those of them that were put in before its start, and which of its volumes are empty.
 */
typedef struct LookFiles LookFiles;

/* result: 0, or negative errno with the error. May free the look. */
typedef void LookFilesDone(int result, const Error *error, void *data);

/* The container is borrowed for as long as the look is. */
int look_files_start(
        Engine *engine, const Container *container, LookFilesDone *done, void *data, LookFiles **ret
);
LookFiles *look_files_free(LookFiles *look);

/* Of a look that is done; as ConsumerObservations has them. Takes NULL. */
const char *look_files_precious(const LookFiles *look);
json_t *look_files_paths(const LookFiles *look);
const char *look_files_problem(const LookFiles *look);
const char *const *look_files_empty_volumes(const LookFiles *look, size_t *ret_n);
