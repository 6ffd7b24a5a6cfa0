/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/log.h"
#include "base/text.h"
#include "reconcile/kept.h"
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

TestSuite(kept, .init = set_up, .fini = temp_dir_remove);

static bool is_in_use(const char *identity, void *data) {
        (void) data;
        return strcmp(identity, in_use) == 0;
}

static KeptStore *open_store(void) {
        KeptStore *store = NULL;

        cr_assert_eq(kept_open(temp_dir, is_in_use, NULL, &store, NULL), 0);
        return store;
}

static json_t *document_of(const char *identity, unsigned when) {
        return json_pack(
                "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:[], s:b, s:{}, s:{s:s}}", "version", 1,
                "what", "link", "identity", identity, "number", "1", "name", "a", "id", "b0",
                "old_id", "a0", "when", (int) when, "variables", "host_entry", 0, "old", "create",
                "Image", "busybox"
        );
}

static void write_one(KeptStore *store, const char *identity) {
        json_t *document = document_of(identity, 1);

        cr_assert_eq(kept_write(store, document, NULL), 0);
        json_decref(document);
}

static bool has(KeptStore *store, const char *identity) {
        cleanup(json_decrefp) json_t *document = kept_read(store, identity, "1");
        cleanup(json_decrefp) json_t *found = kept_find(store, identity, "b0");
        cleanup(freep) char *create = kept_create_path(store, identity, "1");

        cr_expect_eq(document == NULL, found == NULL, "%s", identity);
        cr_expect_eq(access(create, F_OK) == 0, document != NULL, "%s", identity);
        return document != NULL;
}

/* As an earlier daemon left it, without all the syncing. */
static void put_file(const KeptStore *store, const char *identity, unsigned when) {
        cleanup(freep) char *path = kept_document_path(store, identity, "1");
        cleanup(freep) char *create = kept_create_path(store, identity, "1");
        json_t *document = document_of(identity, when);
        FILE *f = fopen(create, "we");

        cr_assert_not_null(f);
        cr_assert_eq(fputs("{}", f), 1);
        cr_assert_eq(fclose(f), 0);
        cr_assert_eq(json_dump_file(document, path, JSON_COMPACT), 0);
        json_decref(document);
}

Test(kept, when_it_is_full_the_oldest_goes_that_nobody_has_any_more) {
        KeptStore *store = open_store();
        char identity[32];

        for (unsigned i = 0; i < KEPT_FILES_MAX; i++) {
                (void) snprintf(identity, sizeof identity, "shop/a%u", i);
                put_file(store, identity, 1000 + i);
        }
        (void) kept_free(store);
        in_use = "shop/a0";
        store = open_store();
        write_one(store, "shop/new");
        cr_expect(has(store, "shop/new"));
        cr_expect(has(store, "shop/a0"), "the oldest, but it has a container");
        cr_expect_not(has(store, "shop/a1"));
        cr_expect(has(store, "shop/a2"));
        (void) kept_free(store);
}

Test(kept, what_is_written_again_takes_no_room_of_others) {
        KeptStore *store = open_store();

        for (unsigned i = 0; i < 3; i++) {
                write_one(store, "shop/app");
                write_one(store, "shop/worker");
        }
        (void) kept_free(store);
        store = open_store();
        cr_expect(has(store, "shop/app"));
        cr_expect(has(store, "shop/worker"));
        (void) kept_free(store);
}

static void break_file(const KeptStore *store, const char *identity) {
        cleanup(freep) char *path = kept_document_path(store, identity, "1");
        FILE *f = fopen(path, "we");

        cr_assert_not_null(f);
        cr_assert_eq(fputs("{\"version\":", f), 1);
        cr_assert_eq(fclose(f), 0);
}

/* An unlinked consumer's is read at each look. */
Test(kept, a_broken_file_is_said_once_and_left_alone) {
        KeptStore *store = open_store();
        cleanup(freep) char *path = kept_document_path(store, "shop/app", "1");

        write_one(store, "shop/app");
        break_file(store, "shop/app");
        for (unsigned i = 0; i < 3; i++)
                cr_expect_null(kept_read(store, "shop/app", "1"));
        cr_expect_eq(n_logged, 1);
        (void) kept_free(store);

        store = open_store();
        for (unsigned i = 0; i < 3; i++)
                cr_expect_null(kept_read(store, "shop/app", "1"));
        cr_expect_eq(n_logged, 2, "once more by the next daemon");
        cr_expect_eq(access(path, F_OK), 0);
        (void) kept_free(store);
}
