/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

/*
 * Recreate: turns an observed container into the request that makes it again, with additions.
 *
 * An inspect of the new container differs from the old one's by the additions alone, and by ids,
 * times, pids and addresses that the engine hands out; what cannot be copied so is refused, with a
 * reason for people. The written list of what still differs stands at the top of recreate.c.
 *
 * The caller's business:
 * - the documents are read with the API version that the request is sent with, but inspect never
 *   with a later one than RECREATE_INSPECT_API_MAX: from 1.52 on the MAC address that a user asked
 *   for cannot be told from one that the engine made up, and would be lost;
 * - files put into the container between its creation and its start (compose's configs and
 *   secrets with content) are in no inspect document: model/injected.h;
 * - that containers and volumes which the request names still exist shows when it is sent;
 * - when image_name_is_current is false, the container is made by image id: Config.Image differs.
 */

#define RECREATE_INSPECT_API_MAX 51

/* More variables, host entries, mounts or networks than this in one container: -E2BIG. */
#define RECREATE_ENTRIES_MAX 4096

typedef struct RecreateEnv {
        const char *name; /* no "=", not empty */
        const char *value;
} RecreateEnv;

typedef struct RecreateInput {
        const json_t *inspect;      /* GET /containers/ID/json */
        const json_t *image;        /* GET /images/ID/json of inspect's Image */
        bool image_name_is_current; /* Config.Image still names that image */
        unsigned api;               /* minor version, 41 to 56 */

        /*
         * Set in place when the name exists (also as "NAME=", and wherever it stands more than
         * once), else appended, in this order.
         */
        const RecreateEnv *env;
        size_t n_env;

        /* "name:address", appended unless this very entry is there. */
        const char *const *hosts;
        size_t n_hosts;

        /*
         * Destinations of volumes that are empty now: the engine would fill those again from the
         * image while the old container still uses them, so they are mounted with nocopy, which
         * an inspect shows. All others keep their spelling.
         */
        const char *const *empty_volumes;
        size_t n_empty_volumes;
} RecreateInput;

typedef struct RecreateResult {
        json_t *body;     /* of POST /containers/create; references belong to the caller */
        json_t *connects; /* array of {"network": NAME, "body": {"Container": null,
                             "EndpointConfig": {...}}}, to be sent to POST /networks/NAME/connect
                             with the new container's id, before its start; empty from 1.44 on */
        char *platform;   /* "os/architecture[/variant]" for ?platform= (not yet URL-encoded); NULL
                             where the engine keeps one platform per image and wants none */
} RecreateResult;

/*
 * 0, or -EOPNOTSUPP with the reason when the copy would not be faithful (everything that
 * recreate_refusal() refuses is refused here too), -EBADMSG for documents that no engine sends,
 * -EINVAL for bad additions, -E2BIG, -ENOMEM. ret is written on success alone.
 */
int recreate_build(const RecreateInput *input, RecreateResult *ret, Error *err);

/* Frees the contents. Takes an empty one ({ 0 }). */
void recreate_result_done(RecreateResult *result);

/*
 * What can be told from the container alone: 0 when nothing speaks against a re-creation,
 * -EOPNOTSUPP with the reason, -EBADMSG.
 */
int recreate_refusal(const json_t *inspect, Error *err);

/* What its owner can do about that refusal ("start it without --rm"), so that it can be re-created;
 * NULL: nothing, but to give it the values by hand. */
const char *recreate_mend(const json_t *inspect);
