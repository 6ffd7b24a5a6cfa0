/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it up? Secured: a request as a consumer makes it, through the proxy, with a key of our own.
 * Unsecured: the engine's word on Ollama's health check, which comes by events and is noted by the
 * pass.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "reconcile/provider-inside.h"

#define PROBE_TIMEOUT_USEC (3 * USEC_PER_SEC)

/* One answer may be luck while Ollama starts. */
#define UP_AFTER 2

static void say_transition(Provider *provider) {
        if (provider->health.up) {
                log_event(LOG_NOTICE, MSG_PROVIDER_UP, NO_FIELDS, "Ollama is up");
                provider->setup.came_up(provider->setup.data);
        } else {
                log_event(
                        LOG_WARNING, MSG_PROVIDER_DOWN, NO_FIELDS, "Ollama is down: %s",
                        provider->why_down
                );
                provider->setup.went_down(
                        provider->health.first_failure_usec, provider->setup.data
                );
        }
        provider_settle_up(provider);
}

static void note(Provider *provider, bool ok, HealthRule rule) {
        Health *health = &provider->health;
        bool changed = health_note(health, ok, rule, clock_monotonic_usec());

        if (ok && health->successes == 1 && (changed || !health->up))
                provider->setup.answers(provider->setup.data);
        if (!ok && !health->was_up && health->failures >= rule.down_after)
                provider->setup.found_down(provider->setup.data);
        if (changed)
                say_transition(provider);
}

void provider_note_health(Provider *provider, bool ok, const char *why) {
        const Config *config = provider->setup.config;
        /* What the engine says has been counted by the engine, and comes but once. */
        const HealthRule rule = config->proxy.secured
                                        ? (HealthRule){ config->health.down_after, UP_AFTER }
                                        : (HealthRule){ 1, 1 };

        if (!ok && why != NULL)
                (void) snprintf(provider->why_down, sizeof provider->why_down, "%s", why);
        note(provider, ok, rule);
}

void provider_note_stopped(Provider *provider, const char *why) {
        (void) snprintf(provider->why_down, sizeof provider->why_down, "%s", why);
        note(provider, false, (HealthRule){ 1, UP_AFTER });
}

/* Somebody else's, which runs: only its owner can mend it. */
static void describe_silence(const Provider *provider, ChooseReason *reason) {
        const ProviderChoice *choice = &provider->choice;

        if (choice->kind != PROVIDER_IS_ADOPTED)
                return;
        (void) snprintf(
                reason->next, sizeof reason->next,
                "its own log may tell why: it must listen on port 11434 of all its addresses "
                "(OLLAMA_HOST=0.0.0.0); or share another one: coollama provider use NAME"
        );
}

static void
describe_failure(Provider *provider, const HttpResult *result, char *buffer, size_t size) {
        ChooseReason reason = { 0 };

        /* Before that, it may still ask as an earlier configuration said. */
        if (provider->choice.kind == PROVIDER_IS_EXTERNAL && result->error == 0
            && publisher_is_proven(provider->publisher)) {
                provider_upstream_describe(provider, result->status, &reason);
                (void) snprintf(buffer, size, "%s", reason.why);
        } else if (provider->held[0] != '\0')
                (void) snprintf(buffer, size, "%s", provider->held);
        else if (provider->trouble.why[0] != '\0')
                (void) snprintf(buffer, size, "%s", provider->trouble.why);
        else if (result->error == 0) {
                if (result->status == 503)
                        describe_silence(provider, &reason);
                (void) snprintf(
                        buffer, size,
                        result->status == 503
                                ? "Ollama does not answer the proxy"
                                : "the proxy answers %ld to a request with our own key",
                        result->status
                );
        } else
                (void) snprintf(
                        buffer, size, "the proxy does not answer (%s)",
                        strerrordesc_np(-result->error)
                );
        (void) snprintf(provider->down_next, sizeof provider->down_next, "%s", reason.next);
}

static void probe_later(Provider *provider) {
        (void) sd_event_source_set_time_relative(
                provider->probe_timer, provider->setup.config->health.probe_usec
        );
        (void) sd_event_source_set_enabled(provider->probe_timer, SD_EVENT_ONESHOT);
}

static void on_probed(const HttpResult *result, void *data) {
        Provider *provider = data;
        char why[sizeof provider->why_down] = "";

        provider->probe = http_slot_free(provider->probe);
        bool ok = result->error == 0 && result->status == 200;
        if (!ok && provider->choice.kind == PROVIDER_IS_HOST)
                provider_host_check(provider, result->error == 0 && result->status == 503);
        if (!ok)
                describe_failure(provider, result, why, sizeof why);
        probe_later(provider);
        provider_note_health(provider, ok, why);
}

static int send_probe(Provider *provider) {
        char authorization[KEY_LENGTH + 40];
        const char *const headers[] = { authorization, NULL };
        const HttpRequest request = {
                .socket_path = provider->paths.socket,
                .method = "GET",
                .path = PROXY_PATH_PROBE,
                .headers = headers,
                .timeout_usec = PROBE_TIMEOUT_USEC,
                .max_body = (size_t) 8 * 1024 * 1024,
        };

        (void) snprintf(
                authorization, sizeof authorization, "Authorization: Bearer %s",
                keys_own(provider->keys)->key
        );
        int r = http_send(provider->setup.http, &request, on_probed, provider, &provider->probe);
        explicit_bzero(authorization, sizeof authorization);
        return r;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
        Provider *provider = data;

        (void) source;
        (void) usec;
        /* Without a proxy there is nobody to ask, and the pass says why. */
        if (provider->proxy_id[0] == '\0' || provider->probe != NULL) {
                if (provider->proxy_id[0] == '\0' && provider->observed)
                        provider_note_health(
                                provider, false,
                                provider->health.up ? "the proxy does not run" : NULL
                        );
                probe_later(provider);
                return 0;
        }
        if (send_probe(provider) < 0)
                probe_later(provider);
        return 0;
}

int provider_probe_open(Provider *provider) {
        if (!provider->tended || !provider->setup.config->proxy.secured
            || provider->setup.finishing)
                return 0;
        return sd_event_add_time_relative(
                provider->setup.event, &provider->probe_timer, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
                on_timer, provider
        );
}

void provider_probe_close(Provider *provider) {
        provider->probe = http_slot_free(provider->probe);
        provider->probe_timer = sd_event_source_disable_unref(provider->probe_timer);
}
