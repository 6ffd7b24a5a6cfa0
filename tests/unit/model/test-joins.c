/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "model/joins.h"

static const char *const shop_name[] = { "ollama-proxy-1" };
static const char *const two_names[] = { "ollama-proxy-1", "ollama-proxy-2" };
static const char *const carried[] = { "ollama-proxy-1", "ollama-proxy-9" };
static const JoinWanted shop = { .id = "n1",
                                 .name = "shop_default",
                                 .why = "for shop/web",
                                 .aliases = shop_name,
                                 .n_aliases = 1 };

/* The proxy, in its own network and (each by id and a name of the proxy's there) in these. */
static json_t *proxy_in(const char *id, const char *alias) {
        json_t *networks =
                json_pack("{s:{s:s, s:[s]}}", "0-coollama", "NetworkID", "n0", "Aliases", "p");

        if (id != NULL)
                cr_assert_eq(
                        json_object_set_new(
                                networks, "theirs",
                                json_pack(
                                        "{s:s, s:[s,s]}", "NetworkID", id, "Aliases", alias,
                                        "c0ffee"
                                )
                        ),
                        0
                );
        return json_pack("{s:s, s:{s:o}}", "Id", "p0", "NetworkSettings", "Networks", networks);
}

static Plan *plan_for(json_t *proxy, const JoinWanted *wanted, bool complete, unsigned api) {
        const JoinsView view = { .proxy = proxy,
                                 .home = "0-coollama",
                                 .wanted = wanted,
                                 .n_wanted = wanted ? 1 : 0,
                                 .carried = carried,
                                 .n_carried = 2,
                                 .complete = complete,
                                 .api = api };
        Plan *plan = NULL;

        cr_assert_eq(plan_joins(&view, &plan), 0);
        json_decref(proxy);
        return plan;
}

Test(joins, what_is_wanted_is_joined_by_its_names_and_those_to_come) {
        Plan *plan = plan_for(proxy_in(NULL, NULL), &shop, true, 48);
        json_t *expected = json_pack(
                "{s:s, s:{s:[s,s], s:i}}", "Container", "p0", "EndpointConfig", "Aliases",
                "ollama-proxy-1", "ollama-proxy-9", "GwPriority", -1
        );

        cr_assert_eq(plan->n_actions, 1);
        cr_expect_str_eq(plan->actions[0].u.call.path, "/networks/n1/connect");
        cr_expect(json_equal(plan->actions[0].u.call.body, expected));
        cr_expect_str_eq(
                plan->actions[0].what, "connect the proxy to the network shop_default, for shop/web"
        );
        cr_expect_str_eq(plan->subject, "n1");
        json_decref(expected);
        (void) plan_free(plan);
}

Test(joins, below_api_1_48_no_priority_is_sent) {
        Plan *plan = plan_for(proxy_in(NULL, NULL), &shop, true, 47);
        const json_t *body = plan->n_actions == 1 ? plan->actions[0].u.call.body : NULL;

        cr_expect_null(json_object_get(json_object_get(body, "EndpointConfig"), "GwPriority"));
        (void) plan_free(plan);
}

Test(joins, below_api_1_48_a_network_that_sorts_before_the_proxys_own_is_not_joined) {
        JoinWanted first = shop;

        first.name = "0-a";
        Plan *plan = plan_for(proxy_in(NULL, NULL), &first, true, 47);
        cr_expect_eq(plan->n_actions, 0);
        (void) plan_free(plan);
        plan = plan_for(proxy_in(NULL, NULL), &first, true, 48);
        cr_expect_eq(plan->n_actions, 1);
        (void) plan_free(plan);
}

Test(joins, one_that_is_joined_already_needs_no_action) {
        Plan *plan = plan_for(proxy_in("n1", "ollama-proxy-1"), &shop, true, 41);

        cr_expect_eq(plan->state, LINK_LINKED);
        cr_expect_eq(plan->n_actions, 0);
        (void) plan_free(plan);
}

Test(joins, one_where_a_name_is_missing_is_joined_anew) {
        JoinWanted wanted = shop;

        wanted.aliases = two_names;
        wanted.n_aliases = 2;
        Plan *plan = plan_for(proxy_in("n1", "ollama-proxy-1"), &wanted, true, 41);
        cr_assert_eq(plan->n_actions, 2);
        cr_expect_str_eq(plan->actions[0].u.call.path, "/networks/n1/disconnect");
        cr_expect_str_eq(plan->actions[1].u.call.path, "/networks/n1/connect");
        (void) plan_free(plan);
}

Test(joins, what_nobody_wants_is_left_but_never_its_own_network) {
        Plan *plan = plan_for(proxy_in("n2", "ollama-proxy-1"), &shop, true, 41);

        cr_assert_eq(plan->n_actions, 1, "leaving comes first");
        cr_expect_str_eq(plan->actions[0].u.call.path, "/networks/n2/disconnect");
        cr_expect_str_eq(plan->subject, "n2");
        (void) plan_free(plan);
        plan = plan_for(proxy_in(NULL, NULL), NULL, true, 41);
        cr_expect_eq(plan->n_actions, 0);
        (void) plan_free(plan);
}

Test(joins, while_not_all_were_asked_nothing_is_left) {
        Plan *plan = plan_for(proxy_in("n2", "ollama-proxy-1"), NULL, false, 41);

        cr_expect_eq(plan->n_actions, 0);
        (void) plan_free(plan);
}

Test(joins, one_that_failed_a_moment_ago_keeps_no_other_waiting) {
        JoinWanted wanted[] = { shop, shop };
        json_t *proxy = proxy_in(NULL, NULL);
        JoinsView view = { .home = "0-coollama", .wanted = wanted, .n_wanted = 2, .api = 48 };
        Plan *plan = NULL;

        wanted[0].held = true;
        wanted[1].id = "n2";
        view.proxy = proxy;
        cr_assert_eq(plan_joins(&view, &plan), 0);
        cr_assert_eq(plan->n_actions, 1);
        cr_expect_str_eq(plan->subject, "n2");
        (void) plan_free(plan);
        json_decref(proxy);
}
