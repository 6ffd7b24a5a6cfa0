/* SPDX-License-Identifier: Apache-2.0 */
#include "model/proxy-log.h"

#include <string.h>

#include <jansson.h>

#include "base/timestamp.h"

#define LINE_MAX_SIZE   16384
#define NUMBER_MAX_SIZE 20 /* digits */

/* "c17"; 0 for any other name. */
static uint64_t number_of(const char *name) {
        uint64_t number = 0;
        size_t size = name ? strlen(name) : 0;

        if (size < 2 || size > NUMBER_MAX_SIZE || name[0] != 'c'
            || strspn(name + 1, "0123456789") != size - 1)
                return 0;
        for (const char *digit = name + 1; *digit != '\0'; digit++)
                number = number * 10 + (uint64_t) (*digit - '0');
        return number;
}

static uint64_t seconds_of(const char *text) {
        int64_t seconds = 0;
        uint32_t nsec = 0;

        if (text == NULL || timestamp_parse(text, &seconds, &nsec) < 0 || seconds < 0)
                return 0;
        return (uint64_t) seconds;
}

bool proxy_log_read(const char *line, size_t size, ProxyRequest *ret) {
        if (size > LINE_MAX_SIZE)
                return false;

        json_t *json = json_loadb(line, size, 0, NULL);
        const json_t *status = json_object_get(json, "status");
        const char *by = json_string_value(json_object_get(json, "by"));
        bool proved = by != NULL && strcmp(by, "verify") == 0; /* coollama verify, by its key */
        json_int_t code = json_integer_value(status);
        ProxyRequest request = {
                .number = number_of(json_string_value(json_object_get(json, "consumer"))),
                .when = seconds_of(json_string_value(json_object_get(json, "time"))),
                .answered = code >= 200 && code < 300,
                .refused = code == 401 || code == 403,
        };

        json_decref(json);
        if (request.number == 0 || code == 0 || proved)
                return false;
        *ret = request;
        return true;
}
