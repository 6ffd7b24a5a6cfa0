/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "docker/engine.h"
#include "model/action.h"

/*
 * CopyFiles: copies files from one container into another, each as an archive that is held in
 * memory meanwhile. Nothing of their contents is ever told.
 */
typedef struct CopyFiles CopyFiles;

/* Comes once, from the loop; may free the copy. result: 0, or negative errno with outcome and
 * error. */
typedef void CopyFilesDone(int result, Outcome outcome, const Error *error, void *data);

/* The action is borrowed for as long as the copy is. */
int copy_files_start(
        Engine *engine, const ActionCopy *action, CopyFilesDone *done, void *data, CopyFiles **ret
);
CopyFiles *copy_files_free(CopyFiles *copy);
