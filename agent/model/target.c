/* SPDX-License-Identifier: Apache-2.0 */
#include "model/target.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

/* Inside it is always this one, whatever the host publishes. */
#define INNER_PORT "11434"

static const char *const way_names[] = {
        [WAY_GATEWAY] = "gateway",
        [WAY_NETWORK] = "network",
        [WAY_OWN_STACK] = "own stack",
        [WAY_EXTERNAL] = "external",
};
static_assert(ARRAY_LEN(way_names) == WAY_EXTERNAL + 1, "a word for each Way");

const char *way_to_string(Way way) {
        assert((size_t) way < ARRAY_LEN(way_names));
        return way_names[way];
}

bool way_from_string(const char *text, Way *ret) {
        for (size_t i = 0; text != NULL && i < ARRAY_LEN(way_names); i++)
                if (strcmp(way_names[i], text) == 0) {
                        *ret = (Way) i;
                        return true;
                }
        return false;
}

bool provider_owns(const ProviderFacts *provider, const Container *container) {
        return provider->own_project != NULL
               && strcmp(container->project, provider->own_project) == 0
               && container_has_network(container, provider->own_network);
}

bool way_is_given(const ProviderFacts *provider, const Container *container, Way *ret) {
        if (provider_owns(provider, container))
                *ret = WAY_OWN_STACK;
        else if (provider->external)
                *ret = WAY_EXTERNAL;
        else
                return false;
        return true;
}

Carrier carrier_of(const ProviderFacts *provider, Way way) {
        return provider->secured && way != WAY_OWN_STACK ? CARRIER_HEADER : CARRIER_NONE;
}

static int make_by_network(const TargetInput *input, Target *ret) {
        /* Whose network it is alone, nobody else takes this name there. */
        bool as_host = input->carrier == CARRIER_STACK && !input->host_is_taken;
        const char *name = as_host ? LINK_HOST : input->name;

        if (input->name == NULL)
                return -ENODATA;
        ret->link.host = name;
        ret->link.port = INNER_PORT;
        (void) snprintf(ret->url, sizeof ret->url, "http://%s:%s", name, INNER_PORT);
        return 0;
}

int target_make(const TargetInput *input, Target *ret) {
        const ProviderFacts *provider = input->provider;
        int r = 0;

        *ret = (Target){ .link = { .key = input->carrier == CARRIER_NONE ? NULL : input->key,
                                   .key_in_url = input->carrier == CARRIER_URL,
                                   .by_network = input->carrier == CARRIER_STACK } };
        switch (input->way) {
        case WAY_NETWORK:
                r = make_by_network(input, ret);
                break;
        case WAY_OWN_STACK:
                ret->link.host = provider->own_host;
                ret->link.port = provider->own_port;
                (void) snprintf(ret->url, sizeof ret->url, "%s", provider->own_url);
                break;
        case WAY_GATEWAY:
        case WAY_EXTERNAL:
                ret->link.host = provider->host;
                ret->link.port = provider->port;
                ret->link.host_entry = provider->host_entry;
                (void) snprintf(ret->url, sizeof ret->url, "%s", provider->url);
                break;
        }
        ret->link.url = ret->url;
        return r;
}
