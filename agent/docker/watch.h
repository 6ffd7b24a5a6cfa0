/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "docker/engine.h"
#include "docker/event.h"

/*
 * Watch: the engine's events, for ever.
 *
 * Keeps the streams (each filtered at the engine) open, reconnects with back-off, and tells whoever
 * listens when to look at everything: after all streams stand (subscribe, then list) and each time
 * they stood again. GET /_ping beside the streams notices an engine that hangs: no answer within
 * ping_timeout_usec means lost.
 *
 * Streams:
 *   consumers  containers with the label coollama.enable: health_status, pause, unpause
 *   stack      containers with the label coollama.part (our own): health_status, pause, unpause
 *   all        every container: create, start, die, destroy, rename; that all containers which do
 *              not run were pruned; networks: connect, disconnect, destroy; volumes: destroy
 *   followed   containers by their ids (watch_follow()): health_status, pause, unpause; only while
 *              there are any
 */
#define WATCH_FOLLOWED_MAX 1024

typedef struct Watch Watch;

/*
 * lost() is called once per loss, also when the first try fails: the next ones are silent, until
 * standing(). One exception: an engine that answers again but speaks no version of ours (error code
 * -EPROTONOSUPPORT) is told although a loss was told before, since somebody must act. The watch may
 * be freed in standing() and lost(), not in event(). Events of kind EVENT_OTHER are not told.
 */
typedef struct WatchHandler {
        void (*standing)(void *data); /* all streams stand: list and look at everything */
        void (*event
        )(const EngineEvent *event, void *data); /* only between standing() and lost() */
        void (*followed)(void *data);            /* see watch_follow(); as event() otherwise */
        void (*lost
        )(const Error *error, void *data); /* a stream ended or the engine hangs; once per loss */
        void *data;
} WatchHandler;

typedef struct WatchTimes {
        uint64_t ping_usec;         /* between two pings; 0: 15 s */
        uint64_t ping_timeout_usec; /* 0: 10 s */
        uint64_t retry_min_usec;    /* 0: 250 ms */
        uint64_t retry_max_usec;    /* 0: 10 s */
} WatchTimes;

int watch_new(
        sd_event *event,
        Engine *engine,
        const WatchTimes *times,
        const WatchHandler *handler,
        Watch **ret
);
Watch *watch_free(Watch *watch);

/*
 * Tells from now on of these containers, too, although they carry none of the labels: full ids, and
 * no others than these. While the watch stands, followed() comes once the engine tells of them all;
 * what happened to them before was not heard, so they are to be looked at then. Those above
 * WATCH_FOLLOWED_MAX are left out. -ENOMEM: those of before are followed on.
 */
int watch_follow(Watch *watch, const char *const *ids, size_t n);
