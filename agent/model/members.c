/* SPDX-License-Identifier: Apache-2.0 */
#include "model/members.h"

#include <string.h>

#include "model/identity.h"

#define TOGETHER_SEC 600

const char *members_find_busy(const json_t *list, const char *except) {
        size_t i;
        json_t *item;

        json_array_foreach(list, i, item) {
                const char *id = json_string_value(json_object_get(item, "Id"));
                const char *state = json_string_value(json_object_get(item, "State"));
                const char *status = json_string_value(json_object_get(item, "Status"));
                const char *name = container_list_name(item);

                if (id == NULL || state == NULL || status == NULL || strcmp(id, except) == 0)
                        continue;
                if (strcmp(state, "created") == 0 || strcmp(state, "restarting") == 0
                    || strstr(status, "(health: starting)") != NULL)
                        return name;
        }
        return NULL;
}

static json_int_t created_of(const json_t *list, const char *id) {
        size_t i;
        json_t *item;

        json_array_foreach(list, i, item) {
                const char *other = json_string_value(json_object_get(item, "Id"));

                if (other != NULL && strcmp(other, id) == 0)
                        return json_integer_value(json_object_get(item, "Created"));
        }
        return 0;
}

/* As compose calls a replacement until what it replaces is gone. */
static bool is_temporary(const char *name) {
        return strspn(name, "0123456789abcdef") == 12 && name[12] == '_';
}

static const char *label_of(const json_t *item, const char *name) {
        return json_string_value(json_object_get(json_object_get(item, "Labels"), name));
}

static bool is_oneoff(const json_t *item) {
        const char *oneoff = label_of(item, "com.docker.compose.oneoff");

        return oneoff != NULL && strcmp(oneoff, "True") == 0;
}

static bool is_twin(const json_t *item, const char *key, const Container *container) {
        const char *id = json_string_value(json_object_get(item, "Id"));
        const char *state = json_string_value(json_object_get(item, "State"));
        const char *number = label_of(item, "com.docker.compose.container-number");
        const json_t *labels = json_object_get(item, "Labels");
        const char *name = container_list_name(item);
        Identity identity;

        return id != NULL && strcmp(id, container->id) != 0 && state != NULL
               && strcmp(state, "running") == 0 && !is_oneoff(item)
               && strcmp(number ? number : "", container->number) == 0
               && identity_from_labels(labels, name, &identity, NULL) >= 0
               && strcmp(identity.key, key) == 0;
}

MemberTwin members_find_twin(const json_t *list, const char *identity, const Container *container) {
        json_int_t created = created_of(list, container->id);
        MemberTwin twin = { 0 };
        size_t i;
        json_t *item;

        json_array_foreach(list, i, item) {
                if (!is_twin(item, identity, container))
                        continue;
                bool newer = json_integer_value(json_object_get(item, "Created")) > created;
                if (newer || twin.name == NULL)
                        twin = (MemberTwin){ .name = container_list_name(item), .newer = newer };
                if (newer)
                        break;
        }
        return twin;
}

static bool is_left(const json_t *item, json_int_t since) {
        const char *state = json_string_value(json_object_get(item, "State"));
        const char *name = container_list_name(item);

        return state != NULL && strcmp(state, "created") == 0 && name != NULL && !is_temporary(name)
               && !is_oneoff(item) && json_integer_value(json_object_get(item, "Created")) >= since;
}

size_t members_find_left(const json_t *list, const char *id, MemberLeft ret[MEMBERS_LEFT_MAX]) {
        json_int_t created = created_of(list, id);
        size_t i, n = 0;
        json_t *item;

        if (created == 0)
                return 0;
        json_array_foreach(list, i, item) {
                const char *other = json_string_value(json_object_get(item, "Id"));

                if (other != NULL && strcmp(other, id) != 0 && n < MEMBERS_LEFT_MAX
                    && is_left(item, created - TOGETHER_SEC))
                        ret[n++] = (MemberLeft){ .id = other, .name = container_list_name(item) };
        }
        return n;
}
