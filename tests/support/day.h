/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "model/plan-consumer.h"
#include "support/inspect.h"

#define NOW (7200 * USEC_PER_SEC)
#define URL "http://host.docker.internal:11434"

/* Of one that is linked. */
extern const char *const linked_env[];
extern const char *const linked_hosts[];

/* All that plan_consumer() takes, as on a good day; a test changes what it is about. */
typedef struct Day {
        ProfileSet *profiles;
        ProviderFacts provider;
        ConsumerContext context;
        SeenContainer seen[4];
        size_t n;
        Identity identity;
        json_t *image;
        ConsumerView view;
} Day;

void day_begin(Day *day, size_t n, const InspectSpec *specs);

/* The plan; freed by day_end(), with everything else. */
Plan *plan_of(Day *day);
void day_end(Day *day, Plan *plan);
