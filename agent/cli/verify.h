/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* The answer of POST /verify as people read it: a line for each check, what mends a failed one
 * below it, and the sum. Pure. */
int verify_print(const json_t *document, unsigned width, Text *text);
