/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "reconcile/stacks.h"

static Stacks *stacks;
static json_t *proxy;

static void setup(void) {
        cr_assert_eq(stacks_new(&stacks), 0);
        proxy = json_loads(
                "{\"NetworkSettings\": {\"Networks\": {"
                " \"0-coollama\": {\"NetworkID\": \"home\", \"IPAddress\": \"172.18.0.2\"},"
                " \"chat\": {\"NetworkID\": \"n1\", \"IPAddress\": \"172.20.0.3\"},"
                " \"flow\": {\"NetworkID\": \"n2\", \"IPAddress\": \"172.19.0.3\"},"
                " \"left\": {\"NetworkID\": \"n3\", \"IPAddress\": \"\"} } } }",
                0, NULL
        );
        cr_assert_not_null(proxy);
}

static void teardown(void) {
        json_decref(proxy);
        (void) stacks_free(stacks);
}

TestSuite(stacks, .init = setup, .fini = teardown);

Test(stacks, the_proxy_gets_to_know_its_own_address_in_each_ordered_by_address) {
        ProxyNetwork list[8];

        cr_expect(stacks_set(stacks, "chat/web", 17, "n1", "172.20.0.1"));
        cr_expect(stacks_set(stacks, "flow/web", 4, "n2", ""));
        cr_expect(stacks_set(stacks, "left/web", 5, "n3", ""));
        cr_expect(stacks_set(stacks, "gone/web", 6, "n4", ""));
        cr_expect_not(stacks_set(stacks, "flow/web", 4, "n2", ""));
        cr_assert_eq(stacks_list(stacks, proxy, list, 8), 2);
        cr_expect_str_eq(list[0].address, "172.19.0.3");
        cr_expect_eq(list[0].number, 4);
        cr_expect_str_eq(list[0].gateway, "");
        cr_expect_str_eq(list[1].address, "172.20.0.3");
        cr_expect_str_eq(list[1].gateway, "172.20.0.1");
        cr_expect_eq(stacks_list(stacks, NULL, list, 8), 0);
}

Test(stacks, of_several_in_one_network_the_lowest_number_stands_for_all) {
        ProxyNetwork list[8];

        (void) stacks_set(stacks, "chat/web", 17, "n1", "");
        (void) stacks_set(stacks, "chat/flow", 9, "n1", "");
        cr_assert_eq(stacks_list(stacks, proxy, list, 8), 1);
        cr_expect_eq(list[0].number, 9);
        cr_expect_eq(stacks_number(stacks, "chat/web"), 9);
        cr_expect_eq(stacks_number(stacks, "chat/flow"), 9);
        cr_expect_eq(stacks_number(stacks, "other"), 0);
}

static void count(const char *owner, void *data) {
        size_t *n = data;

        cr_expect_eq(strncmp(owner, "chat/", 5), 0);
        (*n)++;
}

Test(stacks, whoever_is_known_by_a_network_no_more_is_forgotten) {
        ProxyNetwork list[8];
        size_t n = 0;

        (void) stacks_set(stacks, "chat/web", 17, "n1", "");
        (void) stacks_set(stacks, "chat/flow", 9, "n1", "");
        stacks_tell(stacks, "n1", count, &n);
        cr_expect_eq(n, 2);
        stacks_tell(stacks, "n2", count, &n);
        cr_expect_eq(n, 2);
        cr_expect(stacks_set(stacks, "chat/flow", 9, NULL, ""));
        cr_expect_not(stacks_set(stacks, "chat/flow", 9, NULL, ""));
        cr_assert_eq(stacks_list(stacks, proxy, list, 8), 1);
        cr_expect_eq(list[0].number, 17);
}
