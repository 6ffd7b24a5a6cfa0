/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * One line of the proxy's access log (templates/nginx/nginx.conf): whose request, and was it
 * answered? Pure; a line that is none of ours is no request.
 */

/* Copies the consumer's number ("c17"); false for a line that tells of no answered request (2xx).
 */
bool proxy_log_answered(const char *line, size_t size, char *consumer, size_t consumer_size);
