/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "reconcile/place.h"

static Reconciler reconciler;
static Consumer *web;
static SwapRecord record;

static void setup(void) {
        static const char *const names[] = { "ollama-proxy-1" };
        const JoinsSetup nobody = { 0 };
        const JoinWish wish = { .container = "c1",
                                .network = "n1",
                                .network_name = "shop_default",
                                .aliases = names,
                                .n_aliases = 1 };
        Identity identity = { .key = "shop/web", .project = "shop", .member = "web" };

        reconciler = (Reconciler){ 0 };
        cr_assert_eq(world_new(&reconciler.world), 0);
        cr_assert_eq(joins_new(&nobody, &reconciler.joins), 0);
        cr_assert_eq(world_ensure(reconciler.world, &identity, &web), 0);
        cr_assert_eq(world_attach(reconciler.world, web, "c1", false), 0);
        cr_assert_eq(joins_set(reconciler.joins, "shop/web", "for it", &wish, 1), 0);
}

static void teardown(void) {
        web->record = NULL;
        (void) joins_free(reconciler.joins);
        (void) world_free(reconciler.world);
}

TestSuite(place, .init = setup, .fini = teardown);

Test(place, a_run_that_its_user_ends_is_not_held) {
        cr_expect_not(place_is_held(&reconciler, "c1"));
        web->pass = PASS_OBSERVING;
        cr_expect_not(place_is_held(&reconciler, "c1"));
        web->pass = PASS_IDLE;
}

Test(place, one_that_we_end_is) {
        web->record = &record;
        cr_expect(place_is_held(&reconciler, "c1"));
        web->record = NULL;
        web->pass = PASS_EXECUTING;
        cr_expect(place_is_held(&reconciler, "c1"));
        web->pass = PASS_IDLE;
}

Test(place, an_old_container_that_was_seen_to_be_gone_before_its_end_was_heard_of_is_held) {
        world_detach(reconciler.world, "c1");
        web->record = &record;
        cr_expect(place_is_held(&reconciler, "c1"), "the swap is open");
        web->record = NULL;
        web->pass = PASS_QUEUED;
        cr_expect(place_is_held(&reconciler, "c1"), "it is over; the look after it is to come");
        web->pass = PASS_IDLE;
        cr_expect_not(place_is_held(&reconciler, "c1"), "that look has said what is wanted");
}

Test(place, a_container_without_a_wish_is_not_held) {
        cr_expect_not(place_is_held(&reconciler, "c2"));
}
