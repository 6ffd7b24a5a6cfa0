/* SPDX-License-Identifier: Apache-2.0 */
#include "model/members.h"

#include <stdbool.h>
#include <string.h>

#include "model/container.h"

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

static bool is_left(const json_t *item, json_int_t since) {
        const json_t *labels = json_object_get(item, "Labels");
        const char *oneoff =
                json_string_value(json_object_get(labels, "com.docker.compose.oneoff"));
        const char *state = json_string_value(json_object_get(item, "State"));
        const char *name = container_list_name(item);

        return state != NULL && strcmp(state, "created") == 0 && name != NULL && !is_temporary(name)
               && (oneoff == NULL || strcmp(oneoff, "True") != 0)
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

                if (other != NULL && strcmp(other, id) != 0 && n < MEMBERS_LEFT_MAX
                    && is_left(item, created - TOGETHER_SEC))
                        ret[n++] = (MemberLeft){ .id = other, .name = container_list_name(item) };
        }
        return n;
}
