/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define SWAP_FILE_MAX ((size_t) 4 * 1024 * 1024)
#define PREFIX_MAX    120

struct Store {
        char *swaps; /* directory */
        int lock_fd;
};

Store *store_free(Store *store) {
        if (store == NULL)
                return NULL;
        if (store->lock_fd >= 0)
                (void) close(store->lock_fd); /* gives the lock up */
        free(store->swaps);
        free(store);
        return NULL;
}

static int lock(Store *store, const char *state_dir, Error *err) {
        cleanup(freep) char *path = text_format("%s/lock", state_dir);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (store->lock_fd < 0) {
                int r = -errno;
                return error_set(err, r, "cannot open %s: %s", path, strerrordesc_np(-r));
        }
        if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0) {
                int r = errno == EWOULDBLOCK ? -EBUSY : -errno;
                return error_set(err, r, "another coollamad works on %s: stop it first", state_dir);
        }
        return 0;
}

int store_open(const char *state_dir, Store **ret, Error *err) {
        cleanup(store_freep) Store *store = calloc(1, sizeof *store);
        if (store == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        store->lock_fd = -1;

        int r = lock(store, state_dir, err);
        if (r < 0)
                return r;

        store->swaps = text_format("%s/swaps", state_dir);
        if (store->swaps == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        r = file_make_dir(store->swaps, 0700, err);
        if (r < 0)
                return r;

        *ret = take_ptr(store);
        return 0;
}

/*
 * A file name for any identity: its beginning, for people, and a 64-bit hash (FNV-1a) of the whole,
 * since identities may be longer than file names. The identity in the file is the one that counts.
 */
static char *swap_path(const Store *store, const char *identity) {
        uint64_t hash = UINT64_C(14695981039346656037);
        char prefix[PREFIX_MAX + 1] = { 0 };

        for (size_t i = 0; identity[i] != '\0'; i++) {
                if (i < PREFIX_MAX)
                        prefix[i] = (char) (identity[i] == '/' ? '+' : identity[i]);
                hash = (hash ^ (unsigned char) identity[i]) * UINT64_C(1099511628211);
        }
        return text_format("%s/%s-%016llx.json", store->swaps, prefix, (unsigned long long) hash);
}

int store_write_swap(Store *store, const json_t *record, Error *err) {
        const char *identity = json_string_value(json_object_get(record, "identity"));
        cleanup(freep) char *path = identity ? swap_path(store, identity) : NULL;
        cleanup(freep) char *text = json_dumps(record, JSON_COMPACT);
        if (path == NULL || text == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        size_t size = strlen(text);
        if (size > SWAP_FILE_MAX)
                return error_set(
                        err, -EFBIG,
                        "swap record of %s: %zu bytes, which is more than is read back", identity,
                        size
                );
        return file_replace(path, text, size, 0600, err);
}

int store_forget_swap(Store *store, const char *identity, Error *err) {
        cleanup(freep) char *path = swap_path(store, identity);
        if (path == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        return file_remove(path, err);
}

static int load_swap(const char *path, SwapRecord **ret, Error *err) {
        cleanup(freep) char *text = NULL;
        size_t size = 0;
        json_error_t where;

        int r = file_read(path, SWAP_FILE_MAX, &text, &size, err);
        if (r < 0)
                return r;

        json_t *json = json_loadb(text, size, 0, &where);
        if (json == NULL)
                return error_set(err, -EBADMSG, "%s: line %d: %s", path, where.line, where.text);

        r = swap_record_from_json(json, ret, err);
        json_decref(json);
        return r < 0 ? error_prefix(err, r, "%s", path) : 0;
}

static bool is_record(const char *name) {
        size_t length = strlen(name);
        return name[0] != '.' && length > 5 && strcmp(name + length - 5, ".json") == 0;
}

int store_load_swaps(Store *store, StoreTake *take, StoreBroken *broken, void *data, Error *err) {
        DIR *dir = opendir(store->swaps);
        if (dir == NULL)
                return error_set(err, -errno, "cannot read %s", store->swaps);

        int r = 0;
        for (const struct dirent *entry = readdir(dir); entry != NULL && r >= 0;
             entry = readdir(dir)) {
                SwapRecord *record = NULL;
                Error why = { 0 };

                if (!is_record(entry->d_name))
                        continue;
                cleanup(freep) char *path = text_format("%s/%s", store->swaps, entry->d_name);
                if (path == NULL)
                        r = -ENOMEM;
                else if (load_swap(path, &record, &why) < 0)
                        broken(&why, data);
                else
                        r = take(record, data);
        }
        (void) closedir(dir);
        return r < 0 ? error_set(err, r, "cannot take the swap records of %s", store->swaps) : 0;
}

int store_count_swaps(const char *state_dir) {
        cleanup(freep) char *path = text_format("%s/swaps", state_dir);
        DIR *dir = path ? opendir(path) : NULL;
        int n = 0;

        if (dir == NULL)
                return 0;
        for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
                n += is_record(entry->d_name) ? 1 : 0;
        (void) closedir(dir);
        return n;
}
