/* SPDX-License-Identifier: Apache-2.0 */
#include "model/changes.h"

#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

/* Directories whose contents no application expects to survive a re-creation. */
static const char *const noise[] = {
        "/tmp",       "/var/tmp", "/run",  "/var/run", "/var/lock",
        "/var/cache", "/dev",     "/proc", "/sys",     "/root/.cache",
};

enum {
        CHANGE_MODIFIED = 0,
        CHANGE_ADDED = 1,
        CHANGE_DELETED = 2
};

static bool is_within(const char *path, const char *directory) {
        size_t length = strlen(directory);
        return strncmp(path, directory, length) == 0
               && (path[length] == '/' || path[length] == '\0');
}

static bool is_noise(const char *path) {
        for (size_t i = 0; i < ARRAY_LEN(noise); i++)
                if (is_within(path, noise[i]))
                        return true;
        return false;
}

/* A directory is reported as modified because of what changed in it: that is reported by itself. */
static bool is_parent_of_another(const json_t *changes, const char *directory) {
        size_t length = strlen(directory);
        size_t i;
        json_t *item;

        json_array_foreach(changes, i, item) {
                const char *other = json_string_value(json_object_get(item, "Path"));
                if (other != NULL && strlen(other) > length && is_within(other, directory))
                        return true;
        }
        return false;
}

/* The engine makes the directories down to a mount's destination; what is in the mount is no
 * change. */
static bool leads_to_mount(const json_t *mounts, const char *path) {
        size_t i;
        json_t *item;

        json_array_foreach(mounts, i, item) {
                const char *to = json_string_value(json_object_get(item, "Destination"));
                if (to != NULL && is_within(to, path))
                        return true;
        }
        return false;
}

const char *changes_find_precious(const json_t *changes, const json_t *mounts) {
        size_t i;
        json_t *item;

        json_array_foreach(changes, i, item) {
                const char *path = json_string_value(json_object_get(item, "Path"));
                json_int_t kind = json_integer_value(json_object_get(item, "Kind"));

                if (path == NULL || is_noise(path) || kind == CHANGE_DELETED)
                        continue;
                if (leads_to_mount(mounts, path))
                        continue;
                if (kind == CHANGE_MODIFIED && is_parent_of_another(changes, path))
                        continue;
                return path;
        }
        return NULL;
}
