/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "reconcile/folder.h"

#define SWAP_FILE_MAX  ((size_t) 8 * 1024 * 1024)
#define ROOM_MIN_BYTES (1 << 20)

struct Store {
        Folder *swaps;
        int lock_fd;
};

Store *store_free(Store *store) {
        if (store == NULL)
                return NULL;
        if (store->lock_fd >= 0)
                (void) close(store->lock_fd); /* gives the lock up */
        (void) folder_free(store->swaps);
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

        cleanup(freep) char *swaps = text_format("%s/swaps", state_dir);
        if (swaps == NULL)
                return error_set(err, -ENOMEM, "out of memory");
        r = folder_open(swaps, SWAP_FILE_MAX, &store->swaps, err);
        if (r < 0)
                return r;

        *ret = take_ptr(store);
        return 0;
}

char *store_swap_path(const Store *store, const char *identity) {
        return folder_path(store->swaps, identity, NULL);
}

/* A record is written again at each step, and whoever cannot write it down undoes what he has done:
 * so nothing begins on a file system that is all but full. One that cannot be asked may try. */
static int check_room(const Store *store, Error *err) {
        struct statvfs fs;

        if (fstatvfs(store->lock_fd, &fs) < 0
            || (uint64_t) fs.f_bavail * fs.f_frsize >= ROOM_MIN_BYTES)
                return 0;
        return error_set(
                err, -ENOSPC,
                "%s: less than %d MiB are free beside it (make room on its file system: df -h)",
                strerrordesc_np(ENOSPC), ROOM_MIN_BYTES >> 20
        );
}

int store_write_swap(Store *store, const json_t *record, Error *err) {
        const char *identity = json_string_value(json_object_get(record, "identity"));
        const char *phase = json_string_value(json_object_get(record, "phase"));
        if (identity == NULL || phase == NULL)
                return error_set(err, -EINVAL, "a swap record of nobody");

        int r = strcmp(phase, swap_phase_to_string(SWAP_PREPARE)) == 0 ? check_room(store, err) : 0;
        if (r >= 0)
                r = folder_write(store->swaps, identity, record, err);
        return r < 0 ? error_prefix(err, r, "swap record of %s", identity) : 0;
}

int store_forget_swap(Store *store, const char *identity, Error *err) {
        return folder_remove(store->swaps, identity, err);
}

typedef struct Loading {
        const Store *store;
        StoreTake *take;
        StoreBroken *broken;
        void *data;
} Loading;

static int take_swap(const char *path, json_t *document, void *data) {
        const Loading *loading = data;
        SwapRecord *record = NULL;
        Error why = { 0 };

        int r = swap_record_from_json(document, &record, &why);
        /* Where we would never write or remove it: a copy, which would be played at each start. */
        if (r >= 0 && !folder_is_file_of(loading->store->swaps, path, record->identity))
                r = error_set(
                        &why, -EBADMSG, "it is not called as a record of %s is", record->identity
                );
        if (r >= 0)
                return loading->take(record, loading->data);
        (void) swap_record_free(record);
        (void) error_prefix(&why, r, "%s", path);
        loading->broken(&why, loading->data);
        return 0;
}

static void tell_broken(const Error *error, void *data) {
        const Loading *loading = data;

        loading->broken(error, loading->data);
}

int store_load_swaps(Store *store, StoreTake *take, StoreBroken *broken, void *data, Error *err) {
        Loading loading = { store, take, broken, data };

        return folder_visit(store->swaps, take_swap, tell_broken, &loading, err);
}

int store_count_swaps(const char *state_dir) {
        cleanup(freep) char *path = text_format("%s/swaps", state_dir);

        return path ? folder_count(path) : 0;
}
