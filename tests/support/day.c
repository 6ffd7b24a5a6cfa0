/* SPDX-License-Identifier: Apache-2.0 */
#include "support/day.h"

#include <criterion/criterion.h>

const char *const linked_env[] = { "OLLAMA_BASE_URL=" URL, "OLLAMA_API_KEY=k", NULL };
const char *const linked_hosts[] = { "host.docker.internal:host-gateway", NULL };

void day_begin(Day *day, size_t n, const InspectSpec *specs) {
        *day = (Day){ .profiles = inspect_profiles(), .n = n, .image = inspect_image() };
        day->provider = (ProviderFacts){ .up = true,
                                         .why_down = "it is away",
                                         .secured = true,
                                         .url = URL,
                                         .host = "host.docker.internal",
                                         .port = "11434",
                                         .host_entry = true,
                                         .home = "0-coollama",
                                         .own_project = "coollama",
                                         .own_network = "net-a",
                                         .own_url = "http://ollama-api:11434",
                                         .own_host = "ollama-api",
                                         .own_port = "11434" };
        day->context = (ConsumerContext){ .provider = &day->provider,
                                          .profiles = day->profiles,
                                          .api = 44,
                                          .settle_usec = 10 * USEC_PER_SEC,
                                          .settle_unchecked_usec = 30 * USEC_PER_SEC };
        for (size_t i = 0; i < n; i++) {
                const Container *container = inspect_container(&specs[i]);
                bool up = container_is_up(container);

                day->seen[i] =
                        (SeenContainer){ .container = container,
                                         .up_since_usec = up ? NOW - 60 * USEC_PER_SEC : 0,
                                         .settled_since_usec = up ? NOW - 60 * USEC_PER_SEC : 0 };
        }
        cr_assert_eq(
                identity_from_labels(
                        day->seen[0].container->labels, day->seen[0].container->name,
                        &day->identity, NULL
                ),
                0
        );
        day->view = (ConsumerView){ .identity = &day->identity,
                                    .containers = day->seen,
                                    .n_containers = n,
                                    .key = "k",
                                    .key_accepted = true,
                                    .observed = { .image = day->image,
                                                  .image_id = day->seen[0].container->image_id,
                                                  .image_name_is_current = true,
                                                  .members_known = true,
                                                  .changes_known = true,
                                                  .changes_id = day->seen[0].container->id,
                                                  .dependents_known = true,
                                                  .dependents_id = day->seen[0].container->id } };
}

Plan *plan_of(Day *day) {
        Plan *plan = NULL;

        cr_assert_eq(plan_consumer(&day->view, &day->context, NOW, &plan), 0);
        cr_assert_not_null(plan->reason);
        return plan;
}

void day_end(Day *day, Plan *plan) {
        (void) plan_free(plan);
        for (size_t i = 0; i < day->n; i++)
                (void) container_free((Container *) (uintptr_t) day->seen[i].container);
        (void) profile_set_free(day->profiles);
        json_decref(day->image);
}
