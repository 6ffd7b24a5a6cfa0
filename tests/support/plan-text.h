/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "model/plan.h"

/* Everything that a plan says and does, as text: two plans are the same when their texts are. Freed
 * by the caller. */
char *plan_to_text(const Plan *plan);
