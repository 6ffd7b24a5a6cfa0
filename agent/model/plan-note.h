/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/container.h"
#include "model/plan.h"
#include "model/swap-record.h"

/* Before a swap's record is dropped: what its end teaches is written down. made: the new one, which
 * stays; NULL: it does not. */
void plan_note_swap(const SwapRecord *record, const Container *made, Plan *plan);
