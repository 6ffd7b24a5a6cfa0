/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "reconcile/provider-inside.h"

static void sentence_of_pull(const Provider *provider, char *buffer, size_t size) {
        uint64_t total = provider->progress.total_bytes;

        if (total == 0)
                (void) snprintf(buffer, size, "Pulling %s", provider->pull_image);
        else
                (void) snprintf(
                        buffer, size, "Pulling %s: %u %% of %.1f MB", provider->pull_image,
                        (unsigned) (provider->progress.done_bytes * 100 / total),
                        (double) total / 1e6
                );
}

void provider_sentence(const Provider *provider, char *buffer, size_t size) {
        char models[MODEL_NAME_MAX_BYTE + 80];

        if (!provider->tended)
                (void) snprintf(buffer, size, "Ollama at %s", provider->url);
        else if (provider->pull != NULL)
                sentence_of_pull(provider, buffer, size);
        else if (provider->health.up && provider->whole && provider_models_sentence(provider, models, sizeof models))
                (void) snprintf(buffer, size, "Ollama is up (%s)", models);
        else if (provider->health.up && provider->whole)
                (void) snprintf(buffer, size, "Ollama is up");
        else if (provider->health.up)
                (void) snprintf(buffer, size, "Ollama is up (%s)", provider->verdict);
        else
                (void) snprintf(buffer, size, "Ollama is down: %s", provider->why_down);
}

static const char *or_null(const char *text) {
        return text[0] != '\0' ? text : NULL;
}

/* What people are to do about it: what the plan says, else what keeps it from being asked. */
static const char *next_of(const Provider *provider) {
        if (provider->next[0] != '\0')
                return provider->next;
        if (provider->facts.up)
                return NULL;
        return or_null(
                provider->trouble.next[0] != '\0' ? provider->trouble.next : provider->down_next
        );
}

/* Something to know that keeps nothing from working, or NULL. */
static const char *note_of(const Provider *provider, char *buffer, size_t size) {
        if (!provider->tended)
                return "consumers are given that address as it is: coollama does not see whether it "
                       "answers, and restarts nobody";
        if (provider->choice.kind == PROVIDER_IS_HOST)
                return provider_host_note(provider, buffer, size);
        if (!provider->facts.secured || provider->choice.kind != PROVIDER_IS_ADOPTED
            || provider->choice.port != PORT_THEIRS)
                return NULL;
        if (provider->adopted.on_host) {
                (void) snprintf(
                        buffer, size,
                        "it lives in the host's network and has port %s there itself, past our keys; consumers "
                        "come to the proxy by their own networks. To close that port give it a network of its own",
                        provider->port
                );
                return buffer;
        }
        (void) snprintf(
                buffer, size,
                "its stack publishes port %s of the host itself, past our keys; consumers come to the "
                "proxy by their own networks. To close that port take its ports: entry out of that stack",
                provider->port
        );
        return buffer;
}

json_t *provider_status(const Provider *provider) {
        const Config *config = provider->setup.config;
        const ProviderChoice *choice = &provider->choice;
        char note[480];
        json_t *status = json_pack(
                "{s:s, s:s?, s:s?, s:b, s:b, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:o}", "mode",
                provider_kind_to_string(choice->kind), "name", or_null(choice->name), "chosen",
                or_null(provider->reason.why), "secured", provider->facts.secured, "up",
                provider->facts.up, "url", provider->url, "bind",
                provider_publishes(provider) ? config->proxy.bind : "", "image",
                choice->kind == PROVIDER_IS_MANAGED ? config->provider.image : "", "why",
                provider->facts.up ? NULL : provider->why_down, "next", next_of(provider), "note",
                note_of(provider, note, sizeof note), "gpu",
                choice->kind == PROVIDER_IS_MANAGED && provider->gpu_known ? provider->gpu.why
                                                                           : NULL,
                "models", provider_models_status(provider)
        );

        return status;
}

json_t *provider_plan(const Provider *provider) {
        json_t *steps = json_array();
        const Plan *plan = provider->executor ? executor_plan(provider->executor) : NULL;

        for (size_t i = 0; steps != NULL && plan != NULL && i < plan->n_actions; i++)
                (void) json_array_append_new(steps, json_string(plan->actions[i].what));
        if (steps != NULL)
                joins_plan(provider->setup.joins, steps);
        return steps;
}
