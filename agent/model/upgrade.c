/* SPDX-License-Identifier: Apache-2.0 */
#include "model/upgrade.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

static const char *const phase_names[] = {
        [UPGRADE_OVER] = "over",
        [UPGRADE_PULL] = "pull",
        [UPGRADE_RENEW] = "renew",
        [UPGRADE_BACK] = "back",
};
static_assert(ARRAY_LEN(phase_names) == UPGRADE_BACK + 1, "a name for every phase");

const char *upgrade_phase_to_string(UpgradePhase phase) {
        return phase_names[phase];
}

static bool copy(char *buffer, size_t size, const json_t *value) {
        const char *text = json_string_value(value);

        return text != NULL && (size_t) snprintf(buffer, size, "%s", text) < size;
}

int upgrade_from_json(const json_t *json, Upgrade *ret, Error *err) {
        const char *phase = json_string_value(json_object_get(json, "phase"));
        Upgrade upgrade = { 0 };
        bool known = false;

        for (size_t i = 0; phase != NULL && i < ARRAY_LEN(phase_names); i++)
                if (strcmp(phase_names[i], phase) == 0) {
                        upgrade.phase = (UpgradePhase) i;
                        known = true;
                }
        if (!known || !copy(upgrade.image, sizeof upgrade.image, json_object_get(json, "image"))
            || !copy(upgrade.old_id, sizeof upgrade.old_id, json_object_get(json, "old_id"))
            || !copy(upgrade.why, sizeof upgrade.why, json_object_get(json, "why")))
                return error_set(err, -EBADMSG, "it is not what coollamad writes there");
        *ret = upgrade;
        return 0;
}

json_t *upgrade_to_json(const Upgrade *upgrade) {
        return json_pack(
                "{s:s, s:s, s:s, s:s%}", "phase", phase_names[upgrade->phase], "image",
                upgrade->image, "old_id", upgrade->old_id, "why", upgrade->why, strlen(upgrade->why)
        );
}
