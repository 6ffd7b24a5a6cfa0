/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* The answer of POST /pause and /resume as people read it. Pure. */
int hold_print(const json_t *document, unsigned width, Text *text);
