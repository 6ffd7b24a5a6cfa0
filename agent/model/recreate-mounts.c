/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes of a re-created container: each by its name. recreate.c's top says why nocopy is not
 * set on all of them.
 *
 * Three ways lead to a volume without a name in the request: Config.Volumes (the image's VOLUME,
 * "-v /data"), a mount of type volume without Source, and an entry of Binds that is only a path.
 * Sent again they would make new, empty volumes. Which volume the old container has there stands
 * in its Mounts. Paths are compared as the engine compares them, cleaned: "/data/" is "/data".
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "base/text.h"
#include "model/recreate-internal.h"

/* An option of a mount, by the API version that first takes it. */
typedef struct MountOption {
        const char *group;
        const char *name;
        unsigned api;
} MountOption;

static const MountOption mount_options[] = {
        { "BindOptions", "CreateMountpoint", 42 },
        { "BindOptions", "ReadOnlyNonRecursive", 44 },
        { "BindOptions", "ReadOnlyForceRecursive", 44 },
        { "VolumeOptions", "Subpath", 45 },
        { "TmpfsOptions", "Options", 46 },
};

/* A path that need not end with NUL, walked part by part from its end. */
typedef struct Path {
        const char *begin;
        const char *end;
        size_t n_up; /* ".." seen whose part is still to come */
} Path;

/*
 * Takes the last part off: the new end is where it begins. Its size, 0 when there is none left.
 * Skips slashes, "." and what a ".." takes back; nothing is above the root.
 */
static size_t path_part(Path *path) {
        for (;;) {
                while (path->end > path->begin && path->end[-1] == '/')
                        path->end--;

                size_t size = 0;
                while (path->end - size > path->begin && path->end[-1 - (ssize_t) size] != '/')
                        size++;
                path->end -= size;

                if (size == 0)
                        return 0;
                if (size == 1 && *path->end == '.')
                        continue;
                if (size == 2 && memcmp(path->end, "..", 2) == 0)
                        path->n_up++;
                else if (path->n_up > 0)
                        path->n_up--;
                else
                        return size;
        }
}

static bool same_path(const char *a, size_t a_size, const char *b) {
        Path left = { .begin = a, .end = a + a_size };
        Path right = { .begin = b, .end = b + strlen(b) };

        for (;;) {
                size_t size = path_part(&left);

                if (size != path_part(&right) || memcmp(left.end, right.end, size) != 0)
                        return false;
                if (size == 0)
                        return true;
        }
}

/*
 * An entry of Binds, "[SOURCE:]DESTINATION[:MODE]". The pointers go into the entry.
 */
typedef struct Bind {
        const char *source; /* NULL: only a path */
        const char *destination;
        size_t destination_size;
        const char *mode; /* NULL: none */
} Bind;

static Bind bind_parse(const char *entry) {
        const char *colon = strchr(entry, ':');
        if (colon == NULL)
                return (Bind){ .destination = entry, .destination_size = strlen(entry) };

        const char *destination = colon + 1;
        size_t size = strcspn(destination, ":");
        return (Bind){
                .source = entry,
                .destination = destination,
                .destination_size = size,
                .mode = destination[size] == ':' ? destination + size + 1 : NULL,
        };
}

static bool list_has_word(const char *list, const char *word) {
        size_t size = strlen(word);

        while (*list != '\0') {
                size_t part = strcspn(list, ",");

                if (part == size && memcmp(list, word, size) == 0)
                        return true;
                list += part + (list[part] == ',');
        }
        return false;
}

/* Replaces the entry at index by text, which is taken over. */
static int bind_replace(json_t *binds, size_t index, char *text, Error *err) {
        cleanup(freep) char *owned = text;

        if (owned == NULL || json_array_set_new(binds, index, json_string(owned)) < 0)
                return error_set(err, -ENOMEM, "out of memory");
        return 0;
}

/* The index in Binds or Mounts of what is mounted at path; -1 when it is not there. */
static ssize_t find_bind(const json_t *binds, const char *path, Bind *ret) {
        for (size_t i = 0; i < json_array_size(binds); i++) {
                const char *entry = json_string_value(json_array_get(binds, i));
                Bind bind = bind_parse(entry ? entry : "");

                if (same_path(bind.destination, bind.destination_size, path)) {
                        *ret = bind;
                        return (ssize_t) i;
                }
        }
        return -1;
}

static json_t *find_mount(const json_t *mounts, const char *path) {
        for (size_t i = 0; i < json_array_size(mounts); i++) {
                json_t *mount = json_array_get(mounts, i);
                const char *target = recreate_text(mount, "Target");

                if (target && same_path(target, strlen(target), path))
                        return mount;
        }
        return NULL;
}

static bool is_volume(const json_t *mount) {
        const char *type = recreate_text(mount, "Type");

        return type && strcmp(type, "volume") == 0;
}

/* mount is an entry of the old container's Mounts of type volume. */
static int name_volume(const Recreate *recreate, const json_t *mount, Error *err) {
        const char *name = recreate_text(mount, "Name");
        const char *path = recreate_text(mount, "Destination");
        if (path == NULL)
                return error_set(err, -EBADMSG, "the container's document has a volume nowhere");

        json_t *binds = json_object_get(recreate->host, "Binds");
        Bind bind;
        ssize_t index = find_bind(binds, path, &bind);
        if (index >= 0 && bind.source)
                return 0;

        json_t *wishes = json_object_get(recreate->host, "Mounts");
        json_t *wish = index < 0 ? find_mount(wishes, path) : NULL;
        const char *source = recreate_text(wish, "Source");
        if (wish && (!is_volume(wish) || (source && *source != '\0')))
                return 0;

        /* so it is on 28.5 for an entry of Binds that is only a path; 26.1 still tells it */
        if (name == NULL || *name == '\0')
                return error_set(
                        err, -EOPNOTSUPP,
                        "the engine does not tell the name of its volume at %.200s: give the volume "
                        "a name",
                        path
                );
        if (index >= 0)
                return bind_replace(
                        binds, (size_t) index, text_format("%s:%s", name, bind.destination), err
                );
        if (wish)
                return recreate_put(wish, "Source", json_string(name), err);

        json_t *mounts = NULL;
        int r = recreate_list(recreate->host, "Mounts", &mounts, err);
        if (r < 0)
                return r;

        json_t *added = json_pack(
                "{s:s, s:s, s:s, s:{s:b}}", "Type", "volume", "Source", name, "Target", path,
                "VolumeOptions", "NoCopy", 1
        );
        r = recreate_append(mounts, added, err);
        if (r < 0 || !json_is_false(json_object_get(mount, "RW")))
                return r;
        return recreate_put(added, "ReadOnly", json_true(), err);
}

/* path holds an empty volume: it is not to be filled. */
static int keep_empty(const Recreate *recreate, const char *path, Error *err) {
        json_t *binds = json_object_get(recreate->host, "Binds");
        Bind bind;
        ssize_t index = find_bind(binds, path, &bind);

        if (index >= 0) {
                if (bind.source == NULL || *bind.source == '/'
                    || (bind.mode && list_has_word(bind.mode, "nocopy")))
                        return 0;
                return bind_replace(
                        binds, (size_t) index,
                        text_format("%s%cnocopy", bind.source, bind.mode ? ',' : ':'), err
                );
        }

        json_t *mount = find_mount(json_object_get(recreate->host, "Mounts"), path);
        if (mount == NULL || !is_volume(mount))
                return 0;

        json_t *options = json_object_get(mount, "VolumeOptions");
        if (json_is_object(options))
                return recreate_put(options, "NoCopy", json_true(), err);
        return recreate_put(mount, "VolumeOptions", json_pack("{s:b}", "NoCopy", 1), err);
}

static int check_options(const Recreate *recreate, const json_t *mount, Error *err) {
        for (size_t i = 0; i < ARRAY_LEN(mount_options); i++) {
                const MountOption *option = &mount_options[i];
                const json_t *group = json_object_get(mount, option->group);
                const json_t *value = json_object_get(group, option->name);

                if (value == NULL || json_is_null(value) || json_is_false(value))
                        continue;
                int r = recreate_needs_api(recreate, option->api, option->name, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_lists(const Recreate *recreate, Error *err) {
        static const char *const lists[] = { "Binds", "Mounts" };

        for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
                const json_t *list = json_object_get(recreate->host, lists[i]);

                if (list && !json_is_null(list) && !json_is_array(list))
                        return error_set(
                                err, -EBADMSG, "the container's %s is not a list", lists[i]
                        );
                if (json_array_size(list) > RECREATE_ENTRIES_MAX)
                        return error_set(
                                err, -E2BIG, "the container's %s has more than %d entries",
                                lists[i], RECREATE_ENTRIES_MAX
                        );
        }
        return 0;
}

int recreate_mounts(Recreate *recreate, Error *err) {
        const json_t *mounted = json_object_get(recreate->input->inspect, "Mounts");
        const json_t *wishes = json_object_get(recreate->host, "Mounts");

        int r = check_lists(recreate, err);
        if (r < 0)
                return r;
        if (json_array_size(mounted) > RECREATE_ENTRIES_MAX)
                return error_set(err, -E2BIG, "it has more than %d mounts", RECREATE_ENTRIES_MAX);

        for (size_t i = 0; i < json_array_size(wishes); i++) {
                r = check_options(recreate, json_array_get(wishes, i), err);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < json_array_size(mounted); i++) {
                const json_t *mount = json_array_get(mounted, i);

                r = is_volume(mount) ? name_volume(recreate, mount, err) : 0;
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < recreate->input->n_empty_volumes; i++) {
                r = keep_empty(recreate, recreate->input->empty_volumes[i], err);
                if (r < 0)
                        return r;
        }
        return 0;
}
