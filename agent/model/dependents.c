/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dependents: told from what the engine shows of the other containers; it has no filter for them.
 *
 * The engine keeps namespaces by id, whatever was written; a name is compared all the same, as it
 * costs nothing. A link by name is shown as "/DONOR:/CONTAINER/ALIAS", with the donor's name of
 * today; once the donor was removed, its container cannot be started again.
 */
#include "model/dependents.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "model/donors.h"
#include "model/labels.h"

#define NAMED_MAX 3

static const char *const kind_names[] = {
        [DEPENDENT_NONE] = "nothing",    [DEPENDENT_NETWORK] = "network",
        [DEPENDENT_PID] = "process ids", [DEPENDENT_IPC] = "IPC",
        [DEPENDENT_LINK] = "link",
};
static_assert(ARRAY_LEN(kind_names) == DEPENDENT_LINK + 1, "a name for every kind");

const char *dependent_kind_to_string(DependentKind kind) {
        return kind_names[kind];
}

static bool is_named(const char *text, size_t length, const char *name) {
        return strlen(name) == length && strncmp(text, name, length) == 0;
}

static bool means(const DonorRef *ref, const Container *donor) {
        return is_named(ref->who, (size_t) ref->length, donor->id)
               || is_named(ref->who, (size_t) ref->length, donor->name);
}

static DependentKind kind_of(DonorKind kind) {
        switch (kind) {
        case DONOR_NETWORK:
                return DEPENDENT_NETWORK;
        case DONOR_PID:
                return DEPENDENT_PID;
        case DONOR_IPC:
                return DEPENDENT_IPC;
        case DONOR_VOLUMES:
                break; /* it has the volumes themselves, whatever becomes of the donor */
        }
        return DEPENDENT_NONE;
}

bool dependent_is_probe(const json_t *item) {
        static const char prefix[] = "coollama-verify-";
        const json_t *labels = json_object_get(item, "Labels");
        const char *part = json_string_value(json_object_get(labels, LABEL_PART));
        const char *name = container_list_name(item);

        return part != NULL && strcmp(part, "probe") == 0 && name != NULL
               && strncmp(name, prefix, strlen(prefix)) == 0
               && strspn(name + strlen(prefix), "0123456789abcdef") == 8
               && name[strlen(prefix) + 8] == '\0';
}

/* The list's entries have a HostConfig of the same shape, with the network in it. */
DependentKind dependent_in_list(const json_t *item, const Container *donor) {
        DonorRef refs[DONOR_REFS_MAX];
        size_t n = donors_find(item, refs, DONOR_REFS_MAX);

        for (size_t i = 0; i < n; i++)
                if (kind_of(refs[i].kind) != DEPENDENT_NONE && means(&refs[i], donor))
                        return kind_of(refs[i].kind);
        return DEPENDENT_NONE;
}

DependentKind dependent_in_inspect(const json_t *inspect, const Container *donor) {
        const json_t *links = json_object_get(json_object_get(inspect, "HostConfig"), "Links");
        DependentKind kind = dependent_in_list(inspect, donor);

        for (size_t i = 0; kind == DEPENDENT_NONE && i < json_array_size(links); i++) {
                const char *text = json_string_value(json_array_get(links, i));

                if (text == NULL)
                        continue;
                text += text[0] == '/';
                if (is_named(text, strcspn(text, ":"), donor->name))
                        kind = DEPENDENT_LINK;
        }
        return kind;
}

bool dependents_add(Dependents *dependents, const char *name, DependentKind kind) {
        size_t used = strlen(dependents->text);

        dependents->n++;
        if (dependents->n > NAMED_MAX) {
                if (!dependents->more)
                        (void) snprintf(
                                dependents->text + used, sizeof dependents->text - used,
                                " and others"
                        );
                dependents->more = true;
                return false;
        }
        (void) snprintf(
                dependents->text + used, sizeof dependents->text - used, "%s%.60s (%s)",
                used > 0 ? ", " : "", name, dependent_kind_to_string(kind)
        );
        return true;
}
