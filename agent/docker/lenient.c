/* SPDX-License-Identifier: Apache-2.0 */
#include "docker/lenient.h"

#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

static const char nul[] = "\\u0000";
static const char stand_in[] = "\\ufffd";

/* An escape of a length that both have, and not the end of an escaped backslash. */
static void replace_nuls(char *bytes, size_t size) {
        size_t length = strlen(nul);

        for (size_t i = 0; i + length <= size; i++) {
                if (bytes[i] != '\\')
                        continue;
                if (memcmp(bytes + i, nul, length) == 0)
                        memcpy(bytes + i, stand_in, length);
                i++; /* whatever is escaped */
        }
}

json_t *lenient_load(const char *bytes, size_t size, json_error_t *error) {
        const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;

        json_t *json = json_loadb(bytes, size, flags, error);
        if (json != NULL || json_error_code(error) != json_error_null_byte_in_key)
                return json;

        cleanup(freep) char *copy = malloc(size);
        if (copy == NULL)
                return NULL;
        memcpy(copy, bytes, size);
        replace_nuls(copy, size);
        return json_loadb(copy, size, flags, error);
}
