/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Deployments: which deployments of Coolify are in progress on this server. Pure; all times are
 * monotonic.
 *
 * Coolify deploys an application out of a helper container: its image is Coolify's own, and its
 * name is the deployment's uuid. Whose deployment it is it does not tell. It is stopped and started
 * again in the middle, when the commit becomes known, so its end counts only after a grace. One
 * that Coolify has forgotten runs on for ever, so it counts only for a time.
 */
#define DEPLOYMENTS_MAX     32 /* in progress; above that the oldest one is forgotten */
#define DEPLOYMENT_NAME_MAX 80 /* bytes with the NUL */

/* Coolify itself gives a deployment up after an hour. */
#define DEPLOYMENT_AGE_MAX_USEC ((uint64_t) 3600 * 1000000)

/* Nobody is held for longer. */
#define DEPLOYMENT_PATIENCE_USEC ((uint64_t) 600 * 1000000)

/* Names of helpers, and few others, as the engine's filter of names takes them. */
#define DEPLOYMENT_NAME_PATTERN "^/?[a-z0-9]{8,}$"

typedef struct Deployment {
        char name[DEPLOYMENT_NAME_MAX];
        uint64_t begun_usec;
        uint64_t ended_usec; /* when its helper went away; 0: it is there */
} Deployment;

typedef struct Deployments {
        uint64_t grace_usec; /* so long after the end of its helper a deployment is still one */
        uint64_t busy_since_usec; /* since then there was always one in progress; 0: never */
        Deployment list[DEPLOYMENTS_MAX];
        size_t n;
} Deployments;

/*
 * Is this container the helper of a deployment? The same image also makes back-ups, uploads and
 * imports (backup-of-UUID, volume-backup-UUID, volume-upload-UUID, s3-restore-UUID) and prunes
 * (under a name that Docker makes up, with a '_'): a deployment's name is letters and digits alone.
 */
bool deployments_is_helper(const char *image, const char *name);

/* Its helper is there, since begun_usec if that was not known. */
void deployments_begin(
        Deployments *deployments, const char *name, uint64_t begun_usec, uint64_t now_usec
);
void deployments_end(Deployments *deployments, const char *name, uint64_t now_usec);
void deployments_forget(Deployments *deployments);

/*
 * Is a container that is up since up_since_usec held by a deployment in progress? Until when at the
 * most, unless the deployment ends or another one begins, goes to ret_until_usec. overridden: it is
 * not, but only since this goes on for too long. Those that start meanwhile are given their own
 * time; whoever was up before waits no longer than one that started when it became busy.
 */
typedef struct DeploymentsVerdict {
        bool held;
        bool overridden;
        uint64_t until_usec;
} DeploymentsVerdict;

DeploymentsVerdict
deployments_judge(const Deployments *deployments, uint64_t up_since_usec, uint64_t now_usec);
