/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "model/labels.h"
#include "model/profile.h"

/*
 * OptIn: why a container is a consumer: its own label, another one's of its compose project that
 * speaks for all of it, or its operator's order. Pure.
 *
 * Our own stack never is, nor what carries coollama.enable=false, whoever else speaks or orders; a
 * database is none where a label speaks for its stack.
 */
typedef enum OptIn {
        OPT_IN_NOT,
        OPT_IN_LABEL, /* coollama.enable, on the container itself */
        OPT_IN_STACK, /* coollama.scope=stack, on another one of its project */
        OPT_IN_ORDER, /* coollama link */
} OptIn;

const char *opt_in_to_string(OptIn opt_in);

/* Whoever opted in for it, besides its own label. */
typedef struct OptInSources {
        const json_t *speech; /* of its project (opt_in_speech()); NULL: nobody speaks for it */
        bool ordered;         /* its identity is linked by order */
} OptInSources;

/* labels and image may be NULL. */
OptIn opt_in_of(const json_t *labels, const char *image, const OptInSources *sources);

/*
 * What these labels say for their whole project, when they opt in with coollama.scope=stack: those
 * of ours that hold for all, which are all but enable, scope, profile and role: the others of the
 * project have images of their own. A new reference; NULL where they speak for one container alone
 * (or there is no memory).
 */
json_t *opt_in_speech(const json_t *labels);

/*
 * The wish of one that opted in: of its own labels, and of those that were spoken for it where it
 * has none of that name. As wish_parse() otherwise.
 */
int opt_in_wish(
        const json_t *labels,
        const char *image,
        const OptInSources *sources,
        const ProfileSet *profiles,
        Wish **ret
);

/* Why no order may link it: -EPERM with the reason and what mends it, or 0. name: the container's.
 */
int opt_in_refusal(const json_t *labels, const char *name, Error *err);
