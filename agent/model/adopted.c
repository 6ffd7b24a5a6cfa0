/* SPDX-License-Identifier: Apache-2.0 */
#include "model/adopted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/container.h"
#include "model/labels.h"

#define OLLAMA_PORT 11434

static const char *text_at(const json_t *object, const char *member) {
        const char *text = json_string_value(json_object_get(object, member));
        return text ? text : "";
}

static void copy(char *buffer, size_t size, const char *text) {
        (void) snprintf(buffer, size, "%s", text);
}

#define COPY(array, text) copy(array, sizeof(array), text)

/* OLLAMA_HOST as Ollama reads it: "[http://]HOST[:PORT][/path]". */
static unsigned listen_port(const json_t *config) {
        const char *value = env_lookup(json_object_get(config, "Env"), "OLLAMA_HOST");
        if (value == NULL)
                return OLLAMA_PORT;

        const char *scheme = strstr(value, "://");
        const char *host = scheme ? scheme + 3 : value;
        const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
        const char *colon = strchr(bracket ? bracket : host, ':');
        const char *slash = strchr(host, '/');
        if (colon == NULL || (slash != NULL && slash < colon))
                return scheme == NULL ? OLLAMA_PORT : strncmp(value, "https", 5) == 0 ? 443 : 80;

        unsigned long port = strtoul(colon + 1, NULL, 10);
        return port > 0 && port <= 65535 ? (unsigned) port : OLLAMA_PORT;
}

static bool is_any(const char *address) {
        return address[0] == '\0' || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

bool port_collides(const char *address, const PortWanted *wanted) {
        bool any = is_any(address);

        for (const char *const *ours = wanted->bind; ours != NULL && *ours != NULL; ours++) {
                bool of_six = strchr(*ours, ':') != NULL;

                if (strcmp(*ours, address) == 0)
                        return true;
                if (any && (address[0] == '\0' || of_six == (address[0] == ':')))
                        return true;
                if (is_any(*ours) && of_six == (strchr(address, ':') != NULL))
                        return true;
        }
        return false;
}

const json_t *port_holder(const json_t *list, const PortWanted *wanted) {
        size_t i;
        json_t *item;

        json_array_foreach(list, i, item) {
                const json_t *ports = json_object_get(item, "Ports");
                size_t j;
                json_t *port;

                if (json_object_get(json_object_get(item, "Labels"), LABEL_PART) != NULL)
                        continue;
                json_array_foreach(ports, j, port)
                        if (json_integer_value(json_object_get(port, "PublicPort"))
                                    == (json_int_t) wanted->port
                            && strcmp(text_at(port, "Type"), "tcp") == 0
                            && port_collides(text_at(port, "IP"), wanted))
                                return item;
        }
        return NULL;
}

static void read_ports(const json_t *host_config, const PortWanted *wanted, Adopted *ret) {
        const char *name;
        json_t *bindings;
        char own[16];

        (void) snprintf(own, sizeof own, "%u/tcp", ret->port);
        json_object_foreach(json_object_get(host_config, "PortBindings"), name, bindings) {
                size_t i;
                json_t *binding;

                json_array_foreach(bindings, i, binding) {
                        const char *address = text_at(binding, "HostIp");
                        unsigned long port = strtoul(text_at(binding, "HostPort"), NULL, 10);
                        bool collides = port_collides(address, wanted);

                        if (collides && port == wanted->port && strstr(name, "/tcp") != NULL)
                                ret->publishes = true;
                        if (collides && strcmp(name, own) == 0)
                                ret->published = (unsigned) port;
                }
        }
}

/* Of its networks the one of its own stack, else another, the engine's own bridge last; of several
 * alike the first by name, so that it is the same at every look. */
static unsigned rank(const char *name, const char *project) {
        size_t length = strlen(project);

        if (length > 0 && strncmp(name, project, length) == 0
            && (name[length] == '\0' || name[length] == '_'))
                return 0;
        return strcmp(name, "bridge") == 0 ? 2 : 1;
}

static void read_network(json_t *networks, Adopted *ret) {
        const json_t *best = NULL;
        const char *best_name = "";
        const char *name;
        json_t *endpoint;

        json_object_foreach(networks, name, endpoint) {
                unsigned mine = rank(name, ret->project);
                unsigned its = best ? rank(best_name, ret->project) : 3;

                if (text_at(endpoint, "NetworkID")[0] == '\0' || strcmp(name, "none") == 0
                    || strcmp(name, "host") == 0)
                        continue;
                if (mine < its || (mine == its && strcmp(name, best_name) < 0)) {
                        best = endpoint;
                        best_name = name;
                }
        }
        if (best == NULL)
                return;
        const char *four = text_at(best, "IPAddress");
        const char *six = text_at(best, "GlobalIPv6Address");

        COPY(ret->network, best_name);
        COPY(ret->network_id, text_at(best, "NetworkID"));
        if (ret->running && four[0] != '\0')
                COPY(ret->address, four);
        else if (ret->running && six[0] != '\0')
                (void) snprintf(ret->address, sizeof ret->address, "[%s]", six);
}

static void read_where(const json_t *inspect, Adopted *ret) {
        const char *mode = text_at(json_object_get(inspect, "HostConfig"), "NetworkMode");

        if (strcmp(mode, "host") == 0) {
                ret->on_host = true;
                ret->published = ret->port;
                if (ret->port != OLLAMA_PORT)
                        COPY(ret->problem,
                             "it listens on another port of the host than 11434, where the relay leads"
                        );
                return;
        }
        if (strncmp(mode, "container:", strlen("container:")) == 0) {
                COPY(ret->problem,
                     "it lives in the network of another container, where the proxy cannot come to it"
                );
                return;
        }
        read_network(json_object_get(json_object_get(inspect, "NetworkSettings"), "Networks"), ret);
        if (ret->network_id[0] == '\0')
                COPY(ret->problem, "it is in no network");
}

void adopted_read(const json_t *inspect, const PortWanted *wanted, Adopted *ret) {
        const json_t *config = json_object_get(inspect, "Config");
        const json_t *labels = json_object_get(config, "Labels");
        const json_t *state = json_object_get(inspect, "State");
        const char *name = text_at(inspect, "Name");

        *ret = (Adopted){ .port = OLLAMA_PORT };
        if (inspect == NULL)
                return;
        COPY(ret->id, text_at(inspect, "Id"));
        COPY(ret->name, name[0] == '/' ? name + 1 : name);
        COPY(ret->started_at, text_at(state, "StartedAt"));
        COPY(ret->state, text_at(state, "Status"));
        COPY(ret->project, text_at(labels, "com.docker.compose.project"));
        COPY(ret->host, text_at(labels, "com.docker.compose.service"));
        if (ret->host[0] == '\0')
                COPY(ret->host, ret->name);
        ret->running = strcmp(ret->state, "running") == 0;
        ret->port = listen_port(config);
        read_where(inspect, ret);
        read_ports(json_object_get(inspect, "HostConfig"), wanted, ret);
        ret->publishes = ret->publishes || (ret->on_host && ret->port == wanted->port);
}

void adopted_upstream(const Adopted *adopted, char buffer[static ADOPTED_UPSTREAM_MAX]) {
        buffer[0] = '\0';
        if (adopted->address[0] != '\0')
                (void) snprintf(
                        buffer, ADOPTED_UPSTREAM_MAX, "http://%s:%u", adopted->address,
                        adopted->port
                );
}
