/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/random.h"
#include "reconcile/provider-inside.h"

/* A registry that counts pulls wants to be left alone for a while. */
#define RATE_LIMIT_USEC (900 * USEC_PER_SEC)

static void on_progress(const PullProgress *progress, void *data) {
        Provider *provider = data;

        provider->progress = *progress;
        provider->setup.said(provider->setup.data);
}

static void end(Provider *provider, int result, const Error *error) {
        Executor *executor = provider->pulling_for;

        provider->pull = pull_free(provider->pull);
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

void provider_pull(Executor *executor, const char *image, void *data) {
        Provider *provider = data;
        Error err = { 0 };

        provider->pulling_for = executor;
        provider->progress = (PullProgress){ 0 };
        free(provider->pull_image);
        provider->pull_image = strdup(image);
        log_event(LOG_NOTICE, MSG_PROVIDER_ACTION, FIELDS({ "IMAGE", image }), "Pulling %s", image);

        int r = provider->pull_image ? pull_start(
                        provider->setup.engine, image, on_progress, on_pulled, provider,
                        &provider->pull
                )
                                     : -ENOMEM;
        if (r < 0) {
                (void) error_set(&err, r, "cannot pull %s: %s", image, strerrordesc_np(-r));
                end(provider, r, &err);
        }
}

void provider_pull_cancel(Provider *provider) {
        provider->pull = pull_free(provider->pull);
        provider->pulling_for = NULL;
}
