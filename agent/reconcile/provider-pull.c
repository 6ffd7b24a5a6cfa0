/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "reconcile/provider-inside.h"

/* A registry that counts pulls wants to be left alone for a while. */
#define RATE_LIMIT_USEC (900 * USEC_PER_SEC)

/* Layers come compressed and stand beside what they are unpacked to: twice their size is the least
 * that is needed. And a disk that is nearly full is not filled up. */
#define FREE_FACTOR 2
#define FREE_MIN    ((uint64_t) 256 * 1024 * 1024)

static void end(Provider *provider, int result, const Error *error);

static int judge_space(const Provider *provider, Error *err) {
        uint64_t wanted = provider->progress.total_bytes * FREE_FACTOR + FREE_MIN;

        if (provider->free_bytes == 0 || provider->free_bytes >= wanted)
                return 0;
        return error_set(
                err, -ENOSPC,
                "too little space in %s: %.1f GB are free, at least %.1f GB are needed",
                provider->root, (double) provider->free_bytes / 1e9, (double) wanted / 1e9
        );
}

static void on_progress(const PullProgress *progress, void *data) {
        Provider *provider = data;

        Error err = { 0 };

        provider->progress = *progress;
        int r = judge_space(provider, &err);
        if (r < 0) {
                end(provider, r, &err);
                return;
        }
        provider_upgrade_tell(provider);
        provider->setup.said(provider->setup.data);
}

static void end(Provider *provider, int result, const Error *error) {
        Executor *executor = provider->pulling_for;

        provider->pull = pull_free(provider->pull);
        provider->info = engine_slot_free(provider->info);
        provider->pulling_for = NULL;
        free(provider->pull_failure);
        provider->pull_failure = NULL;
        if (result < 0) {
                uint64_t delay_usec = backoff_next(&provider->pull_backoff, random_u32());

                if (result == -EDQUOT && delay_usec < RATE_LIMIT_USEC)
                        delay_usec = RATE_LIMIT_USEC;
                provider->pull_failure = strdup(error_text(error));
                log_event(
                        LOG_WARNING, MSG_PROVIDER_TROUBLE,
                        FIELDS({ "IMAGE", provider->pull_image }),
                        "Cannot pull %s, trying again: %s", provider->pull_image, error_text(error)
                );
                provider->pull_retry_usec = clock_monotonic_usec() + delay_usec;
        } else {
                backoff_reset(&provider->pull_backoff);
        }
        executor_resume(executor, result, error);
}

static void on_pulled(int result, const Error *error, void *data) {
        end(data, result, error);
}

static void begin(Provider *provider) {
        Error err = { 0 };

        int r = pull_start(
                provider->setup.engine, provider->pull_image, on_progress, on_pulled, provider,
                &provider->pull
        );
        if (r < 0) {
                (void) error_set(&err, r, "%s", strerrordesc_np(-r));
                end(provider, r, &err);
        }
}

/* A place that cannot be seen from here (an engine elsewhere) is not judged. */
static void on_info(const EngineAnswer *answer, void *data) {
        Provider *provider = data;
        const char *root = json_string_value(json_object_get(answer->json, "DockerRootDir"));
        struct statvfs fs;
        Error err = { 0 };

        provider->free_bytes = 0;
        if (root != NULL && statvfs(root, &fs) == 0) {
                provider->free_bytes = (uint64_t) fs.f_bavail * fs.f_frsize;
                if (provider->free_bytes == 0)
                        provider->free_bytes = 1; /* full is not unknown */
                (void) snprintf(provider->root, sizeof provider->root, "%s", root);
        }
        provider->info = engine_slot_free(provider->info);
        int r = judge_space(provider, &err);
        if (r < 0)
                end(provider, r, &err);
        else
                begin(provider);
}

void provider_pull(Executor *executor, const char *image, void *data) {
        Provider *provider = data;
        Error err = { 0 };

        provider->pulling_for = executor;
        provider->progress = (PullProgress){ 0 };
        free(provider->pull_image);
        provider->pull_image = strdup(image);
        log_event(LOG_NOTICE, MSG_PROVIDER_ACTION, FIELDS({ "IMAGE", image }), "Pulling %s", image);

        const EngineCall call = { .method = "GET", .path = "/info" };
        int r = provider->pull_image ? engine_call(
                        provider->setup.engine, &call, on_info, provider, &provider->info
                )
                                     : -ENOMEM;
        if (r < 0) {
                (void) error_set(&err, r, "cannot pull %s: %s", image, strerrordesc_np(-r));
                end(provider, r, &err);
        }
}

void provider_pull_cancel(Provider *provider) {
        provider->pull = pull_free(provider->pull);
        provider->info = engine_slot_free(provider->info);
        provider->pulling_for = NULL;
}
