/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/pause.h"
#include "model/plan.h"
#include "model/stack.h"
#include "model/upgrade.h"

/*
 * plan_provider(): what to do about the managed provider stack. Pure.
 *
 * The verdict of the plan says what keeps the stack from being whole; LINK_LINKED means that
 * everything of it is there and runs as described.
 */
#define PROVIDER_OBJECTS_MAX 16
#define PROVIDER_EXTRAS_MAX  8

/* A container with our label that the description does not know: the proxy where the stack is to be
 * unsecured by now, or one that was renamed by hand. Borrowed. */
typedef struct ExtraContainer {
        const char *id;
        const char *name;
} ExtraContainer;

/* An object of the stack, as found in the engine by its name. */
typedef struct SeenObject {
        const json_t *inspect;       /* NULL: absent */
        bool image_present;          /* containers: its image is there */
        const char *image_id;        /* what that image's name means today; NULL: not known */
        uint64_t stopped_since_usec; /* containers: monotonic, when it was stopped before our eyes;
                                        0: it was not */
} SeenObject;

typedef struct ProviderView {
        const Stack *stack;      /* what should be; NULL: cannot be described yet */
        const char *undescribed; /* why not */
        SeenObject objects[PROVIDER_OBJECTS_MAX]; /* in the order of stack's */
        ExtraContainer extras[PROVIDER_EXTRAS_MAX];
        size_t n_extras;
        const char *held;         /* why nothing of it is made; NULL: it is */
        const char *held_next;    /* what its operator can do about that */
        bool published;           /* the proxy's configuration on disk is as it should be */
        bool proven;              /* and the running proxy has proven that it uses it */
        const char *failure;      /* why the last plan ended early; NULL: it did not */
        const char *pull_failure; /* why the image could not be pulled; NULL: it could, or was not
                                     tried */
        uint64_t pull_retry_usec; /* monotonic: not before */
        uint64_t retry_usec;      /* monotonic: not before */
        bool finishing;           /* begin nothing */
        const Pause *pause;       /* likewise, while there is one; may be NULL */
        bool down;                /* take it away, and keep it away */
        const Upgrade *upgrade;   /* the open one; may be NULL */
        uint64_t upgrade_since_usec; /* monotonic: since when it is in this phase */
        bool api_up; /* Ollama answers, and the engine says that its container is healthy */
} ProviderView;

/* plan-down.c: all of it but volumes goes; LINK_STOPPED: nothing of it is left. */
void plan_down(const ProviderView *view, Plan *plan);

/* How long one that was stopped by hand is left alone. */
#define PROVIDER_STOPPED_USEC (60 * USEC_PER_SEC)

/* -ENOMEM, -E2BIG, or the plan in ret. */
int plan_provider(const ProviderView *view, uint64_t now_usec, Plan **ret);
