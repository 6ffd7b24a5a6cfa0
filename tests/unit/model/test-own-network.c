/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/own-network.h"

#define PROXY_ID "1111"
#define PROBE_ID "2222"
#define BRIDGE   "{\"Driver\": \"bridge\", \"Options\": {}}"
#define OF(id, name, labels) \
        "{\"Id\": \"" id "\", \"Names\": [\"/" name "\"], \"Labels\": {" labels "}}"
#define MEMBER  OF("aaaa", "chat-web-1", "\"com.docker.compose.project\": \"chat\"")
#define STOPPED OF("bbbb", "chat-db-1", "\"com.docker.compose.project\": \"chat\"")
#define OURS    OF(PROXY_ID, "coollama-proxy", "\"com.docker.compose.project\": \"coollama\"")
#define PROBE   OF(PROBE_ID, "coollama-probe-00000001", "\"coollama.part\": \"probe\"")
#define TRAEFIK OF("cccc", "coolify-proxy", "\"coolify.proxy\": \"true\"")

static const struct {
        const char *project, *name, *network, *containers, *why; /* why NULL: it is */
} cases[] = {
        { "chat", "chat_default", BRIDGE, MEMBER "," STOPPED "," OURS "," PROBE "," TRAEFIK, NULL },
        { "chat", "chat", BRIDGE, MEMBER, NULL },
        { "chat", "chat-7", BRIDGE, MEMBER, NULL },
        { "chat", "coolify", BRIDGE, MEMBER, "coolify is not its stack's own" },
        { "chat", "chatter_default", BRIDGE, MEMBER, "is not its stack's own" },
        { "", "net", BRIDGE, "", "is not its stack's own" },
        { "chat", NULL, BRIDGE, "", "is not its stack's own" },
        { "chat", "chat_default", BRIDGE,
          MEMBER "," OF("dddd", "spy-1", "\"com.docker.compose.project\": \"spy\""),
          "the container spy-1, of another stack" },
        { "chat", "chat_default", BRIDGE, OF("dddd", "by-hand", ""), "the container by-hand" },
        /* labels are anybody's to write */
        { "chat", "chat_default", BRIDGE, OF("dddd", "traefik", "\"coolify.proxy\": \"true\""),
          "the container traefik" },
        { "chat", "chat_default", BRIDGE, OF("dddd", "coolify-proxy", ""),
          "the container coolify-proxy" },
        { "chat", "chat_default", BRIDGE,
          OF("dddd", "coollama-probe-00000002", "\"coollama.part\": \"probe\""),
          "the container coollama-probe-00000002" },
        { "chat", "chat_default", "{\"Driver\": \"overlay\"}", MEMBER, "from outside" },
        { "chat", "chat_default", "{\"Driver\": \"macvlan\"}", MEMBER, "from outside" },
        { "chat", "chat_default",
          "{\"Driver\": \"bridge\", \"Options\": {\"com.docker.network.bridge.gateway_mode_ipv4\": \"routed\"}}",
          MEMBER, "from outside" },
        { "chat", "chat_default",
          "{\"Driver\": \"bridge\", \"Options\": {\"com.docker.network.bridge.gateway_mode_ipv4\": \"nat\"}}",
          MEMBER, NULL },
};

Test(own_network, only_where_nobody_else_is_in_it) {
        static const char *const ours[] = { PROXY_ID, NULL, PROBE_ID };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                char text[2000];
                char why[OWN_NETWORK_WHY_MAX] = "";

                (void) snprintf(text, sizeof text, "[%s]", cases[i].containers);
                json_t *network = json_loads(cases[i].network, 0, NULL);
                json_t *containers = json_loads(text, 0, NULL);
                const OwnNetworkInput input = { .project = cases[i].project,
                                                .name = cases[i].name,
                                                .network = network,
                                                .containers = containers,
                                                .ours = ours,
                                                .n_ours = ARRAY_LEN(ours) };

                cr_assert_not_null(containers, "%zu", i);
                cr_expect_eq(own_network_is(&input, why), cases[i].why == NULL, "%zu: %s", i, why);
                if (cases[i].why != NULL)
                        cr_expect_not_null(strstr(why, cases[i].why), "%zu: %s", i, why);
                json_decref(network);
                json_decref(containers);
        }
}

Test(own_network, one_that_was_not_looked_at_is_nobodys_own) {
        char why[OWN_NETWORK_WHY_MAX];
        const OwnNetworkInput input = { .project = "chat", .name = "chat_default" };

        cr_expect_not(own_network_is(&input, why));
}
