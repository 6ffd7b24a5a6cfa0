/* SPDX-License-Identifier: Apache-2.0 */
#include "model/unreachable.h"

#include <stdio.h>

void unreachable_explain(
        const UnreachableFacts *facts,
        char why[static UNREACHABLE_WHY_MAX],
        char mend[static UNREACHABLE_MEND_MAX]
) {
        mend[0] = '\0';
        if (facts->internal) {
                (void) snprintf(
                        why, UNREACHABLE_WHY_MAX,
                        "its network %.60s is internal: containers on it reach no host.docker.internal:%s",
                        facts->network, facts->port
                );
                return;
        }
        if (!facts->tried) {
                (void) snprintf(
                        why, UNREACHABLE_WHY_MAX,
                        "cannot find out whether containers on the network %.60s reach host.docker.internal:%s: %.120s",
                        facts->network, facts->port, facts->trouble
                );
                return;
        }
        (void) snprintf(
                why, UNREACHABLE_WHY_MAX,
                "containers on the network %.60s do not reach host.docker.internal:%s (%.60s): a firewall of the host drops it, or the engine runs without its userland proxy",
                facts->network, facts->port, facts->trouble
        );
        (void) snprintf(
                mend, UNREACHABLE_MEND_MAX, "ufw allow proto tcp from %s to any port %s",
                facts->subnet[0] != '\0' ? facts->subnet : "10.0.0.0/8,172.16.0.0/12", facts->port
        );
}
