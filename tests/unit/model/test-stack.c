/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/stack.h"

static const char *const BIND[] = { "172.17.0.1", NULL };

static StackSettings settings(bool secured) {
        return (StackSettings){
                .api_image = "ollama/ollama:latest",
                .proxy_image = "nginx:alpine",
                .api_alias = "ollama-api-ab12cd34",
                .bind = BIND,
                .port = 11434,
                .proxy_user = "12345:12345",
                .conf_dir = "/srv/coollama/proxy/conf",
                .run_dir = "/srv/coollama/proxy/run",
                .dirs_made = "6743a1b2.00000000-6743a1b2.00000000",
                .secured = secured,
        };
}

static Stack *build(const StackSettings *from) {
        json_t *pattern = json_load_file(PROJECT_SOURCE "/templates/stack.json", 0, NULL);
        Stack *stack = NULL;
        Error err = { 0 };

        cr_assert_not_null(pattern);
        cr_assert_eq(stack_build(pattern, from, &stack, &err), 0, "%s", err.text);
        json_decref(pattern);
        return stack;
}

static json_t *path(json_t *json, const char *dotless[]) {
        for (; json && *dotless; dotless++)
                json = json_object_get(json, *dotless);
        return json;
}

#define AT(json, ...) path(json, (const char *[]){ __VA_ARGS__, NULL })

static json_t *inspected(const char *name) {
        char file[512];

        (void) snprintf(file, sizeof file, "%s/stack/%s.json", TEST_DATA, name);
        json_t *json = json_load_file(file, 0, NULL);
        cr_assert_not_null(json, "%s", file);
        return json;
}

Test(stack, secured_is_a_network_a_volume_ollama_and_the_proxy_in_this_order) {
        static const struct {
                StackKind kind;
                const char *name;
        } EXPECTED[] = {
                { STACK_NETWORK, "0-coollama" },
                { STACK_VOLUME, "coollama-models" },
                { STACK_CONTAINER, "coollama-api" },
                { STACK_CONTAINER, "coollama-proxy" },
        };
        StackSettings from = settings(true);
        Stack *stack = build(&from);

        cr_assert_eq(stack->n_objects, ARRAY_LEN(EXPECTED));
        for (size_t i = 0; i < ARRAY_LEN(EXPECTED); i++) {
                cr_assert_eq(stack->objects[i].kind, EXPECTED[i].kind);
                cr_assert_str_eq(stack->objects[i].name, EXPECTED[i].name);
        }
        cr_assert_str_eq(stack_find_part(stack, "proxy")->image, "nginx:alpine");
        cr_assert_str_eq(stack_find(stack, STACK_CONTAINER, "coollama-api")->part, "api");
        cr_assert_null(stack_find(stack, STACK_VOLUME, "coollama-api"));
        (void) stack_free(stack);
}

Test(stack, secured_ollama_publishes_nothing) {
        StackSettings from = settings(true);
        Stack *stack = build(&from);

        cr_assert_null(AT(stack_find_part(stack, "api")->body, "HostConfig", "PortBindings"));
        (void) stack_free(stack);
}

Test(stack, unsecured_has_no_proxy_and_ollama_is_bound_itself) {
        StackSettings from = settings(false);
        Stack *stack = build(&from);
        json_t *bound =
                AT(stack_find_part(stack, "api")->body, "HostConfig", "PortBindings", "11434/tcp");

        cr_assert_null(stack_find_part(stack, "proxy"));
        cr_assert_eq(json_array_size(bound), 1);
        cr_assert_str_eq(
                json_string_value(json_object_get(json_array_get(bound, 0), "HostIp")), "172.17.0.1"
        );
        (void) stack_free(stack);
}

Test(stack, the_port_is_bound_on_every_address) {
        static const char *const TWO[] = { "172.17.0.1", "fd00::1", NULL };
        StackSettings from = settings(true);
        from.bind = TWO;
        from.port = 21434;
        Stack *stack = build(&from);
        json_t *bound =
                AT(stack_find_part(stack, "proxy")->body, "HostConfig", "PortBindings",
                   "11434/tcp");

        cr_assert_eq(json_array_size(bound), 2);
        for (size_t i = 0; i < 2; i++) {
                json_t *one = json_array_get(bound, i);

                cr_assert_str_eq(json_string_value(json_object_get(one, "HostIp")), TWO[i]);
                cr_assert_str_eq(json_string_value(json_object_get(one, "HostPort")), "21434");
        }
        (void) stack_free(stack);
}

Test(stack, the_cloud_is_off_unless_wanted) {
        for (int cloud = 0; cloud < 2; cloud++) {
                StackSettings from = settings(true);
                from.cloud = cloud;
                Stack *stack = build(&from);
                char *env = json_dumps(AT(stack_find_part(stack, "api")->body, "Env"), 0);

                cr_assert_eq(strstr(env, "OLLAMA_NO_CLOUD=1") != NULL, !cloud, "%s", env);
                free(env);
                (void) stack_free(stack);
        }
}

Test(stack, nothing_is_labelled_for_coolify_and_the_volume_not_for_compose) {
        StackSettings from = settings(true);
        Stack *stack = build(&from);

        for (size_t i = 0; i < stack->n_objects; i++) {
                char *text = json_dumps(stack->objects[i].body, 0);

                cr_assert_null(strstr(text, "coolify"), "%s", text);
                if (stack->objects[i].kind == STACK_VOLUME)
                        cr_assert_null(strstr(text, "compose"), "%s", text);
                free(text);
        }
        (void) stack_free(stack);
}

Test(stack, another_description_has_another_hash_and_the_same_one_the_same) {
        StackSettings from = settings(true);
        Stack *first = build(&from);
        Stack *again = build(&from);
        from.cloud = true;
        Stack *other = build(&from);
        const char *label = "com.docker.compose.config-hash";
        const char *hash =
                json_string_value(AT(stack_find_part(first, "api")->body, "Labels", label));

        cr_assert_eq(strlen(hash), 16);
        cr_assert_str_eq(
                hash, json_string_value(AT(stack_find_part(again, "api")->body, "Labels", label))
        );
        cr_assert_str_neq(
                hash, json_string_value(AT(stack_find_part(other, "api")->body, "Labels", label))
        );
        /* the proxy does not change with the cloud */
        cr_assert(json_equal(
                stack_find_part(first, "proxy")->body, stack_find_part(other, "proxy")->body
        ));
        (void) stack_free(first);
        (void) stack_free(again);
        (void) stack_free(other);
}

Test(stack, a_template_without_a_value_is_an_error_that_names_it) {
        json_t *pattern = json_pack(
                "{s:[], s:[], s:[{s:s, s:s, s:{s:s}}]}", "networks", "volumes", "containers",
                "name", "x", "part", "x", "body", "Image", "{nobody}"
        );
        StackSettings from = settings(true);
        Stack *stack = NULL;
        Error err = { 0 };

        cr_assert_eq(stack_build(pattern, &from, &stack, &err), -ENOKEY);
        cr_assert(strstr(err.text, "containers: "), "%s", err.text);
        cr_assert(strstr(err.text, "{nobody}"), "%s", err.text);
        cr_assert_null(stack);
        json_decref(pattern);
}

/* What engines answered to an inspect of exactly these bodies. */
static const struct {
        const char *document;
        const char *name;
        StackKind kind;
        bool secured;
} INSPECTED[] = {
        { "20.10-api1.41-secured-api", "coollama-api", STACK_CONTAINER, true },
        { "20.10-api1.41-secured-proxy", "coollama-proxy", STACK_CONTAINER, true },
        { "20.10-api1.41-unsecured-api", "coollama-api", STACK_CONTAINER, false },
        { "20.10-network", "0-coollama", STACK_NETWORK, true },
        { "20.10-volume", "coollama-models", STACK_VOLUME, true },
        { "28.5-api1.41-secured-api", "coollama-api", STACK_CONTAINER, true },
        { "28.5-api1.41-secured-proxy", "coollama-proxy", STACK_CONTAINER, true },
        { "28.5-api1.51-secured-api", "coollama-api", STACK_CONTAINER, true },
        { "28.5-api1.51-secured-proxy", "coollama-proxy", STACK_CONTAINER, true },
        { "28.5-api1.51-unsecured-api", "coollama-api", STACK_CONTAINER, false },
        { "28.5-network", "0-coollama", STACK_NETWORK, true },
        { "28.5-volume", "coollama-models", STACK_VOLUME, true },
};

Test(stack, what_engines_made_of_the_description_covers_it) {
        for (size_t i = 0; i < ARRAY_LEN(INSPECTED); i++) {
                StackSettings from = settings(INSPECTED[i].secured);
                Stack *stack = build(&from);
                json_t *observed = inspected(INSPECTED[i].document);
                Error why = { 0 };

                cr_assert(
                        stack_covers(
                                stack_find(stack, INSPECTED[i].kind, INSPECTED[i].name), observed,
                                &why
                        ),
                        "%s: %s", INSPECTED[i].document, why.text
                );
                cr_assert(stack_is_ours(observed, INSPECTED[i].kind));
                json_decref(observed);
                (void) stack_free(stack);
        }
}

/* One change by hand each: the place, the new value as JSON ("" deletes), what is said. */
static const struct {
        const char *at[6];
        const char *value;
        const char *says;
} CHANGES[] = {
        { { "Name" }, "\"/other\"", "it is called /other, should be coollama-proxy" },
        { { "Config", "Image" },
          "\"nginx:1\"",
          "Image is \"nginx:1\", should be \"nginx:alpine\"" },
        { { "Config", "User" }, "\"\"", "User is not set, should be \"12345:12345\"" },
        { { "Config", "Cmd" }, "[\"x\"]", "Cmd[0] is \"x\"" },
        { { "Config", "StopSignal" }, "", "StopSignal is not set" },
        { { "Config", "ExposedPorts", "11434/tcp" }, "", "ExposedPorts.11434/tcp" },
        { { "Config", "Healthcheck", "Interval" },
          "5",
          "Healthcheck.Interval is 5, should be 10000000000" },
        { { "Config", "Labels", "coollama.part" }, "", "Labels.coollama.part is not set" },
        { { "Config", "Labels", "com.docker.compose.config-hash" },
          "\"0\"",
          "config-hash is \"0\"" },
        { { "HostConfig", "RestartPolicy", "Name" },
          "\"no\"",
          "HostConfig.RestartPolicy.Name is \"no\", should be \"always\"" },
        { { "HostConfig", "ReadonlyRootfs" }, "false", "HostConfig.ReadonlyRootfs is not set" },
        { { "HostConfig", "CapDrop" }, "null", "HostConfig.CapDrop is not set" },
        { { "HostConfig", "SecurityOpt" }, "[]", "HostConfig.SecurityOpt is not set" },
        { { "HostConfig", "PortBindings", "11434/tcp" },
          "[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"11434\"}]",
          "HostIp is \"0.0.0.0\", should be \"172.17.0.1\"" },
        { { "HostConfig", "PortBindings", "11434/tcp" },
          "[{\"HostIp\":\"172.17.0.1\",\"HostPort\":\"11434\"},{\"HostIp\":\"\",\"HostPort\":\"1\"}]",
          "HostConfig.PortBindings.11434/tcp is [{" },
        { { "HostConfig", "Mounts" }, "[]", "HostConfig.Mounts is not set" },
        { { "NetworkSettings", "Networks", "0-coollama" },
          "",
          "it is not in the network 0-coollama" },
        { { "NetworkSettings", "Networks", "0-coollama", "Aliases" },
          "[\"x\"]",
          "Aliases: \"ollama-proxy\" is missing" },
};

static void change(json_t *document, const char *const *at, const char *value) {
        while (at[1]) {
                document = json_object_get(document, *at++);
                cr_assert_not_null(document, "%s", *at);
        }
        if (value[0] == '\0')
                cr_assert_eq(json_object_del(document, *at), 0, "%s", *at);
        else
                cr_assert_eq(
                        json_object_set_new(
                                document, *at, json_loads(value, JSON_DECODE_ANY, NULL)
                        ),
                        0
                );
}

Test(stack, what_was_changed_by_hand_is_said_in_words) {
        static const char *const DOCUMENTS[] = { "20.10-api1.41-secured-proxy",
                                                 "28.5-api1.51-secured-proxy" };
        StackSettings from = settings(true);
        Stack *stack = build(&from);

        for (size_t i = 0; i < ARRAY_LEN(DOCUMENTS) * ARRAY_LEN(CHANGES); i++) {
                size_t c = i / ARRAY_LEN(DOCUMENTS);
                json_t *observed = inspected(DOCUMENTS[i % ARRAY_LEN(DOCUMENTS)]);
                Error why = { 0 };

                change(observed, CHANGES[c].at, CHANGES[c].value);
                cr_assert(
                        !stack_covers(stack_find_part(stack, "proxy"), observed, &why), "%s",
                        CHANGES[c].says
                );
                cr_assert(
                        strstr(why.text, CHANGES[c].says), "\"%s\" lacks \"%s\"", why.text,
                        CHANGES[c].says
                );
                json_decref(observed);
        }
        (void) stack_free(stack);
}

Test(stack, environment_is_named_and_its_values_are_not) {
        static const struct {
                const char *env;
                const char *says;
        } CASES[] = {
                { "[\"OLLAMA_ORIGINS=*\",\"OLLAMA_NO_CLOUD=1\"]", "Env: OLLAMA_HOST is not set" },
                { "[\"OLLAMA_HOST=hidden\",\"OLLAMA_ORIGINS=*\",\"OLLAMA_NO_CLOUD=1\"]",
                  "Env: OLLAMA_HOST has another value" },
        };
        StackSettings from = settings(true);
        Stack *stack = build(&from);

        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                json_t *observed = inspected("28.5-api1.51-secured-api");
                Error why = { 0 };

                change(observed, (const char *[]){ "Config", "Env", NULL }, CASES[i].env);
                cr_assert(!stack_covers(stack_find_part(stack, "api"), observed, &why));
                cr_assert_str_eq(why.text, CASES[i].says);
                json_decref(observed);
        }
        (void) stack_free(stack);
}

Test(stack, what_only_the_engine_has_is_no_difference) {
        StackSettings from = settings(true);
        Stack *stack = build(&from);
        json_t *observed = inspected("28.5-api1.51-secured-proxy");

        change(observed, (const char *[]){ "HostConfig", "Memory", NULL }, "900000000");
        change(observed, (const char *[]){ "Config", "Labels", "image.label", NULL }, "\"x\"");
        change(observed, (const char *[]){ "NetworkSettings", "Networks", "a-consumer", NULL },
               "{\"Aliases\":[\"ollama-proxy\"]}");
        cr_assert(stack_covers(stack_find_part(stack, "proxy"), observed, NULL));
        json_decref(observed);
        (void) stack_free(stack);
}

Test(stack, a_foreign_network_or_container_is_not_ours) {
        json_t *network = inspected("28.5-network");
        json_t *container = inspected("28.5-api1.51-secured-api");

        change(network, (const char *[]){ "Labels", NULL }, "null");
        change(container, (const char *[]){ "Config", "Labels", "coollama.part", NULL }, "");
        cr_assert(!stack_is_ours(network, STACK_NETWORK));
        cr_assert(!stack_is_ours(container, STACK_CONTAINER));
        json_decref(network);
        json_decref(container);
}

Test(stack, the_network_a_container_holds_is_told_by_id) {
        json_t *container = inspected("28.5-api1.51-secured-api");

        cr_assert_eq(strlen(stack_endpoint_network(container, "0-coollama")), 64);
        cr_assert_null(stack_endpoint_network(container, "other"));
        json_decref(container);
}
