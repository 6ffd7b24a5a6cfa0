/* SPDX-License-Identifier: Apache-2.0 */
#include "model/health.h"

bool health_note(Health *health, bool ok, HealthRule rule, uint64_t now_usec) {
        if (ok) {
                health->failures = 0;
                health->successes++;
                if (health->up || (health->was_up && health->successes < rule.up_after))
                        return false;
                health->up = true;
                health->was_up = true;
                return true;
        }

        if (health->failures == 0)
                health->first_failure_usec = now_usec;
        health->failures++;
        health->successes = 0;
        if (!health->up || health->failures < rule.down_after)
                return false;
        health->up = false;
        return true;
}
