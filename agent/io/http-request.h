/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <curl/curl.h>

#include "io/http.h"

/*
 * HttpRequest to libcurl handle. Used by io/http.c alone.
 *
 * Both are the caller's; the list must outlive the handle. -EINVAL for what would not be one
 * request on the wire (unknown method, blank or control character in the path or a header),
 * -ENAMETOOLONG for the socket, -ENOMEM.
 */
int http_request_to_easy(
        const HttpRequest *request, CURL **ret_easy, struct curl_slist **ret_headers
);
