/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "base/macro.h"
#include "base/text.h"
#include "io/http-loop.h"
#include "io/http-request.h"

/*
 * Http: slots over one HttpLoop (io/http-loop.c has libcurl's multi handle and its traps).
 *
 * A slot is in one of three places: `active` (waiting for its turn, or in libcurl), `ended` (its
 * result stands, done() is still to be called), or nobody's but its owner's. started() and piece()
 * run with libcurl on the stack, where it allows neither adding nor removing a transfer. So a slot
 * freed there is only marked `released`, and its transfer told to stop; one sent there waits in
 * `active`; on_turned() does both when libcurl has returned. done() runs outside of libcurl and is
 * free to do anything; its own slot is `pinned` meanwhile, because the result points into it.
 *
 * Bounded: requests at once, the header block, the collected body, the socket's path. A connection
 * is kept for the next request; a reused one that the server had closed is replaced by libcurl.
 */
#define IN_FLIGHT_MAX    256
#define HEADERS_MAX      ((size_t) 16 * 1024)
#define BODY_MAX_DEFAULT ((size_t) 4 * 1024 * 1024)

typedef TAILQ_HEAD(SlotList, HttpSlot) SlotList;

struct Http {
        sd_event *event;
        HttpLoop *loop;
        SlotList active;
        SlotList ended;
        size_t in_flight;
        bool reporting;
        bool curl_is_up;
};

struct HttpSlot {
        TAILQ_ENTRY(HttpSlot) entry;
        Http *http; /* NULL once reported, or when the Http went */
        CURL *easy;
        struct curl_slist *headers_out;
        sd_event_source *silence;
        uint64_t silence_usec;
        HttpDone *done;
        HttpStarted *started;
        HttpPiece *piece;
        void *data;
        Text headers;
        Text body;
        bool headers_complete;
        bool streaming;
        bool in_loop;
        bool has_ended;
        bool pinned;
        bool released;
        HttpResult result;
        char why[CURL_ERROR_SIZE];
};

DEFINE_CLEANUP(Http, http_free);
DEFINE_CLEANUP(HttpSlot, http_slot_free);

/* Lets go of all that libcurl and the loop hold of the slot. Not from inside libcurl. */
static void slot_detach(HttpSlot *slot) {
        if (slot->in_loop)
                http_loop_remove(slot->http->loop, slot->easy);
        slot->in_loop = false;
        slot->silence = sd_event_source_disable_unref(slot->silence);
        curl_easy_cleanup(slot->easy);
        slot->easy = NULL;
        curl_slist_free_all(slot->headers_out);
        slot->headers_out = NULL;
}

static void slot_unlink(HttpSlot *slot) {
        if (slot->http == NULL)
                return;
        if (slot->has_ended)
                TAILQ_REMOVE(&slot->http->ended, slot, entry);
        else
                TAILQ_REMOVE(&slot->http->active, slot, entry);
        slot->http->in_flight--;
        slot->http = NULL;
}

HttpSlot *http_slot_free(HttpSlot *slot) {
        if (slot == NULL)
                return NULL;
        if (slot->pinned || (slot->in_loop && http_loop_is_inside(slot->http->loop))) {
                slot->released = true;
                return NULL;
        }
        slot_detach(slot);
        slot_unlink(slot);
        text_done(&slot->headers);
        text_done(&slot->body);
        free(slot);
        return NULL;
}

static int errno_from_curl(CURLcode code, CURL *easy) {
        long os_errno = 0;

        /* Not a switch: of a hundred codes these are the ones that callers tell apart. */
        if (code == CURLE_OK)
                return 0;
        if (code == CURLE_OPERATION_TIMEDOUT)
                return -ETIMEDOUT;
        if (code == CURLE_OUT_OF_MEMORY)
                return -ENOMEM;
        if (code == CURLE_COULDNT_CONNECT) {
                (void) curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_errno);
                return os_errno > 0 ? -(int) os_errno : -ECONNREFUSED;
        }
        if (code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR
            || code == CURLE_SEND_ERROR)
                return -ECONNRESET;
        if (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_UNSUPPORTED_PROTOCOL)
                return -EBADMSG;
        return -EIO;
}

/* The first error stands; its text, too. */
static void slot_fail(HttpSlot *slot, int error, const char *why) {
        if (slot->result.error < 0)
                return;
        slot->result.error = error;
        (void) snprintf(
                slot->result.text, sizeof slot->result.text, "%.*s",
                (int) sizeof slot->result.text - 1, why
        );
}

/* The transfer is over, one way or the other: the result is made, done() comes with the report. */
static void slot_end(HttpSlot *slot) {
        HttpResult *result = &slot->result;

        (void) curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &result->status);
        slot_detach(slot);
        result->body = slot->body.data && !slot->streaming ? slot->body.data : "";
        result->body_size = slot->streaming ? 0 : slot->body.size;
        result->headers = slot->headers.data ? slot->headers.data : "";

        TAILQ_REMOVE(&slot->http->active, slot, entry);
        TAILQ_INSERT_TAIL(&slot->http->ended, slot, entry);
        slot->has_ended = true;
}

static void http_report(Http *http) {
        HttpSlot *slot;

        http->reporting = true;
        while ((slot = TAILQ_FIRST(&http->ended))) {
                slot_unlink(slot);
                slot->pinned = true;
                slot->done(&slot->result, slot->data);
                slot->pinned = false;
                if (slot->released)
                        (void) http_slot_free(slot);
        }
        http->reporting = false;
}

static int on_silence(sd_event_source *source, uint64_t usec, void *userdata) {
        HttpSlot *slot = userdata;
        Http *http = slot->http;

        (void) source;
        (void) usec;
        slot_fail(slot, -ETIMEDOUT, "nothing came for too long");
        slot_end(slot);
        http_report(http);
        return 0;
}

static int slot_start(HttpSlot *slot) {
        if (slot->silence_usec > 0) {
                int r = sd_event_add_time_relative(
                        slot->http->event, &slot->silence, CLOCK_MONOTONIC, slot->silence_usec, 1,
                        on_silence, slot
                );
                if (r < 0)
                        return r;
                (void) sd_event_source_set_description(slot->silence, "http-silence");
        }

        int r = http_loop_add(slot->http->loop, slot->easy);
        if (r < 0)
                return r;
        slot->in_loop = true;
        return 0;
}

/* Something came: the silence begins anew. */
static void slot_heard(HttpSlot *slot) {
        if (slot->silence)
                (void) sd_event_source_set_time_relative(slot->silence, slot->silence_usec);
}

/* From libcurl: a whole line of the header block, or a trailer. */
static size_t on_curl_header(char *line, size_t one, size_t size, void *data) {
        HttpSlot *slot = data;
        long status = 0;

        (void) one;
        if (slot->released)
                return 0;
        slot_heard(slot);

        /* A status line begins a new block: only the last answer counts. A trailer is no header. */
        if (size > 5 && strncmp(line, "HTTP/", 5) == 0) {
                text_done(&slot->headers);
                slot->headers_complete = false;
        } else if (slot->headers_complete) {
                return size;
        }

        int r = text_add_bytes(&slot->headers, line, size);
        if (r < 0) {
                slot_fail(slot, r == -E2BIG ? -EMSGSIZE : r, "the answer's headers are too long");
                return 0;
        }
        if (line[0] != '\r' && line[0] != '\n')
                return size;

        slot->headers_complete = true;
        (void) curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
        slot->streaming = slot->piece && status >= 200 && status < 300;
        if (!slot->streaming || slot->started == NULL)
                return size;

        r = slot->started(status, slot->data);
        if (r < 0)
                slot_fail(slot, r, "ended by its reader");
        return r < 0 || slot->released ? 0 : size;
}

/* From libcurl: a piece of the body. Returning less than size ends the transfer. */
static size_t on_curl_body(char *bytes, size_t one, size_t size, void *data) {
        HttpSlot *slot = data;

        (void) one;
        if (slot->released)
                return CURL_WRITEFUNC_ERROR;
        slot_heard(slot);

        if (slot->streaming) {
                int r = slot->piece(bytes, size, slot->data);
                if (r < 0)
                        slot_fail(slot, r, "ended by its reader");
                return r < 0 || slot->released ? CURL_WRITEFUNC_ERROR : size;
        }

        int r = text_add_bytes(&slot->body, bytes, size);
        if (r < 0) {
                slot_fail(slot, r == -E2BIG ? -EMSGSIZE : r, "the answer's body is too long");
                return CURL_WRITEFUNC_ERROR;
        }
        return size;
}

/* From the loop: the transfer is out of libcurl already. */
static void on_finished(CURL *easy, CURLcode code, void *data) {
        HttpSlot *slot = NULL;

        (void) data;
        (void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &slot);
        slot->in_loop = false;
        if (slot->released) {
                (void) http_slot_free(slot);
                return;
        }
        if (code != CURLE_OK)
                slot_fail(
                        slot, errno_from_curl(code, easy),
                        slot->why[0] ? slot->why : curl_easy_strerror(code)
                );
        slot_end(slot);
}

/* From the loop: libcurl's multi handle broke; nothing that ran in it can go on. */
static void on_lost(const char *why, void *data) {
        Http *http = data;
        HttpSlot *slot;
        HttpSlot *next;

        for (slot = TAILQ_FIRST(&http->active); slot; slot = next) {
                next = TAILQ_NEXT(slot, entry);
                if (slot->released) {
                        (void) http_slot_free(slot);
                } else if (slot->in_loop) {
                        slot_fail(slot, -EIO, why);
                        slot_end(slot);
                }
        }
}

/* From the loop: libcurl has returned; what was put off meanwhile is done now. */
static void on_turned(void *data) {
        Http *http = data;
        HttpSlot *slot;
        HttpSlot *next;

        for (slot = TAILQ_FIRST(&http->active); slot; slot = next) {
                next = TAILQ_NEXT(slot, entry);
                if (slot->released) {
                        (void) http_slot_free(slot);
                        continue;
                }
                if (slot->in_loop)
                        continue;
                int r = slot_start(slot);
                if (r < 0) {
                        slot_fail(slot, r, "the request could not be started");
                        slot_end(slot);
                }
        }
        http_report(http);
}

/* Wires the handle to its slot. */
static int slot_connect(HttpSlot *slot) {
        if (curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, slot) != CURLE_OK
            || curl_easy_setopt(slot->easy, CURLOPT_ERRORBUFFER, slot->why) != CURLE_OK
            || curl_easy_setopt(slot->easy, CURLOPT_HEADERFUNCTION, on_curl_header) != CURLE_OK
            || curl_easy_setopt(slot->easy, CURLOPT_HEADERDATA, slot) != CURLE_OK
            || curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, on_curl_body) != CURLE_OK
            || curl_easy_setopt(slot->easy, CURLOPT_WRITEDATA, slot) != CURLE_OK)
                return -ENOMEM;
        return 0;
}

int http_send(Http *http, const HttpRequest *request, HttpDone *done, void *data, HttpSlot **ret) {
        if (http->in_flight >= IN_FLIGHT_MAX)
                return -ENOBUFS;

        cleanup(http_slot_freep) HttpSlot *slot = calloc(1, sizeof *slot);
        if (slot == NULL)
                return -ENOMEM;

        slot->done = done;
        slot->started = request->started;
        slot->piece = request->piece;
        slot->data = data;
        slot->silence_usec = request->silence_usec;
        slot->headers.max = HEADERS_MAX;
        slot->body.max = request->max_body ? request->max_body : BODY_MAX_DEFAULT;

        int r = http_request_to_easy(request, &slot->easy, &slot->headers_out);
        if (r < 0)
                return r;
        r = slot_connect(slot);
        if (r < 0)
                return r;

        slot->http = http;
        TAILQ_INSERT_TAIL(&http->active, slot, entry);
        http->in_flight++;
        if (!http_loop_is_inside(http->loop)) { /* else on_turned() starts it */
                r = slot_start(slot);
                if (r < 0)
                        return r;
        }

        *ret = take_ptr(slot);
        return 0;
}

size_t http_in_flight(const Http *http) {
        return http->in_flight;
}

int http_new(sd_event *event, Http **ret) {
        cleanup(http_freep) Http *http = calloc(1, sizeof *http);
        if (http == NULL)
                return -ENOMEM;
        TAILQ_INIT(&http->active);
        TAILQ_INIT(&http->ended);
        http->event = sd_event_ref(event);

        /* No TLS: the peers are unix sockets. Counted by libcurl; http_free() gives it back. */
        if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
                return -ENOMEM;
        http->curl_is_up = true;

        const HttpLoopOwner owner = { on_finished, on_lost, on_turned, http };
        int r = http_loop_new(event, &owner, &http->loop);
        if (r < 0)
                return r;

        *ret = take_ptr(http);
        return 0;
}

static void slots_cancel(SlotList *slots) {
        HttpSlot *slot;

        while ((slot = TAILQ_FIRST(slots))) {
                slot_detach(slot);
                slot_unlink(slot);
                slot->result.error = -ECANCELED;
        }
}

Http *http_free(Http *http) {
        if (http == NULL)
                return NULL;

        assert(!http->reporting);
        slots_cancel(&http->active);
        slots_cancel(&http->ended);
        (void) http_loop_free(http->loop);
        (void) sd_event_unref(http->event);
        if (http->curl_is_up)
                curl_global_cleanup();
        free(http);
        return NULL;
}

bool http_result_header(const HttpResult *result, const char *name, char *buffer, size_t size) {
        size_t name_size = strlen(name);

        for (const char *line = result->headers; line && *line;) {
                size_t length = strcspn(line, "\r\n");
                const char *next = line + length + strspn(line + length, "\r\n");

                if (length > name_size && line[name_size] == ':'
                    && strncasecmp(line, name, name_size) == 0) {
                        const char *end = line + length;
                        line += name_size + 1;
                        line += strspn(line, " \t");
                        while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
                                end--;
                        if (end < line || (size_t) (end - line) >= size)
                                return false;
                        memcpy(buffer, line, (size_t) (end - line));
                        buffer[end - line] = '\0';
                        return true;
                }
                line = next;
        }
        return false;
}
