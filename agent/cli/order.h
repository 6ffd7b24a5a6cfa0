/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/options.h"

/* The answer of POST /unlink and /relink as people read it. Pure. */
int order_print(const json_t *document, unsigned width, Text *text);

/* What is asked before either, from GET /explain: what it does to whom, and what that loses. Pure.
 */
int order_print_question(const char *command, const json_t *document, unsigned width, Text *text);
