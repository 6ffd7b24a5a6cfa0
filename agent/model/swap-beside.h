/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/plan-swap.h"

/*
 * The part of a rolling swap that others have not: the new one is started beside the old one and
 * proves itself, before anything is stopped.
 */

/* Has ours been up for long enough, or healthy, beside the old one? What is left is the ordinary
 * swap. */
bool swap_is_proven_beside(const SwapView *view);

/* Adds the steps that begin it. */
void swap_start_beside(Plan *plan, const SwapView *view);

/* In phase "beside", without a newer deployment. */
void swap_plan_beside(const SwapView *view, uint64_t now_usec, Plan *plan);
