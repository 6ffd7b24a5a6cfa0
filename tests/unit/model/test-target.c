/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "model/target.h"
#include "support/inspect.h"

static const ProviderFacts provider = {
        .secured = true,
        .url = "http://host.docker.internal:11435",
        .host = "host.docker.internal",
        .port = "11435",
        .host_entry = true,
        .own_project = "coollama",
        .own_network = "net-a",
        .own_url = "http://ollama-api:11434",
        .own_host = "ollama-api",
        .own_port = "11434",
};

static int make(Way way, const char *name, Target *ret) {
        const TargetInput input = { .provider = &provider,
                                    .way = way,
                                    .carrier = carrier_of(&provider, way),
                                    .key = "k",
                                    .name = name };
        return target_make(&input, ret);
}

Test(target, by_the_gateway_it_is_the_hosts_port_and_the_host_entry) {
        Target target;

        cr_assert_eq(make(WAY_GATEWAY, NULL, &target), 0);
        cr_expect_str_eq(target.link.url, "http://host.docker.internal:11435");
        cr_expect_str_eq(target.link.key, "k");
        cr_expect(target.link.host_entry);
}

Test(target, by_network_it_is_the_proxys_name_there_its_own_port_and_no_host_entry) {
        Target target;

        cr_assert_eq(make(WAY_NETWORK, "ollama-proxy-0123", &target), 0);
        cr_expect_str_eq(target.link.url, "http://ollama-proxy-0123:11434");
        cr_expect_str_eq(target.link.host, "ollama-proxy-0123");
        cr_expect_str_eq(target.link.port, "11434");
        cr_expect_str_eq(target.link.key, "k");
        cr_expect_not(target.link.host_entry);
}

Test(target, by_network_without_a_name_there_is_none) {
        Target target;

        cr_expect_eq(make(WAY_NETWORK, NULL, &target), -ENODATA);
}

Test(target, a_member_of_ollamas_stack_shows_no_key) {
        Target target;

        cr_assert_eq(make(WAY_OWN_STACK, NULL, &target), 0);
        cr_expect_str_eq(target.link.url, "http://ollama-api:11434");
        cr_expect_null(target.link.key);
        cr_expect_not(target.link.host_entry);
}

Test(target, only_the_own_stack_and_an_external_url_leave_nothing_to_decide) {
        const InspectSpec own = { .project = "coollama" };
        const InspectSpec other = { .project = "shop" };
        ProviderFacts external = provider;
        Container *member = inspect_container(&own);
        Container *consumer = inspect_container(&other);
        Way way = WAY_GATEWAY;

        external.external = true;
        external.own_project = NULL;
        cr_expect(way_is_given(&provider, member, &way));
        cr_expect_eq(way, WAY_OWN_STACK);
        cr_expect_not(way_is_given(&provider, consumer, &way));
        cr_expect(way_is_given(&external, consumer, &way));
        cr_expect_eq(way, WAY_EXTERNAL);
        (void) container_free(member);
        (void) container_free(consumer);
}

Test(target, each_way_has_a_word) {
        cr_expect_str_eq(way_to_string(WAY_GATEWAY), "gateway");
        cr_expect_str_eq(way_to_string(WAY_EXTERNAL), "external");
}
