/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/container.h"

/*
 * Dependents: containers that live off another one: in its network, its process ids or its IPC,
 * or linked to it by name (docker run --link). When that one is re-created they are left with a
 * dead namespace, and cannot be started any more, whoever's they are and whether they run or not.
 */
typedef enum DependentKind {
        DEPENDENT_NONE,
        DEPENDENT_NETWORK,
        DEPENDENT_PID,
        DEPENDENT_IPC,
        DEPENDENT_LINK,
} DependentKind;

/* "network", "process ids", "IPC", "link". */
const char *dependent_kind_to_string(DependentKind kind);

/* From an entry of the engine's list, which shows the network alone. Our own short-lived probes,
 * which look from within a consumer's network, are nobody's. */
DependentKind dependent_in_list(const json_t *item, const Container *donor);

/* Is the entry one of our own probes? Its label alone may have come with somebody's image. */
bool dependent_is_probe(const json_t *item);

/* From a whole inspect document. */
DependentKind dependent_in_inspect(const json_t *inspect, const Container *donor);

#define DEPENDENTS_TEXT_MAX 300

/* Some of them, for people: "shop-app-1 (network), top (process ids) and others". */
typedef struct Dependents {
        size_t n;
        bool more; /* others were not looked at, or found no room */
        char text[DEPENDENTS_TEXT_MAX];
} Dependents;

/* Adds one; false: there are enough to say so, and nobody needs to look for more. */
bool dependents_add(Dependents *dependents, const char *name, DependentKind kind);
