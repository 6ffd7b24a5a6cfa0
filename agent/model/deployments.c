/* SPDX-License-Identifier: Apache-2.0 */
#include "model/deployments.h"

#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "model/image.h"

#define HELPER_IMAGE    "coollabsio/coolify-helper"
#define NAME_LENGTH_MIN 8

bool deployments_is_helper(const char *image, const char *name) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789";

        if (image == NULL || name == NULL)
                return false;
        size_t length = strspn(name, plain);
        return name[length] == '\0' && length >= NAME_LENGTH_MIN && length < DEPLOYMENT_NAME_MAX
               && image_is(image, HELPER_IMAGE);
}

/* Until when one counts, as far as it is known. */
static uint64_t counts_until(const Deployments *deployments, const Deployment *one) {
        uint64_t until_usec = one->begun_usec + DEPLOYMENT_AGE_MAX_USEC;
        uint64_t end_usec = one->ended_usec + deployments->grace_usec;

        return one->ended_usec != 0 && end_usec < until_usec ? end_usec : until_usec;
}

/* Drops those that are over. */
static void sweep(Deployments *deployments, uint64_t now_usec) {
        size_t n = 0;

        for (size_t i = 0; i < deployments->n; i++)
                if (counts_until(deployments, &deployments->list[i]) > now_usec)
                        deployments->list[n++] = deployments->list[i];
        deployments->n = n;
}

static Deployment *find(Deployments *deployments, const char *name) {
        for (size_t i = 0; i < deployments->n; i++)
                if (strcmp(deployments->list[i].name, name) == 0)
                        return &deployments->list[i];
        return NULL;
}

void deployments_begin(
        Deployments *deployments, const char *name, uint64_t begun_usec, uint64_t now_usec
) {
        sweep(deployments, now_usec);
        Deployment *one = find(deployments, name);
        if (one != NULL) {
                one->ended_usec = 0;
                return;
        }

        if (deployments->n == 0)
                deployments->busy_since_usec = begun_usec;
        if (deployments->n == DEPLOYMENTS_MAX) {
                deployments->n--;
                memmove(&deployments->list[0], &deployments->list[1],
                        deployments->n * sizeof deployments->list[0]);
        }
        one = &deployments->list[deployments->n++];
        *one = (Deployment){ .begun_usec = begun_usec };
        (void) snprintf(one->name, sizeof one->name, "%s", name);
}

void deployments_end(Deployments *deployments, const char *name, uint64_t now_usec) {
        Deployment *one = find(deployments, name);

        if (one != NULL && one->ended_usec == 0)
                one->ended_usec = now_usec;
}

void deployments_forget(Deployments *deployments) {
        deployments->n = 0;
}

DeploymentsVerdict
deployments_judge(const Deployments *deployments, uint64_t up_since_usec, uint64_t now_usec) {
        uint64_t next_usec = UINT64_MAX;

        for (size_t i = 0; i < deployments->n; i++) {
                uint64_t until_usec = counts_until(deployments, &deployments->list[i]);

                if (until_usec > now_usec && until_usec < next_usec)
                        next_usec = until_usec;
        }
        if (next_usec == UINT64_MAX)
                return (DeploymentsVerdict){ .held = false };

        uint64_t since_usec = deployments->busy_since_usec > up_since_usec
                                      ? deployments->busy_since_usec
                                      : up_since_usec;
        uint64_t end_usec = since_usec + DEPLOYMENT_PATIENCE_USEC;
        if (end_usec <= now_usec)
                return (DeploymentsVerdict){ .overridden = true };
        return (DeploymentsVerdict){
                .held = true,
                .until_usec = next_usec < end_usec ? next_usec : end_usec,
        };
}
