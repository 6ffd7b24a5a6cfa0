/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "model/swap-record.h"
#include "support/inspect.h"

static SwapRecord *make_record(void) {
        cleanup(container_freep) Container *old =
                inspect_container(&(InspectSpec){ .health = "healthy" });
        SwapRecord *record = NULL;

        cr_assert_eq(swap_record_new("shop/app", old, &record), 0);
        return record;
}

Test(swap_record, a_new_one_promises_to_put_right_what_was_seen) {
        cleanup(swap_record_freep) SwapRecord *record = make_record();

        cr_expect_eq(record->phase, SWAP_PREPARE);
        cr_expect_str_eq(record->identity, "shop/app");
        cr_expect_str_eq(record->name, "shop-app-1");
        cr_expect_str_eq(record->new_id, "");
        cr_expect(record->was_running);
        cr_expect(record->was_healthy);
        cr_expect_not(record->counts);
}

Test(swap_record, what_is_written_is_read_back_in_every_phase) {
        for (SwapPhase phase = SWAP_PREPARE; phase <= SWAP_ROLLBACK; phase++) {
                cleanup(swap_record_freep) SwapRecord *record = make_record();
                cleanup(swap_record_freep) SwapRecord *again = NULL;

                json_array_append_new(record->link, json_string("A=1"));
                json_array_append_new(record->files, json_string("/run/secrets/s"));
                record->counts = phase == SWAP_ROLLBACK;
                record->again = phase != SWAP_PREPARE;
                record->rolls = phase == SWAP_BESIDE;
                record->begun_usec = 1795824000123456;
                if (phase == SWAP_ROLLBACK) {
                        free(record->last_run);
                        record->last_run = strdup(SWAP_RUN_NONE);
                }
                json_t *json = swap_record_json_in_phase(record, phase, "b2", "why");
                cr_assert_eq(swap_record_from_json(json, &again, NULL), 0);
                cr_expect_eq(again->phase, phase);
                cr_expect_str_eq(again->new_id, "b2");
                cr_expect_str_eq(again->reason, "why");
                cr_expect_eq(again->was_running, record->was_running);
                cr_expect_eq(again->was_healthy, record->was_healthy);
                cr_expect_eq(again->counts, record->counts);
                cr_expect_eq(again->again, record->again);
                cr_expect_eq(again->rolls, record->rolls);
                cr_expect_eq(again->begun_usec, record->begun_usec);
                cr_expect_str_eq(again->last_run, record->last_run);
                cr_expect(json_equal(again->old, record->old));
                cr_expect(json_equal(again->link, record->link));
                cr_expect(json_equal(again->files, record->files));
                json_t *twice = swap_record_to_json(again);
                cr_expect(json_equal(json, twice));
                json_decref(twice);
                json_decref(json);
        }
}

Test(swap_record, null_keeps_id_and_reason) {
        cleanup(swap_record_freep) SwapRecord *record = make_record();
        json_t *json = swap_record_json_in_phase(record, SWAP_STARTED, NULL, NULL);

        cr_expect_str_eq(json_string_value(json_object_get(json, "new_id")), "");
        cr_expect_str_eq(json_string_value(json_object_get(json, "reason")), "");
        json_decref(json);
}

Test(swap_record, a_record_without_a_part_or_of_another_version_is_refused) {
        static const char *const parts[] = { "version", "phase",  "identity", "name", "old_id",
                                             "new_id",  "reason", "old",      "link", "connects" };

        for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
                cleanup(swap_record_freep) SwapRecord *record = make_record();
                SwapRecord *again = NULL;
                json_t *json = swap_record_to_json(record);
                Error err = { 0 };

                json_object_del(json, parts[i]);
                cr_expect_eq(
                        swap_record_from_json(json, &again, &err), -EBADMSG, "without %s", parts[i]
                );
                cr_expect_null(again);
                cr_expect(error_is_set(&err));
                json_object_set_new(json, parts[i], json_integer(77));
                cr_expect_eq(swap_record_from_json(json, &again, NULL), -EBADMSG, "%s", parts[i]);
                json_decref(json);
        }
}

/* Changed by hand, or by a disk: it would have others renamed and removed. */
Test(swap_record, one_that_names_whom_it_cannot_mean_is_refused) {
        static const char *const cases[][2] = {
                { "old_id", "b0" }, /* not of its own document */
                { "old_id", "shop-db-1" },
                { "new_id", "shop-db-1" },
                { "new_id", "../volumes/x" },
                { "name", "shop-app-1&signal=KILL" },
                { "name", "a/b" },
        };

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                cleanup(swap_record_freep) SwapRecord *record = make_record();
                SwapRecord *again = NULL;
                json_t *json = swap_record_to_json(record);

                json_object_set_new(json, cases[i][0], json_string(cases[i][1]));
                cr_expect_eq(swap_record_from_json(json, &again, NULL), -EBADMSG, "%zu", i);
                cr_expect_null(again);
                json_decref(json);
        }
}

Test(swap_record, one_that_an_earlier_version_wrote_counts_copies_and_knows_nothing) {
        cleanup(swap_record_freep) SwapRecord *record = make_record();
        cleanup(swap_record_freep) SwapRecord *again = NULL;
        json_t *json = swap_record_to_json(record);

        json_object_del(json, "counts");
        json_object_del(json, "last_run");
        json_object_del(json, "files");
        cr_assert_eq(swap_record_from_json(json, &again, NULL), 0);
        cr_expect_not(again->counts);
        cr_expect_eq(json_array_size(again->files), 0);
        cr_expect_str_eq(again->last_run, "");
        json_decref(json);
}

Test(swap_record, the_old_ones_name_tells_whose_it_is) {
        char *name = swap_previous_name("shop-app-1");

        cr_expect_str_eq(name, "shop-app-1.coollama-prev");
        free(name);
}
