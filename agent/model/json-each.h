/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

/*
 * The members of an object that is only looked at:
 * json_object_foreach(json_to_iterate(object), key, value). jansson's iterators want an object that
 * may be changed, and do not change it; this is the one place where const is dropped for them.
 * (json_array_foreach() takes const arrays as they are.)
 */
static inline json_t *json_to_iterate(const json_t *object) {
        union {
                const json_t *given;
                json_t *wanted;
        } same = { .given = object };

        return same.wanted;
}
