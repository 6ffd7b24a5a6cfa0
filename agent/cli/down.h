/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/text.h"

/* What is asked before everything is taken down, from GET /status: whom it concerns. Pure. */
int down_print_question(const json_t *document, bool unlink, unsigned width, Text *text);
