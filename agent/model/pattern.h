/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/error.h"

/*
 * Pattern: JSON with {placeholders}, made into JSON without them. Pure.
 *
 *   "http://{host}:{port}"              each name is replaced by its value (a string or an integer)
 *   "{ports}"                           a string that is one placeholder becomes the value itself,
 *                                       of any JSON type
 *   {"when": W, ...}                    element or member that is there only while the word W is in
 *                                       force; without the "when" then
 *   {"when": W, "value": V}             the same for a V of any type
 *   {"each": "bind", "value": V}        element of an array: V once for each element of the array
 *                                       that the name stands for; within V the name is that element
 *
 * A placeholder is "{", lower-case letters, digits and "_", "}"; any other brace is plain text.
 * Keys of objects are expanded too.
 */
typedef struct PatternScope {
        const json_t *values;    /* object: name -> value */
        const char *const *when; /* words in force, ended by NULL; may be NULL */
} PatternScope;

/* A new reference in ret; the pattern is borrowed and not changed. -ENOKEY for a placeholder nobody
 * gave, by name; -EINVAL for a malformed entry or a value that cannot stand inside a string. */
int pattern_expand(json_t *pattern, const PatternScope *scope, json_t **ret, Error *err);
