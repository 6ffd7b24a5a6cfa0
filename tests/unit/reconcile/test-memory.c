/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/log.h"
#include "base/text.h"
#include "reconcile/memory.h"
#include "support/temp-dir.h"

static unsigned n_logged;
static const char *in_use = "";

static void on_log(const LogEntry *entry, void *data) {
        (void) data;
        n_logged += entry->level <= LOG_WARNING;
}

static void set_up(void) {
        temp_dir_make();
        log_set_sink(on_log, NULL);
        n_logged = 0;
}

TestSuite(memory, .init = set_up, .fini = temp_dir_remove);

static bool is_in_use(const char *identity, void *data) {
        (void) data;
        return strcmp(identity, in_use) == 0;
}

static Memory *open_memory(void) {
        Memory *memory = NULL;

        cr_assert_eq(memory_open(temp_dir, is_in_use, NULL, &memory, NULL), 0);
        return memory;
}

Test(memory, what_is_saved_is_there_for_the_next_daemon_until_it_is_empty) {
        Memory *memory = open_memory();

        memory_change(memory, "shop/app")->unlinked = true;
        cr_assert_eq(memory_save(memory, "shop/app", NULL), 0);
        (void) memory_free(memory);

        memory = open_memory();
        cr_assert_not_null(memory_get(memory, "shop/app"));
        cr_expect(memory_get(memory, "shop/app")->unlinked);
        memory_change(memory, "shop/app")->unlinked = false;
        cr_assert_eq(memory_save(memory, "shop/app", NULL), 0);
        cr_expect_null(memory_get(memory, "shop/app"));
        (void) memory_free(memory);

        memory = open_memory();
        cr_expect_null(memory_get(memory, "shop/app"));
        (void) memory_free(memory);
}

Test(memory, when_it_is_full_the_oldest_series_goes_that_nobody_has_any_more) {
        cleanup(memory_freep) Memory *memory = open_memory();
        char identity[32];

        in_use = "shop/a0";
        for (unsigned i = 0; i < MEMORY_MAX; i++) {
                (void) snprintf(identity, sizeof identity, "shop/a%u", i);
                Remembered *remembered = memory_change(memory, identity);
                cr_assert_not_null(remembered);
                remembered->since = 1000 + i;
                remembered->unlinked = i == 1;
        }
        cr_assert_not_null(memory_change(memory, "shop/new"));
        cr_expect_not_null(memory_get(memory, "shop/a0"), "the oldest, but it has a container");
        cr_expect_not_null(memory_get(memory, "shop/a1"), "its operator said so");
        cr_expect_null(memory_get(memory, "shop/a2"));
        cr_expect_not_null(memory_get(memory, "shop/a3"));
}

Test(memory, a_copy_under_another_name_does_not_count) {
        Memory *memory = open_memory();
        cleanup(freep) char *copy = text_format("%s/remembered/copy.json", temp_dir);
        Remembered *remembered = memory_change(memory, "shop/app");

        remembered->unlinked = true;
        json_t *json = remembered_to_json(remembered);
        cr_assert_eq(json_dump_file(json, copy, 0), 0);
        json_decref(json);
        (void) memory_free(memory);

        memory = open_memory();
        cr_expect_null(memory_get(memory, "shop/app"));
        cr_expect_eq(n_logged, 1);
        (void) memory_free(memory);
}
