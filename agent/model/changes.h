/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * The first path in GET /containers/ID/changes that exists in the container alone and matters; NULL
 * when all of it is noise: the list of what counts as that stands in changes.c, and nowhere else;
 * and the directories that were made for the container's mounts. Borrowed from changes.
 *
 * mounts: Mounts of the container's inspect document; NULL: none.
 */
const char *changes_find_precious(const json_t *changes, const json_t *mounts);
