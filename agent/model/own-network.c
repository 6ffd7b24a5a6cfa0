/* SPDX-License-Identifier: Apache-2.0 */
#include "model/own-network.h"

#include <stdio.h>
#include <string.h>

#define COOLIFY_PROXY "coolify-proxy"

bool own_network_may_be(const char *project, const char *name) {
        size_t size = strlen(project);

        return size > 0 && name != NULL && strncmp(name, project, size) == 0
               && (name[size] == '\0' || name[size] == '_' || name[size] == '-');
}

const char *own_network_find(const Container *container, const char **ret_name) {
        json_t *networks =
                json_object_get(json_object_get(container->inspect, "NetworkSettings"), "Networks");
        const char *name;
        json_t *endpoint;

        json_object_foreach(networks, name, endpoint) {
                const char *id = json_string_value(json_object_get(endpoint, "NetworkID"));

                if (id == NULL || id[0] == '\0' || !own_network_may_be(container->project, name))
                        continue;
                *ret_name = name;
                return id;
        }
        return NULL;
}

/* Others reach the containers of such a network past the engine's isolation. */
static bool is_open(const json_t *network) {
        const json_t *options = json_object_get(network, "Options");
        static const char *const modes[] = { "com.docker.network.bridge.gateway_mode_ipv4",
                                             "com.docker.network.bridge.gateway_mode_ipv6" };

        for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
                const char *mode = json_string_value(json_object_get(options, modes[i]));

                if (mode != NULL
                    && (strcmp(mode, "routed") == 0 || strcmp(mode, "nat-unprotected") == 0))
                        return true;
        }
        return json_object_get(options, "com.docker.network.bridge.trusted_host_interfaces")
               != NULL;
}

static bool is_bridge(const json_t *network) {
        const char *driver = json_string_value(json_object_get(network, "Driver"));

        return driver != NULL && strcmp(driver, "bridge") == 0;
}

static const char *label(const json_t *item, const char *name) {
        const char *value =
                json_string_value(json_object_get(json_object_get(item, "Labels"), name));
        return value ? value : "";
}

static bool is_ours(const OwnNetworkInput *input, const json_t *item) {
        const char *id = json_string_value(json_object_get(item, "Id"));

        for (size_t i = 0; id != NULL && i < input->n_ours; i++)
                if (input->ours[i] != NULL && strcmp(input->ours[i], id) == 0)
                        return true;
        return false;
}

static bool belongs(const OwnNetworkInput *input, const json_t *item) {
        const char *name = container_list_name(item);

        return is_ours(input, item)
               || strcmp(label(item, "com.docker.compose.project"), input->project) == 0
               || (name != NULL && strcmp(name, COOLIFY_PROXY) == 0
                   && strcmp(label(item, "coolify.proxy"), "true") == 0);
}

bool own_network_is(const OwnNetworkInput *input, char why[static OWN_NETWORK_WHY_MAX]) {
        const char *name = input->name ? input->name : "";
        size_t i;
        json_t *item;

        if (!own_network_may_be(input->project, input->name)) {
                (void) snprintf(
                        why, OWN_NETWORK_WHY_MAX, "its network %.60s is not its stack's own", name
                );
                return false;
        }
        if (!is_bridge(input->network) || is_open(input->network)) {
                (void) snprintf(
                        why, OWN_NETWORK_WHY_MAX,
                        "its network %.60s can be reached from outside (driver, gateway mode)", name
                );
                return false;
        }
        if (!json_is_array(input->containers)) {
                (void) snprintf(why, OWN_NETWORK_WHY_MAX, "nobody knows who is in %.60s", name);
                return false;
        }
        json_array_foreach(input->containers, i, item) {
                const char *stranger = container_list_name(item);

                if (belongs(input, item))
                        continue;
                (void) snprintf(
                        why, OWN_NETWORK_WHY_MAX,
                        "the container %.60s, of another stack, is in its network %.60s too",
                        stranger ? stranger : "?", name
                );
                return false;
        }
        return true;
}
