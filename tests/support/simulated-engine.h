/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/action.h"
#include "model/container.h"

/*
 * Simulated engine: what the planner can tell apart of a Docker Engine, and nothing else.
 *
 * Containers are inspect documents. Calls answer as the engine does (404, 409 for a taken name or a
 * running container, 304), time is a counter that shows in Created and StartedAt, and a restart of
 * the engine does what restart policies say. Pure: no process, no socket, no clock.
 */
#define SIM_CONTAINERS_MAX 64

typedef struct SimContainer {
        json_t *inspect;
        bool by_hand; /* somebody stopped it: "unless-stopped" keeps it down */
        bool was_up;  /* when the engine went down */
} SimContainer;

typedef struct SimEngine {
        SimContainer containers[SIM_CONTAINERS_MAX];
        size_t n;
        unsigned ticks;
        unsigned created;
        bool one_port;         /* all containers publish the same port: only one of them can run */
        const char *dies_with; /* a container with this environment entry exits at its start */
} SimEngine;

void sim_init(SimEngine *engine);
void sim_done(SimEngine *engine);

/* Takes the document over. */
void sim_add(SimEngine *engine, json_t *inspect);

/* By id, or by name; NULL. Borrowed until the next removal. */
SimContainer *sim_find(SimEngine *engine, const char *id_or_name);
const char *sim_id(const SimContainer *container);
const char *sim_name(const SimContainer *container);
bool sim_is_up(const SimContainer *container);
bool sim_has_env(const SimContainer *container, const char *entry);

/* A copy of what inspect shows now, as the daemon would have it. */
Container *sim_inspect(const SimContainer *container);

/* Performs a call, and answers its status. */
int sim_call(SimEngine *engine, const ActionCall *call);

/* The same, for those who are not us. */
int sim_create(SimEngine *engine, const char *name, json_t *body); /* body is taken over */
int sim_rename(SimEngine *engine, const char *id, const char *name);
int sim_start(SimEngine *engine, const char *id);
int sim_stop(SimEngine *engine, const char *id);
int sim_remove(SimEngine *engine, const char *id, bool force);

/* Down and up again; policies say who runs then. */
void sim_restart(SimEngine *engine);
