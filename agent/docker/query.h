/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/text.h"

/*
 * Adds one parameter to a path: "?key=value" or, where there is a query already, "&key=value", the
 * value percent-escaped. 0, or the sticky error of the text.
 */
int query_add(Text *path, const char *key, const char *value);
