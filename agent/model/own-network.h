/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "model/container.h"

/*
 * Is a network one compose project's own, so that whoever comes from it is of that project? Pure.
 *
 * Its name must be the project's ("PROJECT", "PROJECT_default", Coolify's "UUID-7" of a preview),
 * and all containers in it, the stopped ones too, must be of the project, but for ours and for
 * Coolify's proxy. That one is told by its name, since labels are anybody's to write.
 */
#define OWN_NETWORK_WHY_MAX 240

typedef struct OwnNetworkInput {
        const char *project;      /* "": it has none */
        const char *name;         /* of the network; NULL: it is in none */
        const json_t *network;    /* GET /networks/ID; NULL: not looked at */
        const json_t *containers; /* the list of those in it; NULL: not looked at */
        const char *const *ours;  /* ids: the proxy, a probe at work; NULLs are skipped */
        size_t n_ours;
} OwnNetworkInput;

/* The id of the first network that it is in which could be one (borrowed), and its name; NULL:
 * none. */
const char *own_network_find(const Container *container, const char **ret_name);

/* Could it be, as far as its name tells? What cannot be is not looked at. */
bool own_network_may_be(const char *project, const char *name);

/* False: why is a sentence for people. */
bool own_network_is(const OwnNetworkInput *input, char why[static OWN_NETWORK_WHY_MAX]);
