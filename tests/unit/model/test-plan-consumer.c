/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "support/day.h"

Test(plan_consumer, the_swap_begins_with_record_rename_create) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->state, LINK_LINKING);
        cr_assert_eq(plan->n_actions, 3);
        cr_expect_eq(plan->actions[0].kind, ACTION_RECORD);
        cr_expect_str_eq(
                strrchr(plan->actions[1].u.call.path, '/'), "/rename?name=shop-app-1.coollama-prev"
        );
        cr_expect_eq(
                strncmp(plan->actions[2].u.call.path, "/containers/create?name=shop-app-1", 34), 0
        );
        cr_expect_str_eq(plan->subject, day.seen[0].container->id);
        day_end(&day, plan);
}

Test(plan_consumer, names_are_shown_and_never_values) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.key = "s3cr3t";
        Plan *plan = plan_of(&day);
        cr_expect_null(strstr(plan->reason, "s3cr3t"));
        cr_expect_null(strstr(plan->intent, "s3cr3t"));
        for (size_t i = 0; i < plan->n_actions; i++)
                cr_expect_null(strstr(plan->actions[i].what, "s3cr3t"));
        day_end(&day, plan);
}

Test(plan_consumer, what_its_user_wrote_by_hand_is_linked_with_zero_actions) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .env = linked_env, .hosts = linked_hosts });
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->state, LINK_LINKED);
        cr_expect_eq(plan->n_actions, 0);
        cr_expect_eq(plan->linked, 1);
        day_end(&day, plan);
}

Test(plan_consumer, unsecured_the_url_and_the_host_entry_are_enough) {
        static const char *const env[] = { "OLLAMA_BASE_URL=" URL, NULL };
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .env = env, .hosts = linked_hosts });
        day.provider.secured = false;
        day.view.key = NULL;
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->state, LINK_LINKED);
        cr_expect_eq(plan->n_actions, 0);
        day_end(&day, plan);
}

Test(plan_consumer, a_member_of_ollamas_stack_gets_the_service_name_no_key_no_host_entry) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .project = "coollama" });
        day.view.key = NULL;
        day.view.key_accepted = false;
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->n_actions, 3);
        cr_expect_str_eq(plan->intent, "OLLAMA_BASE_URL");
        char *body = json_dumps(plan->actions[2].u.call.body, 0);
        cr_expect_not_null(strstr(body, "OLLAMA_BASE_URL=http://ollama-api:11434"));
        cr_expect_null(strstr(body, "host-gateway"));
        cr_expect_null(strstr(body, "OLLAMA_API_KEY"));
        free(body);
        day_end(&day, plan);
}

Test(plan_consumer, a_key_is_made_first_and_taken_over_if_one_is_there) {
        static const char *const env[] = { "OLLAMA_API_KEY=mine", NULL };
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .env = env });
        day.view.key = NULL;
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->n_actions, 1);
        cr_expect_eq(plan->actions[0].kind, ACTION_KEY);
        cr_expect_str_eq(plan->actions[0].u.key.taken_over, "mine");
        day_end(&day, plan);
}

static void expect_waits(Day *day, LinkState state, const char *why) {
        Plan *plan = plan_of(day);

        cr_expect_eq(plan->n_actions, 0, "%s", why);
        cr_expect_eq(plan->state, state, "%s: %s", why, plan->reason);
        cr_expect_not_null(strstr(plan->reason, why), "%s: %s", why, plan->reason);
        day_end(day, plan);
}

Test(plan_consumer, a_stack_that_is_never_quiet_is_waited_for_ten_minutes_and_that_is_said) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.seen[0].up_since_usec = NOW - 600 * USEC_PER_SEC;
        day.view.activity_usec = NOW - 1;
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 3);
        cr_assert_not_null(plan->note);
        cr_expect_not_null(strstr(plan->note, "never became quiet"));
        day_end(&day, plan);
}

static const Pause paused = { .kind = PAUSE_BEGINS_NOTHING, .by = "root", .until = 4102444800 };

Test(plan_consumer, while_paused_neither_a_link_nor_a_key_is_begun) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.context.pause = &paused;
        expect_waits(&day, LINK_WAITING, "paused by root");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.context.pause = &paused;
        day.view.key = NULL;
        expect_waits(&day, LINK_WAITING, "until 2100-01-01");
}

Test(plan_consumer, while_paused_nobody_is_restarted) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .env = linked_env, .hosts = linked_hosts });
        day.seen[0].debt = (Debt){ .owed = true, .lived = true };
        day.context.pause = &paused;
        expect_waits(&day, LINK_LINKED, "the right values");
}

Test(plan_consumer, reasons_to_leave_it_alone) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.provider.up = false;
        expect_waits(&day, LINK_WAITING, "it is away");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.key_accepted = false;
        expect_waits(&day, LINK_WAITING, "does not know its key yet");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.context.finishing = true;
        expect_waits(&day, LINK_WAITING, "stopping");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.attempts = LINK_ATTEMPTS_MAX;
        day.view.failure = "no luck";
        expect_waits(&day, LINK_FAILED, "no luck");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.attempts = 1;
        day.view.retry_usec = NOW + 1;
        expect_waits(&day, LINK_WAITING, "trying again");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.activity_usec = NOW - 1;
        expect_waits(&day, LINK_WAITING, "worked on");

        day_begin(&day, 1, &(InspectSpec){ .state = "exited" });
        expect_waits(&day, LINK_STOPPED, "not running");

        day_begin(
                &day, 1,
                &(InspectSpec){ .labels =
                                        (const char *const[]){ "coollama.profle", "ollama", NULL } }
        );
        expect_waits(&day, LINK_REFUSED, "coollama.profile");

        day_begin(&day, 1, &(InspectSpec){ .not_enabled = true });
        expect_waits(&day, LINK_STOPPED, "no container");
}

Test(plan_consumer, a_container_is_looked_through_before_it_is_swapped) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.observed.changes_known = false;
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->needs, NEED_CHANGES);
        cr_expect_eq(plan->n_actions, 0);
        day_end(&day, plan);

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.seen[0].age_usec = 601 * USEC_PER_SEC;
        day.view.observed.precious = "/app/x.db";
        expect_waits(&day, LINK_PENDING, "/app/x.db");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.seen[0].age_usec = 601 * USEC_PER_SEC;
        plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 3);
        day_end(&day, plan);
}

Test(plan_consumer, a_young_container_may_lose_what_it_wrote_itself) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.seen[0].age_usec = 599 * USEC_PER_SEC;
        day.view.observed.precious = "/app/x.db";
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->n_actions, 3);
        day_end(&day, plan);
}

Test(plan_consumer, files_put_in_before_the_start_stand_in_the_record) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.observed.files = json_pack("[s, s]", "/run/secrets", "/run/secrets/s");
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->actions[0].kind, ACTION_RECORD);
        cr_expect(json_equal(
                json_object_get(plan->actions[0].u.record, "files"), day.view.observed.files
        ));
        json_decref(day.view.observed.files);
        day_end(&day, plan);
}

Test(plan_consumer, files_that_cannot_be_copied_are_told_and_nothing_is_touched) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.observed.files_problem = "3000 files were changed in it";
        expect_waits(&day, LINK_PENDING, "3000 files were changed");

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.observed.files = json_pack("[s]", "/etc/app.conf");
        json_object_set_new(
                json_object_get(day.seen[0].container->inspect, "HostConfig"), "ReadonlyRootfs",
                json_true()
        );
        json_t *files = day.view.observed.files;
        expect_waits(&day, LINK_REFUSED, "it is read-only");
        json_decref(files);
}

Test(plan_consumer, an_empty_volume_is_mounted_so_that_it_stays_empty) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        json_object_set_new(
                json_object_get(day.seen[0].container->inspect, "HostConfig"), "Binds",
                json_pack("[s, s]", "data:/data", "more:/more")
        );
        day.view.observed.empty_volumes = (const char *const[]){ "/data" };
        day.view.observed.n_empty_volumes = 1;
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->n_actions, 3);
        const json_t *host = json_object_get(plan->actions[2].u.call.body, "HostConfig");
        json_t *wanted = json_pack("[s, s]", "data:/data:nocopy", "more:/more");
        cr_expect(json_equal(json_object_get(host, "Binds"), wanted));
        json_decref(wanted);
        day_end(&day, plan);
}

Test(plan_consumer, another_containers_image_and_changes_say_nothing) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ 0 });
        day.view.observed.image_id = "sha256:other";
        day.view.observed.changes_id = "other";
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->needs, NEED_IMAGE | NEED_CHANGES);
        day_end(&day, plan);
}

Test(plan_consumer, of_several_deployments_only_the_newest_counts) {
        const InspectSpec specs[] = {
                { .id = "a", .name = "x", .hash = "h1", .created = "2026-01-01T00:00:00Z" },
                { .id = "b",
                  .name = "y",
                  .hash = "h2",
                  .created = "2026-01-02T00:00:00Z",
                  .env = linked_env,
                  .hosts = linked_hosts },
        };
        Day day;

        day_begin(&day, 2, specs);
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->state, LINK_LINKED);
        cr_expect_eq(plan->replicas, 1);
        cr_expect_eq(plan->n_actions, 0);
        day_end(&day, plan);
}

Test(plan_consumer, a_newer_twin_that_is_not_up_yet_holds_the_older_one_up) {
        const InspectSpec specs[] = {
                { .id = "a", .name = "x", .created = "2026-01-01T00:00:00Z" },
                { .id = "b", .name = "y", .created = "2026-01-02T00:00:00Z", .state = "created" },
        };
        Day day;

        day_begin(&day, 2, specs);
        expect_waits(&day, LINK_STOPPED, "not running");
}

Test(plan_consumer, replicas_are_linked_one_after_the_other_the_lowest_number_first) {
        const InspectSpec specs[] = {
                { .id = "a", .name = "x-10", .number = "10" },
                { .id = "b", .name = "x-9", .number = "9" },
                { .id = "c",
                  .name = "x-2",
                  .number = "2",
                  .env = linked_env,
                  .hosts = linked_hosts },
        };
        Day day;

        day_begin(&day, 3, specs);
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->replicas, 3);
        cr_expect_eq(plan->linked, 1);
        cr_expect_str_eq(plan->subject, day.seen[1].container->id);
        day_end(&day, plan);
}

Test(plan_consumer, more_networks_than_a_plan_can_connect_are_refused_before_anything_is_done) {
        json_t *document = inspect_new(&(InspectSpec){ 0 });
        json_t *networks =
                json_object_get(json_object_get(document, "NetworkSettings"), "Networks");
        const json_t *first = json_object_get(networks, "net-a");
        Day day;

        for (char name[] = "net-ba"; name[5] <= 'z'; name[5]++)
                json_object_set_new(networks, name, json_deep_copy(first));
        day_begin(&day, 1, &(InspectSpec){ 0 });
        (void) container_free((Container *) (uintptr_t) day.seen[0].container);
        day.seen[0].container = inspect_take(document);
        day.view.observed.image_id = day.seen[0].container->image_id;
        day.view.observed.changes_id = day.seen[0].container->id;
        day.view.observed.dependents_id = day.seen[0].container->id;
        day.context.api = 43;
        expect_waits(&day, LINK_REFUSED, "networks");
}

#define KEY64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const keyless_labels[] = { "coollama.profile", "keyless", NULL };
static const char *const keyless_env[] = { "LLM_URL=" URL "/k/" KEY64 "/v1", NULL };

Test(plan_consumer, one_that_can_send_no_header_gets_its_key_in_the_url) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .labels = keyless_labels });
        day.view.key = KEY64;
        day.view.key_in_url = true;
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->carrier, CARRIER_URL);
        cr_assert_eq(plan->n_actions, 3);
        cr_expect_str_eq(plan->intent, "LLM_URL and the host entry host.docker.internal");
        char *body = json_dumps(plan->actions[2].u.call.body, JSON_ENCODE_ANY);
        cr_expect_not_null(strstr(body, "host.docker.internal:11434"));
        cr_expect_not_null(strstr(body, "/k/" KEY64));
        cr_expect_null(strstr(body, "OLLAMA_API_KEY"));
        free(body);
        day_end(&day, plan);
}

Test(plan_consumer, its_key_is_let_into_urls_before_anything_is_touched) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .labels = keyless_labels });
        day.view.key = KEY64;
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->n_actions, 1);
        cr_expect_eq(plan->actions[0].kind, ACTION_KEY);
        cr_expect(plan->actions[0].u.key.in_url);
        day_end(&day, plan);
}

Test(plan_consumer, a_key_that_stands_in_its_url_is_taken_over) {
        Day day;

        day_begin(
                &day, 1,
                &(InspectSpec
                ){ .labels = keyless_labels, .env = keyless_env, .hosts = linked_hosts }
        );
        day.view.key = NULL;
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->n_actions, 1);
        cr_expect_str_eq(plan->actions[0].u.key.taken_over, KEY64);
        cr_expect(plan->actions[0].u.key.in_url);
        day_end(&day, plan);
}

Test(plan_consumer, whose_profile_asks_for_a_step_has_it_left_until_its_key_was_seen) {
        Day day;

        day_begin(
                &day, 1,
                &(InspectSpec
                ){ .labels = keyless_labels, .env = keyless_env, .hosts = linked_hosts }
        );
        day.view.key = KEY64;
        day.view.key_in_url = true;
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->state, LINK_ONE_STEP_LEFT);
        cr_expect_eq(plan->linked, 1);
        cr_expect_eq(plan->n_actions, 0);
        cr_expect_str_eq(plan->next, "choose a model at host.docker.internal:11434");
        (void) plan_free(plan);

        day.view.key_seen = true;
        plan = plan_of(&day);
        cr_expect_eq(plan->state, LINK_LINKED);
        cr_expect_null(plan->next);
        day_end(&day, plan);
}

Test(plan_consumer, one_that_sends_headers_again_has_its_key_kept_out_of_urls_once_it_is_linked) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .env = linked_env, .hosts = linked_hosts });
        day.view.key_in_url = true;
        Plan *plan = plan_of(&day);
        cr_assert_eq(plan->n_actions, 1);
        cr_expect_eq(plan->actions[0].kind, ACTION_KEY);
        cr_expect_not(plan->actions[0].u.key.in_url);
        cr_expect_eq(plan->state, LINK_LINKED);
        day_end(&day, plan);
}

Test(plan_consumer, the_shared_ollama_itself_is_nobodys_consumer_and_is_told_the_way_out) {
        const struct {
                bool not_enabled;
                OptInSources sources;
                const char *next;
        } rows[] = {
                { false, { 0 }, "take the label coollama.enable off it" },
                { true, { .ordered = true }, "coollama unlink shop/app" },
        };

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                Day day;

                day_begin(&day, 1, &(InspectSpec){ .not_enabled = rows[i].not_enabled });
                day.view.opt_in = rows[i].sources;
                day.provider.own_identity = day.identity.key;
                Plan *plan = plan_of(&day);
                cr_expect_eq(plan->state, LINK_REFUSED);
                cr_expect_eq(plan->n_actions, 0);
                cr_expect_str_eq(plan->next, rows[i].next);
                day_end(&day, plan);
        }
}

Test(plan_consumer, it_is_left_alone_as_long_as_its_profile_says) {
        Day day;

        day_begin(&day, 1, &(InspectSpec){ .labels = keyless_labels });
        day.view.key = KEY64;
        day.view.key_in_url = true;
        day.seen[0].settled_since_usec =
                NOW - 40 * USEC_PER_SEC; /* the configuration's 30 s are over */
        Plan *plan = plan_of(&day);
        cr_expect_eq(plan->state, LINK_WAITING);
        cr_expect_not_null(strstr(plan->reason, "quietly for 45s"), "%s", plan->reason);
        cr_expect_eq(plan->wake_usec, NOW + 5 * USEC_PER_SEC);
        cr_expect_eq(plan->recovery, RECOVERY_NONE, "and is not restarted after an outage");
        day_end(&day, plan);
}
