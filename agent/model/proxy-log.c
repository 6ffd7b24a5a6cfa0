/* SPDX-License-Identifier: Apache-2.0 */
#include "model/proxy-log.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#define LINE_MAX_SIZE 16384

bool proxy_log_answered(const char *line, size_t size, char *consumer, size_t consumer_size) {
        if (size > LINE_MAX_SIZE)
                return false;

        json_t *json = json_loadb(line, size, 0, NULL);
        const char *name = json_string_value(json_object_get(json, "consumer"));
        json_int_t status = json_integer_value(json_object_get(json, "status"));
        bool answered = name != NULL && name[0] == 'c' && strlen(name) < consumer_size
                        && status >= 200 && status < 300;

        if (answered)
                (void) snprintf(consumer, consumer_size, "%s", name);
        json_decref(json);
        return answered;
}
