/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include <jansson.h>

/*
 * EngineEvent: one event of the engine, decoded. Borrowed strings, valid while the object is.
 */
typedef enum EventKind {
        EVENT_CREATE,
        EVENT_START,
        EVENT_KILL, /* a signal was sent to it: the first step of a stop */
        EVENT_DIE,
        EVENT_DESTROY,
        EVENT_RENAME,
        EVENT_PAUSE,
        EVENT_UNPAUSE,
        EVENT_HEALTH,
        EVENT_CONNECT,    /* network: container_id is the container, actor the network */
        EVENT_DISCONNECT, /* network */
        EVENT_NETWORK_GONE,
        EVENT_VOLUME_GONE,
        EVENT_PRUNE, /* of containers, told at its end: all that did not run are gone, or some */
        EVENT_OTHER,
} EventKind;

typedef struct EngineEvent {
        EventKind kind;
        const char *container_id; /* "" for events that concern no container */
        const char *name;         /* of the container; of the network for network events */
        const char *actor;        /* Actor.ID: the container's, or the network's */
        const json_t *labels;     /* Actor.Attributes: a container's labels beside the event's own
                                     attributes; may be NULL */
        const char *image;        /* as the container names it, or NULL */
        const char *project;      /* com.docker.compose.project, or NULL */
        uint64_t time_usec;       /* since 1970, by the engine's clock; 0: not told */
} EngineEvent;

/* 0, or -EBADMSG for what is no event. An unknown action is EVENT_OTHER, not an error. */
int event_decode(const json_t *object, EngineEvent *ret);

const char *event_kind_to_string(EventKind kind);
