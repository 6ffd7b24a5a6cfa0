/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes: what would be lost with a container.
 *
 * The engine's list has no order that could be relied on and may have a hundred thousand lines, so
 * it is sorted once, with "/" before every other character: then a directory is followed by what is
 * in it, and everything else is a look at the neighbour.
 */
#include "model/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/json-each.h"

/* What no application expects to find again after a re-creation. The one list. */
static const struct {
        const char *directory;
        const char *why;
} noise[] = {
        { "/tmp", "for what may vanish at any time" },
        { "/var/tmp", "likewise, by old custom across boots; no container boots" },
        { "/run", "of this run: pid files, sockets, locks" },
        { "/var/run", "the same, where it is no symbolic link" },
        { "/var/lock", "locks of this run" },
        { "/var/cache", "by its definition made again when it is missing" },
        { "/root/.cache", "the same, of the user that most containers run as" },
        { "/dev", "made by the engine at each start" },
        { "/proc", "the kernel's" },
        { "/sys", "the kernel's" },
};

/* Paths in a sentence for people. */
#define SHOWN_MAX      5
#define SHOWN_TEXT_MAX ((size_t) 8 * 1024)

enum {
        CHANGE_MODIFIED = 0,
        CHANGE_ADDED = 1,
        CHANGE_DELETED = 2
};

bool changes_is_within(const char *path, const char *directory) {
        size_t length = strlen(directory);
        return strncmp(path, directory, length) == 0
               && (path[length] == '/' || path[length] == '\0');
}

static bool is_noise(const char *path) {
        for (size_t i = 0; i < ARRAY_LEN(noise); i++)
                if (changes_is_within(path, noise[i].directory))
                        return true;
        return false;
}

static unsigned rank(char c) {
        if (c == '\0')
                return 0;
        return c == '/' ? 1 : (unsigned) (unsigned char) c + 1;
}

static int compare_paths(const char *a, const char *b) {
        while (*a != '\0' && *a == *b) {
                a++;
                b++;
        }
        return rank(*a) < rank(*b) ? -1 : rank(*a) > rank(*b);
}

static int compare_changes(const void *a, const void *b) {
        return compare_paths(((const Change *) a)->path, ((const Change *) b)->path);
}

static void place(Change *change, const char *mount) {
        if (changes_is_within(mount, change->path))
                change->at_mount = true;
        else if (changes_is_within(change->path, mount))
                change->in_mount = true;
}

/* The engine makes the directories down to a mount's destination; what is in the mount is no
 * change. */
static void place_all(Changes *changes, const json_t *inspect) {
        const json_t *mounts = json_object_get(inspect, "Mounts");
        const json_t *tmpfs = json_object_get(json_object_get(inspect, "HostConfig"), "Tmpfs");

        for (size_t i = 0; i < changes->n; i++) {
                size_t at;
                json_t *item;
                const char *path;

                json_array_foreach(mounts, at, item) {
                        const char *to = json_string_value(json_object_get(item, "Destination"));
                        if (to != NULL)
                                place(&changes->list[i], to);
                }
                json_object_foreach(json_to_iterate(tmpfs), path, item)
                        place(&changes->list[i], path);
        }
}

static void fill(Changes *changes, const json_t *answer) {
        size_t i;
        json_t *item;

        json_array_foreach(answer, i, item) {
                const char *path = json_string_value(json_object_get(item, "Path"));
                json_int_t kind = json_integer_value(json_object_get(item, "Kind"));

                if (path != NULL && path[0] == '/')
                        changes->list[changes->n++] = (Change){
                                .path = path,
                                .added = kind == CHANGE_ADDED,
                                .deleted = kind == CHANGE_DELETED,
                        };
        }
}

int changes_new(json_t *answer, const json_t *inspect, Changes **ret) {
        cleanup(changes_freep) Changes *changes = calloc(1, sizeof *changes);
        size_t n = json_array_size(answer);

        if (changes == NULL)
                return -ENOMEM;
        changes->list = calloc(n > 0 ? n : 1, sizeof *changes->list);
        if (changes->list == NULL)
                return -ENOMEM;

        changes->answer = json_incref(answer);
        fill(changes, answer);
        qsort(changes->list, changes->n, sizeof *changes->list, compare_changes);
        for (size_t i = 0; i + 1 < changes->n; i++)
                changes->list[i].is_dir =
                        changes_is_within(changes->list[i + 1].path, changes->list[i].path);
        place_all(changes, inspect);

        *ret = take_ptr(changes);
        return 0;
}

Changes *changes_free(Changes *changes) {
        if (changes == NULL)
                return NULL;
        json_decref(changes->answer);
        free(changes->list);
        free(changes);
        return NULL;
}

static bool is_precious(const Change *change) {
        if (change->deleted || change->kept || change->at_mount || is_noise(change->path))
                return false;
        /* What is in a directory is reported by itself. */
        return !change->is_dir;
}

char *changes_precious(const Changes *changes) {
        Text text = TEXT_INIT(SHOWN_TEXT_MAX);
        size_t n = 0;

        for (size_t i = 0; i < changes->n; i++) {
                if (!is_precious(&changes->list[i]))
                        continue;
                if (n < SHOWN_MAX)
                        (void
                        ) text_addf(&text, "%s%.1000s", n > 0 ? ", " : "", changes->list[i].path);
                n++;
        }
        if (n > SHOWN_MAX)
                (void) text_addf(&text, " and %zu more", n - SHOWN_MAX);
        char *shown = text_take(&text);
        if (shown != NULL)
                text_make_utf8(shown);
        return shown;
}

bool changes_added(const Changes *changes, const char *path) {
        const Change wanted = { .path = path };
        const Change *found =
                bsearch(&wanted, changes->list, changes->n, sizeof *changes->list, compare_changes);

        return found != NULL && found->added;
}
