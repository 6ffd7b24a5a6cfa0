/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/container.h"
#include "support/inspect.h"

Test(container, facts_are_pulled_out_of_the_document) {
        cleanup(container_freep) Container *container = inspect_container(&(InspectSpec
        ){ .name = "x", .number = "3", .hash = "abc", .health = "starting", .exit_code = 7 });

        cr_expect_str_eq(container->name, "x");
        cr_expect_eq(strlen(container->id), 64);
        cr_expect_str_eq(container->project, "shop");
        cr_expect_str_eq(container->number, "3");
        cr_expect_str_eq(container->config_hash, "abc");
        cr_expect_str_eq(container->image, "shop/app:1");
        cr_expect_eq(container->health, HEALTH_STARTING);
        cr_expect_eq(container->state, CONTAINER_RUNNING);
        cr_expect_eq(container->exit_code, 7);
        cr_expect(container->ever_started);
        cr_expect(container_is_up(container));
}

Test(container, without_compose_labels_the_parts_are_empty_and_the_number_is_1) {
        cleanup(container_freep) Container *container =
                inspect_container(&(InspectSpec){ .project = "" });

        cr_expect_str_eq(container->project, "");
        cr_expect_str_eq(container->config_hash, "");
        cr_expect_str_eq(container->number, "1");
}

Test(container, every_state_is_read_and_only_running_is_up) {
        for (ContainerState state = CONTAINER_CREATED; state <= CONTAINER_DEAD; state++) {
                const char *text = container_state_to_string(state);
                cleanup(container_freep) Container *container =
                        inspect_container(&(InspectSpec){ .state = text });

                cr_expect_eq(container->state, state, "%s", text);
                cr_expect_eq(container_is_up(container), state == CONTAINER_RUNNING, "%s", text);
                cr_expect_eq(container->ever_started, state != CONTAINER_CREATED, "%s", text);
        }
        cr_expect_eq(container_state_from_string("asleep"), -EINVAL);
        cr_expect_eq(container_state_from_string(NULL), -EINVAL);
}

Test(container, a_health_that_is_none_or_unknown_is_no_health_check) {
        static const struct {
                const char *text;
                ContainerHealth health;
        } cases[] = { { NULL, HEALTH_NONE },         { "none", HEALTH_NONE },
                      { "odd", HEALTH_NONE },        { "starting", HEALTH_STARTING },
                      { "healthy", HEALTH_HEALTHY }, { "unhealthy", HEALTH_UNHEALTHY } };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                cleanup(container_freep) Container *container =
                        inspect_container(&(InspectSpec){ .health = cases[i].text });
                cr_expect_eq(container->health, cases[i].health, "%s", cases[i].text);
        }
}

Test(container, what_no_engine_sends_is_refused_by_name) {
        static const struct {
                const char *without;
                const char *says;
        } cases[] = { { "Id", "Id" },
                      { "Name", "Name" },
                      { "State", "State.Status" },
                      { "Config", "Config" },
                      { "HostConfig", "HostConfig" } };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *document = inspect_new(&(InspectSpec){ 0 });
                Container *container = NULL;
                Error err = { 0 };

                json_object_del(document, cases[i].without);
                cr_expect_eq(container_new(document, &container, &err), -EBADMSG);
                cr_expect_null(container);
                cr_expect_not_null(strstr(error_text(&err), cases[i].says), "%s", error_text(&err));
                json_decref(document);
        }
}

Test(container, variables_and_host_entries_are_found_by_their_whole_name) {
        static const char *const env[] = { "AB=2", "A=1=x", "E=", NULL };
        static const char *const hosts[] = { "host.docker.internal.example:1.2.3.4",
                                             "host.docker.internal=host-gateway", NULL };
        cleanup(container_freep) Container *container =
                inspect_container(&(InspectSpec){ .env = env, .hosts = hosts });

        cr_expect_str_eq(container_env(container, "A"), "1=x");
        cr_expect_str_eq(container_env(container, "E"), "");
        cr_expect_null(container_env(container, "B"));
        cr_expect_str_eq(container_host_entry(container, "host.docker.internal"), hosts[1]);
        cr_expect_null(container_host_entry(container, "host"));
        cr_expect(container_has_network(container, "net-a"));
        cr_expect_not(container_has_network(container, "net"));
        cr_expect_str_eq(container_network_mode(container), "net-a");
}

Test(container, the_stop_timeout_is_its_own_or_ten_seconds_and_never_endless) {
        static const struct {
                int given;
                unsigned seconds;
        } cases[] = { { 0, 0 }, { 3, 3 }, { -1, 86400 }, { 1000000, 86400 } };
        json_t *document = inspect_new(&(InspectSpec){ 0 });
        cleanup(container_freep) Container *container = inspect_take(json_incref(document));

        cr_expect_eq(container_stop_timeout(container), 10);
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_object_set_new(
                        json_object_get(document, "Config"), "StopTimeout",
                        json_integer(cases[i].given)
                );
                cr_expect_eq(container_stop_timeout(container), cases[i].seconds);
        }
        json_decref(document);
}

Test(container, times_with_and_without_a_fraction_are_ordered) {
        static const char *const times[] = {
                "2026-01-02T03:04:04.999999999Z", "2026-01-02T03:04:05Z",
                "2026-01-02T03:04:05.04Z",        "2026-01-02T03:04:05.5Z",
                "2026-01-02T03:04:05.55Z",        "2026-01-02T03:04:06Z",
        };

        for (size_t i = 0; i < ARRAY_LEN(times); i++) {
                for (size_t j = 0; j < ARRAY_LEN(times); j++) {
                        int order = container_compare_created(times[i], times[j]);
                        int expected = (i > j) - (i < j);
                        cr_expect_eq(order, expected, "%s and %s", times[i], times[j]);
                }
        }
}

Test(container, of_two_of_the_same_time_one_is_newer_whoever_asks) {
        cleanup(container_freep) Container *a = inspect_container(&(InspectSpec){ .id = "a" });
        cleanup(container_freep) Container *b = inspect_container(&(InspectSpec){ .id = "b" });

        cr_expect(container_is_newer(b, a));
        cr_expect_not(container_is_newer(a, b));
        cr_expect_not(container_is_newer(a, a));
}

Test(container, its_own_name_in_a_list_is_the_one_without_a_second_slash) {
        static const struct {
                const char *item, *name;
        } cases[] = {
                { "{\"Id\": \"a1\", \"Names\": [\"/web\"]}", "web" },
                { "{\"Id\": \"a1\", \"Names\": [\"/other/alias\", \"/web\"]}", "web" },
                { "{\"Id\": \"a1\", \"Names\": [\"/other/alias\"]}", "a1" },
                { "{\"Id\": \"a1\", \"Names\": null}", "a1" },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                json_t *item = json_loads(cases[i].item, 0, NULL);

                cr_expect_str_eq(container_list_name(item), cases[i].name);
                json_decref(item);
        }
}

/* {"b": {"NetworkID": "n2"}, ...} instead of what it has. */
static Container *in_networks(const char *mode, const char *networks) {
        json_t *document = inspect_new(&(InspectSpec){ .mode = mode });
        json_t *settings = json_object_get(document, "NetworkSettings");

        cr_assert_eq(json_object_set_new(settings, "Networks", json_loads(networks, 0, NULL)), 0);
        return inspect_take(document);
}

Test(container, its_network_is_the_one_it_was_created_on_else_the_first_that_it_is_in) {
        static const struct {
                const char *mode;
                const char *networks;
                const char *id;
                const char *name;
        } rows[] = {
                { "b", "{\"a\": {\"NetworkID\": \"1\"}, \"b\": {\"NetworkID\": \"2\"}}", "2", "b" },
                { "2", "{\"a\": {\"NetworkID\": \"1\"}, \"b\": {\"NetworkID\": \"2\"}}", "2", "b" },
                { "gone", "{\"a\": {\"NetworkID\": \"1\"}}", "1", "a" },
                { "default", "{\"bridge\": {\"NetworkID\": \"3\"}}", "3", "bridge" },
                { "a", "{\"a\": {\"NetworkID\": \"\"}}", NULL, NULL },
                { "host", "{\"host\": {\"NetworkID\": \"4\"}}", NULL, NULL },
                { "none", "{\"none\": {\"NetworkID\": \"5\"}}", NULL, NULL },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                cleanup(container_freep) Container *container =
                        in_networks(rows[i].mode, rows[i].networks);
                const char *name;
                const char *id = container_network(container, &name);

                if (rows[i].id == NULL) {
                        cr_expect_null(id, "row %zu", i);
                } else {
                        cr_assert_not_null(id, "row %zu", i);
                        cr_expect_str_eq(id, rows[i].id, "row %zu", i);
                        cr_expect_str_eq(name, rows[i].name, "row %zu", i);
                }
        }
}
