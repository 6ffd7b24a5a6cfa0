/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event: what of an event is believed.
 *
 * Only who and what: an event says "look there again", never how it looks there. A container's
 * labels stand among its event's own attributes and hide those of the same name (exitCode, signal),
 * so of the attributes only those are read that the engine writes last (name, image) or that a
 * container's event does not have (container, of a network's). The legacy fields status, id and
 * from are not read: newer engines left them out.
 */
#include "docker/event.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/macro.h"

static const char *const kind_names[] = {
        [EVENT_CREATE] = "create",
        [EVENT_START] = "start",
        [EVENT_KILL] = "kill",
        [EVENT_DIE] = "die",
        [EVENT_DESTROY] = "destroy",
        [EVENT_RENAME] = "rename",
        [EVENT_PAUSE] = "pause",
        [EVENT_UNPAUSE] = "unpause",
        [EVENT_HEALTH] = "health",
        [EVENT_CONNECT] = "connect",
        [EVENT_DISCONNECT] = "disconnect",
        [EVENT_NETWORK_GONE] = "network gone",
        [EVENT_VOLUME_GONE] = "volume gone",
        [EVENT_PRUNE] = "prune",
        [EVENT_OTHER] = "other",
};
static_assert(ARRAY_LEN(kind_names) == EVENT_OTHER + 1, "each kind has a name");

typedef struct KindRow {
        const char *type;
        const char *action;
        EventKind kind;
} KindRow;

/* "remove" and a bare "health_status" are Podman's words. */
static const KindRow kind_table[] = {
        { "container", "create", EVENT_CREATE },
        { "container", "start", EVENT_START },
        { "container", "kill", EVENT_KILL },
        { "container", "die", EVENT_DIE },
        { "container", "destroy", EVENT_DESTROY },
        { "container", "remove", EVENT_DESTROY },
        { "container", "rename", EVENT_RENAME },
        { "container", "pause", EVENT_PAUSE },
        { "container", "unpause", EVENT_UNPAUSE },
        { "container", "health_status", EVENT_HEALTH },
        { "container", "prune", EVENT_PRUNE },
        { "network", "connect", EVENT_CONNECT },
        { "network", "disconnect", EVENT_DISCONNECT },
        { "network", "destroy", EVENT_NETWORK_GONE },
        { "network", "remove", EVENT_NETWORK_GONE },
        { "volume", "destroy", EVENT_VOLUME_GONE },
        { "volume", "remove", EVENT_VOLUME_GONE },
};

const char *event_kind_to_string(EventKind kind) {
        assert((size_t) kind <= EVENT_OTHER);
        return kind_names[kind];
}

/* "health_status: healthy" is the action health_status. */
static EventKind kind_find(const char *type, const char *action) {
        size_t size = strcspn(action, ":");

        for (size_t i = 0; i < ARRAY_LEN(kind_table); i++) {
                const KindRow *row = &kind_table[i];

                if (strcmp(row->type, type) == 0 && strlen(row->action) == size
                    && strncmp(row->action, action, size) == 0)
                        return row->kind;
        }
        return EVENT_OTHER;
}

static const char *attribute(const json_t *attributes, const char *name) {
        return json_string_value(json_object_get(attributes, name));
}

int event_decode(const json_t *object, EngineEvent *ret) {
        const char *type = json_string_value(json_object_get(object, "Type"));
        const char *action = json_string_value(json_object_get(object, "Action"));
        const json_t *actor = json_object_get(object, "Actor");
        const char *id = json_string_value(json_object_get(actor, "ID"));
        const json_t *attributes = json_object_get(actor, "Attributes");

        if (type == NULL || action == NULL || id == NULL)
                return -EBADMSG;
        if (!json_is_object(attributes))
                attributes = NULL;

        bool is_container = strcmp(type, "container") == 0;
        const char *container = is_container ? id : NULL;
        if (strcmp(type, "network") == 0)
                container = attribute(attributes, "container");

        const char *name = attribute(attributes, "name");
        json_int_t time_nsec = json_integer_value(json_object_get(object, "timeNano"));
        *ret = (EngineEvent){
                .kind = kind_find(type, action),
                .container_id = container != NULL ? container : "",
                .name = name != NULL ? name : "",
                .actor = id,
                .labels = attributes,
                .image = is_container ? attribute(attributes, "image") : NULL,
                .project =
                        is_container ? attribute(attributes, "com.docker.compose.project") : NULL,
                .time_usec = time_nsec > 0 ? (uint64_t) time_nsec / 1000 : 0,
        };
        return 0;
}
