/* SPDX-License-Identifier: Apache-2.0 */
#include "model/plan-note.h"

#include "model/kept.h"

static json_t *failed_attempt(const SwapRecord *record) {
        return json_pack(
                "{s:i, s:s, s:s, s:s}", "attempt", (int) record->attempt, "of", record->old_id,
                "tried", record->tried, "failure", record->reason
        );
}

void plan_note_swap(const SwapRecord *record, const Container *made, Plan *plan) {
        if (made != NULL && json_is_object(record->keep))
                plan_add_keep(plan, kept_finish(record, made), "keep what was replaced");
        if (record->phase == SWAP_ROLLBACK && record->counts)
                plan_add_remember(plan, failed_attempt(record), "note that the attempt failed");
}
