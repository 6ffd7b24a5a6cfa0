/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/text.h"
#include "reconcile/store.h"
#include "support/inspect.h"
#include "support/temp-dir.h"

TestSuite(store, .init = temp_dir_make, .fini = temp_dir_remove);

static json_t *record_of(const char *identity, SwapPhase phase) {
        cleanup(container_freep) Container *old = inspect_container(&(InspectSpec){ 0 });
        cleanup(swap_record_freep) SwapRecord *record = NULL;

        cr_assert_eq(swap_record_new(identity, old, &record), 0);
        return swap_record_json_in_phase(record, phase, NULL, NULL);
}

static void write_record(Store *store, const char *identity, SwapPhase phase) {
        json_t *json = record_of(identity, phase);

        cr_assert_eq(store_write_swap(store, json, NULL), 0);
        json_decref(json);
}

typedef struct Loaded {
        unsigned n, broken;
        SwapPhase phase;
        char last[700];
} Loaded;

static int take(SwapRecord *record, void *data) {
        Loaded *loaded = data;

        loaded->n++;
        loaded->phase = record->phase;
        (void) snprintf(loaded->last, sizeof loaded->last, "%s", record->identity);
        (void) swap_record_free(record);
        return 0;
}

static void broken(const Error *error, void *data) {
        Loaded *loaded = data;

        (void) error;
        loaded->broken++;
}

static Loaded load(Store *store) {
        Loaded loaded = { 0 };

        cr_assert_eq(store_load_swaps(store, take, broken, &loaded, NULL), 0);
        return loaded;
}

Test(store, a_record_outlives_the_daemon_and_the_last_phase_counts) {
        Store *store = NULL;

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        write_record(store, "shop/app", SWAP_PREPARE);
        write_record(store, "shop/app", SWAP_STOPPING);
        (void) store_free(store);

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        Loaded loaded = load(store);
        cr_expect_eq(loaded.n, 1);
        cr_expect_eq(loaded.phase, SWAP_STOPPING);
        cr_expect_str_eq(loaded.last, "shop/app");
        cr_assert_eq(store_forget_swap(store, "shop/app", NULL), 0);
        cr_expect_eq(load(store).n, 0);
        cr_expect_eq(store_forget_swap(store, "shop/app", NULL), 0, "forgotten twice");
        (void) store_free(store);
}

Test(store, a_folder_that_was_removed_under_it_is_made_again) {
        Store *store = NULL;
        char path[256];

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        write_record(store, "shop/app", SWAP_PREPARE);
        (void) snprintf(path, sizeof path, "%s/swaps", temp_dir);
        cr_assert_eq(file_remove_tree(path, NULL), 0);
        write_record(store, "shop/app", SWAP_STOPPING);
        cr_expect_eq(load(store).n, 1);
        (void) store_free(store);
}

Test(store, a_label_with_nul_makes_no_record_unreadable) {
        cleanup(store_freep) Store *store = NULL;
        json_t *json = record_of("shop/app", SWAP_STOPPING);

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        json_object_set_new(json_object_get(json, "old"), "X", json_stringn("a\0b", 3));
        cr_assert_eq(store_write_swap(store, json, NULL), 0);
        json_decref(json);
        Loaded loaded = load(store);
        cr_expect_eq(loaded.n, 1);
        cr_expect_eq(loaded.broken, 0);
}

Test(store, identities_that_look_alike_or_are_long_have_files_of_their_own) {
        cleanup(store_freep) Store *store = NULL;
        char longer[500], other[500];

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        memset(longer, 'x', sizeof longer - 1);
        longer[sizeof longer - 1] = '\0';
        memcpy(other, longer, sizeof other);
        other[sizeof other - 2] = 'y';
        write_record(store, "a/b", SWAP_PREPARE);
        write_record(store, "a+b", SWAP_PREPARE);
        write_record(store, longer, SWAP_PREPARE);
        write_record(store, other, SWAP_PREPARE);
        cr_expect_eq(load(store).n, 4);
        cr_assert_eq(store_forget_swap(store, longer, NULL), 0);
        cr_expect_eq(load(store).n, 3);
}

Test(store, one_daemon_per_state_directory) {
        Store *first = NULL, *second = NULL;
        Error err = { 0 };

        cr_assert_eq(store_open(temp_dir, &first, NULL), 0);
        cr_expect_eq(store_open(temp_dir, &second, &err), -EBUSY);
        cr_expect_null(second);
        cr_expect_not_null(strstr(error_text(&err), temp_dir));
        (void) store_free(first);
        cr_expect_eq(store_open(temp_dir, &second, NULL), 0);
        (void) store_free(second);
}

static void put_file(const char *name, const char *text) {
        cleanup(freep) char *path = text_format("%s/swaps/%s", temp_dir, name);
        FILE *f = fopen(path, "we");

        cr_assert_not_null(f);
        cr_assert_geq(fputs(text, f), 0);
        cr_assert_eq(fclose(f), 0);
}

Test(store, a_broken_record_is_told_left_alone_and_hides_no_other) {
        cleanup(store_freep) Store *store = NULL;

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        write_record(store, "shop/app", SWAP_STARTED);
        put_file("cut.json", "{\"version\": 1, \"phase\": \"pre");
        put_file("other.json", "{\"version\": 2}");
        put_file(".tmp.json", "half a file");
        put_file("README", "not ours");
        Loaded loaded = load(store);
        cr_expect_eq(loaded.n, 1);
        cr_expect_eq(loaded.broken, 2);
        loaded = load(store);
        cr_expect_eq(loaded.broken, 2, "they are still there");
}

/* Neither written nor dropped by us, it would be played at each start. */
Test(store, a_copy_of_a_record_under_another_name_is_told_and_not_played) {
        cleanup(store_freep) Store *store = NULL;
        json_t *json = record_of("shop/app", SWAP_STOPPING);
        cleanup(freep) char *copy = text_format("%s/swaps/shop+app-copy.json", temp_dir);

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        cr_assert_eq(json_dump_file(json, copy, 0), 0);
        Loaded loaded = load(store);
        cr_expect_eq(loaded.n, 0);
        cr_expect_eq(loaded.broken, 1);
        cr_assert_eq(store_write_swap(store, json, NULL), 0);
        json_decref(json);
        loaded = load(store);
        cr_expect_eq(loaded.n, 1);
        cr_expect_eq(loaded.broken, 1);
}

static int check_mode(const char *path, const struct stat *st, int kind, struct FTW *where) {
        if (where->level > 0)
                cr_expect_eq(st->st_mode & 0777, kind == FTW_D ? 0700 : 0600, "%s", path);
        return 0;
}

Test(store, records_are_for_us_alone) {
        cleanup(store_freep) Store *store = NULL;

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        write_record(store, "shop/app", SWAP_PREPARE);
        cr_expect_eq(nftw(temp_dir, check_mode, 8, FTW_PHYS), 0);
}

Test(store, what_could_not_be_read_back_is_not_written) {
        cleanup(store_freep) Store *store = NULL;
        json_t *record = record_of("shop/app", SWAP_PREPARE);
        size_t size = (size_t) 9 * 1024 * 1024;
        char *huge = malloc(size);
        Error err = { 0 };

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        memset(huge, 'x', size);
        json_object_set_new(record, "reason", json_stringn(huge, size));
        free(huge);
        cr_expect_eq(store_write_swap(store, record, &err), -EFBIG);
        cr_expect_not_null(strstr(error_text(&err), "shop/app"));
        Loaded loaded = load(store);
        cr_expect_eq(loaded.n + loaded.broken, 0);
        json_decref(record);
}

static unsigned n_odd;

static int look_at_name(const char *path, const struct stat *st, int kind, struct FTW *where) {
        (void) st;
        (void) kind;
        for (const char *c = path + where->base; *c != '\0'; c++)
                n_odd += *c <= ' ' || *c >= 0x7f ? 1 : 0;
        return 0;
}

/* A project of any name may come from a label. */
Test(store, names_of_files_are_plain_whatever_the_identity) {
        static const char *const identities[] = { "pr\xc3\xb6j/web", "a\nb\033[2J/web", "a b" };
        cleanup(store_freep) Store *store = NULL;

        cr_assert_eq(store_open(temp_dir, &store, NULL), 0);
        for (size_t i = 0; i < ARRAY_LEN(identities); i++)
                write_record(store, identities[i], SWAP_PREPARE);
        cr_expect_eq(load(store).n, ARRAY_LEN(identities));
        cr_expect_eq(nftw(temp_dir, look_at_name, 8, FTW_PHYS), 0);
        cr_expect_eq(n_odd, 0);
        for (size_t i = 0; i < ARRAY_LEN(identities); i++)
                cr_assert_eq(store_forget_swap(store, identities[i], NULL), 0);
        cr_expect_eq(load(store).n, 0);
}
