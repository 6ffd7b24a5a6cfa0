/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "base/error.h"
#include "docker/engine.h"

/*
 * Reach: does the gateway answer from a network? Found out once per network with a short-lived
 * container on it (templates/probe.json), one after another. "No" is asked again a minute later if
 * somebody wanted to know it meanwhile, and stands until another answer is there.
 */
typedef struct ReachProbe ReachProbe;

typedef struct ReachSetup {
        sd_event *event;
        Engine *engine;
        const char *templates_dir;
        const char *image; /* that the probe runs in; copied */
        const char *port;  /* copied */
        bool secured;
        void (*known)(void *data);                    /* a network's answer is there */
        bool (*in_use)(const char *name, void *data); /* is this a probe that somebody else has at
                                                         work? Then it is no leftover */
        void *data;
} ReachSetup;

typedef enum ReachAnswer {
        REACH_ANSWER_UNKNOWN, /* being found out: known() comes */
        REACH_ANSWER_YES,
        REACH_ANSWER_NO,
} ReachAnswer;

#define REACH_NETWORKS_MAX 4096

int reach_new(const ReachSetup *setup, ReachProbe **ret, Error *err);
ReachProbe *reach_free(ReachProbe *reach);

/* What is known; asks nothing. why is set (borrowed) when the answer is no. */
ReachAnswer reach_get(const ReachProbe *reach, const char *network, const char **ret_why);

/* Finds it out unless that is under way. With REACH_NETWORKS_MAX answers known, one of them is
 * forgotten for it. */
void reach_ask(ReachProbe *reach, const char *network);

/* Removes probes that a crash has left; called when the engine's events are followed. */
void reach_clean(ReachProbe *reach);
