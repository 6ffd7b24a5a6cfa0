/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "model/plan-consumer.h"
#include "support/inspect.h"

#define NOW (7200 * USEC_PER_SEC)
#define URL "http://host.docker.internal:11434"

static const char *const stored[] = { "coollama.profile", "stored", NULL };
static const char *const forced[] = { "coollama.profile", "stored", "coollama.auth", "stack",
                                      NULL };
static const char *const linked_env[] = { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k", NULL };
static const char *const hosts[] = { "host.docker.internal:host-gateway", NULL };

typedef struct Row {
        const char *what;
        const char *const *labels;
        const char *const *env;
        const char *const *hosts;
        const char *own; /* id of a network of its own; NULL: it has none */
        NetworkAnswer answer;
        bool known, seen;
        Carrier carrier;
        LinkState state;
        unsigned needs;
        const char *next;
        size_t n_actions;
} Row;

static const Row rows[] = {
        { "who is in its network is asked first", stored, NULL, NULL, "n1", NETWORK_UNKNOWN, false,
          false, CARRIER_UNDECIDED, LINK_WAITING, NEED_NETWORK, NULL, 0 },
        { "the proxy joins", stored, NULL, NULL, "n1", NETWORK_OWN, false, false, CARRIER_STACK,
          LINK_LINKING, 0, NULL, 0 },
        { "known, and never seen", stored, NULL, NULL, "n1", NETWORK_OWN, true, false,
          CARRIER_STACK, LINK_LINKED, 0, "set host.docker.internal:11434", 0 },
        { "known and seen", stored, NULL, NULL, "n1", NETWORK_OWN, true, true, CARRIER_STACK,
          LINK_LINKED, 0, NULL, 0 },
        { "a stranger is in it", stored, NULL, NULL, "n1", NETWORK_SHARED, true, false,
          CARRIER_HEADER, LINK_LINKING, 0, NULL, 3 },
        { "it is in shared networks alone", stored, NULL, NULL, NULL, NETWORK_SHARED, false, false,
          CARRIER_HEADER, LINK_LINKING, 0, NULL, 3 },
        { "its own host entry counts before our name", stored, NULL, hosts, "n1", NETWORK_OWN, true,
          false, CARRIER_HEADER, LINK_LINKING, 0, NULL, 3 },
        { "what is right already stays", stored, linked_env, hosts, "n1", NETWORK_UNKNOWN, false,
          false, CARRIER_HEADER, LINK_LINKED, 0, NULL, 0 },
        { "by its label, and it cannot be", forced, NULL, NULL, "n1", NETWORK_SHARED, false, false,
          CARRIER_UNDECIDED, LINK_REFUSED, 0, NULL, 0 },
        { "by its label, with a host entry", forced, NULL, hosts, "n1", NETWORK_OWN, true, true,
          CARRIER_STACK, LINK_LINKED, 0, NULL, 0 },
};

static Plan *plan_of(const Row *row) {
        ProfileSet *profiles = inspect_profiles();
        json_t *image = inspect_image();
        Container *container = inspect_container(&(InspectSpec
        ){ .labels = row->labels, .env = row->env, .hosts = row->hosts });
        const ProviderFacts provider = { .up = true,
                                         .why_down = "",
                                         .secured = true,
                                         .url = URL,
                                         .host = "host.docker.internal",
                                         .port = "11434",
                                         .host_entry = true,
                                         .joins = true,
                                         .home = "0-coollama" };
        const ConsumerContext context = { .provider = &provider,
                                          .profiles = profiles,
                                          .api = 44,
                                          .settle_usec = USEC_PER_SEC,
                                          .settle_unchecked_usec = USEC_PER_SEC };
        const SeenContainer seen = {
                .container = container,
                .up_since_usec = 1,
                .settled_since_usec = 1,
                .place = { .network = "n0",
                           .name = "coolify",
                           .reach_known = true,
                           .own_network = row->own,
                           .own_name = row->own ? "shop_default" : NULL,
                           .own = row->answer,
                           .shared = "a stranger is in it",
                           .known = row->known },
        };
        Identity identity;
        Plan *plan = NULL;

        cr_assert_eq(identity_from_labels(container->labels, container->name, &identity, NULL), 0);
        const ConsumerView view = { .identity = &identity,
                                    .containers = &seen,
                                    .n_containers = 1,
                                    .key = "k",
                                    .key_accepted = true,
                                    .key_seen = row->seen,
                                    .name = "ollama-proxy-0123456789abcdef",
                                    .observed = { .image = image,
                                                  .image_id = container->image_id,
                                                  .image_name_is_current = true,
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

Test(plan_stack, a_consumer_is_known_by_its_network_where_that_is_its_stacks_alone) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                const Row *row = &rows[i];
                Plan *plan = plan_of(row);
                const json_t *join = json_array_get(plan->joins, 0);
                bool as_host = json_is_true(json_object_get(join, "as_host"));

                cr_expect_eq(plan->state, row->state, "%s: %s", row->what, plan->reason);
                cr_expect_eq(plan->carrier, row->carrier, "%s", row->what);
                cr_expect_eq(plan->needs, row->needs, "%s: %u", row->what, plan->needs);
                cr_expect_eq(plan->n_actions, row->n_actions, "%s", row->what);
                cr_expect_eq(as_host, row->carrier == CARRIER_STACK, "%s", row->what);
                if (as_host)
                        cr_expect_str_eq(
                                json_string_value(json_object_get(join, "network")), "n1", "%s",
                                row->what
                        );
                if (row->next != NULL)
                        cr_expect_str_eq(plan->next, row->next, "%s", row->what);
                (void) plan_free(plan);
        }
}
