/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/injected.h"
#include "support/changes.h"

/* As engines send it, of a file with uid 101 and mode 0440. */
#define HEADER_20_10                                                                           \
        "eyJuYW1lIjoib2xkZmlsZSIsInNpemUiOjEsIm1vZGUiOjQyMCwibXRpbWUiOiIyMDAxLTA5LTA5VDAxOjQ2" \
        "OjQwWiIsImxpbmtUYXJnZXQiOiIifQ=="

static char *base64(const char *text) {
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t size = strlen(text);
        char *encoded = calloc(size / 3 * 4 + 5, 1);
        size_t n = 0;

        for (size_t i = 0; i < size; i += 3) {
                unsigned bits = (unsigned) (unsigned char) text[i] << 16;
                if (i + 1 < size)
                        bits |= (unsigned) (unsigned char) text[i + 1] << 8;
                if (i + 2 < size)
                        bits |= (unsigned) (unsigned char) text[i + 2];
                for (unsigned j = 0; j < 4; j++)
                        encoded[n++] = i + j > size ? '=' : digits[bits >> (18 - 6 * j) & 63];
        }
        return encoded;
}

Test(injected, the_header_of_an_engine_is_read) {
        FileStat stat;

        cr_assert_eq(file_stat_parse(HEADER_20_10, &stat), 0);
        cr_expect_eq(stat.size, 1);
        cr_expect_eq(stat.mtime_sec, 1000000000);
        cr_expect_eq(stat.mtime_nsec, 0);
        cr_expect_not(stat.is_dir || stat.is_special);
}

Test(injected, kinds_of_files_are_told_apart_by_the_mode) {
        static const struct {
                const char *mode;
                bool is_dir;
                bool is_special;
        } kinds[] = {
                { "2147484141", true, false }, /* drwxr-xr-x */
                { "134218239", false, false }, /* a symbolic link */
                { "16777709", false, true },   /* a socket */
                { "33554852", false, true },   /* a pipe */
                { "69206454", false, true },   /* a device */
                { "420", false, false },
        };

        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
                char text[200];
                FileStat stat;

                (void) snprintf(
                        text, sizeof text,
                        "{\"name\":\"x\",\"size\":4,\"mode\":%s,\"mtime\":\"2026-11-23T02:09:00Z\"}",
                        kinds[i].mode
                );
                cleanup(freep) char *header = base64(text);
                cr_assert_eq(file_stat_parse(header, &stat), 0, "%s", text);
                cr_expect_eq(stat.is_dir, kinds[i].is_dir, "%s", text);
                cr_expect_eq(stat.is_special, kinds[i].is_special, "%s", text);
        }
}

Test(injected, a_header_that_no_engine_sends_is_an_error) {
        static const char *const headers[] = { "", "!", "eyJ9", "e30=", "e30=x", "AAAA" };
        FileStat stat;

        for (size_t i = 0; i < ARRAY_LEN(headers); i++)
                cr_expect_eq(file_stat_parse(headers[i], &stat), -EBADMSG, "%s", headers[i]);
        char *huge = calloc(1, 20001);
        memset(huge, 'A', 20000);
        cr_expect_eq(file_stat_parse(huge, &stat), -EBADMSG);
        free(huge);
}

#define STARTED     "2026-11-23T02:09:00.887362486Z"
#define STARTED_SEC 1795399740

Test(injected, what_was_there_before_the_start_is_told_by_its_time) {
        static const struct {
                const char *what;
                int64_t sec;
                uint32_t nsec;
                bool before;
        } times[] = {
                { "long before", 1000000000, 0, true },
                { "just before", STARTED_SEC, 887362485, true },
                { "rounded down", STARTED_SEC, 0, true },
                { "rounded up, beyond the start", STARTED_SEC + 1, 0, true },
                { "just after", STARTED_SEC, 887362486, false },
                { "in the next second", STARTED_SEC + 1, 1, false },
                { "later", STARTED_SEC + 2, 0, false },
        };

        for (size_t i = 0; i < ARRAY_LEN(times); i++) {
                const FileStat stat = { .mtime_sec = times[i].sec, .mtime_nsec = times[i].nsec };
                const FileStat directory = { .mtime_sec = times[i].sec,
                                             .mtime_nsec = times[i].nsec,
                                             .is_dir = true };

                cr_expect_eq(
                        injected_was_before(&stat, STARTED), times[i].before, "%s", times[i].what
                );
                cr_expect_not(injected_was_before(&directory, STARTED));
        }
}

Test(injected, what_is_older_than_the_container_may_be_the_images_own) {
        const FileStat old = { .mtime_sec = STARTED_SEC - 9 };
        const FileStat fresh = { .mtime_sec = STARTED_SEC };
        const Change changed = { .path = "/app/x" }, added = { .path = "/app/x", .added = true };

        cr_expect(injected_may_be_image_own(&old, &changed, STARTED));
        cr_expect_not(injected_may_be_image_own(&fresh, &changed, STARTED), "put over the image's");
        cr_expect_not(injected_may_be_image_own(&old, &added, STARTED), "docker cp keeps the time");
        cr_expect_not(injected_may_be_image_own(&old, &changed, "never"));
}

static Changes *changes_of(const char *const *lines, size_t n) {
        json_t *answer = changes_answer(lines, n);
        json_t *inspect = json_pack(
                "{s:[{s:s}], s:{s:{s:s}}}", "Mounts", "Destination", "/data", "HostConfig", "Tmpfs",
                "/scratch", ""
        );
        Changes *changes = NULL;

        cr_assert_eq(changes_new(answer, inspect, &changes), 0);
        json_decref(answer);
        json_decref(inspect);
        return changes;
}

Test(injected, looked_at_is_every_file_that_is_in_no_mount_noise_or_not) {
        static const char *const lines[] = {
                "C /run",  "A /run/secrets", "A /run/secrets/s", "A /data",      "A /data/x",
                "D /gone", "A /scratch",     "A /scratch/y",     "C /etc/group",
        };
        cleanup(changes_freep) Changes *changes = changes_of(lines, ARRAY_LEN(lines));
        char found[200] = "";

        for (size_t i = 0; i < changes->n; i++)
                if (injected_is_candidate(&changes->list[i])) {
                        strcat(found, changes->list[i].path);
                        strcat(found, " ");
                }
        cr_expect_str_eq(found, "/etc/group /run/secrets/s ");
}

Test(injected, each_file_comes_after_the_directories_that_the_image_has_not) {
        static const char *const lines[] = {
                "A /opt/app/deep/b", "A /opt",     "A /opt/app",   "A /opt/app/deep",
                "A /opt/app/a",      "A /opt/own", "A /opt/own/z", "C /etc",
                "C /etc/c",          "A /d",
        };
        static const char *const kept[] = { "/opt/app/a", "/opt/app/deep/b", "/etc/c", "/d" };
        cleanup(changes_freep) Changes *changes = changes_of(lines, ARRAY_LEN(lines));
        json_t *paths = NULL;
        json_t *wanted = json_pack(
                "[s, s, s, s, s, s, s]", "/d", "/etc/c", "/opt", "/opt/app", "/opt/app/a",
                "/opt/app/deep", "/opt/app/deep/b"
        );

        for (size_t i = 0; i < changes->n; i++)
                for (size_t j = 0; j < ARRAY_LEN(kept); j++)
                        if (strcmp(changes->list[i].path, kept[j]) == 0)
                                changes->list[i].kept = true;
        cr_assert_eq(injected_list(changes, &(InjectedBytes){ .sure = 4 }, &paths, NULL), 0);
        cleanup(freep) char *text = json_dumps(paths, 0);
        cr_expect(json_equal(paths, wanted), "%s", text);
        json_decref(paths);
        json_decref(wanted);
}

Test(injected, too_much_is_refused_with_the_numbers) {
        json_t *answer = json_array();
        cleanup(changes_freep) Changes *changes = NULL;
        json_t *paths = NULL;
        Error err = { 0 };

        for (int i = 0; i < INJECTED_LOOKS_MAX + 1; i++) {
                char path[32];

                (void) snprintf(path, sizeof path, "/x%d", i);
                json_array_append_new(answer, json_pack("{s:s, s:i}", "Path", path, "Kind", 1));
        }
        cr_assert_eq(changes_new(answer, NULL, &changes), 0);
        json_decref(answer);
        cr_expect_eq(injected_check_candidates(changes, &err), -E2BIG);
        cr_expect(strstr(err.text, "2001 files"), "%s", err.text);

        for (size_t i = 0; i < INJECTED_FILES_MAX; i++)
                changes->list[i].kept = true;
        cr_assert_eq(
                injected_list(
                        changes, &(InjectedBytes){ .sure = INJECTED_BYTES_MAX }, &paths, NULL
                ),
                0
        );
        cr_expect_eq(json_array_size(paths), INJECTED_FILES_MAX);
        json_decref(paths);
        cr_expect_eq(
                injected_list(
                        changes, &(InjectedBytes){ .sure = INJECTED_BYTES_MAX + 1 }, &paths, NULL
                ),
                -E2BIG
        );
        changes->list[INJECTED_FILES_MAX].kept = true;
        err = (Error){ 0 };
        cr_expect_eq(injected_list(changes, &(InjectedBytes){ 0 }, &paths, &err), -E2BIG);
        cr_expect(strstr(err.text, "257 files"), "%s", err.text);
}

Test(injected, what_may_be_the_images_own_is_copied_where_there_is_room) {
        static const char *const lines[] = { "C /etc", "C /etc/conf", "A /etc/more", "C /bin",
                                             "C /bin/tool" };
        static const struct {
                InjectedBytes bytes;
                size_t n;
                int result;
        } table[] = {
                { { .sure = 1, .doubtful = 2 }, 3, 0 },
                { { .sure = 1, .doubtful = INJECTED_BYTES_MAX }, 1, 0 },
                { { .sure = INJECTED_BYTES_MAX, .doubtful = 1 }, 1, 0 },
                { { .sure = INJECTED_BYTES_MAX + 1, .doubtful = 1 }, 0, -E2BIG },
        };

        for (size_t i = 0; i < ARRAY_LEN(table); i++) {
                cleanup(changes_freep) Changes *changes = changes_of(lines, ARRAY_LEN(lines));
                json_t *paths = NULL;
                Error err = { 0 };

                for (size_t j = 0; j < changes->n; j++) {
                        Change *change = &changes->list[j];

                        change->kept = injected_is_candidate(change);
                        change->doubtful = change->kept && !change->added;
                }
                int r = injected_list(changes, &table[i].bytes, &paths, &err);
                cr_expect_eq(r, table[i].result, "row %zu", i);
                cr_expect_eq(json_array_size(paths), table[i].n, "row %zu", i);
                json_decref(paths);
                cleanup(freep) char *precious = changes_precious(changes);
                const char *lost = table[i].n == 3 ? "" : "/bin/tool, /etc/conf";
                cr_expect_str_eq(precious, lost, "row %zu", i);
        }
}
