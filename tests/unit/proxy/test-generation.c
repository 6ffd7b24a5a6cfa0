/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "proxy/generation.h"
#include "proxy/reload.h"

static char state[] = "/tmp/coollama-gen-XXXXXX";
static ProxyPaths paths;
static Keys *keys;
static GenerationSettings settings = {
        .pattern = "listen @listen@; unix:@run@/x; me@example; a@b\n",
        .upstream = "http://alias.0-coollama:11434",
};

static void setup(void) {
        char store[128];

        cr_assert_not_null(mkdtemp(state));
        (void) snprintf(store, sizeof store, "%s/keys.json", state);
        cr_assert_eq(proxy_paths_init(&paths, state, NULL), 0);
        cr_assert_eq(proxy_paths_make(&paths, (gid_t) -1, NULL), 0);
        cr_assert_eq(keys_open(store, 1, &keys, NULL), 0);
}

static void teardown(void) {
        (void) keys_free(keys);
        (void) file_remove_tree(state, NULL);
}

TestSuite(generation, .init = setup, .fini = teardown);

static void write_one(uint64_t number) {
        Error err = { 0 };

        cr_assert_eq(
                generation_write(paths.conf, number, &settings, keys, &err), 0, "%s", err.text
        );
}

static void swing(uint64_t number) {
        cr_assert_eq(generation_swing(paths.conf, number, NULL), 0);
}

static void file_is(uint64_t number, const char *name, const char *expected) {
        char path[512];
        char *text = NULL;
        size_t size = 0;

        (void) snprintf(path, sizeof path, "%s/%" PRIu64 "/%s", paths.conf, number, name);
        cr_assert_eq(file_read(path, 65536, &text, &size, NULL), 0, "%s", path);
        cr_assert_str_eq(text, expected);
        free(text);
}

static bool there(uint64_t number) {
        char path[512];

        (void) snprintf(path, sizeof path, "%s/%" PRIu64, paths.conf, number);
        return access(path, F_OK) == 0;
}

Test(generation, all_files_are_written_with_the_names_filled_in) {
        const KeyEntry *entry = NULL;
        char expected[512];

        cr_assert_eq(keys_ensure(keys, "p/a", 1, &entry, NULL), 0);
        write_one(42);
        file_is(42, "nginx.conf", "listen 11434; unix:/run/coollama-proxy/x; me@example; a@b\n");
        file_is(42, "upstream.conf",
                "set $upstream \"http://alias.0-coollama:11434\";\n"
                "proxy_set_header Host \"localhost:11434\";\n"
                "proxy_set_header Authorization \"\";\n");
        file_is(42, "ca.pem", "");
        file_is(42, "generation.conf", "default_type text/plain;\nreturn 200 \"42\\n\";\n");
        (void) snprintf(
                expected, sizeof expected, "\"%s\" c0;\n\"%s\" c1;\n", keys_own(keys)->key,
                entry->key
        );
        file_is(42, "keys.map", expected);
}

Test(generation, a_key_is_accepted_in_urls_where_the_store_says_so) {
        const KeyEntry *entry = NULL;
        char expected[512];

        cr_assert_eq(keys_ensure(keys, "p/a", 1, &entry, NULL), 0);
        cr_assert_eq(keys_ensure(keys, "p/b", 1, &entry, NULL), 0);
        write_one(1);
        file_is(1, "url-keys.map", "");
        cr_assert_eq(keys_set_in_url(keys, "p/b", true, NULL), 0);
        cr_expect_not(generation_matches(paths.conf, 1, &settings, keys));
        write_one(2);
        (void) snprintf(expected, sizeof expected, "\"%s\" c2;\n", keys_find(keys, "p/b")->key);
        file_is(2, "url-keys.map", expected);
}

Test(generation, networks_are_written_with_their_gateways) {
        static const ProxyNetwork networks[] = {
                { .address = "172.20.0.3", .gateway = "172.20.0.1", .number = 17 },
                { .address = "fd00::3", .gateway = "", .number = 4 },
        };
        GenerationSettings here = settings;
        Error err = { 0 };

        here.networks = networks;
        here.n_networks = 2;
        cr_assert_eq(generation_write(paths.conf, 1, &here, keys, &err), 0, "%s", err.text);
        file_is(1, "networks.map", "\"172.20.0.3\" c17; # 172.20.0.1\n\"fd00::3\" c4; # -\n");
        file_is(1, "gateways.map", "\"172.20.0.1\" \"\";\n");
        cr_expect(generation_matches(paths.conf, 1, &here, keys));
        ProxyNetwork again[4];
        cr_assert_eq(generation_networks(paths.conf, 1, again, 4), 2);
        for (size_t i = 0; i < 2; i++) {
                cr_expect_str_eq(again[i].address, networks[i].address);
                cr_expect_str_eq(again[i].gateway, networks[i].gateway);
                cr_expect_eq(again[i].number, networks[i].number);
        }
        cr_expect_eq(generation_networks(paths.conf, 1, again, 1), 1);
        cr_expect_eq(generation_networks(paths.conf, 9, again, 4), 0);
        here.n_networks = 1;
        cr_expect_not(generation_matches(paths.conf, 1, &here, keys));
}

Test(generation, an_address_that_is_none_is_refused) {
        static const ProxyNetwork network = { .address = "x\" c1; }", .number = 17 };
        GenerationSettings here = settings;

        here.networks = &network;
        here.n_networks = 1;
        cr_expect_eq(generation_write(paths.conf, 1, &here, keys, NULL), -EINVAL);
}

Test(generation, no_identity_is_written) {
        const KeyEntry *entry = NULL;
        char expected[512];

        cr_assert_eq(keys_ensure(keys, "evil\"; } return 200;", 1, &entry, NULL), 0);
        write_one(1);
        (void) snprintf(
                expected, sizeof expected, "\"%s\" c0;\n\"%s\" c1;\n", keys_own(keys)->key,
                entry->key
        );
        file_is(1, "keys.map", expected);
}

Test(generation, the_group_may_read_and_nobody_else_whatever_the_umask) {
        static const char *const NAMES[] = { "",
                                             "/nginx.conf",
                                             "/keys.map",
                                             "/url-keys.map",
                                             "/networks.map",
                                             "/gateways.map",
                                             "/access.map",
                                             "/upstream.conf",
                                             "/ca.pem",
                                             "/generation.conf" };
        mode_t old = umask(0077);

        write_one(1);
        (void) umask(old);
        for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
                char path[512];
                struct stat st;

                (void) snprintf(path, sizeof path, "%s/1%s", paths.conf, NAMES[i]);
                cr_assert_eq(stat(path, &st), 0);
                cr_assert_eq(st.st_mode & 0777, i == 0 ? 0750 : 0640, "%s", path);
        }
}

Test(generation, a_setting_that_could_leave_its_place_is_refused) {
        static const char *const BAD[] = { "",     "http://a; }", "http://a b", "$host",
                                           "a\nb", "{",           "\"" };

        for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
                GenerationSettings bad = settings;
                Error err = { 0 };

                bad.upstream = BAD[i];
                cr_assert_eq(
                        generation_write(paths.conf, 1, &bad, keys, &err), -EINVAL, "%s", BAD[i]
                );
                cr_assert(strstr(err.text, "upstream"), "%s", err.text);
                cr_assert(!there(1));
        }
}

Test(generation, only_keys_that_may_do_something_else_are_named_in_the_map_of_access) {
        const KeyEntry *entry = NULL;

        cr_assert_eq(keys_ensure(keys, "p/a", 1, &entry, NULL), 0);
        cr_assert_eq(keys_ensure(keys, "p/b", 1, &entry, NULL), 0);
        cr_assert_eq(keys_ensure(keys, "p/c", 1, &entry, NULL), 0);
        write_one(1);
        file_is(1, "access.map", "");
        cr_assert_eq(keys_set_access(keys, "p/b", ACCESS_ADMIN, NULL), 0);
        cr_assert_eq(keys_set_access(keys, "p/c", ACCESS_INFERENCE, NULL), 0);
        cr_assert_not(generation_matches(paths.conf, 1, &settings, keys));
        write_one(2);
        file_is(2, "access.map", "c2 admin;\nc3 inference;\n");
}

Test(generation, an_ollama_elsewhere_is_told_its_own_name_and_key_and_proves_who_it_is) {
        GenerationSettings elsewhere = settings;

        elsewhere.upstream = "https://ollama.example:8443/sub";
        elsewhere.host = "ollama.example:8443";
        elsewhere.key = "sk-secret";
        elsewhere.ca = "certificates\n";
        cr_assert_eq(generation_write(paths.conf, 1, &elsewhere, keys, NULL), 0);
        file_is(1, "upstream.conf",
                "set $upstream \"https://ollama.example:8443/sub\";\n"
                "proxy_set_header Host \"ollama.example:8443\";\n"
                "proxy_set_header Authorization \"Bearer sk-secret\";\n"
                "proxy_ssl_server_name on;\nproxy_ssl_name \"ollama.example\";\n"
                "proxy_ssl_verify on;\nproxy_ssl_verify_depth 4;\n"
                "proxy_ssl_trusted_certificate ca.pem;\n");
        file_is(1, "ca.pem", "certificates\n");
        cr_expect(generation_matches(paths.conf, 1, &elsewhere, keys));
        elsewhere.key = "sk-another";
        cr_expect_not(generation_matches(paths.conf, 1, &elsewhere, keys));
}

Test(generation, a_key_that_could_leave_its_quotes_is_refused_and_not_repeated) {
        static const char *const BAD[] = { "a\"b", "a b", "a\nb", "$host", "a\\", "a;b", "\x80" };

        for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
                GenerationSettings bad = settings;
                Error err = { 0 };

                bad.key = BAD[i];
                cr_assert_eq(generation_write(paths.conf, 1, &bad, keys, &err), -EINVAL, "%zu", i);
                cr_assert_null(strstr(err.text, BAD[i]), "%s", err.text);
                cr_assert(!there(1));
        }
}

Test(generation, an_unknown_name_in_the_template_is_an_error) {
        GenerationSettings bad = settings;
        Error err = { 0 };

        bad.pattern = "listen @nobody@;";
        cr_assert_eq(generation_write(paths.conf, 1, &bad, keys, &err), -ENOKEY);
        cr_assert(strstr(err.text, "@nobody@"), "%s", err.text);
}

Test(generation, numbers_rise_and_foreign_names_do_not_count) {
        uint64_t next = 0;
        char path[512];

        cr_assert_eq(generation_next(paths.conf, &next, NULL), 0);
        cr_assert_eq(next, 1);
        write_one(1);
        write_one(9);
        (void) snprintf(path, sizeof path, "%s/99x", paths.conf);
        cr_assert_eq(mkdir(path, 0700), 0);
        (void) snprintf(path, sizeof path, "%s/077", paths.conf);
        cr_assert_eq(mkdir(path, 0700), 0);
        cr_assert_eq(generation_next(paths.conf, &next, NULL), 0);
        cr_assert_eq(next, 10);
}

Test(generation, current_is_the_one_that_was_swung_to) {
        uint64_t current = 77;

        cr_assert_eq(generation_current(paths.conf, &current, NULL), 0);
        cr_assert_eq(current, 0);
        write_one(1);
        cr_assert_eq(generation_current(paths.conf, &current, NULL), 0);
        cr_assert_eq(current, 0);
        swing(1);
        write_one(2);
        cr_assert_eq(generation_current(paths.conf, &current, NULL), 0);
        cr_assert_eq(current, 1);
        swing(2);
        cr_assert_eq(generation_current(paths.conf, &current, NULL), 0);
        cr_assert_eq(current, 2);
}

Test(generation, what_stands_where_current_should_is_none_and_gives_way) {
        uint64_t current = 77;
        char path[512];

        (void) snprintf(path, sizeof path, "%s/current", paths.conf);
        cr_assert_eq(file_replace(path, "1", 1, 0600, NULL), 0);
        cr_assert_eq(generation_current(paths.conf, &current, NULL), 0);
        cr_assert_eq(current, 0);
        write_one(1);
        swing(1);
        cr_assert_eq(generation_current(paths.conf, &current, NULL), 0);
        cr_assert_eq(current, 1);
}

Test(generation, current_is_never_swung_to_what_is_not_there) {
        uint64_t current = 0;

        write_one(1);
        swing(1);
        cr_assert_eq(generation_swing(paths.conf, 2, NULL), -ENOENT);
        cr_assert_eq(generation_current(paths.conf, &current, NULL), 0);
        cr_assert_eq(current, 1);
}

Test(generation, the_current_one_is_never_rewritten) {
        write_one(1);
        swing(1);
        cr_assert_eq(generation_write(paths.conf, 1, &settings, keys, NULL), -EBUSY);
}

Test(generation, what_a_crash_left_under_the_number_is_replaced_whole) {
        char path[512];

        write_one(3);
        (void) snprintf(path, sizeof path, "%s/3/left-over", paths.conf);
        cr_assert_eq(file_replace(path, "x", 1, 0600, NULL), 0);
        write_one(3);
        cr_assert_neq(access(path, F_OK), 0);
}

Test(generation, it_matches_until_a_key_or_a_setting_changes) {
        GenerationSettings other = settings;
        const KeyEntry *entry = NULL;

        write_one(5);
        cr_assert(generation_matches(paths.conf, 5, &settings, keys));
        cr_assert(!generation_matches(paths.conf, 6, &settings, keys));
        other.upstream = "http://other.0-coollama:11434";
        cr_assert(!generation_matches(paths.conf, 5, &other, keys));
        cr_assert_eq(keys_ensure(keys, "new", 1, &entry, NULL), 0);
        cr_assert(!generation_matches(paths.conf, 5, &settings, keys));
        write_one(6);
        cr_assert(generation_matches(paths.conf, 6, &settings, keys));
        cr_assert_eq(keys_revoke(keys, "new", NULL), 0);
        cr_assert(!generation_matches(paths.conf, 6, &settings, keys));
}

Test(generation, a_file_changed_by_hand_does_not_match) {
        char path[512];

        write_one(5);
        (void) snprintf(path, sizeof path, "%s/5/nginx.conf", paths.conf);
        cr_assert_eq(file_replace(path, "x", 1, 0640, NULL), 0);
        cr_assert(!generation_matches(paths.conf, 5, &settings, keys));
}

Test(generation, pruning_keeps_the_current_one_and_the_one_before) {
        for (uint64_t i = 1; i <= 6; i++)
                write_one(i);
        swing(5);
        cr_assert_eq(generation_prune(paths.conf, NULL), 0);
        for (uint64_t i = 1; i <= 6; i++)
                cr_assert_eq(there(i), i == 4 || i == 5, "%" PRIu64, i);
}

Test(generation, pruning_without_a_current_one_removes_nothing) {
        write_one(1);
        cr_assert_eq(generation_prune(paths.conf, NULL), 0);
        cr_assert(there(1));
}
