/* SPDX-License-Identifier: Apache-2.0 */
#include "model/action.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
        [ACTION_RECORD] = "record",     [ACTION_FORGET] = "forget",
        [ACTION_CALL] = "call",         [ACTION_STAY_UP] = "stay-up",
        [ACTION_PULL] = "pull",         [ACTION_KEY] = "key",
        [ACTION_ACCESS] = "access",     [ACTION_KEEP] = "keep",
        [ACTION_REMEMBER] = "remember", [ACTION_GENERATION] = "generation",
        [ACTION_COPY] = "copy",
};
static_assert(ARRAY_LEN(kind_names) == ACTION_COPY + 1, "a name for every kind");

const char *action_kind_to_string(ActionKind kind) {
        return kind_names[kind];
}

static void secret_free(char *secret) {
        if (secret != NULL)
                explicit_bzero(secret, strlen(secret));
        free(secret);
}

void action_done(Action *action) {
        switch (action->kind) {
        case ACTION_RECORD:
        case ACTION_KEEP:
        case ACTION_REMEMBER:
                json_decref(action->u.record);
                break;
        case ACTION_CALL:
                free(action->u.call.path);
                json_decref(action->u.call.body);
                break;
        case ACTION_STAY_UP:
                free(action->u.stay_up.id);
                break;
        case ACTION_COPY:
                free(action->u.copy.from);
                free(action->u.copy.to);
                json_decref(action->u.copy.paths);
                break;
        case ACTION_PULL:
                free(action->u.image);
                break;
        case ACTION_KEY:
                secret_free(action->u.key.taken_over);
                break;
        case ACTION_FORGET:
        case ACTION_ACCESS:
        case ACTION_GENERATION:
                break;
        }
        free(action->what);
}
