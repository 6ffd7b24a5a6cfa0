/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "model/plan-consumer.h"

/*
 * Targets: which of an identity's containers are meant. Pure.
 */
#define TARGETS_MAX 64

/* Of the newest deployment one of each container number, in the order of the numbers. The pointers
 * go into the view. More than TARGETS_MAX replicas: the others are left alone. */
typedef struct Targets {
        const SeenContainer *list[TARGETS_MAX];
        size_t n;
} Targets;

void targets_find(const ConsumerView *view, Targets *ret);
