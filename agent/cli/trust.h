/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* What is asked before a container is given what its labels ask for, out of what the daemon says of
 * it. Pure; the text's own errors. */
int trust_print_question(const json_t *document, unsigned width, Text *text);
