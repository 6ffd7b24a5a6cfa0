/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One line of the proxy's access log (templates/nginx/nginx.conf): whose request, when, and was it
 * answered? Pure; a line that is none of ours tells of no request.
 */
typedef struct ProxyRequest {
        uint64_t number; /* the consumer's, as its key has it */
        uint64_t when;   /* seconds since 1970 */
        bool answered;   /* 2xx */
        bool refused;    /* 401 or 403: its key is known, and may not do this */
} ProxyRequest;

/* False for a line that tells of no consumer's request. */
bool proxy_log_read(const char *line, size_t size, ProxyRequest *ret);
