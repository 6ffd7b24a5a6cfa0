/* SPDX-License-Identifier: Apache-2.0 */
#include "base/index.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

typedef struct Entry {
        void *value;
        char key[];
} Entry;

struct Index {
        void *root; /* of tsearch(); its nodes point to entries */
        size_t size;
        size_t max;
};

/* tsearch() compares entries; looking up wants an entry too, so keys are compared at this offset.
 */
static int compare(const void *a, const void *b) {
        return strcmp(((const Entry *) a)->key, ((const Entry *) b)->key);
}

static Entry *entry_new(const char *key, void *value) {
        size_t size = strlen(key) + 1;
        Entry *entry = malloc(sizeof *entry + size);

        if (entry != NULL) {
                entry->value = value;
                memcpy(entry->key, key, size);
        }
        return entry;
}

int index_new(size_t max, Index **ret) {
        Index *index = calloc(1, sizeof *index);
        if (index == NULL)
                return -ENOMEM;
        index->max = max;
        *ret = index;
        return 0;
}

Index *index_free(Index *index) {
        if (index == NULL)
                return NULL;
        tdestroy(index->root, free);
        free(index);
        return NULL;
}

int index_put(Index *index, const char *key, void *value) {
        Entry *entry = entry_new(key, value);
        if (entry == NULL)
                return -ENOMEM;

        Entry **found = tfind(entry, &index->root, compare);
        if (found != NULL) {
                (*found)->value = value;
                free(entry);
                return 0;
        }
        if (index->size == index->max) {
                free(entry);
                return -ENOSPC;
        }
        if (tsearch(entry, &index->root, compare) == NULL) {
                free(entry);
                return -ENOMEM;
        }
        index->size++;
        return 0;
}

static Entry *find(const Index *index, const char *key) {
        /* An entry on the stack as large as any key that is looked up would be no bound at all. */
        Entry *probe = entry_new(key, NULL);
        if (probe == NULL)
                return NULL;

        Entry **found = tfind(probe, &index->root, compare);
        free(probe);
        return found ? *found : NULL;
}

void *index_get(const Index *index, const char *key) {
        Entry *entry = find(index, key);
        return entry ? entry->value : NULL;
}

void index_remove(Index *index, const char *key) {
        Entry *entry = find(index, key);

        if (entry == NULL)
                return;
        (void) tdelete(entry, &index->root, compare);
        free(entry);
        index->size--;
}

size_t index_size(const Index *index) {
        return index->size;
}

typedef struct Walk {
        IndexVisit *visit;
        void *data;
} Walk;

static void on_node(const void *node, VISIT which, void *closure) {
        const Walk *walk = closure;
        const Entry *entry = *(Entry *const *) node;

        if (which == postorder || which == leaf)
                walk->visit(entry->key, entry->value, walk->data);
}

void index_visit(const Index *index, IndexVisit *visit, void *data) {
        Walk walk = { visit, data };

        twalk_r(index->root, on_node, &walk);
}
