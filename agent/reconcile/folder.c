/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"

#define PREFIX_MAX  120
#define ENDING      ".json"
#define FOLDER_MODE 0700

struct Folder {
        char *path;
        size_t max;
};

int folder_open(const char *path, size_t max, Folder **ret, Error *err) {
        cleanup(folder_freep) Folder *folder = calloc(1, sizeof *folder);
        if (folder == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        folder->max = max;
        folder->path = strdup(path);
        if (folder->path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        int r = file_make_dir(path, FOLDER_MODE, err);
        if (r < 0)
                return r;
        *ret = take_ptr(folder);
        return 0;
}

Folder *folder_free(Folder *folder) {
        if (folder == NULL)
                return NULL;
        free(folder->path);
        free(folder);
        return NULL;
}

/* Paths are shown, go into documents and are pasted: nothing of a character is in them that is not
 * ASCII, or that a terminal obeys. */
static char in_path(char c) {
        return (char) (c > ' ' && c < 0x7f && c != '/' ? c : '+');
}

/* The hash is FNV-1a of 64 bits: keys may be longer than file names. */
char *folder_path(const Folder *folder, const char *key, const char *ending) {
        uint64_t hash = UINT64_C(14695981039346656037);
        char prefix[PREFIX_MAX + 1] = { 0 };

        for (size_t i = 0; key[i] != '\0'; i++) {
                if (i < PREFIX_MAX)
                        prefix[i] = in_path(key[i]);
                hash = (hash ^ (unsigned char) key[i]) * UINT64_C(1099511628211);
        }
        return text_format(
                "%s/%s-%016llx%s", folder->path, prefix, (unsigned long long) hash,
                ending ? ending : ENDING
        );
}

bool folder_is_file_of(const Folder *folder, const char *path, const char *key) {
        cleanup(freep) char *own = folder_path(folder, key, NULL);

        return own != NULL && strcmp(own, path) == 0;
}

/* A folder that somebody removed under us is made again: what it held is in memory, and what is to
 * be written now must not wait for a restart. */
static int
write_again(const Folder *folder, const char *path, const char *text, size_t size, Error *err) {
        Error why = { 0 };

        int r = file_replace(path, text, size, 0600, &why);
        if (r == -ENOENT && file_make_dir(folder->path, FOLDER_MODE, NULL) >= 0) {
                why = (Error){ 0 };
                r = file_replace(path, text, size, 0600, &why);
                log_event(
                        LOG_WARNING, MSG_STATE_BROKEN, NO_FIELDS,
                        "%s was gone, and is made again: somebody removed it under a running coollamad",
                        folder->path
                );
        }
        return r < 0 ? error_set(err, r, "%s", error_text(&why)) : 0;
}

int folder_write(Folder *folder, const char *key, const json_t *document, Error *err) {
        cleanup(freep) char *path = folder_path(folder, key, NULL);
        cleanup(freep) char *text = json_dumps(document, JSON_COMPACT);
        if (path == NULL || text == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        size_t size = strlen(text);
        if (size > folder->max)
                return error_set(
                        err, -EFBIG, "%s: %zu bytes, which is more than is read back", path, size
                );
        return write_again(folder, path, text, size, err);
}

static int load(const char *path, size_t max, json_t **ret, Error *err) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;
        json_error_t where;

        int r = file_read(path, max, &text, &size, err);
        if (r < 0)
                return r;

        /* A value of a container's may hold NUL. */
        json_t *json = json_loadb(text, size, JSON_ALLOW_NUL, &where);
        if (json == NULL)
                return error_set(err, -EBADMSG, "%s: line %d: %s", path, where.line, where.text);
        *ret = json;
        return 0;
}

int folder_read(const Folder *folder, const char *key, json_t **ret, Error *err) {
        cleanup(freep) char *path = folder_path(folder, key, NULL);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        return load(path, folder->max, ret, err);
}

int folder_remove(Folder *folder, const char *key, Error *err) {
        cleanup(freep) char *path = folder_path(folder, key, NULL);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        return file_remove(path, err);
}

static bool is_document(const char *name) {
        size_t length = strlen(name);
        size_t ending = strlen(ENDING);

        return name[0] != '.' && length > ending && strcmp(name + length - ending, ENDING) == 0;
}

int folder_count(const char *path) {
        DIR *dir = opendir(path);
        int n = 0;

        if (dir == NULL)
                return 0;
        for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
                n += is_document(entry->d_name) ? 1 : 0;
        (void) closedir(dir);
        return n;
}

int folder_visit(
        const Folder *folder, FolderTake *take, FolderBroken *broken, void *data, Error *err
) {
        DIR *dir = opendir(folder->path);
        if (dir == NULL)
                return error_set(err, -errno, "cannot read %s", folder->path);

        int r = 0;
        for (const struct dirent *entry = readdir(dir); entry != NULL && r >= 0;
             entry = readdir(dir)) {
                json_t *document = NULL;
                Error why = { 0 };

                if (!is_document(entry->d_name))
                        continue;
                cleanup(freep) char *path = text_format("%s/%s", folder->path, entry->d_name);
                if (path == NULL)
                        r = -ENOMEM;
                else if (load(path, folder->max, &document, &why) < 0)
                        broken(&why, data);
                else
                        r = take(path, document, data);
                json_decref(document);
        }
        (void) closedir(dir);
        return r < 0 ? error_set(err, r, "cannot take what %s holds", folder->path) : 0;
}
