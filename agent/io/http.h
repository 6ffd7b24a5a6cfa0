/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/error.h"

/*
 * Http: requests over unix sockets (and to addresses of this host), on the event loop.
 *
 * libcurl's multi interface driven by sd-event. http_send() starts a request and returns a slot;
 * the callback comes exactly once, from the loop, never from inside http_send() or
 * http_slot_free(). Freeing the slot cancels: its callbacks never come then. Freeing a slot (or
 * starting requests) inside any of its callbacks is allowed. The traps this code avoids are told in
 * http.c and proven in its test.
 */
typedef struct Http Http;
typedef struct HttpSlot HttpSlot;

typedef struct HttpResult {
        int error;        /* 0: a whole answer came; else negative errno (-ETIMEDOUT, -ECONNREFUSED,
                             -EMSGSIZE...) */
        long status;      /* HTTP status; 0 when none came */
        const char *body; /* collected body, NUL-terminated; "" when streamed. Valid during the
                             callback */
        size_t body_size; /* bytes */
        const char *headers; /* raw header block of the answer; see http_result_header() */
        char text[200];      /* why, when error is set: libcurl's words, never a body */
} HttpResult;

typedef void HttpDone(const HttpResult *result, void *data);

/* A streamed answer's headers are there (2xx only); then pieces of its body. Negative errno ends
 * the transfer. */
typedef int HttpStarted(long status, void *data);
typedef int HttpPiece(const char *bytes, size_t size, void *data);

typedef struct HttpRequest {
        const char *socket_path;
        const char *address;        /* instead: "HOST:PORT", a number each; no name is looked up */
        const char *method;         /* "GET", "POST", "HEAD", "PUT", "DELETE" */
        const char *path;           /* begins with "/"; already escaped */
        const char *const *headers; /* "Name: value", ended by NULL; may be NULL. Never logged */
        const char *content_type;   /* of the body */
        const void *body;           /* copied */
        size_t body_size;
        uint64_t timeout_usec; /* for the whole request; 0: none (streams) */
        uint64_t silence_usec; /* streams: fail with -ETIMEDOUT when nothing comes for so long; 0:
                                  never */
        size_t max_body;       /* collected: -EMSGSIZE above that; 0: 4 MiB */
        HttpStarted *started;  /* streamed answers only */
        HttpPiece *piece;      /* set: a 2xx body is streamed, not collected (other statuses are
                                  collected) */
} HttpRequest;

int http_new(sd_event *event, Http **ret);
/* Ends every open request without calling back; their slots stay their owners'. Not in a callback.
 */
Http *http_free(Http *http);

/*
 * Everything in the request is copied. Negative errno when it could not even be started: -EINVAL
 * (no proper request), -ENAMETOOLONG (the socket's path), -ENOBUFS (256 are under way), -ENOMEM.
 */
int http_send(Http *http, const HttpRequest *request, HttpDone *done, void *data, HttpSlot **ret);
HttpSlot *http_slot_free(HttpSlot *slot);

/* Requests under way: for tests and for the status. */
size_t http_in_flight(const Http *http);

/* Copies the value of a header (any case) of the last answer; false when absent or too long. */
bool http_result_header(const HttpResult *result, const char *name, char *buffer, size_t size);
