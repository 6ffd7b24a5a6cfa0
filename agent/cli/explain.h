/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* GET /explain as people read it: what was decided, why, what the link changed in each container,
 * how the old one comes back. Pure. */
int explain_print(const json_t *document, unsigned width, Text *text);
