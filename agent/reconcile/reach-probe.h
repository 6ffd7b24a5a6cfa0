/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "docker/engine.h"

/*
 * ReachProbe: asks once from one network whether the gateway answers there, with a short-lived
 * container (templates/probe.json).
 */
typedef struct ReachProbe ReachProbe;

typedef struct ReachResult {
        bool gone;     /* there is no such network */
        bool internal; /* it has no way out: nobody had to ask */
        bool tried;    /* somebody asked; then answered is his answer */
        bool answered;
        char subnet[64];   /* of the network; "": not known */
        char trouble[200]; /* what was heard, for people */
} ReachResult;

typedef struct ReachProbeSetup {
        Engine *engine;
        json_t *pattern; /* templates/probe.json; borrowed */
        const char *image;
        const char *port;
        bool secured;
        const char *network; /* id */
        /* Comes from the loop, once; the probe may be freed in it. */
        void (*done)(const ReachResult *result, void *data);
        void *data;
} ReachProbeSetup;

/* What setup points to is borrowed until done() comes. */
int reach_probe_start(const ReachProbeSetup *setup, ReachProbe **ret);
ReachProbe *reach_probe_free(ReachProbe *probe);

/* Id of the container that asks; NULL: there is none right now. */
const char *reach_probe_container(const ReachProbe *probe);
