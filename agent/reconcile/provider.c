/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/provider.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Provider {
        ProviderSetup setup;
        ProviderFacts facts;
};

int provider_new(const ProviderSetup *setup, Provider **ret, Error *err) {
        Provider *provider = calloc(1, sizeof *provider);
        if (provider == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        provider->setup = *setup;
        provider->facts = (ProviderFacts
        ){ .up = true, .why_down = "", .url = setup->config->provider.url, .host = "", .port = "" };
        provider->facts.host_entry =
                strstr(setup->config->provider.url, "//host.docker.internal") != NULL;
        *ret = provider;
        return 0;
}

Provider *provider_free(Provider *provider) {
        free(provider);
        return NULL;
}

const ProviderFacts *provider_facts(const Provider *provider) {
        return &provider->facts;
}

const char *provider_key(const Provider *provider, const char *identity) {
        (void) provider;
        (void) identity;
        return NULL;
}

bool provider_key_is_accepted(const Provider *provider, const char *identity) {
        (void) provider;
        (void) identity;
        return false;
}

void provider_helpers(Provider *provider, ExecutorHelpers *ret) {
        *ret = (ExecutorHelpers){ .data = provider };
}

void provider_event(Provider *provider, const EngineEvent *event) {
        (void) provider;
        (void) event;
}

void provider_look(Provider *provider) {
        (void) provider;
}

void provider_lost(Provider *provider) {
        (void) provider;
}

bool provider_is_observed(const Provider *provider) {
        (void) provider;
        return true;
}

void provider_sentence(const Provider *provider, char *buffer, size_t size) {
        (void) snprintf(buffer, size, "Ollama at %s", provider->facts.url);
}

json_t *provider_status(const Provider *provider) {
        return json_pack(
                "{s:s, s:b, s:s}", "mode", "external", "up", provider->facts.up, "url",
                provider->facts.url
        );
}

json_t *provider_plan(const Provider *provider) {
        (void) provider;
        return json_array();
}
