/* SPDX-License-Identifier: Apache-2.0 */
#include "model/debt.h"

/* restart asks for the proof only from those that were started during the outage. */
Due debt_due(const Debt *debt, Recovery action) {
        bool asked = action == RECOVERY_AUTO || !debt->lived;

        if (!debt->owed || action == RECOVERY_NONE)
                return DUE_NOTHING;
        if (asked && debt->shown == SHOWN_YES)
                return DUE_NOTHING;
        if (debt->held || debt->under_way || (asked && debt->shown == SHOWN_NOT_YET))
                return DUE_LATER;
        return DUE_RESTART;
}
