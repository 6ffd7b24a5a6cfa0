/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include <jansson.h>

/* What GET /containers/ID/changes would answer: "A /path" is added, "C" modified, "D" deleted; NULL
 * ends the list. */
json_t *changes_answer(const char *const *lines, size_t n);
