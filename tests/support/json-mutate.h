/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * For fuzzing what takes JSON documents: changes a few places of one, so that it stays JSON. Bytes
 * that are changed blindly hardly ever get past the parser. The same seed makes the same changes.
 */
void json_mutate(json_t *document, unsigned seed);
