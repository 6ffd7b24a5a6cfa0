/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/changes.h"
#include "support/changes.h"

typedef struct Case {
        const char *what;
        const char *changes[6]; /* "A /path": added, "C" modified, "D" deleted */
        const char *mount;
        const char *precious; /* "": nothing */
} Case;

static const Case cases[] = {
        { "nothing", { 0 }, NULL, "" },
        { "an added file", { "C /app", "A /app/x.db" }, NULL, "/app/x.db" },
        { "a modified file", { "C /etc", "C /etc/app.conf" }, NULL, "/etc/app.conf" },
        { "a deleted file", { "C /app", "D /app/x" }, NULL, "" },
        { "temporary files",
          { "C /tmp", "A /tmp/x", "C /var", "C /var/cache", "A /var/cache/y" },
          NULL,
          "" },
        { "a directory that only begins like one", { "A /tmpfiles" }, NULL, "/tmpfiles" },
        { "a pid file", { "C /run", "A /run/app.pid" }, NULL, "" },
        { "a volume's mount point", { "A /data" }, "/data", "" },
        { "directories down to a mount point",
          { "A /srv", "A /srv/a", "A /srv/a/b" },
          "/srv/a/b",
          "" },
        { "a file beside a mount point", { "A /srv", "A /srv/a", "A /srv/x" }, "/srv/a", "/srv/x" },
        { "a file below a mount point", { "A /srv/a/y" }, "/srv/a", "/srv/a/y" },
        { "a directory modified for reasons unknown", { "C /var/lib/app" }, NULL, "/var/lib/app" },
        { "a file is listed before its directory",
          { "A /a/b", "A /a-b", "C /a" },
          NULL,
          "/a/b, /a-b" },
};

static Changes *changes_of(json_t *answer, const char *mount) {
        json_t *inspect = mount ? json_pack("{s:[{s:s}]}", "Mounts", "Destination", mount) : NULL;
        Changes *changes = NULL;

        cr_assert_eq(changes_new(answer, inspect, &changes), 0);
        json_decref(inspect);
        return changes;
}

Test(changes, what_is_precious) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Case *c = &cases[i];
                json_t *answer = changes_answer(c->changes, ARRAY_LEN(c->changes));
                cleanup(changes_freep) Changes *changes = changes_of(answer, c->mount);
                cleanup(freep) char *found = changes_precious(changes);

                cr_expect_str_eq(found, c->precious, "%s: %s", c->what, found);
                json_decref(answer);
        }
}

Test(changes, null_is_no_change) {
        cleanup(changes_freep) Changes *changes = changes_of(NULL, NULL);
        cleanup(freep) char *found = changes_precious(changes);

        cr_expect_str_eq(found, "");
        cr_expect_not(changes_added(changes, "/data"));
}

Test(changes, the_first_few_are_named_and_the_others_counted) {
        json_t *answer = json_array();

        for (int i = 9; i > 0; i--) {
                char path[] = "/x0";
                path[2] = (char) ('0' + i);
                json_array_append_new(answer, json_pack("{s:s, s:i}", "Path", path, "Kind", 1));
        }
        cleanup(changes_freep) Changes *changes = changes_of(answer, NULL);
        cleanup(freep) char *found = changes_precious(changes);
        cr_expect_str_eq(found, "/x1, /x2, /x3, /x4, /x5 and 4 more");
        json_decref(answer);
}

Test(changes, what_is_copied_is_not_precious) {
        json_t *answer = changes_answer((const char *const[]){ "A /app/own", "A /app/put-in" }, 2);
        cleanup(changes_freep) Changes *changes = changes_of(answer, NULL);

        cr_assert_str_eq(changes->list[1].path, "/app/put-in");
        changes->list[1].kept = true;
        cleanup(freep) char *found = changes_precious(changes);
        cr_expect_str_eq(found, "/app/own");
        json_decref(answer);
}

Test(changes, a_directory_of_the_images_is_told_from_one_of_the_containers_own) {
        json_t *answer = changes_answer((const char *const[]){ "C /var", "A /var/data" }, 2);
        cleanup(changes_freep) Changes *changes = changes_of(answer, NULL);

        cr_expect(changes_added(changes, "/var/data"));
        cr_expect_not(changes_added(changes, "/var"));
        cr_expect_not(changes_added(changes, "/usr"));
        json_decref(answer);
}

Test(changes, a_hundred_thousand_lines_take_no_time_worth_waiting_for) {
        json_t *answer = json_array();

        for (int i = 0; i < 100000; i++) {
                char path[64];

                (void) snprintf(path, sizeof path, "/app/node_modules/%d/%d", i % 300, i);
                json_array_append_new(answer, json_pack("{s:s, s:i}", "Path", path, "Kind", 1));
        }
        cleanup(changes_freep) Changes *changes = changes_of(answer, NULL);
        cleanup(freep) char *found = changes_precious(changes);
        cr_expect(strstr(found, "and 99995 more"), "%s", found);
        json_decref(answer);
}
