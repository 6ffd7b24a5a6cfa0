/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/plan-consumer.h"
#include "model/unlink.h"

/*
 * The first plan of a swap: write the record, rename the old one, create the new one.
 */
typedef struct Begin {
        const Container *container; /* to be re-created */
        const Link *link;           /* what the new one gets; NULL: nothing */
        const Unlink *unlink;       /* or what is taken from it; NULL: nothing */
        const json_t *kept;         /* with unlink: what its link replaced */
        const char *lost;           /* files that go with the old one, as agreed; NULL: none */
        const json_t *image;        /* document of the container's image */
} Begin;

/* Adds the actions, or says why the container is refused. */
void plan_begin_swap(
        const ConsumerView *view, const ConsumerContext *context, const Begin *begin, Plan *plan
);
