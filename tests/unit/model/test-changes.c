/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <criterion/criterion.h>

#include "base/macro.h"
#include "model/changes.h"

typedef struct Case {
        const char *what;
        const char *changes[5]; /* "A /path": added, "C" modified, "D" deleted */
        const char *mount;
        const char *precious; /* NULL: nothing */
} Case;

static const Case cases[] = {
        { "nothing", { 0 }, NULL, NULL },
        { "an added file", { "C /app", "A /app/x.db" }, NULL, "/app/x.db" },
        { "a modified file", { "C /etc", "C /etc/app.conf" }, NULL, "/etc/app.conf" },
        { "a deleted file", { "C /app", "D /app/x" }, NULL, NULL },
        { "temporary files",
          { "C /tmp", "A /tmp/x", "C /var", "C /var/cache", "A /var/cache/y" },
          NULL,
          NULL },
        { "a directory that only begins like one", { "A /tmpfiles" }, NULL, "/tmpfiles" },
        { "a pid file", { "C /run", "A /run/app.pid" }, NULL, NULL },
        { "a volume's mount point", { "A /data" }, "/data", NULL },
        { "directories down to a mount point",
          { "A /srv", "A /srv/a", "A /srv/a/b" },
          "/srv/a/b",
          NULL },
        { "a file beside a mount point", { "A /srv", "A /srv/a", "A /srv/x" }, "/srv/a", "/srv/x" },
        { "a file below a mount point", { "A /srv/a/y" }, "/srv/a", "/srv/a/y" },
        { "a directory modified for reasons unknown", { "C /var/lib/app" }, NULL, "/var/lib/app" },
};

Test(changes, what_is_precious) {
        static const char kinds[] = "CAD";

        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
                const Case *c = &cases[i];
                json_t *changes = json_array();
                json_t *mounts = json_array();

                for (size_t j = 0; j < ARRAY_LEN(c->changes) && c->changes[j] != NULL; j++)
                        json_array_append_new(
                                changes, json_pack(
                                                 "{s:s, s:i}", "Path", c->changes[j] + 2, "Kind",
                                                 (int) (strchr(kinds, c->changes[j][0]) - kinds)
                                         )
                        );
                if (c->mount != NULL)
                        json_array_append_new(mounts, json_pack("{s:s}", "Destination", c->mount));
                const char *found = changes_find_precious(changes, mounts);
                if (c->precious == NULL)
                        cr_expect_null(found, "%s: %s", c->what, found);
                else
                        cr_expect(
                                found && strcmp(found, c->precious) == 0, "%s: %s", c->what, found
                        );
                json_decref(changes);
                json_decref(mounts);
        }
}

Test(changes, null_is_no_change) {
        cr_expect_null(changes_find_precious(NULL, NULL));
}
