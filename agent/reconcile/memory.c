/* SPDX-License-Identifier: Apache-2.0 */
#include "reconcile/memory.h"

#include <errno.h>
#include <stdlib.h>

#include "base/index.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/text.h"
#include "reconcile/folder.h"

#define FILE_SIZE_MAX ((size_t) 64 * 1024)

struct Memory {
        Folder *folder;
        Index *index; /* of Remembered, by identity */
        MemoryInUse *in_use;
        void *data;
};

static void on_broken(const Error *error, void *data) {
        (void) data;
        log_event(
                LOG_WARNING, MSG_STATE_BROKEN, NO_FIELDS,
                "What was remembered of a consumer cannot be read, so it begins anew; remove the file: %s",
                error_text(error)
        );
}

static int take(const char *path, json_t *document, void *data) {
        Memory *memory = data;
        Remembered *remembered = NULL;
        Error err = { 0 };

        int r = remembered_from_json(document, &remembered, &err);
        if (r == -ENOMEM)
                return r;
        if (r >= 0 && !folder_is_file_of(memory->folder, path, remembered->identity)) {
                r = error_set(
                        &err, -EBADMSG, "it is not called as what is remembered of %s is",
                        remembered->identity
                );
                (void) remembered_free(remembered);
        }
        if (r < 0) {
                (void) error_prefix(&err, r, "%s", path);
                on_broken(&err, NULL);
                return 0;
        }
        if (index_get(memory->index, remembered->identity) != NULL)
                r = -EEXIST;
        else
                r = index_put(memory->index, remembered->identity, remembered);
        if (r < 0)
                (void) remembered_free(remembered);
        return r == -ENOMEM ? r : 0;
}

int memory_open(const char *state_dir, MemoryInUse *in_use, void *data, Memory **ret, Error *err) {
        cleanup(memory_freep) Memory *memory = calloc(1, sizeof *memory);
        cleanup(freep) char *path = text_format("%s/remembered", state_dir);
        if (memory == NULL || path == NULL || index_new(MEMORY_MAX, &memory->index) < 0)
                return error_set(err, -ENOMEM, "out of memory");

        memory->in_use = in_use;
        memory->data = data;
        int r = folder_open(path, FILE_SIZE_MAX, &memory->folder, err);
        if (r >= 0)
                r = folder_visit(memory->folder, take, on_broken, memory, err);
        if (r < 0)
                return r;
        *ret = take_ptr(memory);
        return 0;
}

static void free_one(const char *key, void *value, void *data) {
        (void) key;
        (void) data;
        (void) remembered_free(value);
}

Memory *memory_free(Memory *memory) {
        if (memory == NULL)
                return NULL;
        if (memory->index != NULL)
                index_visit(memory->index, free_one, NULL);
        (void) index_free(memory->index);
        (void) folder_free(memory->folder);
        free(memory);
        return NULL;
}

const Remembered *memory_get(const Memory *memory, const char *identity) {
        return index_get(memory->index, identity);
}

typedef struct Visiting {
        MemoryVisit *visit;
        void *data;
        int result;
} Visiting;

static void visit_one(const char *key, void *value, void *data) {
        Visiting *visiting = data;

        (void) key;
        if (visiting->result >= 0)
                visiting->result = visiting->visit(value, visiting->data);
}

int memory_visit(const Memory *memory, MemoryVisit *visit, void *data) {
        Visiting visiting = { .visit = visit, .data = data };

        index_visit(memory->index, visit_one, &visiting);
        return visiting.result;
}

typedef struct Oldest {
        const Memory *memory;
        const Remembered *found;
        bool found_in_use;
} Oldest;

/* What the operator said is of no age, and stays longest. */
static void try_oldest(const char *key, void *value, void *data) {
        const Remembered *remembered = value;
        Oldest *oldest = data;
        bool said = remembered->unlinked || remembered->ordered || remembered->trusted != 0;
        bool in_use = said || oldest->memory->in_use(key, oldest->memory->data);
        bool older = oldest->found == NULL || remembered->since < oldest->found->since;

        if (oldest->found == NULL || (!in_use && oldest->found_in_use)
            || (in_use == oldest->found_in_use && older)) {
                oldest->found = remembered;
                oldest->found_in_use = in_use;
        }
}

static void make_room(Memory *memory) {
        Oldest oldest = { .memory = memory };

        index_visit(memory->index, try_oldest, &oldest);
        if (oldest.found == NULL)
                return;
        Remembered *gone = index_get(memory->index, oldest.found->identity);
        (void) folder_remove(memory->folder, gone->identity, NULL);
        index_remove(memory->index, gone->identity);
        (void) remembered_free(gone);
}

Remembered *memory_change(Memory *memory, const char *identity) {
        Remembered *remembered = index_get(memory->index, identity);

        if (remembered != NULL)
                return remembered;
        if (index_size(memory->index) == MEMORY_MAX)
                make_room(memory);
        if (remembered_new(identity, &remembered) < 0)
                return NULL;
        if (index_put(memory->index, identity, remembered) < 0)
                return remembered_free(remembered);
        return remembered;
}

static int write_down(Memory *memory, const Remembered *remembered, Error *err) {
        json_t *json = remembered_to_json(remembered);
        int r = json ? folder_write(memory->folder, remembered->identity, json, err)
                     : error_set(err, -ENOMEM, "out of memory");

        json_decref(json);
        return r;
}

int memory_save(Memory *memory, const char *identity, Error *err) {
        Remembered *remembered = index_get(memory->index, identity);

        if (remembered == NULL)
                return 0;
        if (!remembered_is_empty(remembered))
                return write_down(memory, remembered, err);

        int r = folder_remove(memory->folder, identity, err);
        index_remove(memory->index, identity);
        (void) remembered_free(remembered);
        return r;
}
