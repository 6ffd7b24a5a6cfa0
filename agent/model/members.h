/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * The name of a member of a project that is created (and will be started) or whose health check has
 * not answered yet, out of GET /containers/json for that project; NULL: none. Borrowed from the
 * list. except is the id of the container that asks.
 */
const char *members_find_busy(const json_t *list, const char *except);
