/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "docker/engine.h"

/*
 * Leftovers: probes that a crash has left are removed. A probe that somebody has at work is none.
 */
typedef struct Leftovers Leftovers;

int leftovers_new(
        Engine *engine,
        bool (*in_use)(const char *id, const char *name, void *data),
        void *data,
        Leftovers **ret
);
Leftovers *leftovers_free(Leftovers *leftovers);

/* Called when the engine's events are followed; while it is at it already, nothing. */
void leftovers_clean(Leftovers *leftovers);
