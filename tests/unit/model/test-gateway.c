/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/gateway.h"

static int gateway(const char *config, char *buffer) {
        json_t *json = json_loads(config, 0, NULL);

        cr_assert_not_null(json, "%s", config);
        int r = gateway_from_ipam(json, buffer);
        json_decref(json);
        return r;
}

Test(gateway, it_is_what_the_engine_says) {
        char buffer[GATEWAY_TEXT_MAX];

        cr_assert_eq(
                gateway("{\"Subnet\":\"172.17.0.0/16\",\"Gateway\":\"172.17.0.5\"}", buffer), 0
        );
        cr_assert_str_eq(buffer, "172.17.0.5");
        cr_assert_eq(gateway("{\"Subnet\":\"fd00::/64\",\"Gateway\":\"fd00::1\"}", buffer), 0);
        cr_assert_str_eq(buffer, "fd00::1");
}

Test(gateway, it_is_the_first_address_of_the_subnet_where_the_engine_does_not_say) {
        static const struct {
                const char *config, *gateway;
        } cases[] = {
                { "{\"Subnet\":\"172.17.0.0/16\"}", "172.17.0.1" },
                { "{\"Subnet\":\"10.0.0.0/24\",\"Gateway\":\"\"}", "10.0.0.1" },
                { "{\"Subnet\":\"192.168.255.0/30\"}", "192.168.255.1" },
                { "{\"Subnet\":\"10.0.0.255/31\"}", "10.0.1.0" },
        };
        char buffer[GATEWAY_TEXT_MAX];

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                cr_assert_eq(gateway(cases[i].config, buffer), 0, "%s", cases[i].config);
                cr_assert_str_eq(buffer, cases[i].gateway, "%s", cases[i].config);
        }
}

Test(gateway, nothing_is_made_up) {
        static const char *const configs[] = {
                "{}",
                "[]",
                "{\"Subnet\":\"fd00::/64\"}",
                "{\"Subnet\":\"172.17.0.0\"}",
                "{\"Subnet\":\"/16\"}",
                "{\"Subnet\":17}",
                "{\"Subnet\":\"300.1.1.0/24\"}",
                "{\"Gateway\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
        };
        char buffer[GATEWAY_TEXT_MAX];

        for (size_t i = 0; i < ARRAY_LEN(configs); i++)
                cr_assert_eq(gateway(configs[i], buffer), -ENOENT, "%s", configs[i]);
}
