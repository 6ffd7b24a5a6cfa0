/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/error.h"

/*
 * Identity: what survives a redeploy of a consumer. Its key, its swap record and its row in status
 * belong to it.
 *
 * project  the compose project (for Coolify the resource's uuid)
 * member   coolify.service.subName; else the compose service's name without Coolify's trailing
 *          -<12 digits>, then without the project (as a whole, or as a trailing -<project>); "app"
 *          when nothing is left
 * preview  coolify.pullRequestId unless 0
 *
 * A container without compose labels is its name: project and preview are "", member the name.
 * Plain data; copy it freely.
 */
#define IDENTITY_PART_MAX  256 /* bytes with the NUL */
#define IDENTITY_KEY_MAX   600
#define IDENTITY_HUMAN_MAX (3 * IDENTITY_PART_MAX)

typedef struct Identity {
        char project[IDENTITY_PART_MAX];
        char member[IDENTITY_PART_MAX];
        char preview[IDENTITY_PART_MAX];

        /*
         * "project/member", "project/member#7", or "name": one text for one identity. Bytes but
         * letters, digits, '.', '_' and '-' stand as %XX, so two identities never share a text.
         */
        char key[IDENTITY_KEY_MAX];

        /*
         * What people call it: "my-shop" for a Coolify resource of one container, "my-shop/worker"
         * for a member of a stack, with "#7" for a preview; "project/member" or the container's
         * name without Coolify. Not unique: the key is the long form. Unprintable bytes are '?'.
         */
        char human[IDENTITY_HUMAN_MAX];
} Identity;

/*
 * labels may be NULL. name is the container's, a leading '/' is fine; for a container that a swap
 * renamed, the name it had before. -EINVAL without a name, -ENAMETOOLONG.
 */
int identity_from_labels(const json_t *labels, const char *name, Identity *ret, Error *err);

/*
 * Back from a key, as identity_from_labels() makes them; human is what people called it, or NULL:
 * the key then. -EINVAL for what is no key, -ENAMETOOLONG.
 */
int identity_from_key(const char *key, const char *human, Identity *ret);
