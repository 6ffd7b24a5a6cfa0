/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <systemd/sd-event.h>

#include "model/pause.h"

/*
 * PauseState: the pause that is in force, kept in STATE/pause.json, which ends by itself when its
 * time is over. Its end is told by the wall clock after a start, and by the monotonic one while we
 * run.
 */
typedef struct PauseState PauseState;

typedef struct PauseSetup {
        sd_event *event;
        const char *state_dir;
        void (*over)(void *data); /* its time is over: there is none any more */
        void *data;
} PauseSetup;

/* Reads what there is; one whose time is over is forgotten. */
int pause_open(const PauseSetup *setup, PauseState **ret, Error *err);
PauseState *pause_free(PauseState *state);

/* Borrowed; of kind PAUSE_NONE while there is none. */
const Pause *pause_get(const PauseState *state);

/* Written down before it is in force. Negative errno: nothing changed. */
int pause_set(PauseState *state, const Pause *pause, Error *err);
int pause_clear(PauseState *state, Error *err);
