/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/text.h"

/* What is asked before a container is linked by order, out of what the daemon says of it; whatever
 * speaks against it comes first. Pure; the text's own errors. */
int link_print_question(const json_t *document, unsigned width, Text *text);
