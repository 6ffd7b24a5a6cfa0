/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Query: values in paths of the engine.
 *
 * Everything that is not unreserved (RFC 3986) is escaped, so that a JSON filter or an image's name
 * goes through as it is and nothing in it can add a parameter of its own.
 */
#include "docker/query.h"

#include <string.h>

static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

int query_add(Text *path, const char *key, const char *value) {
        const char *separator = path->data != NULL && strchr(path->data, '?') != NULL ? "&" : "?";

        (void) text_addf(path, "%s%s=", separator, key);
        while (*value != '\0') {
                size_t plain = strspn(value, unreserved);

                (void) text_add_bytes(path, value, plain);
                value += plain;
                if (*value != '\0')
                        (void) text_addf(path, "%%%02X", (unsigned) (unsigned char) *value++);
        }
        /* The text's errors stick: what any of the calls above met comes out here. */
        return text_add(path, "");
}
