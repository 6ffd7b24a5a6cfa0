/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "reconcile/world.h"
#include "support/inspect.h"

static Consumer *ensure(World *world, const char *project, const char *member) {
        Identity identity = { 0 };
        Consumer *consumer = NULL;

        (void) snprintf(identity.project, sizeof identity.project, "%s", project);
        (void) snprintf(identity.member, sizeof identity.member, "%s", member);
        (void) snprintf(identity.key, sizeof identity.key, "%s/%s", project, member);
        cr_assert_eq(world_ensure(world, &identity, &consumer), 0);
        return consumer;
}

Test(world, one_consumer_for_one_identity) {
        cleanup(world_freep) World *world = NULL;

        cr_assert_eq(world_new(&world), 0);
        Consumer *a = ensure(world, "shop", "app");
        cr_expect_eq(ensure(world, "shop", "app"), a);
        cr_expect_neq(ensure(world, "shop", "worker"), a);
        cr_expect_eq(world_count(world), 2);
        cr_expect_eq(world_find(world, "shop/app"), a);
        cr_expect_null(world_find(world, "shop"));
}

Test(world, consumers_of_one_project_share_it_until_the_last_is_gone) {
        cleanup(world_freep) World *world = NULL;

        cr_assert_eq(world_new(&world), 0);
        Consumer *a = ensure(world, "shop", "app"), *b = ensure(world, "shop", "worker");
        cr_expect_eq(a->project, b->project);
        cr_expect_eq(world_find_project(world, "shop"), a->project);
        a->project->swapping = a;

        cr_expect(world_drop_if_empty(world, a));
        cr_assert_eq(world_find_project(world, "shop"), b->project);
        cr_expect_null(b->project->swapping, "the swapping one is gone");
        cr_expect_eq(b->project->first, b);
        cr_expect_null(b->next_in_project);

        cr_expect(world_drop_if_empty(world, b));
        cr_expect_null(world_find_project(world, "shop"));
        cr_expect_eq(world_count(world), 0);
}

Test(world, without_compose_there_is_no_project) {
        cleanup(world_freep) World *world = NULL;

        cr_assert_eq(world_new(&world), 0);
        cr_expect_null(ensure(world, "", "box")->project);
        cr_expect_null(world_find_project(world, ""));
}

Test(world, a_container_belongs_to_the_consumer_that_it_was_given_to_last) {
        cleanup(world_freep) World *world = NULL;

        cr_assert_eq(world_new(&world), 0);
        Consumer *a = ensure(world, "shop", "app"), *b = ensure(world, "shop", "worker");
        cr_assert_eq(world_attach(world, a, "id1", false), 0);
        cr_assert_eq(world_attach(world, a, "id1", false), 0);
        cr_assert_eq(world_attach(world, a, "id2", false), 0);
        cr_expect_eq(a->n_tracked, 2);
        cr_assert_eq(world_attach(world, b, "id1", false), 0);
        cr_expect_eq(a->n_tracked, 1);
        cr_expect_eq(world_find_container(world, "id1"), b);
        cr_expect_eq(world_find_container(world, "id2"), a);
        cr_expect_not_null(consumer_tracked(a, "id2"));
        cr_expect_null(consumer_tracked(a, "id1"));
}

Test(world, detaching_with_the_tracked_id_itself_is_safe) {
        cleanup(world_freep) World *world = NULL;

        cr_assert_eq(world_new(&world), 0);
        Consumer *a = ensure(world, "shop", "app");
        cr_assert_eq(world_attach(world, a, "id1", false), 0);
        cr_assert_eq(world_attach(world, a, "id2", false), 0);
        world_detach(world, a->tracked[0].id);
        cr_expect_eq(a->n_tracked, 1);
        cr_expect_null(world_find_container(world, "id1"));
        cr_expect_eq(world_find_container(world, "id2"), a);
        cr_expect_str_eq(a->tracked[0].id, "id2");
        world_detach(world, "nobody");
}

Test(world, containers_of_a_consumer_have_a_maximum) {
        cleanup(world_freep) World *world = NULL;
        char id[12];

        cr_assert_eq(world_new(&world), 0);
        Consumer *a = ensure(world, "shop", "app");
        for (unsigned i = 0; i < CONSUMER_CONTAINERS_MAX; i++) {
                (void) snprintf(id, sizeof id, "id%u", i);
                cr_assert_eq(world_attach(world, a, id, false), 0);
        }
        cr_expect_eq(world_attach(world, a, "more", false), -ENOSPC);
        cr_expect_null(world_find_container(world, "more"));
        cr_expect_eq(world_attach(world, a, "id3", false), 0, "one that is there already");
        world_detach(world, "id3");
        cr_expect_eq(world_attach(world, a, "more", false), 0);
}

Test(world, only_an_idle_consumer_with_nothing_is_dropped) {
        cleanup(world_freep) World *world = NULL;
        cleanup(container_freep) Container *old = inspect_container(&(InspectSpec){ 0 });

        cr_assert_eq(world_new(&world), 0);
        Consumer *a = ensure(world, "shop", "app");
        cr_assert_eq(world_attach(world, a, "id1", false), 0);
        cr_expect_not(world_drop_if_empty(world, a));
        world_detach(world, "id1");

        cr_assert_eq(swap_record_new("shop/app", old, &a->record), 0);
        cr_expect_not(world_drop_if_empty(world, a), "its record must be put right");
        a->record = swap_record_free(a->record);

        a->pass = PASS_QUEUED;
        cr_expect_not(world_drop_if_empty(world, a));
        a->pass = PASS_IDLE;
        cr_expect(world_drop_if_empty(world, a));
        cr_expect_null(world_find(world, "shop/app"));
}

static void count(Consumer *consumer, void *data) {
        (void) consumer;
        ++*(unsigned *) data;
}

Test(world, visits_every_consumer) {
        cleanup(world_freep) World *world = NULL;
        unsigned n = 0;

        cr_assert_eq(world_new(&world), 0);
        (void) ensure(world, "a", "x");
        (void) ensure(world, "b", "x");
        (void) ensure(world, "", "x");
        world_visit(world, count, &n);
        cr_expect_eq(n, 3);
}

Test(world, times_are_of_one_start_and_of_being_well) {
        static const struct {
                const char *state, *health, *started;
                uint64_t up, settled;
        } steps[] = {
                { "created", NULL, NULL, 0, 0 },         { "running", "starting", "T1", 11, 0 },
                { "running", "healthy", "T1", 11, 12 },  { "running", "healthy", "T1", 11, 12 },
                { "running", "unhealthy", "T1", 11, 0 }, { "running", "healthy", "T1", 11, 15 },
                { "paused", "healthy", "T1", 0, 0 },     { "running", "healthy", "T1", 17, 17 },
                { "running", "healthy", "T2", 18, 18 }, /* restarted between two looks */
                { "exited", "unhealthy", "T2", 0, 0 },   { "running", NULL, "T3", 20, 20 },
        };
        Tracked tracked = { 0 };

        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
                cleanup(container_freep) Container *container = inspect_container(&(InspectSpec
                ){ .state = steps[i].state, .health = steps[i].health, .started = steps[i].started }
                );
                tracked_update(&tracked, container, 10 + i);
                cr_expect_eq(tracked.up_since_usec, steps[i].up, "step %zu", i);
                cr_expect_eq(tracked.settled_since_usec, steps[i].settled, "step %zu", i);
        }
}
