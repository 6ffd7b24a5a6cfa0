/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query: values in paths of the engine.
 *
 * All of it is escaped, so that a JSON filter or an image's name goes through as it is and nothing
 * in it can add a parameter of its own.
 */
#include "docker/query.h"

#include <string.h>

int query_add(Text *path, const char *key, const char *value) {
        const char *separator = path->data != NULL && strchr(path->data, '?') != NULL ? "&" : "?";

        (void) text_addf(path, "%s%s=", separator, key);
        return text_add_escaped(path, value); /* the error of the call above sticks */
}
