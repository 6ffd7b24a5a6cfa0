/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs: which run of Ollama and of the proxy it is, and what the engine alone can tell of its
 * health.
 */
#include <stdio.h>
#include <string.h>

#include "reconcile/provider-inside.h"

static const char *state_of(const json_t *inspect) {
        const char *state =
                json_string_value(json_object_get(json_object_get(inspect, "State"), "Status"));
        return state ? state : "";
}

static void copy_string(char *buffer, size_t size, const json_t *value) {
        const char *text = json_string_value(value);
        (void) snprintf(buffer, size, "%s", text ? text : "");
}

static const json_t *seen_part(const Provider *provider, const char *part) {
        const StackObject *object = stack_find_part(provider->stack, part);

        return object ? provider_look_object(
                       provider->look, (size_t) (object - provider->stack->objects)
               )
                      : NULL;
}

/* Of one that is in no container there is but one run, as far as can be seen. */
static void take_unseen(Provider *provider) {
        (void) snprintf(
                provider->api_id, sizeof provider->api_id, "%s",
                provider_kind_to_string(provider->choice.kind)
        );
        provider->api_started_at[0] = '\0';
        provider->api_running = true;
        provider->api_healthy = true;
}

static void take_container(Provider *provider, const json_t *seen) {
        const json_t *state = json_object_get(seen, "State");
        const char *health =
                json_string_value(json_object_get(json_object_get(state, "Health"), "Status"));

        copy_string(provider->api_id, sizeof provider->api_id, json_object_get(seen, "Id"));
        copy_string(
                provider->api_started_at, sizeof provider->api_started_at,
                json_object_get(state, "StartedAt")
        );
        copy_string(
                provider->api_image, sizeof provider->api_image, json_object_get(seen, "Image")
        );
        provider->api_running = strcmp(state_of(seen), "running") == 0;
        /* The health of a container of somebody else's is not followed: that it runs must do. */
        provider->api_healthy = provider->api_running
                                && (provider->choice.kind == PROVIDER_IS_ADOPTED
                                    || (health != NULL && strcmp(health, "healthy") == 0));
}

static void take_ollama(Provider *provider) {
        char api_id[sizeof provider->api_id];
        char started_at[sizeof provider->api_started_at];

        (void) memcpy(api_id, provider->api_id, sizeof api_id);
        (void) memcpy(started_at, provider->api_started_at, sizeof started_at);
        switch (provider->choice.kind) {
        case PROVIDER_IS_MANAGED:
        case PROVIDER_IS_UNDECIDED:
                take_container(provider, seen_part(provider, "api"));
                break;
        case PROVIDER_IS_ADOPTED:
                take_container(provider, provider_look_chosen(provider->look));
                break;
        case PROVIDER_IS_HOST:
        case PROVIDER_IS_EXTERNAL:
                take_unseen(provider);
                break;
        }
        provider->fresh = true;
        if (provider->health.up && provider->api_id[0] != '\0'
            && (strcmp(api_id, provider->api_id) != 0
                || strcmp(started_at, provider->api_started_at) != 0))
                provider->setup.ran_anew(
                        provider->api_id, provider->api_started_at, provider->setup.data
                );
}

/* Unsecured there is no proxy: Ollama itself joins the networks, if it is ours. */
static void tell_joins(const Provider *provider) {
        const char *front = provider->proxy_id[0] != '\0' ? provider->proxy_id : NULL;

        if (!provider->facts.secured && provider->api_running
            && provider->choice.kind == PROVIDER_IS_MANAGED)
                front = provider->api_id;
        joins_proxy(provider->setup.joins, front, PROVIDER_NETWORK);
}

void provider_take_runs(Provider *provider) {
        const json_t *proxy = seen_part(provider, "proxy");
        char proxy_id[sizeof provider->proxy_id] = "";

        take_ollama(provider);
        if (strcmp(state_of(proxy), "running") == 0)
                copy_string(proxy_id, sizeof proxy_id, json_object_get(proxy, "Id"));
        /* Another run of the proxy has proven nothing yet. */
        if (strcmp(proxy_id, provider->proxy_id) != 0 && provider->publisher != NULL)
                publisher_forget(provider->publisher);
        (void) snprintf(provider->proxy_id, sizeof provider->proxy_id, "%s", proxy_id);
        tell_joins(provider);
}

/* Unsecured, its health check counts; an Ollama that does not run is down whatever a probe still
 * says. */
void provider_note_runs(Provider *provider) {
        const char *trouble = provider->trouble.why;
        const char *why = trouble[0] != '\0' ? trouble
                          : provider->whole  ? "its health check does not say healthy"
                                             : provider->verdict;

        if (provider->setup.finishing)
                return;
        if (!provider->setup.config->proxy.secured)
                provider_note_health(
                        provider, provider->api_healthy && provider->held[0] == '\0', why
                );
        else if (!provider->api_running)
                provider_note_stopped(provider, trouble[0] != '\0' ? trouble : provider->verdict);
}
