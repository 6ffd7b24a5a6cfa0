/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is who among the containers that are seen in the middle of a swap: the old one, ours, and
 * somebody else's newer one. Everything is told from the record and the documents alone.
 */
#include <string.h>

#include "model/identity.h"
#include "model/labels.h"
#include "model/plan-swap.h"

static bool array_contains(const json_t *array, const char *text) {
        size_t i;
        json_t *item;

        json_array_foreach(array, i, item) {
                const char *value = json_string_value(item);
                if (value != NULL && strcmp(value, text) == 0)
                        return true;
        }
        return false;
}

/* Does it hold everything that the record says the new one has, and nothing that it has not? */
static bool holds_link(const SwapRecord *record, const Container *container) {
        const json_t *env = json_object_get(json_object_get(container->inspect, "Config"), "Env");
        const json_t *hosts =
                json_object_get(json_object_get(container->inspect, "HostConfig"), "ExtraHosts");
        size_t i;
        json_t *item;

        if (json_array_size(record->link) == 0 && json_array_size(record->lost) == 0)
                return false;
        json_array_foreach(record->lost, i, item) {
                const char *text = json_string_value(item);
                if (text == NULL || array_contains(env, text) || array_contains(hosts, text))
                        return false;
        }
        json_array_foreach(record->link, i, item) {
                const char *text = json_string_value(item);
                if (text == NULL || (!array_contains(env, text) && !array_contains(hosts, text)))
                        return false;
        }
        return true;
}

/*
 * Without a link a container of ours looks like one that compose made anew, but for its labels:
 * compose writes into them what its own replaces.
 */
static bool has_old_labels(const SwapRecord *record, const Container *container) {
        return json_equal(
                json_object_get(json_object_get(record->old, "Config"), "Labels"), container->labels
        );
}

static const char *old_label(const SwapRecord *record, const char *name, const char *fallback) {
        const json_t *labels = json_object_get(json_object_get(record->old, "Config"), "Labels");
        const char *value = json_string_value(json_object_get(labels, name));
        return value ? value : fallback;
}

/*
 * Ours: the id that the record names; or, killed between the creation and the record, the container
 * of the consumer's name that is of the same deployment and holds the link already. (Compose may
 * have started it.)
 */
static bool is_made(const SwapRecord *record, const Container *container) {
        if (record->new_id[0] != '\0')
                return strcmp(container->id, record->new_id) == 0;

        return strcmp(container->name, record->name) == 0
               && strcmp(container->config_hash,
                         old_label(record, "com.docker.compose.config-hash", ""))
                          == 0
               && holds_link(record, container)
               && (json_array_size(record->lost) == 0 || has_old_labels(record, container));
}

/* Names and numbers say nothing across identities: another project may have taken the name. */
static bool is_same_identity(const SwapRecord *record, const Container *container) {
        Identity identity;

        return identity_from_labels(container->labels, container->name, &identity, NULL) >= 0
               && strcmp(identity.key, record->identity) == 0;
}

/* The old one, made again by us: what compose makes anew says what it replaces, or differs. */
static bool is_old_again(const SwapRecord *record, const Container *container) {
        return record->again && strcmp(container->name, record->name) == 0
               && has_old_labels(record, container) && !holds_link(record, container);
}

/* What did not opt in is given way to, but never started by us. Where the old one did so without a
 * label of its own, none is missed on the newer. */
static bool may_be_touched(const SwapRecord *record, const Container *container) {
        return container->ever_started || json_object_get(container->labels, LABEL_ENABLE) != NULL
               || old_label(record, LABEL_ENABLE, NULL) == NULL || is_old_again(record, container);
}

static bool is_successor(const SwapRecord *record, const Container *container) {
        const char *created = json_string_value(json_object_get(record->old, "Created"));

        return created != NULL && container_compare_created(container->created, created) > 0
               && is_same_identity(record, container) && may_be_touched(record, container)
               && strcmp(container->number,
                         old_label(record, "com.docker.compose.container-number", "1"))
                          == 0;
}

/* Compose creates a replacement as "<12 hex digits of the replaced one>_NAME" and renames it when
 * that one is gone. */
static bool takes_name(const SwapRecord *record, const Container *container) {
        if (strcmp(container->name, record->name) == 0)
                return true;
        return strspn(container->name, "0123456789abcdef") == 12 && container->name[12] == '_'
               && strcmp(container->name + 13, record->name) == 0;
}

void swap_look(
        const SwapRecord *record, const Container *const *containers, size_t n, SwapView *ret
) {
        *ret = (SwapView){ .record = record };

        for (size_t i = 0; i < n; i++) {
                const Container *container = containers[i];

                /* It will never run again, and whoever is removing it is not to be helped. */
                if (container->state == CONTAINER_REMOVING || container->state == CONTAINER_DEAD)
                        continue;
                if (strcmp(container->id, record->old_id) == 0)
                        ret->old = container;
                else if (ret->made == NULL && is_made(record, container))
                        ret->made = container;
                else if (is_successor(record, container) && (ret->successor == NULL || container_is_newer(container, ret->successor)))
                        ret->successor = container;
        }
        ret->successor_takes_name = ret->successor != NULL && takes_name(record, ret->successor);
        ret->successor_is_old = ret->successor != NULL && is_old_again(record, ret->successor);
}

/* It was up when the swap was undone, and our stop may end it still. */
static bool awaits_our_stop(const SwapView *view) {
        return view->record->phase == SWAP_ROLLBACK && view->old != NULL
               && container_is_up(view->old)
               && strcmp(view->record->last_run, view->old->started_at) == 0;
}

static const Container *up_of_both(const SwapView *view) {
        if (view->old != NULL && container_is_up(view->old))
                return view->old;
        return view->made != NULL && container_is_up(view->made) ? view->made : NULL;
}

const Container *swap_victim(const SwapView *view) {
        if (awaits_our_stop(view))
                return view->old;
        if (view->record->rolls && view->successor != NULL && !view->successor_takes_name)
                return up_of_both(view);
        if (view->successor == NULL || view->successor->ever_started)
                return NULL;
        return up_of_both(view);
}
