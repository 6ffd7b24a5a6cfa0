/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* GET /status as people read it: one sentence, the provider, a row for each consumer. Pure. */
int status_print(const json_t *document, unsigned width, Text *text);
