/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http-request.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/macro.h"
#include "base/text.h"

/*
 * HttpRequest: checked, then told to libcurl.
 *
 * Plain HTTP/1.1 to a unix socket: no name is looked up, no proxy, no redirect, no other protocol,
 * no signal handlers. No "Expect: 100-continue" (the engine's answer would take a round trip more),
 * no content type unless the caller names one, the path byte for byte as given.
 */
static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE" };

/* libcurl's curl_slist_append() needs the list back; on failure the old list is still there. */
static int list_add(struct curl_slist **list, const char *line) {
        struct curl_slist *longer = curl_slist_append(*list, line);

        if (longer == NULL)
                return -ENOMEM;
        *list = longer;
        return 0;
}

static bool line_is_clean(const char *line) {
        for (; *line; line++)
                if ((unsigned char) *line < ' ' || *line == 0x7f)
                        return false;
        return true;
}

static bool path_is_clean(const char *path) {
        return path && path[0] == '/' && line_is_clean(path) && strpbrk(path, " #") == NULL;
}

/* Of numbers alone: "172.17.0.1:11434", "[fe80::1]:11434". */
static bool address_is_clean(const char *address) {
        return address != NULL && address[0] != '\0'
               && address[strspn(address, "0123456789abcdefABCDEF.:[]")] == '\0';
}

static int request_check(const HttpRequest *request) {
        bool known = false;

        for (size_t i = 0; i < ARRAY_LEN(methods) && request->method; i++)
                known = known || strcmp(methods[i], request->method) == 0;
        bool by_socket = request->socket_path != NULL && request->socket_path[0] != '\0';
        if (!known || !path_is_clean(request->path)
            || by_socket == address_is_clean(request->address))
                return -EINVAL;
        if (request->content_type && !line_is_clean(request->content_type))
                return -EINVAL;
        for (const char *const *header = request->headers; header && *header; header++)
                if (!line_is_clean(*header) || strchr(*header, ':') == NULL)
                        return -EINVAL;
        if (request->body_size > 0 && request->body == NULL)
                return -EINVAL;
        if (by_socket
            && strlen(request->socket_path) >= sizeof((struct sockaddr_un *) NULL)->sun_path)
                return -ENAMETOOLONG;
        return 0;
}

static int headers_from_request(const HttpRequest *request, struct curl_slist **list) {
        cleanup(freep) char *type = NULL;
        int r = list_add(list, "Expect:");

        for (const char *const *header = request->headers; r >= 0 && header && *header; header++)
                r = list_add(list, *header);
        if (r < 0)
                return r;

        type = text_format(
                "Content-Type:%s%s", request->content_type ? " " : "",
                request->content_type ? request->content_type : ""
        );
        return type ? list_add(list, type) : -ENOMEM;
}

/* libcurl does not set close-on-exec itself. */
static curl_socket_t on_curl_open(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
        (void) data;
        (void) purpose;
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Rounded up: 0 would mean no limit to libcurl. */
static long timeout_ms(uint64_t usec) {
        uint64_t ms = usec / USEC_PER_MSEC + (usec % USEC_PER_MSEC > 0);

        return ms > LONG_MAX ? LONG_MAX : (long) ms;
}

static CURLcode set_transport(CURL *easy, const HttpRequest *request, const char *url) {
        CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, url);

        if (code == CURLE_OK && request->address == NULL)
                code = curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->socket_path);
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_curl_open);
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_PROXY, "");
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        if (code == CURLE_OK)
                code = curl_easy_setopt(easy, CURLOPT_USERAGENT, "coollama/" COOLLAMA_VERSION);
        if (code == CURLE_OK)
                code = curl_easy_setopt(
                        easy, CURLOPT_TIMEOUT_MS, timeout_ms(request->timeout_usec)
                );
        return code;
}

static CURLcode set_message(CURL *easy, const HttpRequest *request, struct curl_slist *headers) {
        CURLcode code = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        bool sends_body = request->body_size > 0 || strcmp(request->method, "POST") == 0
                          || strcmp(request->method, "PUT") == 0;

        if (code != CURLE_OK)
                return code;
        if (strcmp(request->method, "HEAD") == 0)
                return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);

        if (sends_body) { /* the size first: it says how much is copied */
                code = curl_easy_setopt(
                        easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_size
                );
                if (code == CURLE_OK)
                        code = curl_easy_setopt(
                                easy, CURLOPT_COPYPOSTFIELDS,
                                request->body ? request->body : (const void *) ""
                        );
                if (code != CURLE_OK)
                        return code;
        }
        return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

int http_request_to_easy(
        const HttpRequest *request, CURL **ret_easy, struct curl_slist **ret_headers
) {
        int r = request_check(request);
        if (r < 0)
                return r;

        /* The host is no name to look up, it is what the Host header says. */
        cleanup(freep) char *url = text_format(
                "http://%s%s", request->address ? request->address : "localhost", request->path
        );
        struct curl_slist *headers = NULL;
        CURL *easy = url ? curl_easy_init() : NULL;

        r = easy ? headers_from_request(request, &headers) : -ENOMEM;
        if (r >= 0
            && (set_transport(easy, request, url) != CURLE_OK
                || set_message(easy, request, headers) != CURLE_OK))
                r = -ENOMEM;
        if (r < 0) {
                curl_easy_cleanup(easy);
                curl_slist_free_all(headers);
                return r;
        }
        *ret_easy = easy;
        *ret_headers = headers;
        return 0;
}
