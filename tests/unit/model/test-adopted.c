/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/adopted.h"

static const char *const gateway[] = { "172.17.0.1", NULL };
static const PortWanted wanted = { .bind = gateway, .port = 11434 };

static json_t *parse(const char *text) {
        json_error_t error;
        json_t *json = json_loads(text, 0, &error);

        cr_assert_not_null(json, "%s: %s", text, error.text);
        return json;
}

/* An inspect document with these networks, port bindings, environment and state. */
static Adopted adopted_of(
        const char *networks,
        const char *ports,
        const char *env,
        const char *state,
        const char *mode
) {
        json_t *inspect = json_pack(
                "{s:s, s:s, s:{s:s, s:s}, s:{s:o, s:{s:s, s:s}}, s:{s:s, s:o}, s:{s:o}}", "Id",
                "0123456789ab", "Name", "/ollama-api-uuid", "State", "Status", state, "StartedAt",
                "2026-01-02T03:04:05Z", "Config", "Env", parse(env), "Labels",
                "com.docker.compose.project", "uuid", "com.docker.compose.service", "ollama-api",
                "HostConfig", "NetworkMode", mode, "PortBindings", parse(ports), "NetworkSettings",
                "Networks", parse(networks)
        );
        Adopted adopted;

        cr_assert_not_null(inspect);
        adopted_read(inspect, &wanted, &adopted);
        json_decref(inspect);
        return adopted;
}

#define ENDPOINT(id, address) "{\"NetworkID\":\"" id "\",\"IPAddress\":\"" address "\"}"

static void upstream_is(const Adopted *adopted, const char *expected) {
        char url[ADOPTED_UPSTREAM_MAX];

        adopted_upstream(adopted, url);
        cr_expect_str_eq(url, expected);
}

static const struct {
        const char *name, *networks, *network, *upstream;
} networks[] = {
        { "its stack's own comes before a shared one",
          "{\"coolify\":" ENDPOINT("c", "10.0.1.5") ",\"uuid\":" ENDPOINT("u", "10.0.2.5") "}",
          "uuid", "http://10.0.2.5:11434" },
        { "also as compose calls it",
          "{\"a\":" ENDPOINT("a", "10.0.1.5") ",\"uuid_default\":" ENDPOINT("u", "10.0.2.5") "}",
          "uuid_default", "http://10.0.2.5:11434" },
        { "any other before the engine's own bridge",
          "{\"bridge\":" ENDPOINT("b", "172.17.0.2") ",\"shared\":" ENDPOINT("s", "10.0.3.5") "}",
          "shared", "http://10.0.3.5:11434" },
        { "which does where there is none", "{\"bridge\":" ENDPOINT("b", "172.17.0.2") "}",
          "bridge", "http://172.17.0.2:11434" },
        { "without an address it cannot be asked", "{\"uuid\":" ENDPOINT("u", "") "}", "uuid", "" },
};

Test(adopted, it_is_asked_by_its_address_in_the_network_that_is_most_its_own) {
        for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
                Adopted adopted = adopted_of(networks[i].networks, "{}", "[]", "running", "uuid");

                cr_expect_str_eq(adopted.network, networks[i].network, "%s", networks[i].name);
                upstream_is(&adopted, networks[i].upstream);
                cr_expect_str_eq(adopted.problem, "");
        }
}

Test(adopted, an_address_counts_while_it_runs_alone) {
        static const char *const down[] = { "exited", "created", "restarting", "paused" };

        for (size_t i = 0; i < ARRAY_LEN(down); i++) {
                Adopted adopted = adopted_of(
                        "{\"uuid\":" ENDPOINT("u", "10.0.2.5") "}", "{}", "[]", down[i], "uuid"
                );
                cr_expect_not(adopted.running);
                upstream_is(&adopted, "");
        }
}

static const struct {
        const char *env;
        unsigned port;
} listens[] = {
        { "[]", 11434 },
        { "[\"OLLAMA_HOST=0.0.0.0\"]", 11434 },
        { "[\"OLLAMA_HOST=0.0.0.0:8080\"]", 8080 },
        { "[\"OLLAMA_HOST=http://0.0.0.0:8080/path\"]", 8080 },
        { "[\"OLLAMA_HOST=http://0.0.0.0\"]", 80 },
        { "[\"OLLAMA_HOST=[::]\"]", 11434 },
        { "[\"OLLAMA_HOST=[::]:99\"]", 99 },
        { "[\"OLLAMA_HOST=0.0.0.0:nonsense\"]", 11434 },
};

Test(adopted, it_listens_where_its_own_variable_says) {
        for (size_t i = 0; i < ARRAY_LEN(listens); i++) {
                Adopted adopted = adopted_of("{}", "{}", listens[i].env, "running", "uuid");
                cr_expect_eq(adopted.port, listens[i].port, "%s", listens[i].env);
        }
}

#define BOUND(address, port) \
        "{\"11434/tcp\":[{\"HostIp\":\"" address "\",\"HostPort\":\"" port "\"}]}"

static const struct {
        const char *ports;
        bool publishes;
        unsigned published;
} bindings[] = {
        { "{}", false, 0 },
        { BOUND("", "11434"), true, 11434 },
        { BOUND("0.0.0.0", "11434"), true, 11434 },
        { BOUND("172.17.0.1", "11434"), true, 11434 },
        { BOUND("127.0.0.1", "11434"), false, 0 },
        { BOUND("", "8080"), false, 8080 },
        { "{\"8080/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"11434\"}]}", true, 0 },
        { "{\"11434/tcp\":null}", false, 0 },
};

Test(adopted, it_has_our_port_when_it_binds_it_where_ours_would_be) {
        for (size_t i = 0; i < ARRAY_LEN(bindings); i++) {
                Adopted adopted = adopted_of("{}", bindings[i].ports, "[]", "exited", "uuid");
                cr_expect_eq(adopted.publishes, bindings[i].publishes, "%s", bindings[i].ports);
                cr_expect_eq(adopted.published, bindings[i].published, "%s", bindings[i].ports);
        }
}

Test(adopted, on_the_hosts_network_it_has_the_port_and_no_network) {
        Adopted adopted =
                adopted_of("{\"host\":" ENDPOINT("h", "") "}", "{}", "[]", "running", "host");

        cr_expect(adopted.on_host && adopted.publishes);
        cr_expect_str_eq(adopted.problem, "");
        upstream_is(&adopted, "");
}

Test(adopted, on_the_hosts_network_the_relay_leads_to_one_port_alone) {
        Adopted adopted = adopted_of("{}", "{}", "[\"OLLAMA_HOST=:8080\"]", "running", "host");

        cr_expect(adopted.on_host && !adopted.publishes);
        cr_expect(strstr(adopted.problem, "another port of the host than 11434") != NULL);
}

Test(adopted, in_another_containers_network_or_in_none_it_cannot_be_reached_and_that_is_said) {
        Adopted shared = adopted_of("{}", "{}", "[]", "running", "container:ab");
        Adopted none =
                adopted_of("{\"none\":" ENDPOINT("n", "") "}", "{}", "[]", "running", "none");

        cr_expect(strstr(shared.problem, "another container") != NULL);
        cr_expect(strstr(none.problem, "no network") != NULL);
}

Test(adopted, one_that_is_gone_is_nothing) {
        Adopted adopted;

        adopted_read(NULL, &wanted, &adopted);
        cr_expect_str_eq(adopted.id, "");
        cr_expect_not(adopted.running);
        upstream_is(&adopted, "");
}

#define ITEM(id, labels, address, port)                                          \
        "{\"Id\":\"" id "\",\"Labels\":" labels ",\"Ports\":[{\"IP\":\"" address \
        "\",\"PublicPort\":" port ",\"PrivatePort\":80,\"Type\":\"tcp\"}]}"

Test(adopted, who_has_the_port_is_told_from_who_has_it_elsewhere_and_from_us) {
        json_t *list = parse(
                "[" ITEM("loopback", "{}", "127.0.0.1", "11434") "," ITEM("other", "{}", "0.0.0.0", "80") "," ITEM(
                        "ours", "{\"coollama.part\":\"proxy\"}", "172.17.0.1", "11434"
                ) "," ITEM("six", "{}", "::", "11434") "," ITEM("it", "{}", "0.0.0.0", "11434") "]"
        );
        const json_t *holder = port_holder(list, &wanted);

        cr_assert_not_null(holder);
        cr_expect_str_eq(json_string_value(json_object_get(holder, "Id")), "it");
        cr_expect_null(port_holder(NULL, &wanted));
        json_decref(list);
}
