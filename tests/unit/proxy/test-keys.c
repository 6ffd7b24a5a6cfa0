/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/random.h"
#include "proxy/keys.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char dir[] = "/tmp/coollama-keys-XXXXXX";
static char store[128];

static void setup(void) {
        cr_assert_not_null(mkdtemp(dir));
        (void) snprintf(store, sizeof store, "%s/keys.json", dir);
}

static void teardown(void) {
        (void) chmod(dir, 0700);
        (void) file_remove_tree(dir, NULL);
}

TestSuite(keys, .init = setup, .fini = teardown);

static Keys *reopen(Keys *old) {
        Keys *keys = NULL;
        Error err = { 0 };

        (void) keys_free(old);
        cr_assert_eq(keys_open(store, 1000, &keys, &err), 0, "%s", err.text);
        return keys;
}

static void write_store(const char *text) {
        cr_assert_eq(file_replace(store, text, strlen(text), 0600, NULL), 0);
}

Test(keys, a_new_store_holds_the_daemons_own_key_and_nobody_else_may_read_it) {
        Keys *keys = reopen(NULL);
        struct stat st;

        cr_assert_eq(keys_count(keys), 1);
        cr_assert(key_is_well_formed(keys_own(keys)->key));
        cr_assert_eq(keys_own(keys)->number, 0);
        cr_assert_str_eq(keys_own(keys)->identity, "");
        cr_assert_eq(stat(store, &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0600);
        (void) keys_free(keys);
}

Test(keys, an_identity_keeps_its_key_and_number_over_a_restart) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;
        char key[KEY_LENGTH + 1];
        char own[KEY_LENGTH + 1];

        cr_assert_eq(keys_ensure(keys, "project/app", 1234, &entry, NULL), 0);
        (void) snprintf(key, sizeof key, "%s", entry->key);
        (void) snprintf(own, sizeof own, "%s", keys_own(keys)->key);

        keys = reopen(keys);
        cr_assert_eq(keys_ensure(keys, "project/app", 9999, &entry, NULL), 0);
        cr_assert_str_eq(entry->key, key);
        cr_assert_eq(entry->number, 1);
        cr_assert_eq(entry->created, 1234);
        cr_assert_str_eq(keys_own(keys)->key, own);
        (void) keys_free(keys);
}

Test(keys, identities_have_different_keys_and_rising_numbers) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;
        char identity[16];

        for (unsigned i = 1; i <= 20; i++) {
                (void) snprintf(identity, sizeof identity, "app-%u", i);
                cr_assert_eq(keys_ensure(keys, identity, 1, &entry, NULL), 0);
                cr_assert_eq(entry->number, i);
        }
        for (size_t i = 0; i < keys_count(keys); i++)
                for (size_t j = 0; j < i; j++)
                        cr_assert_str_neq(keys_at(keys, i)->key, keys_at(keys, j)->key);
        (void) keys_free(keys);
}

Test(keys, what_a_key_may_do_is_kept_and_is_to_pull_at_first) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;
        Error err = { 0 };

        cr_assert_eq(keys_ensure(keys, "a", 1, &entry, NULL), 0);
        cr_assert_eq(keys_ensure(keys, "b", 1, &entry, NULL), 0);
        cr_assert_eq(keys_set_access(keys, "b", ACCESS_ADMIN, NULL), 0);
        keys = reopen(keys);
        cr_assert_eq(keys_find(keys, "a")->access, ACCESS_PULL);
        cr_assert_eq(keys_find(keys, "b")->access, ACCESS_ADMIN);
        cr_assert_eq(keys_set_access(keys, "c", ACCESS_ADMIN, &err), -ENOENT);
        cr_assert_eq(keys_set_access(keys, "", ACCESS_ADMIN, NULL), -ENOENT, "the daemon's own");
        (void) keys_free(keys);
}

Test(keys, a_number_is_never_given_twice) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;

        cr_assert_eq(keys_ensure(keys, "a", 1, &entry, NULL), 0);
        cr_assert_eq(keys_ensure(keys, "b", 1, &entry, NULL), 0);
        cr_assert_eq(keys_revoke(keys, "b", NULL), 0);
        keys = reopen(keys);
        cr_assert_null(keys_find(keys, "b"));
        cr_assert_eq(keys_ensure(keys, "b", 1, &entry, NULL), 0);
        cr_assert_eq(entry->number, 3);
        cr_assert_null(keys_find_number(keys, 2));
        cr_assert_str_eq(keys_find_number(keys, 1)->identity, "a");
        cr_assert_eq(keys_revoke(keys, "not there", NULL), 0);
        (void) keys_free(keys);
}

Test(keys, the_daemons_own_key_cannot_be_revoked_or_asked_for) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;

        cr_assert_eq(keys_revoke(keys, "", NULL), 0);
        cr_assert_eq(keys_count(keys), 1);
        cr_assert_eq(keys_ensure(keys, "", 1, &entry, NULL), -EINVAL);
        (void) keys_free(keys);
}

Test(keys, a_well_formed_key_is_taken_over_once) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;
        Error err = { 0 };

        cr_assert_eq(keys_adopt(keys, "a", A64, 5, &entry, NULL), 0);
        cr_assert_str_eq(entry->key, A64);
        cr_assert_eq(keys_adopt(keys, "a", A64, 6, &entry, NULL), 0);
        cr_assert_eq(entry->created, 5);
        cr_assert_eq(keys_adopt(keys, "a", B64, 5, &entry, NULL), -EEXIST);
        cr_assert_eq(keys_adopt(keys, "b", A64, 5, &entry, &err), -EEXIST);
        cr_assert(strstr(err.text, "c1"), "%s", err.text);
        cr_assert_null(strstr(err.text, A64));
        keys = reopen(keys);
        cr_assert_str_eq(keys_find(keys, "a")->key, A64);
        (void) keys_free(keys);
}

Test(keys, only_64_lower_case_hex_characters_are_a_key) {
        static const char *const BAD[] = {
                "",
                "a",
                (A64 "a"),
                ("A" A64),
                "sk-1234",
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        };
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;

        cr_assert(key_is_well_formed(A64));
        for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
                cr_assert(!key_is_well_formed(BAD[i]), "%s", BAD[i]);
                cr_assert_eq(keys_adopt(keys, "x", BAD[i], 1, &entry, NULL), -EINVAL);
        }
        cr_assert_eq(keys_count(keys), 1);
        (void) keys_free(keys);
}

#define ENTRY(n, id, key) \
        "{\"number\":" #n ",\"identity\":\"" id "\",\"key\":\"" key "\",\"created\":1}"
#define STORE(next, entries) "{\"version\":1,\"next\":" #next ",\"keys\":[" entries "]}"

Test(keys, a_store_that_cannot_be_understood_is_an_error_and_left_alone) {
        static const char *const BAD[] = {
                "",
                "{",
                "{\"version\":1,\"next\":2,\"keys\":[\"" A64 "\"",
                "[]",
                "{\"version\":2,\"next\":2,\"keys\":[" ENTRY(0, "", A64) "]}",
                STORE(1, ""),
                STORE(2, ENTRY(1, "a", A64)),
                STORE(2, ENTRY(0, "", "short")),
                STORE(1, ENTRY(0, "", A64) "," ENTRY(1, "a", B64)),
                STORE(3, ENTRY(0, "", A64) "," ENTRY(1, "a", A64)),
                STORE(3, ENTRY(0, "", A64) "," ENTRY(1, "", B64)),
                STORE(3, ENTRY(0, "", A64) "," ENTRY(0, "a", B64)),
                STORE(3, ENTRY(0, "", A64) ",{\"number\":1}"),
        };

        for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
                Keys *keys = NULL;
                Error err = { 0 };
                char *text = NULL;
                size_t size = 0;

                write_store(BAD[i]);
                cr_assert_eq(keys_open(store, 1, &keys, &err), -EBADMSG, "%s", BAD[i]);
                cr_assert_null(keys);
                cr_assert(strstr(err.text, store), "%s", err.text);
                cr_assert_null(strstr(err.text, "aaaa"), "%s", err.text);
                cr_assert_eq(file_read(store, 4096, &text, &size, NULL), 0);
                cr_assert_str_eq(text, BAD[i]);
                free(text);
        }
}

Test(keys, a_good_store_is_read) {
        write_store(STORE(9, ENTRY(0, "", A64) "," ENTRY(7, "p/m", B64)));
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;

        cr_assert_str_eq(keys_find(keys, "p/m")->key, B64);
        cr_assert_eq(keys_ensure(keys, "new", 1, &entry, NULL), 0);
        cr_assert_eq(entry->number, 9);
        (void) keys_free(keys);
}

Test(keys, what_could_not_be_written_did_not_happen) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;
        Error err = { 0 };

        cr_assert_eq(keys_ensure(keys, "a", 1, &entry, NULL), 0);
        /* a directory in the store's place cannot be replaced by a file, not even by root */
        cr_assert_eq(unlink(store), 0);
        cr_assert_eq(mkdir(store, 0700), 0);

        cr_assert_lt(keys_ensure(keys, "b", 1, &entry, &err), 0);
        cr_assert(error_is_set(&err));
        cr_assert_null(keys_find(keys, "b"));
        cr_assert_lt(keys_revoke(keys, "a", NULL), 0);
        cr_assert_not_null(keys_find(keys, "a"));

        cr_assert_eq(rmdir(store), 0);
        cr_assert_eq(keys_ensure(keys, "b", 1, &entry, NULL), 0);
        cr_assert_eq(entry->number, 2);
        (void) keys_free(keys);
}

static int no_random(void *buffer, size_t size, void *data) {
        (void) buffer;
        (void) size;
        (void) data;
        return -EIO;
}

Test(keys, without_random_numbers_there_is_no_key) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;

        random_set_source(no_random, NULL);
        cr_assert_eq(keys_ensure(keys, "a", 1, &entry, NULL), -EIO);
        cr_assert_null(keys_find(keys, "a"));
        random_set_source(NULL, NULL);
        (void) keys_free(keys);
}

Test(keys, what_could_be_a_key_is_taken_out_of_a_text) {
        char text[] = "conflicting parameter \"" A64 "\" in 7/keys.map:3, " A64 "A and deadbeef";

        cr_assert_null(strstr(key_redact(text), "aaaa"));
        cr_assert(strstr(text, "in 7/keys.map:3, "), "%s", text);
        cr_assert(strstr(text, "deadbeef"), "%s", text);
}

Test(keys, that_one_is_accepted_in_urls_is_kept_over_a_restart) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;

        cr_assert_eq(keys_ensure(keys, "p/a", 1, &entry, NULL), 0);
        cr_assert_not(entry->in_url);
        cr_assert_eq(keys_set_in_url(keys, "p/a", true, NULL), 0);
        cr_assert_eq(keys_set_in_url(keys, "p/none", true, NULL), -ENOENT);
        keys = reopen(keys);
        cr_assert(keys_find(keys, "p/a")->in_url);
        cr_assert_eq(keys_set_in_url(keys, "p/a", false, NULL), 0);
        keys = reopen(keys);
        cr_assert_not(keys_find(keys, "p/a")->in_url);
        (void) keys_free(keys);
}

Test(keys, an_entry_tells_which_change_made_it_as_it_is) {
        Keys *keys = reopen(NULL);
        const KeyEntry *entry = NULL;

        keys = reopen(keys);
        cr_assert_eq(keys_changes(keys), 0);
        cr_assert_eq(keys_own(keys)->changed, 0);
        cr_assert_eq(keys_ensure(keys, "p/a", 1, &entry, NULL), 0);
        cr_assert_eq(keys_changes(keys), 1);
        cr_assert_eq(keys_find(keys, "p/a")->changed, 1);
        cr_assert_eq(keys_ensure(keys, "p/b", 1, &entry, NULL), 0);
        cr_assert_eq(keys_set_in_url(keys, "p/a", true, NULL), 0);
        cr_assert_eq(keys_set_in_url(keys, "p/a", true, NULL), 0);
        cr_assert_eq(keys_changes(keys), 3);
        cr_assert_eq(keys_find(keys, "p/a")->changed, 3);
        cr_assert_eq(keys_find(keys, "p/b")->changed, 2);
        cr_assert_eq(keys_revoke(keys, "p/b", NULL), 0);
        cr_assert_eq(keys_changes(keys), 4);
        (void) keys_free(keys);
}
