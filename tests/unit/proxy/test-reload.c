/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/macro.h"
#include "proxy/reload.h"

Test(reload, the_answer_is_a_number_and_nothing_else) {
        static const struct {
                const char *body;
                uint64_t number;
        } CASES[] = {
                { "1\n", 1 },
                { "42", 42 },
                { "42\r\n", 42 },
                { "123456789012345678\n", 123456789012345678 },
                { "", 0 },
                { "\n", 0 },
                { "0\n", 0 },
                { "-1", 0 },
                { " 1", 0 },
                { "1 2", 0 },
                { "<html>", 0 },
                { "7x", 0 },
                { "1234567890123456789", 0 },
                { "{\"error\":\"not offered by this proxy\"}", 0 },
        };

        for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
                uint64_t number = 0;
                int r = reload_parse_generation(CASES[i].body, strlen(CASES[i].body), &number);

                cr_assert_eq(r, CASES[i].number > 0 ? 0 : -EBADMSG, "\"%s\"", CASES[i].body);
                cr_assert_eq(number, CASES[i].number, "\"%s\"", CASES[i].body);
        }
}

Test(reload, a_generation_is_tested_by_its_own_path) {
        json_t *body = reload_test_exec(17);
        json_t *cmd = json_object_get(body, "Cmd");

        cr_assert_str_eq(json_string_value(json_array_get(cmd, 0)), "nginx");
        cr_assert_str_eq(
                json_string_value(json_array_get(cmd, json_array_size(cmd) - 1)),
                "/etc/coollama/17/nginx.conf"
        );
        cr_assert(json_is_true(json_object_get(body, "AttachStderr")));
        json_decref(body);
}

Test(reload, paths_stand_under_the_state_directory) {
        ProxyPaths paths;

        cr_assert_eq(proxy_paths_init(&paths, "/var/lib/coollama", NULL), 0);
        cr_assert_str_eq(paths.conf, "/var/lib/coollama/proxy/conf");
        cr_assert_str_eq(paths.run, "/var/lib/coollama/proxy/run");
        cr_assert_str_eq(paths.socket, "/var/lib/coollama/proxy/run/proxy.sock");
}

Test(reload, a_state_directory_too_long_for_a_socket_is_refused) {
        char dir[512];
        ProxyPaths paths;
        Error err = { 0 };

        for (size_t length = 80; length < sizeof dir; length += 10) {
                memset(dir, 'x', length);
                dir[0] = '/';
                dir[length] = '\0';
                int r = proxy_paths_init(&paths, dir, &err);

                if (r < 0)
                        cr_assert_eq(r, -ENAMETOOLONG);
                else
                        cr_assert_lt(strlen(paths.socket), 108);
        }
        cr_assert(error_is_set(&err));
}

Test(reload, directories_that_were_made_anew_are_told_from_those_before) {
        char state[] = "/tmp/coollama-paths-XXXXXX";
        char before[PROXY_MADE_MAX];
        ProxyPaths paths;

        cr_assert_not_null(mkdtemp(state));
        cr_assert_eq(proxy_paths_init(&paths, state, NULL), 0);
        cr_assert_eq(proxy_paths_make(&paths, (gid_t) -1, NULL), 0);
        (void) memcpy(before, paths.made, sizeof before);
        cr_assert_eq(proxy_paths_make(&paths, (gid_t) -1, NULL), 0);
        cr_assert_str_eq(paths.made, before);

        cr_assert_eq(file_remove_tree(paths.run, NULL), 0);
        cr_assert_eq(proxy_paths_make(&paths, (gid_t) -1, NULL), 0);
        cr_assert_str_neq(paths.made, before);
        (void) file_remove_tree(state, NULL);
}

Test(reload, others_than_the_daemon_and_the_proxys_group_may_not_enter) {
        char state[] = "/tmp/coollama-paths-XXXXXX";
        ProxyPaths paths;
        struct stat st;

        cr_assert_not_null(mkdtemp(state));
        cr_assert_eq(proxy_paths_init(&paths, state, NULL), 0);
        cr_assert_eq(proxy_paths_make(&paths, (gid_t) -1, NULL), 0);
        cr_assert_eq(proxy_paths_make(&paths, (gid_t) -1, NULL), 0); /* again */
        cr_assert_eq(stat(paths.conf, &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0750);
        cr_assert_eq(stat(paths.run, &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0770);
        (void) file_remove_tree(state, NULL);
}
