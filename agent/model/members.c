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

/* Compose calls a replacement so, after what it replaces, until that is gone. */
#define SHORT_ID_LENGTH 12

static bool is_temporary(const char *name) {
        return strspn(name, "0123456789abcdef") == SHORT_ID_LENGTH && name[SHORT_ID_LENGTH] == '_';
}

static const json_t *find_replaced(const json_t *list, const char *temporary) {
        size_t i;
        json_t *item;

        json_array_foreach(list, i, item) {
                const char *id = json_string_value(json_object_get(item, "Id"));

                if (id != NULL && strncmp(id, temporary, SHORT_ID_LENGTH) == 0)
                        return item;
        }
        return NULL;
}

/* False: what it was to replace is not down, or its name is another one's by now. */
static bool take_left(const json_t *list, const json_t *item, MemberLeft *ret) {
        const char *name = container_list_name(item);
        size_t i;
        json_t *other;

        *ret = (MemberLeft){ .id = json_string_value(json_object_get(item, "Id")), .name = name };
        if (!is_temporary(name))
                return true;

        if (label_of(item, "com.docker.compose.replace") == NULL)
                return false;
        const json_t *replaced = find_replaced(list, name);
        const char *state = json_string_value(json_object_get(replaced, "State"));
        if (replaced != NULL && (state == NULL || strcmp(state, "exited") != 0))
                return false;
        ret->name = name + SHORT_ID_LENGTH + 1;
        ret->renamed = true;
        ret->replaced = json_string_value(json_object_get(replaced, "Id"));
        json_array_foreach(list, i, other) {
                const char *taken = container_list_name(other);

                if (other != replaced && taken != NULL && strcmp(taken, ret->name) == 0)
                        return false;
        }
        return true;
}

static bool is_left(const json_t *item, json_int_t since) {
        const char *state = json_string_value(json_object_get(item, "State"));
        const char *name = container_list_name(item);

        return state != NULL && strcmp(state, "created") == 0 && name != NULL && !is_oneoff(item)
               && json_integer_value(json_object_get(item, "Created")) >= since;
}

size_t members_find_left(const json_t *list, const char *id, MemberLeft ret[MEMBERS_LEFT_MAX]) {
        json_int_t created = created_of(list, id);
        size_t i, n = 0;
        json_t *item;

        if (created == 0)
                return 0;
        json_array_foreach(list, i, item) {
                const char *other = json_string_value(json_object_get(item, "Id"));

                if (other != NULL && n < MEMBERS_LEFT_MAX && is_left(item, created - TOGETHER_SEC)
                    && take_left(list, item, &ret[n]))
                        n++;
        }
        return n;
}
