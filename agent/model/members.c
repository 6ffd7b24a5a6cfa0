/* SPDX-License-Identifier: Apache-2.0 */
#include "model/members.h"

#include <string.h>

#include "model/container.h"

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
