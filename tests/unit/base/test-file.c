/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/macro.h"

static char dir[64];
static char syncs[16][16]; /* what was synced, in order: "file" or "dir" */
static size_t n_syncs;
static int sync_error;

/* Stands before the C library's: notes what is synced, and can fail. */
int fsync(int fd) {
        struct stat st;

        if (fstat(fd, &st) == 0 && n_syncs < ARRAY_LEN(syncs))
                (void) snprintf(
                        syncs[n_syncs++], sizeof syncs[0], "%s",
                        S_ISDIR(st.st_mode) ? "dir" : "file"
                );
        errno = sync_error;
        return sync_error ? -1 : 0;
}

static void set_up(void) {
        (void) snprintf(dir, sizeof dir, "/tmp/coollama-test-XXXXXX");
        cr_assert_not_null(mkdtemp(dir));
}

static void tear_down(void) {
        cr_assert_eq(file_remove_tree(dir, NULL), 0);
}

/* dir/NAME; four at a time. */
static const char *in_dir(const char *name) {
        static char paths[4][256];
        static size_t next;
        char *path = paths[next++ % 4];

        (void) snprintf(path, sizeof paths[0], "%s/%s", dir, name);
        return path;
}

static void assert_holds(const char *path, const char *expected) {
        char *text = NULL;
        size_t size = 0;
        Error err = { 0 };

        cr_assert_eq(file_read(path, 1000, &text, &size, &err), 0, "%s", err.text);
        cr_assert_str_eq(text, expected);
        cr_assert_eq(size, strlen(expected));
        free(text);
}

static bool exists(const char *path) {
        struct stat st;

        return lstat(path, &st) == 0;
}

TestSuite(file, .init = set_up, .fini = tear_down);

Test(file, replace_makes_and_replaces) {
        struct stat st;

        (void) umask(0022);
        cr_assert_eq(file_replace(in_dir("a"), "one", 3, 0640, NULL), 0);
        assert_holds(in_dir("a"), "one");
        cr_assert_eq(stat(in_dir("a"), &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0640);
        cr_assert_eq(file_replace(in_dir("a"), "", 0, 0600, NULL), 0);
        assert_holds(in_dir("a"), "");
        cr_assert_eq(stat(in_dir("a"), &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0600);
}

Test(file, replace_syncs_the_file_and_then_its_directory) {
        cr_assert_eq(file_replace(in_dir("a"), "one", 3, 0600, NULL), 0);
        cr_assert_eq(n_syncs, 2);
        cr_assert_str_eq(syncs[0], "file");
        cr_assert_str_eq(syncs[1], "dir");
}

Test(file, a_failed_replace_leaves_the_old_text_and_nothing_else) {
        Error err = { 0 };

        cr_assert_eq(file_replace(in_dir("a"), "old", 3, 0600, NULL), 0);
        sync_error = ENOSPC;
        cr_assert_eq(file_replace(in_dir("a"), "new", 3, 0600, &err), -ENOSPC);
        cr_assert_not_null(strstr(err.text, in_dir("a")), "%s", err.text);
        cr_assert_not_null(strstr(err.text, "No space left"), "%s", err.text);
        cr_assert_null(strstr(err.text, "new"), "contents in the error");
        sync_error = 0;
        assert_holds(in_dir("a"), "old");
        cr_assert_eq(unlink(in_dir("a")), 0);
        cr_assert_eq(rmdir(dir), 0, "something else is in the directory");
        cr_assert_eq(mkdir(dir, 0700), 0);
}

Test(file, what_mends_it_is_said_where_the_word_for_it_does_not) {
        Error full = { 0 };
        Error there = { 0 };
        Error under = { 0 };

        sync_error = ENOSPC;
        cr_expect_eq(file_replace(in_dir("a"), "x", 1, 0600, &full), -ENOSPC);
        sync_error = 0;
        cr_expect_not_null(strstr(full.text, "make room"), "%s", full.text);
        cr_assert_eq(mkdir(in_dir("d"), 0700), 0);
        cr_expect_eq(file_replace(in_dir("d"), "x", 1, 0600, &there), -EISDIR);
        cr_expect_not_null(strstr(there.text, "move that away"), "%s", there.text);
        cr_assert_eq(file_replace(in_dir("f"), "x", 1, 0600, NULL), 0);
        cr_expect_eq(file_replace(in_dir("f/a"), "x", 1, 0600, &under), -ENOTDIR);
        cr_expect_not_null(strstr(under.text, "move that away"), "%s", under.text);
}

Test(file, set_aside_keeps_the_last_one) {
        Error err = { 0 };

        cr_assert_eq(file_replace(in_dir("a"), "one", 3, 0600, NULL), 0);
        cr_assert_eq(file_set_aside(in_dir("a"), NULL), 0);
        cr_assert_not(exists(in_dir("a")));
        assert_holds(in_dir("a.broken"), "one");
        cr_assert_eq(file_replace(in_dir("a"), "two", 3, 0600, NULL), 0);
        cr_assert_eq(file_set_aside(in_dir("a"), NULL), 0);
        assert_holds(in_dir("a.broken"), "two");
        cr_assert_eq(file_set_aside(in_dir("a"), &err), -ENOENT);
        cr_assert_not_null(strstr(err.text, in_dir("a")), "%s", err.text);
}

Test(file, what_a_crash_left_is_used_up_and_never_followed) {
        cr_assert_eq(file_replace(in_dir("victim"), "safe", 4, 0600, NULL), 0);
        cr_assert_eq(symlink("victim", in_dir(".a.new")), 0);
        cr_assert_eq(file_replace(in_dir("a"), "one", 3, 0600, NULL), 0);
        assert_holds(in_dir("a"), "one");
        assert_holds(in_dir("victim"), "safe");
        cr_assert_not(exists(in_dir(".a.new")));
}

Test(file, replace_where_nothing_can_be_written_names_the_path) {
        Error err = { 0 };

        cr_assert_eq(file_replace(in_dir("no/a"), "x", 1, 0600, &err), -ENOENT);
        cr_assert_not_null(strstr(err.text, in_dir("no/a")));
        cr_assert_eq(file_replace(in_dir(""), "x", 1, 0600, NULL), -EINVAL);
        cr_assert_eq(file_replace(in_dir(".."), "x", 1, 0600, NULL), -EINVAL);
}

Test(file, a_path_without_a_slash_is_in_the_working_directory) {
        cr_assert_eq(chdir(dir), 0);
        cr_assert_eq(file_replace("plain", "x", 1, 0600, NULL), 0);
        assert_holds(in_dir("plain"), "x");
}

Test(file, read_takes_the_maximum_and_no_byte_more) {
        char *text = NULL;
        size_t size = 0;
        Error err = { 0 };

        cr_assert_eq(file_replace(in_dir("a"), "a\0cd", 4, 0600, NULL), 0);
        cr_assert_eq(file_read(in_dir("a"), 4, &text, &size, NULL), 0);
        cr_assert_eq(size, 4);
        cr_assert_arr_eq(text, "a\0cd", 5);
        free(text);
        text = NULL;
        cr_assert_eq(file_read(in_dir("a"), 3, &text, &size, &err), -EFBIG);
        cr_assert_not_null(strstr(err.text, in_dir("a")));
        cr_assert_null(text);
}

Test(file, read_of_what_is_no_file_fails_and_does_not_hang) {
        char *text = NULL;

        cr_assert_eq(file_read(in_dir("no"), 10, &text, NULL, NULL), -ENOENT);
        cr_assert_eq(file_read(dir, 10, &text, NULL, NULL), -EISDIR);
        cr_assert_eq(mkfifo(in_dir("fifo"), 0600), 0);
        cr_assert_eq(file_read(in_dir("fifo"), 10, &text, NULL, NULL), 0, "an empty one, at once");
        free(text);
}

Test(file, remove_takes_away_syncs_and_forgives_absence) {
        cr_assert_eq(file_replace(in_dir("a"), "x", 1, 0600, NULL), 0);
        n_syncs = 0;
        cr_assert_eq(file_remove(in_dir("a"), NULL), 0);
        cr_assert_not(exists(in_dir("a")));
        cr_assert_eq(n_syncs, 1);
        cr_assert_str_eq(syncs[0], "dir");
        cr_assert_eq(file_remove(in_dir("a"), NULL), 0);
        cr_assert_eq(file_remove(in_dir("no/a"), NULL), 0);
        cr_assert_eq(mkdir(in_dir("d"), 0700), 0);
        cr_assert_eq(file_remove(in_dir("d"), NULL), -EISDIR);
}

Test(file, make_dir_gives_exactly_the_mode) {
        struct stat st;

        (void) umask(0077);
        cr_assert_eq(file_make_dir(in_dir("d"), 0755, NULL), 0);
        cr_assert_eq(stat(in_dir("d"), &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0755);
        cr_assert_eq(file_make_dir(in_dir("d"), 0700, NULL), 0);
        cr_assert_eq(stat(in_dir("d"), &st), 0);
        cr_assert_eq(st.st_mode & 07777, 0700);

        cr_assert_eq(file_replace(in_dir("f"), "x", 1, 0600, NULL), 0);
        cr_assert_eq(file_make_dir(in_dir("f"), 0700, NULL), -ENOTDIR);
}

Test(file, replace_link_points_anew) {
        char target[64] = "";

        cr_assert_eq(file_replace_link(in_dir("l"), "one", NULL), 0);
        cr_assert_eq(file_replace_link(in_dir("l"), "two", NULL), 0);
        cr_assert_eq(readlink(in_dir("l"), target, sizeof target - 1), 3);
        cr_assert_str_eq(target, "two");
        cr_assert_not(exists(in_dir(".l.new")));
        cr_assert_str_eq(syncs[n_syncs - 1], "dir");
}

Test(file, remove_tree_takes_all_and_follows_no_link) {
        cr_assert_eq(mkdir(in_dir("outside"), 0700), 0);
        cr_assert_eq(file_replace(in_dir("outside/safe"), "x", 1, 0600, NULL), 0);
        cr_assert_eq(mkdir(in_dir("tree"), 0700), 0);
        cr_assert_eq(mkdir(in_dir("tree/sub"), 0700), 0);
        cr_assert_eq(file_replace(in_dir("tree/sub/.hidden"), "x", 1, 0600, NULL), 0);
        cr_assert_eq(mkfifo(in_dir("tree/fifo"), 0600), 0);
        cr_assert_eq(symlink("../outside", in_dir("tree/link")), 0);
        cr_assert_eq(symlink("nowhere", in_dir("tree/dangling")), 0);

        cr_assert_eq(file_remove_tree(in_dir("tree"), NULL), 0);
        cr_assert_not(exists(in_dir("tree")));
        cr_assert(exists(in_dir("outside/safe")));
        cr_assert_eq(file_remove_tree(in_dir("tree"), NULL), 0, "absent is fine");

        cr_assert_eq(symlink("outside", in_dir("link")), 0);
        cr_assert_lt(file_remove_tree(in_dir("link"), NULL), 0);
        cr_assert(exists(in_dir("outside/safe")));
}

Test(file, remove_tree_gives_up_where_it_is_too_deep) {
        Error err = { 0 };

        cr_assert_eq(mkdir(in_dir("deep"), 0700), 0);
        cr_assert_eq(chdir(in_dir("deep")), 0);
        for (unsigned i = 0; i < 70; i++) {
                cr_assert_eq(mkdir("d", 0700), 0);
                cr_assert_eq(chdir("d"), 0);
        }
        cr_assert_eq(file_remove_tree(in_dir("deep"), &err), -ELOOP);
        cr_assert_not_null(strstr(err.text, in_dir("deep")));

        for (unsigned i = 0; i < 70; i++) {
                cr_assert_eq(chdir(".."), 0);
                cr_assert_eq(rmdir("d"), 0);
        }
}

/* A full disk, as far as a test can make one: a limit on the size of files. */
Test(file, a_write_that_stops_half_way_leaves_the_old_text) {
        static char big[8192];
        const struct rlimit limit = { 4096, 4096 };

        memset(big, 'x', sizeof big);
        cr_assert_eq(file_replace(in_dir("a"), "old", 3, 0600, NULL), 0);
        cr_assert_neq(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        cr_assert_eq(file_replace(in_dir("a"), big, sizeof big, 0600, NULL), -EFBIG);
        assert_holds(in_dir("a"), "old");
        cr_assert_not(exists(in_dir(".a.new")));
}
