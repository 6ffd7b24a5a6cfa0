/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* GET /plan as people read it: who it is about, why, what would be done, step by step. Pure. */
int plan_print(const json_t *document, unsigned width, Text *text);
