/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <systemd/sd-event.h>

#include "base/error.h"
#include "docker/engine.h"
#include "model/plan-consumer.h"

/*
 * ReachBook: does the gateway answer from a network? Found out once per network, by its id, so that
 * one that was made anew is asked anew; one after another (reconcile/reach-probe.h). "No" is asked
 * again a minute later if somebody wanted to know it meanwhile, and stands until another answer is
 * there.
 */
typedef struct ReachBook ReachBook;

typedef struct ReachSetup {
        sd_event *event;
        Engine *engine;
        const char *templates_dir;
        const char *image; /* that the probe runs in; copied */
        const char *port;  /* copied */
        bool secured;
        void (*known)(void *data); /* a network's answer is there, or another one */
        void *data;
} ReachSetup;

#define REACH_NETWORKS_MAX 4096

int reach_new(const ReachSetup *setup, ReachBook **ret, Error *err);
ReachBook *reach_free(ReachBook *reach);

/* What is known of place->network goes into place (borrowed until known() comes); asks nothing. */
void reach_get(const ReachBook *reach, SeenPlace *place);

/* Somebody wants to know: finds it out unless it is known or under way. With REACH_NETWORKS_MAX
 * answers known, one of them is forgotten for it. */
void reach_ask(ReachBook *reach, const char *network, const char *name);

/* The answer is doubted: it is asked for again. */
void reach_doubt(ReachBook *reach, const char *network, const char *name);

/* This network is gone; NULL: the engine was away, and nothing that was known is. What is under way
 * is heard all the same. */
void reach_forget(ReachBook *reach, const char *network);

/* Id of the probe that is at work; NULL: none is. */
const char *reach_at_work(const ReachBook *reach);

/* Is this container (by id) a probe that is at work? */
bool reach_uses(const ReachBook *reach, const char *container);
