/* SPDX-License-Identifier: Apache-2.0 */
#include "model/gateway.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int first_of_subnet(const char *subnet, char *buffer) {
        char text[GATEWAY_TEXT_MAX];
        struct in_addr address;
        size_t length = strcspn(subnet, "/");

        if (subnet[length] != '/' || length >= sizeof text)
                return -ENOENT;
        (void) snprintf(text, sizeof text, "%.*s", (int) length, subnet);
        if (inet_pton(AF_INET, text, &address) != 1)
                return -ENOENT;

        address.s_addr = htonl(ntohl(address.s_addr) + 1);
        return inet_ntop(AF_INET, &address, buffer, GATEWAY_TEXT_MAX) ? 0 : -ENOENT;
}

int gateway_from_ipam(const json_t *config, char buffer[static GATEWAY_TEXT_MAX]) {
        const char *gateway = json_string_value(json_object_get(config, "Gateway"));
        const char *subnet = json_string_value(json_object_get(config, "Subnet"));

        if (gateway != NULL && gateway[0] != '\0' && strlen(gateway) < GATEWAY_TEXT_MAX) {
                (void) snprintf(buffer, GATEWAY_TEXT_MAX, "%s", gateway);
                return 0;
        }
        return subnet != NULL ? first_of_subnet(subnet, buffer) : -ENOENT;
}
