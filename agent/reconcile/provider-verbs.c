/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator's own commands need to know of the provider.
 */
#include <stdio.h>

#include "reconcile/provider-inside.h"

json_t *provider_ollama(const Provider *provider) {
        if (provider->choice.kind == PROVIDER_IS_HOST)
                return json_pack("{s:s}", "way", "host");
        if (provider->choice.kind == PROVIDER_IS_UNDECIDED)
                return json_pack(
                        "{s:s, s:s, s:s}", "way", "none", "said", "there is no shared Ollama yet",
                        "next", "coollama status"
                );
        if (provider->choice.kind == PROVIDER_IS_EXTERNAL)
                return json_pack(
                        "{s:s, s:s+, s:s}", "way", "none", "said", "this Ollama is elsewhere, at ",
                        provider->setup.config->provider.url, "next",
                        "run ollama on its own host, or here with OLLAMA_HOST set to that URL"
                );
        if (!provider->standing)
                return json_pack(
                        "{s:s, s:s, s:s}", "way", "none", "said",
                        "coollamad is waiting for the Docker Engine", "next", "coollama status"
                );
        if (!provider->api_running)
                return json_pack(
                        "{s:s, s:s+, s:s}", "way", "none", "said",
                        "Ollama does not run: ", provider->why_down, "next", "coollama status"
                );
        return json_pack(
                "{s:s, s:s, s:s}", "way", "container", "id", provider->api_id, "socket",
                provider->setup.config->docker.socket
        );
}
