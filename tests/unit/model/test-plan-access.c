/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "model/plan-consumer.h"
#include "support/inspect.h"

#define NOW (7200 * USEC_PER_SEC)
#define URL "http://host.docker.internal:11434"

static const char *const env[] = { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k", NULL };
static const char *const hosts[] = { "host.docker.internal:host-gateway", NULL };

static const struct {
        const char *label; /* NULL: none */
        Access given;      /* by the configuration */
        unsigned trusted;
        Access granted;
        bool asks;
} cases[] = {
        { NULL, ACCESS_PULL, 0, ACCESS_PULL, false },
        { NULL, ACCESS_INFERENCE, 0, ACCESS_INFERENCE, false },
        { NULL, ACCESS_ADMIN, 0, ACCESS_ADMIN, false },
        { "inference", ACCESS_PULL, 0, ACCESS_INFERENCE, false },
        { "admin", ACCESS_PULL, 0, ACCESS_PULL, true },
        { "admin", ACCESS_PULL, TRUST_PROVIDER, ACCESS_PULL, true },
        { "admin", ACCESS_PULL, TRUST_ACCESS, ACCESS_ADMIN, false },
        { "admin", ACCESS_ADMIN, 0, ACCESS_ADMIN, false },
        { "pull", ACCESS_ADMIN, 0, ACCESS_PULL, false },
        { "pull", ACCESS_INFERENCE, 0, ACCESS_INFERENCE, true },
        { NULL, ACCESS_PULL, TRUST_ACCESS, ACCESS_PULL, false },
};

/* A consumer that is linked already. */
static Plan *plan_for(size_t i, Access now, bool secured, const char *key) {
        const char *const labels[] = { "coollama.access", cases[i].label, NULL };
        const InspectSpec spec = { .env = env,
                                   .hosts = hosts,
                                   .labels = cases[i].label ? labels : NULL };
        cleanup(container_freep) Container *container = inspect_container(&spec);
        ProfileSet *profiles = inspect_profiles();
        const SeenContainer seen = { .container = container,
                                     .up_since_usec = NOW - 60 * USEC_PER_SEC,
                                     .settled_since_usec = NOW - 60 * USEC_PER_SEC };
        const ProviderFacts provider = { .up = true,
                                         .why_down = "",
                                         .secured = secured,
                                         .url = URL,
                                         .host = "host.docker.internal",
                                         .port = "11434",
                                         .host_entry = true };
        const ConsumerContext context = {
                .provider = &provider, .profiles = profiles, .api = 44, .access = cases[i].given
        };
        Identity identity;
        Plan *plan = NULL;

        cr_assert_eq(identity_from_labels(container->labels, container->name, &identity, NULL), 0);
        const ConsumerView view = { .identity = &identity,
                                    .containers = &seen,
                                    .n_containers = 1,
                                    .key = key,
                                    .key_accepted = true,
                                    .access = now,
                                    .trusted = cases[i].trusted };
        cr_assert_eq(plan_consumer(&view, &context, NOW, &plan), 0);
        (void) profile_set_free(profiles);
        return plan;
}

Test(plan_access, a_label_gets_less_for_itself_and_more_by_its_operators_word_alone) {
        static const Access before[] = { ACCESS_PULL, ACCESS_INFERENCE, ACCESS_ADMIN };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++)
                for (size_t j = 0; j < ARRAY_LEN(before); j++) {
                        Plan *plan = plan_for(i, before[j], true, "k");
                        bool same = before[j] == cases[i].granted;

                        cr_expect_eq(plan->granted, cases[i].granted, "%zu", i);
                        cr_expect_eq(plan->asks, cases[i].asks, "%zu", i);
                        cr_expect_eq(plan->n_actions, same ? 0 : 1, "%zu", i);
                        if (!same) {
                                cr_expect_eq(plan->actions[0].kind, ACTION_ACCESS);
                                cr_expect_eq(plan->actions[0].u.access, cases[i].granted);
                        } else if (cases[i].asks) {
                                cr_expect_eq(plan->state, LINK_ONE_STEP_LEFT);
                                cr_expect_not_null(strstr(plan->reason, "waiting for you"));
                                cr_expect_str_eq(plan->next, "coollama trust shop/app");
                        } else {
                                cr_expect_eq(plan->state, LINK_LINKED, "%zu", i);
                        }
                        (void) plan_free(plan);
                }
}

Test(plan_access, without_keys_there_is_nothing_to_ask_for) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Plan *plan = plan_for(i, ACCESS_PULL, false, NULL);

                cr_expect_eq(plan->state, LINK_LINKED, "%zu: %s", i, plan->reason);
                cr_expect_eq(plan->n_actions, 0);
                cr_expect_not(plan->asks);
                (void) plan_free(plan);
        }
}

Test(plan_access, a_new_key_is_made_with_what_it_may_do) {
        Plan *plan = plan_for(3, ACCESS_PULL, true, NULL);

        /* What it may do is the second thing that is said of it. */
        cr_assert_eq(plan->n_actions, 2);
        cr_expect_eq(plan->actions[0].kind, ACTION_KEY);
        cr_expect_eq(plan->actions[1].u.access, ACCESS_INFERENCE);
        (void) plan_free(plan);
}
