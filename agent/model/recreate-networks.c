/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of a re-created container.
 *
 * An endpoint in an inspect document is a few wishes among a lot of bookkeeping, and the names do
 * not tell them apart, so this is a list of what is copied. Not copied: NetworkID (the engine
 * prefers a stale id to the name, so a network that was made again under its name is "not found"),
 * EndpointID, Gateway, IPAddress and all other addresses, and DNSNames.
 *
 * MacAddress holds what was asked for or what the engine made up. Which of both it is stands in
 * Config.MacAddress for NetworkMode's network. For the others it shows only up to API 1.47, where
 * an engine makes its own from the IPv4 address; later it takes a random one at each start. Those
 * are asked for, too: nothing shows that they last longer now, while an address that was asked for
 * may be what a licence or a firewall knows its owner by.
 *
 * Aliases read with an API before 1.45 hold two that nobody asked for: the container's short id
 * and then, unless it is the same, its host name. With the old id in them they would pile up; the
 * host name is taken out where it follows the id, so that the order stays. Removing all of them
 * would break service discovery.
 *
 * From API 1.44 on one request takes all networks. Before, it takes one; the others are connected
 * one by one before the start, in the order of their names.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/macro.h"
#include "model/recreate-internal.h"

#define API_MANY_NETWORKS 44

typedef struct EndpointField {
        const char *name;
        unsigned api;      /* dropped by the engine below */
        bool user_defined; /* refused by the engine on the default bridge */
} EndpointField;

static const EndpointField endpoint_fields[] = {
        { "IPAMConfig", 0, false }, /* fixed addresses; null and {} are two things */
        { "Links", 0, false },       { "Aliases", 0, true },
        { "DriverOpts", 0, false }, /* sysctls of the interface, too */
        { "GwPriority", 48, false },
};

/* Without the short id, and the host name after it. None left: null, as nobody asked for any. */
static json_t *aliases_copy(const Recreate *recreate, const json_t *aliases) {
        if (!json_is_array(aliases))
                return json_null();

        const json_t *config = json_object_get(recreate->input->inspect, "Config");
        const char *hostname = recreate_text(config, "Hostname");
        json_t *copy = json_array();
        bool after_id = false;

        for (size_t i = 0; i < json_array_size(aliases); i++) {
                json_t *alias = json_array_get(aliases, i);
                const char *text = json_string_value(alias);
                bool skip = text && after_id && hostname && strcmp(text, hostname) == 0;

                after_id = text && strlen(text) == RECREATE_SHORT_ID
                           && strncmp(text, recreate->id, RECREATE_SHORT_ID) == 0;
                if (skip || after_id)
                        continue;
                if (json_array_append(copy, alias) < 0) {
                        json_decref(copy);
                        return NULL;
                }
        }

        if (json_array_size(copy) > 0 || json_array_size(aliases) == 0)
                return copy;

        json_decref(copy);
        return json_null();
}

static int endpoint_fill(
        const Recreate *recreate,
        const char *network,
        const json_t *old,
        json_t *endpoint,
        Error *err
) {
        for (size_t i = 0; i < ARRAY_LEN(endpoint_fields); i++) {
                const EndpointField *field = &endpoint_fields[i];
                const json_t *value = json_object_get(old, field->name);

                if (value == NULL)
                        continue;
                if (field->user_defined && !recreate_network_is_user_defined(network))
                        continue;
                if (recreate->input->api < field->api) {
                        if (json_integer_value(value) == 0)
                                continue;
                        return recreate_needs_api(recreate, field->api, field->name, err);
                }

                json_t *copy = strcmp(field->name, "Aliases") == 0 ? aliases_copy(recreate, value)
                                                                   : json_deep_copy(value);
                int r = recreate_put(endpoint, field->name, copy, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The MAC address to ask for on a network other than NetworkMode's; NULL: none. */
static const char *further_mac(const json_t *old) {
        const char *mac = recreate_text(old, "MacAddress");
        const char *address = recreate_text(old, "IPAddress");
        unsigned char bytes[sizeof(struct in_addr)];
        char made_up[sizeof("02:42:00:00:00:00")];

        if (mac == NULL || *mac == '\0' || address == NULL
            || inet_pton(AF_INET, address, bytes) != 1)
                return NULL;

        (void) snprintf(
                made_up, sizeof(made_up), "02:42:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
                bytes[3]
        );
        return strcasecmp(mac, made_up) == 0 ? NULL : mac;
}

/* The name under which NetworkMode's network stands in the map; NULL when it is not there. */
static const char *primary_name(const Recreate *recreate) {
        const char *mode = recreate_text(recreate->host, "NetworkMode");
        const char *name = NULL;
        json_t *endpoint = NULL;

        if (!recreate_network_is_user_defined(mode))
                mode = "bridge";
        if (json_object_get(recreate->networks, mode))
                return mode;

        json_object_foreach(recreate->networks, name, endpoint) {
                const char *id = recreate_text(endpoint, "NetworkID");

                if (id && strlen(mode) >= RECREATE_SHORT_ID && strncmp(id, mode, strlen(mode)) == 0)
                        return name;
        }
        return NULL;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The names, sorted; free() the list, not the names. */
static const char **sorted_names(json_t *networks) {
        const char **names = calloc(json_object_size(networks) + 1, sizeof(*names));
        const char *name = NULL;
        json_t *endpoint = NULL;
        size_t n = 0;

        if (names == NULL)
                return NULL;

        json_object_foreach(networks, name, endpoint)
                names[n++] = name;
        qsort(names, n, sizeof(*names), compare_names);
        return names;
}

/* Takes endpoint over. */
static int add_connect(Recreate *recreate, const char *network, json_t *endpoint, Error *err) {
        json_t *connect = json_pack(
                "{s:s, s:{s:n, s:o}}", "network", network, "body", "Container", "EndpointConfig",
                endpoint
        );
        return recreate_append(recreate->connects, connect, err);
}

/* From 1.44 on an endpoint's MAC address can be asked for. */
static int
add_mac(const Recreate *recreate, const json_t *old, bool is_primary, json_t *endpoint, Error *err
) {
        const char *mac = is_primary ? recreate->mac : further_mac(old);

        if (recreate->input->api < API_MANY_NETWORKS || mac == NULL)
                return 0;
        return recreate_put(endpoint, "MacAddress", json_string(mac), err);
}

static int add_network(
        Recreate *recreate, const char *network, bool is_primary, bool at_creation, Error *err
) {
        const json_t *old = json_object_get(recreate->networks, network);
        if (!json_is_object(old))
                return error_set(
                        err, -EBADMSG, "the container's document says nothing of network %s",
                        network
                );

        json_t *endpoint = json_object();
        int r = endpoint_fill(recreate, network, old, endpoint, err);
        if (r == 0)
                r = add_mac(recreate, old, is_primary, endpoint, err);
        if (r < 0) {
                json_decref(endpoint);
                return r;
        }

        if (at_creation)
                return recreate_put(recreate->endpoints, network, endpoint, err);
        return add_connect(recreate, network, endpoint, err);
}

int recreate_networks(Recreate *recreate, Error *err) {
        cleanup(freep) const char **names = sorted_names(recreate->networks);
        if (names == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        const char *primary = primary_name(recreate);
        bool all = recreate->input->api >= API_MANY_NETWORKS;
        const char *first = primary ? primary : names[0];

        for (size_t i = 0; names[i]; i++) {
                bool is_primary = primary && strcmp(names[i], primary) == 0;
                bool at_creation = all || strcmp(names[i], first) == 0;

                int r = add_network(recreate, names[i], is_primary, at_creation, err);
                if (r < 0)
                        return r;
        }
        return 0;
}
