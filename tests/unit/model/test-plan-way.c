/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/plan-consumer.h"
#include "support/inspect.h"

#define NOW  (7200 * USEC_PER_SEC)
#define URL  "http://host.docker.internal:11434"
#define NAME "ollama-proxy-0123456789abcdef"

static const char *const gateway_env[] = { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k", NULL };
static const char *const network_env[] = { "OLLAMA_BASE_URL=http://" NAME ":11434",
                                           "OLLAMA_API_KEY=k", NULL };
static const char *const hosts[] = { "host.docker.internal:host-gateway", NULL };
static const char *const by_gateway[] = { "coollama.reach", "gateway", NULL };
static const char *const by_network[] = { "coollama.reach", "network", NULL };

typedef enum Answer {
        UNKNOWN,
        YES,
        NO
} Answer;

/* One consumer, one line. */
typedef struct Row {
        const char *const *env;
        const char *const *labels;
        const char *network; /* its name; NULL: "net-a" */
        Reach reach;         /* of the configuration */
        Answer answer;
        bool joined;
        bool hosts;
        const char *way;
        LinkState state;
        unsigned needs;
        const char *reason; /* its beginning; NULL: any */
} Row;

static Plan *plan_of(const Row *row) {
        ProfileSet *profiles = inspect_profiles();
        json_t *image = inspect_image();
        Container *container = inspect_container(&(InspectSpec
        ){ .env = row->env, .labels = row->labels, .hosts = row->hosts ? hosts : NULL });
        const ProviderFacts provider = { .up = true,
                                         .why_down = "",
                                         .secured = true,
                                         .url = URL,
                                         .host = "host.docker.internal",
                                         .port = "11434",
                                         .host_entry = true,
                                         .joins = true,
                                         .probe_reach = true,
                                         .home = "0-coollama" };
        const ConsumerContext context = { .provider = &provider,
                                          .profiles = profiles,
                                          .api = 44,
                                          .reach = row->reach,
                                          .settle_usec = USEC_PER_SEC,
                                          .settle_unchecked_usec = USEC_PER_SEC };
        const SeenContainer seen = {
                .container = container,
                .up_since_usec = 1,
                .settled_since_usec = 1,
                .place = { .network = "n1",
                           .name = row->network ? row->network : "net-a",
                           .reach_known = row->answer != UNKNOWN,
                           .unreachable = row->answer == NO ? "a firewall" : NULL,
                           .mend = row->answer == NO ? "open it" : NULL,
                           .joined = row->joined },
        };
        Identity identity;
        Plan *plan = NULL;

        cr_assert_eq(identity_from_labels(container->labels, container->name, &identity, NULL), 0);
        const ConsumerView view = { .identity = &identity,
                                    .containers = &seen,
                                    .n_containers = 1,
                                    .key = "k",
                                    .key_accepted = true,
                                    .name = NAME,
                                    .observed = { .image = image,
                                                  .image_id = container->image_id,
                                                  .members_known = true,
                                                  .changes_known = true,
                                                  .changes_id = container->id,
                                                  .dependents_known = true,
                                                  .dependents_id = container->id } };
        cr_assert_eq(plan_consumer(&view, &context, NOW, &plan), 0);
        (void) container_free(container);
        (void) profile_set_free(profiles);
        json_decref(image);
        return plan;
}

/* clang-format off */
static const Row rows[] = {
        /* What is right already stays, whatever else would be possible. */
        { .env = gateway_env, .hosts = true, .answer = UNKNOWN, .way = "gateway", .state = LINK_LINKED },
        { .env = gateway_env, .hosts = true, .answer = YES, .way = "gateway", .state = LINK_LINKED },
        { .env = network_env, .answer = UNKNOWN, .joined = true, .way = "network", .state = LINK_LINKED },
        { .env = network_env, .answer = YES, .joined = true, .way = "network", .state = LINK_LINKED },
        { .env = network_env, .answer = YES, .joined = false, .way = "network", .state = LINK_LINKED },
        /* But not where it does not work. */
        { .env = gateway_env, .hosts = true, .answer = NO, .joined = true, .way = "network", .state = LINK_LINKING },
        /* Else the probe decides. */
        { .answer = UNKNOWN, .way = "gateway", .state = LINK_WAITING, .needs = NEED_REACH },
        { .answer = YES, .way = "gateway", .state = LINK_LINKING },
        { .answer = NO, .joined = true, .way = "network", .state = LINK_LINKING },
        { .answer = NO, .way = "network", .state = LINK_WAITING, .reason = "the proxy is joining its network net-a" },
        /* Where the proxy cannot come, with the reason. */
        { .answer = NO, .network = "bridge", .way = "gateway", .state = LINK_REFUSED, .needs = NEED_REACH,
          .reason = "a firewall; the default bridge knows no names" },
        { .answer = NO, .network = "0-a", .way = "gateway", .state = LINK_REFUSED, .needs = NEED_REACH,
          .reason = "a firewall; the name of its network 0-a sorts before 0-coollama" },
        { .answer = YES, .network = "bridge", .way = "gateway", .state = LINK_LINKING },
        /* As it was asked for. */
        { .labels = by_gateway, .answer = NO, .joined = true, .way = "gateway", .state = LINK_REFUSED,
          .needs = NEED_REACH, .reason = "a firewall" },
        { .reach = REACH_GATEWAY, .answer = YES, .way = "gateway", .state = LINK_LINKING },
        { .labels = by_network, .answer = UNKNOWN, .joined = true, .way = "network", .state = LINK_LINKING },
        { .reach = REACH_NETWORK, .answer = YES, .joined = true, .way = "network", .state = LINK_LINKING },
        { .reach = REACH_NETWORK, .labels = by_gateway, .answer = YES, .way = "gateway", .state = LINK_LINKING },
        { .labels = by_network, .network = "bridge", .state = LINK_REFUSED,
          .reason = "coollama.reach says network, but the default bridge knows no names" },
};
/* clang-format on */

Test(plan_way, values_then_wishes_then_what_a_probe_found_decide) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const Row *row = &rows[i];
                Plan *plan = plan_of(row);

                cr_expect_eq(plan->state, row->state, "row %zu: %s", i, plan->reason);
                cr_expect_eq(plan->needs, row->needs, "row %zu: %u", i, plan->needs);
                cr_expect(
                        row->way == plan->way
                                || (row->way && plan->way && strcmp(row->way, plan->way) == 0),
                        "row %zu: %s", i, plan->way
                );
                if (row->reason != NULL)
                        cr_expect_eq(
                                strncmp(plan->reason, row->reason, strlen(row->reason)), 0,
                                "row %zu: %s", i, plan->reason
                        );
                (void) plan_free(plan);
        }
}

Test(plan_way, whoever_goes_by_network_wants_the_proxy_there_and_nobody_else) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                Plan *plan = plan_of(&rows[i]);
                bool by_net = plan->way != NULL && strcmp(plan->way, "network") == 0;

                cr_expect_eq(json_array_size(plan->joins), by_net ? 1 : 0, "row %zu", i);
                (void) plan_free(plan);
        }
}

Test(plan_way, a_gateway_that_is_asked_for_and_does_not_answer_is_refused_with_the_mend) {
        Plan *plan = plan_of(&(Row){ .labels = by_gateway, .answer = NO });

        cr_expect_str_eq(plan->next, "open it; or coollama.reach=network");
        (void) plan_free(plan);
}
