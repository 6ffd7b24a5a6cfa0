/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <criterion/criterion.h>

#include "model/kept.h"
#include "model/unlink.h"
#include "support/inspect.h"

#define ENTRY "host.docker.internal:host-gateway"

static json_t *document(const char *what, const char *id, const char *old_id, json_t *variables) {
        return json_pack(
                "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:{}}", "version", KEPT_VERSION,
                "what", what, "identity", "shop/app", "number", "1", "name", "shop-app-1", "id", id,
                "old_id", old_id, "variables", variables, "host_entry", 0, "old"
        );
}

static json_t *variable(const char *name, const char *before, const char *after) {
        return json_pack("{s:s, s:s?, s:s}", "name", name, "before", before, "after", after);
}

static json_t *merged_once(json_t *first, json_t *second) {
        json_t *merged = kept_merge(first, second);

        cr_assert_not_null(merged);
        json_decref(first);
        json_decref(second);
        return merged;
}

Test(kept, of_two_links_in_a_row_the_first_tells_what_stood_there_before) {
        json_t *merged = merged_once(
                document(
                        "link", "b", "a",
                        json_pack("[o, o]", variable("X", "own", "1"), variable("Y", NULL, "1"))
                ),
                document(
                        "link", "c", "b",
                        json_pack("[o, o]", variable("X", "1", "2"), variable("Z", NULL, "2"))
                )
        );
        json_t *wanted = json_pack(
                "[o, o, o]", variable("X", "own", "2"), variable("Y", NULL, "1"),
                variable("Z", NULL, "2")
        );

        cr_expect(json_equal(json_object_get(merged, "variables"), wanted));
        cr_expect_str_eq(json_string_value(json_object_get(merged, "id")), "c");
        cr_expect_str_eq(json_string_value(json_object_get(merged, "old_id")), "a");
        json_decref(wanted);
        json_decref(merged);
}

static const struct {
        const char *first_what, *first_id, *second_what, *second_id, *second_old;
        const char *old_id; /* of what is kept then */
} merges[] = {
        { "link", "b", "link", "d", "c", "c" },   /* somebody else made one in between */
        { "link", "b", "link", "b", "a", "a" },   /* told twice */
        { "link", "b", "unlink", "c", "b", "b" }, /* taken away */
        { "unlink", "b", "link", "c", "b", "b" }, /* and linked anew: that is the original now */
};

Test(kept, only_a_chain_of_our_own_links_keeps_its_beginning) {
        for (size_t i = 0; i < ARRAY_LEN(merges); i++) {
                json_t *merged = merged_once(
                        document(merges[i].first_what, merges[i].first_id, "a", json_array()),
                        document(
                                merges[i].second_what, merges[i].second_id, merges[i].second_old,
                                json_array()
                        )
                );

                cr_expect_str_eq(
                        json_string_value(json_object_get(merged, "old_id")), merges[i].old_id,
                        "%zu", i
                );
                json_decref(merged);
        }
}

Test(kept, the_first_document_is_kept_as_it_is) {
        json_t *first = document("link", "b", "a", json_array());
        json_t *merged = kept_merge(NULL, first);

        cr_expect(json_equal(merged, first));
        json_decref(merged);
        json_decref(first);
}

Test(kept, a_document_that_lacks_a_part_is_refused) {
        static const char *const parts[] = { "version", "what",   "identity",  "number", "name",
                                             "id",      "old_id", "variables", "old" };

        for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
                json_t *kept = document("link", "b", "a", json_array());

                cr_expect_eq(kept_check(kept, NULL), 0);
                json_object_del(kept, parts[i]);
                cr_expect_eq(kept_check(kept, NULL), -EBADMSG, "without %s", parts[i]);
                json_decref(kept);
        }
}

Test(kept, a_variable_that_is_none_makes_a_document_useless) {
        static const char *const variables[] = {
                "5",
                "null",
                "{}",
                "{\"name\": 5, \"before\": null, \"after\": null}",
                "{\"name\": \"A\", \"before\": 7, \"after\": \"x\"}",
                "{\"name\": \"A\", \"before\": null}",
        };

        for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
                json_t *list = json_pack("[o]", json_loads(variables[i], JSON_DECODE_ANY, NULL));
                json_t *kept = document("link", "b", "a", list);

                cr_expect_eq(kept_check(kept, NULL), -EBADMSG, "%s", variables[i]);
                json_decref(kept);
        }
}

Test(kept, a_finished_swap_tells_what_it_changed_and_holds_the_old_document) {
        static const char *const env[] = { "X=own", NULL };
        cleanup(container_freep) Container *old = inspect_container(&(InspectSpec){ .env = env });
        cleanup(container_freep) Container *made = inspect_container(&(InspectSpec){ .id = "b" });
        cleanup(swap_record_freep) SwapRecord *record = NULL;
        char x[] = "X", y[] = "Y", one[] = "1";
        const Link link = { .variables = { { x, one }, { y, one } },
                            .n_variables = 2,
                            .host_entry = true };
        const KeptCreate create = { .body = NULL, .api = 44 };

        cr_assert_eq(swap_record_new("shop/app", old, &record), 0);
        cr_expect_null(kept_finish(record, made), "an earlier version began none");
        json_decref(record->keep);
        record->keep = kept_begin_link(old, &link, &create);
        cr_assert_eq(json_array_append_new(record->files, json_string("/etc/x")), 0);
        json_t *kept = kept_finish(record, made);
        json_t *wanted = json_pack("[o, o]", variable("X", "own", "1"), variable("Y", NULL, "1"));

        cr_assert_eq(kept_check(kept, NULL), 0);
        cr_expect(json_equal(json_object_get(kept, "variables"), wanted));
        cr_expect(json_equal(json_object_get(kept, "old"), old->inspect));
        cr_expect(json_equal(json_object_get(kept, "files"), record->files));
        cr_expect(json_is_true(json_object_get(kept, "host_entry")));
        cr_expect(kept_is_link_of(kept, made));
        cr_expect_not(kept_is_link_of(kept, old));
        json_decref(wanted);
        json_decref(kept);
}

typedef struct Restoring {
        const char *what;
        const char *const *before; /* environment */
        const char *const *now;
        const char *const *after; /* as it is wanted */
        const char *const *hosts; /* now */
        const char *const *wanted_hosts;
} Restoring;

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The link set X to 1 and Y to 2, and the host entry. */
static const Restoring restorings[] = {
        { "what was added goes", LIST("A=1"), LIST("A=1", "X=1", "Y=2"), LIST("A=1"), LIST(ENTRY),
          NULL },
        { "what was replaced comes back in its place", LIST("X=own", "A=1"),
          LIST("X=1", "A=1", "Y=2"), LIST("X=own", "A=1"), LIST("a:1.2.3.4", ENTRY),
          LIST("a:1.2.3.4") },
        { "an empty one comes back empty", LIST("X=", "A=1"), LIST("X=1", "A=1", "Y=2"),
          LIST("X=", "A=1"), LIST(ENTRY), NULL },
        { "one that stood there twice", LIST("X=own", "A=1", "X=other"),
          LIST("X=1", "A=1", "X=1", "Y=2"), LIST("X=own", "A=1", "X=other"), LIST(ENTRY), NULL },
        { "what its user changed since stays", LIST("A=1"), LIST("A=2", "X=mine", "Y=2"),
          LIST("A=2", "X=mine"), LIST("host.docker.internal:10.0.0.9"),
          LIST("host.docker.internal:10.0.0.9") },
};

static json_t *kept_of(const Container *old, const Container *made) {
        cleanup(swap_record_freep) SwapRecord *record = NULL;
        char x[] = "X", y[] = "Y", one[] = "1", two[] = "2";
        const Link link = { .variables = { { x, one }, { y, two } },
                            .n_variables = 2,
                            .host_entry = true };

        cr_assert_eq(swap_record_new("shop/app", old, &record), 0);
        json_decref(record->keep);
        record->keep = kept_begin_link(old, &link, &(KeptCreate){ .api = 44 });
        return kept_finish(record, made);
}

Test(kept, unlinking_gives_the_old_environment_and_hosts_in_their_order) {
        for (size_t i = 0; i < ARRAY_LEN(restorings); i++) {
                const Restoring *c = &restorings[i];
                cleanup(container_freep) Container *old =
                        inspect_container(&(InspectSpec){ .env = c->before });
                cleanup(container_freep) Container *made = inspect_container(&(InspectSpec
                ){ .id = "b", .env = c->now, .hosts = c->hosts });
                cleanup(container_freep) Container *wanted = inspect_container(&(InspectSpec
                ){ .id = "b", .env = c->after, .hosts = c->wanted_hosts });
                json_t *kept = kept_of(old, made);
                Unlink unlinked = { 0 };

                cr_assert_eq(unlink_compute(made, kept, &unlinked, NULL), 0, "%s", c->what);
                cr_expect(json_equal(unlinked.inspect, wanted->inspect), "%s", c->what);
                unlink_done(&unlinked);
                json_decref(kept);
        }
}
