/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/plan-share.h"
#include "support/inspect.h"
#include "support/simulated-host.h"

#define INTENT "OLLAMA_BASE_URL"

/* What was observed of one consumer; a test changes what it is about. */
typedef struct Day {
        ProviderFacts provider;
        ConsumerView view;
        Container *consumer;
        Container *donor;
        Donor donors[1];
        char who[4];
        Plan *plan;
} Day;

static void day_begin(Day *day, const InspectSpec *consumer, const InspectSpec *donor) {
        *day = (Day){ .provider = { .host_entry = true }, .who = "vpn", .plan = plan_new() };
        day->consumer = inspect_container(consumer);
        day->donor = donor ? inspect_container(donor) : NULL;
        day->donors[0] = (Donor){ .who = day->who, .container = day->donor };
        day->view.observed = (ConsumerObservations
        ){ .donors_known = true, .donors = day->donors, .n_donors = 1 };
}

static void day_end(Day *day) {
        (void) plan_free(day->plan);
        (void) container_free(day->consumer);
        (void) container_free(day->donor);
}

static bool lacks_host_entry(Day *day) {
        return plan_lacks_host_entry(&day->view, &day->provider, day->consumer, INTENT, day->plan);
}

static const char *const hosts[] = { "host.docker.internal:host-gateway", NULL };
static const char *const own_hosts[] = { "host.docker.internal:10.0.0.1", NULL };
static const InspectSpec inside = { .mode = "container:vpn" };

Test(plan_share, the_donor_is_asked_for_before_anything_is_said) {
        Day day;

        day_begin(&day, &inside, NULL);
        day.view.observed = (ConsumerObservations){ 0 };
        cr_expect(lacks_host_entry(&day));
        cr_expect_eq(day.plan->needs, NEED_DONORS);
        cr_expect_str_eq(day.plan->subject, day.consumer->id);
        day_end(&day);
}

Test(plan_share, with_a_host_entry_at_the_donor_nothing_is_lacking) {
        Day day;

        day_begin(&day, &inside, &(InspectSpec){ .id = "d", .hosts = hosts });
        cr_expect_not(lacks_host_entry(&day));
        cr_expect_null(day.plan->note);
        day_end(&day);

        day_begin(&day, &inside, &(InspectSpec){ .id = "d", .hosts = own_hosts });
        cr_expect_not(lacks_host_entry(&day));
        cr_expect_not_null(strstr(day.plan->note, "shop-app-1"), "an address of its own is said");
        day_end(&day);
}

Test(plan_share, without_it_the_donor_is_named_and_what_to_write_there) {
        Day day;

        day_begin(&day, &inside, &(InspectSpec){ .id = "d", .name = "shop-vpn-1" });
        cr_expect(lacks_host_entry(&day));
        cr_expect_eq(day.plan->state, LINK_REFUSED);
        cr_expect_not_null(strstr(day.plan->reason, "shop-vpn-1"));
        cr_expect_not_null(strstr(day.plan->next, "host.docker.internal:host-gateway"));
        cr_expect_not_null(strstr(day.plan->next, "shop-vpn-1"));
        day_end(&day);
}

Test(plan_share, a_donor_that_is_gone_is_said) {
        Day day;

        day_begin(&day, &inside, NULL);
        cr_expect(lacks_host_entry(&day));
        cr_expect_eq(day.plan->state, LINK_REFUSED);
        cr_expect_not_null(strstr(day.plan->reason, "its network from the container vpn"));
        day_end(&day);
}

Test(plan_share, nobody_is_asked_for_a_container_with_a_network_of_its_own) {
        Day day;

        day_begin(&day, &(InspectSpec){ 0 }, NULL);
        day.view.observed = (ConsumerObservations){ 0 };
        cr_expect_not(lacks_host_entry(&day));
        cr_expect_not(plan_lacks_donors(&day.view, day.consumer, day.plan));
        cr_expect_eq(day.plan->needs, 0);
        day_end(&day);

        day_begin(&day, &inside, NULL);
        day.provider.host_entry = false;
        day.view.observed = (ConsumerObservations){ 0 };
        cr_expect_not(lacks_host_entry(&day), "where no host entry is wanted");
        day_end(&day);
}

Test(plan_share, a_donor_that_is_down_is_waited_for) {
        static const struct {
                const char *state;
                bool waits;
        } cases[] = { { "running", false },
                      { "exited", true },
                      { "paused", true },
                      { "created", true },
                      { "dead", true } };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                Day day;

                day_begin(&day, &inside, &(InspectSpec){ .id = "d", .state = cases[i].state });
                cr_expect_eq(
                        plan_lacks_donors(&day.view, day.consumer, day.plan), cases[i].waits, "%s",
                        cases[i].state
                );
                if (cases[i].waits)
                        cr_expect_eq(day.plan->state, LINK_WAITING, "%s", cases[i].state);
                day_end(&day);
        }
}

Test(plan_share, dependents_are_asked_for_by_id_and_refuse) {
        Day day;

        day_begin(&day, &(InspectSpec){ 0 }, NULL);
        day.view.observed.dependents_known = true;
        day.view.observed.dependents_id = "another";
        cr_expect(plan_has_dependents(&day.view, day.consumer, INTENT, day.plan));
        cr_expect_eq(day.plan->needs, NEED_DEPENDENTS, "they were another one's");

        day.plan->needs = 0;
        day.view.observed.dependents_id = day.consumer->id;
        cr_expect_not(plan_has_dependents(&day.view, day.consumer, INTENT, day.plan));

        day.view.observed.dependents = "guest (network)";
        cr_expect(plan_has_dependents(&day.view, day.consumer, INTENT, day.plan));
        cr_expect_eq(day.plan->state, LINK_REFUSED);
        cr_expect_eq(day.plan->needs, 0);
        cr_expect_not_null(strstr(day.plan->reason, "guest (network)"));
        cr_expect_not_null(strstr(day.plan->next, INTENT));
        day_end(&day);
}

/* Somebody comes to live off it once the new one is made. */
static SimFault guest_comes(SimHost *host, unsigned n, void *data) {
        (void) data;
        if (n == 2)
                host->dependents = "guest (network)";
        return SIM_PLAIN;
}

Test(plan_share, one_that_comes_before_the_stop_has_the_swap_undone_and_nothing_stopped) {
        SimHost host;

        sim_host_init(&host);
        sim_add(&host.engine, inspect_new(&(InspectSpec){ 0 }));
        host.before = guest_comes;
        cr_assert(sim_host_settle(&host), "%s", host.reason);
        cr_expect_eq(host.state, LINK_REFUSED, "%s", host.reason);
        cr_expect_not_null(strstr(host.reason, "guest (network)"));
        cr_expect_eq(host.engine.n, 1);
        const SimContainer *left = sim_find(&host.engine, "shop-app-1");
        cr_assert_not_null(left);
        cr_expect(sim_is_up(left));
        cr_expect_not(sim_has_env(left, "OLLAMA_BASE_URL=http://host.docker.internal:11434"));
        cr_expect_null(host.record);
        sim_host_done(&host);
}
