/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* What to paste, out of the answer of POST /env: lines of an environment, or of a compose file.
 * Pure; the text's own errors. */
int env_print_lines(const json_t *document, unsigned width, Text *text);
int env_print_compose(const json_t *document, unsigned width, Text *text);
