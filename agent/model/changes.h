/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * The first path in GET /containers/ID/changes that exists in the container alone and matters; NULL
 * when all of it is noise. The list of what counts as noise stands in changes.c, and nowhere else.
 * Borrowed.
 */
const char *changes_find_precious(const json_t *changes);
