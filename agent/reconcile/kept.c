/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "model/kept.h"
#include "reconcile/folder.h"

/* A swap record holds all of it already, once. */
#define DOCUMENT_SIZE_MAX ((size_t) 16 * 1024 * 1024)
#define CREATE_ENDING     ".create"

typedef struct Entry {
        char *key;
        char *identity;
        json_int_t when;
        size_t size;
} Entry;

struct KeptStore {
        Folder *folder;
        KeptInUse *in_use;
        void *data;
        Entry entries[KEPT_FILES_MAX];
        size_t n;
        size_t size;
};

static char *key_of(const char *identity, const char *number) {
        return text_format("%s.%s", identity, number);
}

static const char *text_of(const json_t *json, const char *key) {
        const char *text = json_string_value(json_object_get(json, key));
        return text ? text : "";
}

static void drop_entry(KeptStore *store, size_t at) {
        store->size -= store->entries[at].size;
        free(store->entries[at].key);
        free(store->entries[at].identity);
        store->entries[at] = store->entries[--store->n];
}

/* False: there is none. */
static bool drop_key(KeptStore *store, const char *key) {
        for (size_t i = 0; i < store->n; i++) {
                if (strcmp(store->entries[i].key, key) == 0) {
                        drop_entry(store, i);
                        return true;
                }
        }
        return false;
}

static int add_entry(KeptStore *store, const json_t *document) {
        const char *identity = text_of(document, "identity");
        size_t size = json_dumpb(document, NULL, 0, JSON_COMPACT);
        Entry entry = { .key = key_of(identity, text_of(document, "number")),
                        .identity = strdup(identity),
                        .when = json_integer_value(json_object_get(document, "when")),
                        .size = size };

        if (entry.key == NULL || entry.identity == NULL || store->n == KEPT_FILES_MAX) {
                free(entry.key);
                free(entry.identity);
                return store->n == KEPT_FILES_MAX ? -ENOSPC : -ENOMEM;
        }
        (void) drop_key(store, entry.key);
        store->entries[store->n++] = entry;
        store->size += size;
        return 0;
}

static void on_broken(const Error *error, void *data) {
        (void) data;
        log_event(
                LOG_WARNING, MSG_RECORD_BROKEN, NO_FIELDS,
                "What a link replaced cannot be read, so it cannot be put back; look at the file: %s",
                error_text(error)
        );
}

static int take(const char *path, json_t *document, void *data) {
        Error err = { 0 };

        int r = kept_check(document, &err);
        if (r < 0) {
                (void) error_prefix(&err, r, "%s", path);
                on_broken(&err, NULL);
                return 0;
        }
        r = add_entry(data, document);
        return r == -ENOSPC ? 0 : r;
}

int kept_open(const char *state_dir, KeptInUse *in_use, void *data, KeptStore **ret, Error *err) {
        cleanup(kept_freep) KeptStore *store = calloc(1, sizeof *store);
        cleanup(freep) char *path = text_format("%s/replaced", state_dir);
        if (store == NULL || path == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        store->in_use = in_use;
        store->data = data;
        int r = folder_open(path, DOCUMENT_SIZE_MAX, &store->folder, err);
        if (r >= 0)
                r = folder_visit(store->folder, take, on_broken, store, err);
        if (r < 0)
                return r;
        *ret = take_ptr(store);
        return 0;
}

KeptStore *kept_free(KeptStore *store) {
        if (store == NULL)
                return NULL;
        while (store->n > 0)
                drop_entry(store, store->n - 1);
        (void) folder_free(store->folder);
        free(store);
        return NULL;
}

static bool goes_before(const KeptStore *store, const Entry *a, const Entry *b) {
        bool a_in_use = store->in_use(a->identity, store->data);
        bool b_in_use = store->in_use(b->identity, store->data);

        return a_in_use == b_in_use ? a->when < b->when : b_in_use;
}

static void remove_files(KeptStore *store, const char *key) {
        cleanup(freep) char *create = folder_path(store->folder, key, CREATE_ENDING);

        if (create != NULL)
                (void) file_remove(create, NULL);
        (void) folder_remove(store->folder, key, NULL);
}

static void make_room(KeptStore *store, size_t size) {
        while (store->n > 0 && (store->n >= KEPT_FILES_MAX || store->size + size > KEPT_BYTES_MAX)
        ) {
                size_t first = 0;

                for (size_t i = 1; i < store->n; i++)
                        if (goes_before(store, &store->entries[i], &store->entries[first]))
                                first = i;
                log_event(
                        LOG_INFO, NULL, FIELDS({ "CONSUMER", store->entries[first].identity }),
                        "%s: what its link replaced is kept no longer: there is no room for more",
                        store->entries[first].identity
                );
                remove_files(store, store->entries[first].key);
                drop_entry(store, first);
        }
}

/* The body first: whoever finds the document finds the body that belongs to it. */
static int write_files(KeptStore *store, const char *key, const json_t *document, Error *err) {
        cleanup(freep) char *path = folder_path(store->folder, key, CREATE_ENDING);
        const json_t *create = json_object_get(document, "create");
        cleanup(freep) char *text = json_dumps(create, JSON_COMPACT | JSON_ENCODE_ANY);
        if (path == NULL || text == NULL)
                return error_set(err, -ENOMEM, "out of memory");

        int r = json_is_object(create) ? file_replace(path, text, strlen(text), 0600, err)
                                       : file_remove(path, err);
        return r < 0 ? r : folder_write(store->folder, key, document, err);
}

static int write_stamped(KeptStore *store, const char *key, json_t *document, Error *err) {
        uint64_t now = clock_realtime_usec() / USEC_PER_SEC;

        if (json_object_set_new(document, "when", json_integer((json_int_t) now)) < 0)
                return error_set(err, -ENOMEM, "out of memory");
        (void) drop_key(store, key);
        make_room(store, json_dumpb(document, NULL, 0, JSON_COMPACT));
        int r = write_files(store, key, document, err);
        if (r < 0)
                return r;
        r = add_entry(store, document);
        return r < 0 ? error_set(err, r, "out of memory") : 0;
}

int kept_write(KeptStore *store, json_t *document, Error *err) {
        int r = kept_check(document, err);
        if (r < 0)
                return r;

        const char *identity = text_of(document, "identity");
        const char *number = text_of(document, "number");
        cleanup(freep) char *key = key_of(identity, number);
        json_t *previous = kept_read(store, identity, number);
        json_t *merged = kept_merge(previous, document);
        json_t *copy = merged ? json_copy(merged) : NULL;

        json_decref(previous);
        json_decref(merged);
        r = key && copy ? write_stamped(store, key, copy, err)
                        : error_set(err, -ENOMEM, "out of memory");
        json_decref(copy);
        return r;
}

/* One that has become unreadable is said once. */
static json_t *read_document(KeptStore *store, const char *key) {
        json_t *document = NULL;
        Error err = { 0 };

        int r = folder_read(store->folder, key, &document, &err);
        if (r == -ENOENT)
                return NULL;
        if (r >= 0)
                r = kept_check(document, &err);
        if (r < 0) {
                if (drop_key(store, key))
                        on_broken(&err, NULL);
                json_decref(document);
                return NULL;
        }
        return document;
}

json_t *kept_find(KeptStore *store, const char *identity, const char *container_id) {
        for (size_t i = store->n; i-- > 0;) {
                if (strcmp(store->entries[i].identity, identity) != 0)
                        continue;
                json_t *document = read_document(store, store->entries[i].key);
                if (document != NULL && strcmp(text_of(document, "id"), container_id) == 0)
                        return document;
                json_decref(document);
        }
        return NULL;
}

json_t *kept_read(KeptStore *store, const char *identity, const char *number) {
        cleanup(freep) char *key = key_of(identity, number);

        return key ? read_document(store, key) : NULL;
}

char *kept_document_path(const KeptStore *store, const char *identity, const char *number) {
        cleanup(freep) char *key = key_of(identity, number);
        return key ? folder_path(store->folder, key, NULL) : NULL;
}

char *kept_create_path(const KeptStore *store, const char *identity, const char *number) {
        cleanup(freep) char *key = key_of(identity, number);
        return key ? folder_path(store->folder, key, CREATE_ENDING) : NULL;
}
